"""What `provider = "microsoft365"` or `"google"` of a mailbox stands for."""

from typing import Any

from maild.config.mail import PROVIDERS


def fill(data: dict[str, Any]) -> dict[str, Any]:
    """The file's tables with a provider's values added; what is written wins.

    A mailbox gets host, port and security, and oauth where it has no password. `[relay]` is
    filled from the first such mailbox, unless the file says its host.
    """
    mailboxes = data.get("mailbox")
    if not isinstance(mailboxes, dict):
        return data
    filled = {name: _mailbox(mailbox) for name, mailbox in mailboxes.items()}
    data = data | {"mailbox": filled}
    for mailbox in filled.values():
        relay = data.get("relay", {})
        if _preset(mailbox) and isinstance(relay, dict) and "host" not in relay:
            return data | {"relay": _relay(mailbox, relay)}
    return data


def _preset(mailbox: Any) -> dict[str, dict[str, Any]] | None:
    provider = mailbox.get("provider") if isinstance(mailbox, dict) else None
    return PROVIDERS.get(provider) if isinstance(provider, str) else None


def _mailbox(mailbox: Any) -> Any:
    preset = _preset(mailbox)
    if preset is None:
        return mailbox
    filled = preset["mailbox"] | mailbox
    oauth = filled.get("oauth", {})
    if "password" not in filled and isinstance(oauth, dict):
        filled["oauth"] = preset["oauth"] | oauth
    return filled


def _relay(mailbox: dict[str, Any], relay: dict[str, Any]) -> dict[str, Any]:
    """The provider's way out, with the mailbox's own user and proof."""
    preset = _preset(mailbox) or {}
    signing = {key: mailbox[key] for key in ("user", "password", "oauth") if key in mailbox}
    if "password" in relay or "oauth" in relay:
        signing = {key: value for key, value in signing.items() if key == "user"}
    return preset["relay"] | signing | relay
