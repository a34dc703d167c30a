"""Who asks for tokens, where, and for what: one account at one provider."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_MICROSOFT = "https://login.microsoftonline.com"
_OUTLOOK = "https://outlook.office.com"


@dataclass(frozen=True, slots=True)
class Client:
    """The desk as an application registered with a provider."""

    flow: str  #: browser | device | client_credentials | service_account
    client_id: str = ""
    secret: Callable[[], str] = field(default=str, repr=False)
    user: str = ""  #: the mailbox's sign-in name
    token_url: str = ""
    auth_url: str = ""
    device_url: str = ""
    scope: str = ""
    redirect_host: str = "127.0.0.1"
    extra: tuple[tuple[str, str], ...] = ()  #: further fields of the page people sign in at
    key_file: Path | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody must sign in before there is a token."""
        return self.flow in ("browser", "device")


def completed(client: Client, provider: str, *, tenant: str = "") -> Client:
    """The client with its provider's own pages and scopes where it names none."""
    known: dict[str, str] = {}
    if provider == "microsoft":
        known = _microsoft(tenant or "common")
    elif provider == "google":
        known = _google()
    missing: dict[str, Any] = {k: v for k, v in known.items() if not getattr(client, k)}
    if provider == "microsoft":
        missing["redirect_host"] = "localhost"  # the only one without a port in its registry
        if client.flow == "client_credentials" and not client.scope:
            missing["scope"] = "https://outlook.office365.com/.default"
    elif provider == "google":
        # without these there is no refresh token at the second sign-in
        missing["extra"] = (("access_type", "offline"), ("prompt", "consent"))
    return replace(client, **missing)


def _microsoft(tenant: str) -> dict[str, str]:
    base = f"{_MICROSOFT}/{tenant}/oauth2/v2.0"
    return {
        "token_url": f"{base}/token",
        "auth_url": f"{base}/authorize",
        "device_url": f"{base}/devicecode",
        "scope": f"{_OUTLOOK}/IMAP.AccessAsUser.All {_OUTLOOK}/SMTP.Send offline_access",
    }


def _google() -> dict[str, str]:
    return {
        "token_url": "https://oauth2.googleapis.com/token",
        "auth_url": "https://accounts.google.com/o/oauth2/v2/auth",
        "scope": "https://mail.google.com/",
    }
