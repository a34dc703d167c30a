"""The mail inside a forwarded mail: who wrote it, and what the forwarder added.

An attached mail comes first, else the block mail programs write into the text. Whether the
forwarder may speak for somebody else is the desk's question.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from textwrap import dedent

from maild.ingest import layout, quotes, signature
from maild.ingest.parse import parse
from maild.model.mail import Address, Automatic, Mail

_REPLY = re.compile(r"\s{0,3}(?:re|aw|rif|sv|antw|res|r)\s?(?:\[\d\])?\s?[:：]", re.IGNORECASE)
_INTRODUCED = re.compile(rf"[^\d\"“«„,:<>()]{{0,60}}[\"”»“]?\s{{0,2}}<{layout.EMAIL.pattern}>")
_LINES = 400  #: below that nobody begins to forward


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that somebody passed on."""

    sender: Address
    subject: str
    text: str
    note: str = ""  #: what the forwarder wrote above it
    date: datetime | None = None  #: aware, UTC; None when absent or without a time zone


def original(mail: Mail) -> Forwarded | None:
    """The mail that `mail` passes on; None when it is no forward, or hides who wrote."""
    bounced = mail.screening.automatic is Automatic.BOUNCE
    if bounced or _REPLY.match(mail.subject):
        return None
    return _attached(mail) or _inline(mail)


def _attached(mail: Mail) -> Forwarded | None:
    """An .eml is forwarded when the subject says so, or when a person wrote nothing else."""
    for part in mail.attachments:
        if part.content_type.lower() == "message/rfc822":
            inner = parse(part.content)
            said_so = (
                layout.FORWARD.match(mail.subject) or mail.subject.strip() == inner.subject
            )
            bare = not mail.text.strip() and mail.screening.automatic is None
            if inner.from_ is None or not (said_so or bare):
                return None
            note = signature.set_aside(mail.text)[0]
            return Forwarded(inner.from_, inner.subject, inner.text, note, inner.date)
    return None


def _inline(mail: Mail) -> Forwarded | None:
    lines = mail.text.split("\n")
    announced = layout.FORWARD.match(mail.subject) is not None
    for at in range(min(len(lines), _LINES)):
        cut = quotes.find_cut(lines, at)
        if cut and cut.kind == "forwarded":
            return _read(mail, lines, cut)
        if cut and cut.kind in ("block", "original") and announced:
            return _read(mail, lines, cut)
        if cut and cut.kind == "attribution" and cut.sure:
            return _read(mail, lines, _introduced(lines, cut)) if announced else None
    return None


def _introduced(lines: Sequence[str], cut: layout.Cut) -> layout.Cut:
    """Outlook for Mac forwards below `El 5/5/2026, "Ana" <ana@x.test> escribió:`."""
    joined = " ".join(lines[cut.start : cut.end])
    hit = _INTRODUCED.search(joined)
    return replace(cut, fields={"from": hit[0]} if hit else {})


def _read(mail: Mail, lines: Sequence[str], cut: layout.Cut) -> Forwarded | None:
    sender = _sender(cut.fields.get("from", ""))
    if sender is None:
        return None
    start = cut.start
    while start and (layout.is_rule(lines[start - 1]) or not lines[start - 1].strip()):
        start -= 1
    note = signature.set_aside("\n".join(lines[:start]))[0]
    subject = cut.fields.get("subject") or layout.FORWARD.sub("", mail.subject, count=1).strip()
    text = dedent("\n".join(_unquoted(lines[cut.end :]))).strip("\n")
    return Forwarded(sender, subject, text, note, _date(cut.fields.get("sent", "")))


def _unquoted(lines: Sequence[str]) -> list[str]:
    """Apple Mail quotes all of what it forwards; what a quote holds is the text here."""
    filled = [line for line in lines if line.strip()]
    if filled and all(layout.is_quoted(line) for line in filled):
        return [re.sub(r"^\s{0,3}> ?", "", line) for line in lines]
    return list(lines)


def _sender(value: str) -> Address | None:
    """`Ana <ana@x.test>`, `ana@x.test`, `Ana [mailto:ana@x.test]`; None without address."""
    hit = layout.EMAIL.search(value)
    if hit is None:
        return None
    name = re.split(r"[<\[(]", value, maxsplit=1)[0].strip(" \"”»“'*")
    return Address("" if "@" in name else name, hit[0])


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date.astimezone(UTC) if date.tzinfo else None
