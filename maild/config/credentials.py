"""Every secret a config file can hold: is it set, and does it stand there for all to read?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from maild.config import secret
from maild.config.faults import Finding
from maild.config.references import leaves
from maild.errors import ConfigError

_SECRETS = (
    "mailbox.*.password",
    "mailbox.*.oauth.client_secret",
    "relay.password",
    "relay.oauth.client_secret",
    "relay.alerts.password",
    "relay.alerts.oauth.client_secret",
    "smtp.users.*",
    "portal.source.*.key",
    "webhook.*.secret",
)


def unset(data: dict[str, Any], base: Path) -> Iterator[Finding]:
    """Secrets that can't be had now. Badly written ones are told elsewhere."""
    for pattern in _SECRETS:
        for place, value in leaves(data, pattern):
            try:
                if found := secret.parse(value, base):
                    found.reveal()
            except ConfigError as error:
                yield place, str(error)
            except ValueError:
                continue


def in_plain_text(data: dict[str, Any]) -> Iterator[Finding]:
    """Secrets written into the file itself: a warning."""
    for pattern in _SECRETS:
        for place, value in leaves(data, pattern):
            if isinstance(value, str) and value:
                message = 'is a secret in plain text; better { env = "…" } or { file = "…" }'
                yield place, message
    for place, value in leaves(data, "store.url"):
        if isinstance(value, str) and has_password(value):
            yield place, "holds a password in plain text; better ?passfile=… (a ~/.pgpass file)"


def has_password(url: str) -> bool:
    """Whether a store's address says how to get in."""
    try:
        parts = urlsplit(url)
        return bool(parts.password or "password" in parse_qs(parts.query))
    except ValueError:
        return False
