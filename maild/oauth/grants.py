"""The grants: what is sent to a provider, and the token that comes back.

RFC 6749 (refresh, code, client credentials), 7636 (PKCE), 8628 (device), 7523 (signed
assertion of a Google service account). People's part is `oauth.sign_in`'s.
"""

import base64
import hashlib
import json
import stat
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maild.errors import ConfigError, Temporary
from maild.oauth.client import Client
from maild.oauth.endpoint import Refused, ask
from maild.oauth.token import Token

#: where a provider does not say how long a token lasts (RFC 6749 section 4.2.2 leaves it open)
USUAL_LIFE_S = 3600
_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def renewed(client: Client, old: Token | None, now: datetime) -> Token:
    """A token without anybody's help. Raises `Refused`, `Temporary`."""
    match client.flow:
        case "client_credentials":
            fields = {"grant_type": "client_credentials", "scope": client.scope}
        case "service_account":
            return _by_assertion(client, now)
        case _:
            if old is None or not old.refresh:
                raise Refused("not signed in yet")
            fields = {"grant_type": "refresh_token", "refresh_token": old.refresh}
    return understood(ask(client.token_url, _signed(client, fields)), now, old=old)


def by_code(client: Client, code: str, verifier: str, redirect: str, now: datetime) -> Token:
    """The token for a code that came back from the sign-in page."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect,
    }
    return understood(ask(client.token_url, _signed(client, fields)), now)


def page(client: Client, *, state: str, verifier: str, redirect: str) -> str:
    """Where a person signs in."""
    digest = hashlib.sha256(verifier.encode()).digest()
    fields = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect,
        "scope": client.scope,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        **({"login_hint": client.user} if "@" in client.user else {}),
        **dict(client.extra),
    }
    joint = "&" if "?" in client.auth_url else "?"
    return client.auth_url + joint + urllib.parse.urlencode(fields)


@dataclass(frozen=True, slots=True)
class Device:
    """A sign-in that is done on another device."""

    page: str
    user_code: str
    code: str = field(repr=False)
    interval_s: float = 5.0
    ends: datetime | None = None


def begin_device(client: Client, now: datetime) -> Device:
    """Ask for a code to be typed in on another device."""
    said = ask(client.device_url, {"client_id": client.client_id, "scope": client.scope})
    try:
        return Device(
            page=str(said.get("verification_uri") or said["verification_url"]),
            user_code=str(said["user_code"]),
            code=str(said["device_code"]),
            interval_s=float(said.get("interval", 5)),
            ends=now + timedelta(seconds=float(said.get("expires_in", 900))),
        )
    except (KeyError, ValueError, TypeError):
        raise Temporary("the provider's answer holds no device code") from None


def by_device(client: Client, device: Device, now: datetime) -> Token | None:
    """The token once the person has done his part, None until then."""
    fields = {"grant_type": _DEVICE, "device_code": device.code}
    try:
        return understood(ask(client.token_url, _signed(client, fields)), now)
    except Refused as refusal:
        if refusal.code == "authorization_pending":
            return None
        raise


def understood(said: dict[str, Any], now: datetime, *, old: Token | None = None) -> Token:
    """A token endpoint's answer. A refresh token that is not rotated stays as it was."""
    access = said.get("access_token")
    if not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise Temporary("the provider's answer holds no access token")
    if not access or " " in access:
        raise Temporary("the provider's answer holds no access token")
    kept = (old.refresh, old.refresh_expires) if old else ("", None)
    refresh, ends = kept
    if isinstance(said.get("refresh_token"), str) and said["refresh_token"]:
        refresh, ends = said["refresh_token"], None
    if lasts := _seconds(said.get("refresh_token_expires_in"), 0):
        ends = now + timedelta(seconds=lasts)
    life = timedelta(seconds=_seconds(said.get("expires_in"), USUAL_LIFE_S))
    return Token(access, now, now + life, refresh, ends)


def _seconds(value: object, default: int) -> int:
    try:
        return max(0, min(int(str(value)), 10 * 365 * 86_400))
    except ValueError:
        return default


def _signed(client: Client, fields: dict[str, str]) -> dict[str, str]:
    secret = client.secret()
    return {
        **fields,
        "client_id": client.client_id,
        **({"client_secret": secret} if secret else {}),
    }


def _by_assertion(client: Client, now: datetime) -> Token:
    assert client.key_file is not None
    key = _service_key(client.key_file)
    token_url = client.token_url or key["token_uri"]
    try:
        from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
        from joserfc.jwk import RSAKey
    except ImportError:
        raise ConfigError(
            "a service account needs the extra: pip install 'maild[oauth]'"
        ) from None
    try:
        private = RSAKey.import_key(key["private_key"])
    except ValueError:
        raise ConfigError(f"{client.key_file} holds no RSA private key") from None
    assertion = sign_jwt_bearer_assertion(
        private,
        key["client_email"],
        token_url,
        subject=client.user,
        issued_at=int(now.timestamp()),
        claims={"scope": client.scope},
        header={"alg": "RS256", "kid": key.get("private_key_id", "")},
    )
    said = ask(token_url, {"grant_type": _ASSERTION, "assertion": str(assertion)})
    return understood(said, now)


def _service_key(path: Path) -> dict[str, str]:
    """Google's key file. Raises `ConfigError`, which says nothing of what is in it."""
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise ConfigError(f"{path} can be read by everybody on this machine: chmod o-r it")
        key: dict[str, str] = json.loads(path.read_text("utf-8"))
        missing = {"client_email", "private_key", "token_uri"} - key.keys()
    except (OSError, ValueError, AttributeError):
        raise ConfigError(f"{path} is no key file of a service account") from None
    if missing:
        raise ConfigError(f"{path} is no key file of a service account: no {min(missing)}")
    return key
