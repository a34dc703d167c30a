"""Amazon's notices of what became of a letter: JSON in a mail of its notification service.

They come in place of ordinary bounces where a desk sends through SES. Only a bounce is read;
what was delivered or complained of is no failure.
"""

import json
from typing import Any

from maild.model.mail import Mail

_SENDER = "no-reply@sns.amazonaws.com"
_MOST = 100_000  #: characters of a text that are read


def failure(mail: Mail) -> tuple[str, str, str, str] | None:
    """(recipient, status, action, reason) of a letter that failed; None for anything else."""
    told = _notice(mail)
    if told.get("notificationType", told.get("eventType")) != "Bounce":
        return None
    bounce = _object(told.get("bounce"))
    failed = bounce.get("bouncedRecipients")
    first = _object(failed[0]) if isinstance(failed, list) and failed else {}
    permanent = bounce.get("bounceType") != "Transient"
    status = _text(first.get("status")) or ("5.0.0" if permanent else "4.0.0")
    reason = _text(first.get("diagnosticCode")).removeprefix("smtp; ")
    action = "failed" if permanent else "delayed"
    return _text(first.get("emailAddress")), status, action, reason[:200]


def message_ids(mail: Mail) -> tuple[str, ...]:
    """The Message-ID of the letter a notice speaks of, where it tells it."""
    headers = _object(_object(_notice(mail).get("mail")).get("commonHeaders"))
    found = _text(headers.get("messageId"))
    return (found,) if found.startswith("<") else ()


def _notice(mail: Mail) -> dict[str, Any]:
    if mail.from_ is None or mail.from_.email.lower() != _SENDER:
        return {}
    outer = _first_object(mail.text)
    inner = outer.get("Message")
    return _first_object(inner) if isinstance(inner, str) else outer


def _first_object(text: str) -> dict[str, Any]:
    """The object a text begins with; below it the service writes how to unsubscribe."""
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text[:_MOST].lstrip())
    except (ValueError, RecursionError):
        return {}
    return _object(found)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
