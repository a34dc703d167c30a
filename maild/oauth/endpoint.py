"""One question to a provider: fields by POST, an answer in JSON, within bounds.

Two kinds of no: `Temporary` where asking again may help, `Refused` where it won't until a
person does something. Neither ever holds a token.
"""

import http.client
import ipaddress
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from maild.errors import ConfigError, Permanent, Temporary

WAIT_S = 15.0
LARGEST = 1_000_000
_BUSY = ("temporarily_unavailable", "server_error", "slow_down")


class Refused(Permanent):
    """The provider says no; `code` is its word for why (RFC 6749 section 5.2)."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code


def ask(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The answer to a POST. Raises `Refused` or `Temporary`."""
    _must_be_safe(url)
    request = urllib.request.Request(  # noqa: S310 -- the scheme was looked at
        url,
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Accept": "application/json", "User-Agent": "maild"},
    )
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        with _opener(host).open(request, timeout=WAIT_S) as answer:
            return _parsed(answer.read(LARGEST), host)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code, error.read(LARGEST), host) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Temporary(f"{host} can't be asked for a token: {reason}") from None


def _refusal(status: int, body: bytes, host: str) -> Refused | Temporary:
    try:
        said = _parsed(body, host)
    except Temporary:
        said = {}
    code = _plain(said.get("error")) or f"HTTP {status}"
    description = _plain(said.get("error_description"))
    if status >= 500 or status in (408, 429) or code in _BUSY or not said.get("error"):
        return Temporary(f"{host} gives no token now: {code} {description}".strip())
    return Refused(code, description)


def _parsed(body: bytes, host: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Temporary(f"{host} gave an answer that is no JSON object")
    return found


def _plain(text: object) -> str:
    line = " ".join(str(text or "").split())[:300]
    return "".join(c if c.isprintable() else "?" for c in line)


def _must_be_safe(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return
    raise ConfigError(f"tokens are asked for by https only, not at {url}")


def is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A secret is sent where it was meant to go, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(host: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_StayHere()]
    if is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)
