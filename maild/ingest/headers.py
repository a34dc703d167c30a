"""The header of a mail: repaired where programs broke it, decoded, and read.

mail-parser reads who wrote and when; it is given those fields only, since it would decode
every part of the mail a second time. Ids and further fields are read here.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import mailparser

from maild.ingest import words
from maild.ingest.addresses import MOST, mailboxes, named
from maild.ingest.bounds import MAX_HEADER, header_end
from maild.model.mail import Address

logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)  # it warns of every odd part

MAX_IDS = 200
_ID = re.compile(r"<[^<>\s]{1,998}>")
_LOOSE_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^<>\s@]{1,500}@[^<>\s@]{1,498}")
_ADDRESS = re.compile(r"[!-Z^-~]{1,256}@[!-~]{1,255}")
_FIELD_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]{0,20}:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type|"
    rb"content-transfer-encoding|reply-to|x-[\w-]{1,60}|dkim-signature|delivered-to)"
    rb"[ \t]{0,20}:",
    re.IGNORECASE,
)
_MBOX = re.compile(rb">?From [^\r\n]{1,500}\r?\n")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_COLON_ZONE = re.compile(r"(?:\b(?:GMT|UTC?) ?)?([+-]\d\d):?(\d\d)\b")
_ZONE_NAME = re.compile(r"(?<=\d )([A-Z]{2,5})\b(?! ?[+-]?\d)", re.IGNORECASE)
#: Names of zones that mail programs write and RFC 5322 does not list.
_ZONES = {
    "WET": "+0000",
    "WEST": "+0100",
    "BST": "+0100",
    "CET": "+0100",
    "MET": "+0100",
    "MEZ": "+0100",
    "CEST": "+0200",
    "MEST": "+0200",
    "MESZ": "+0200",
    "EET": "+0200",
    "EEST": "+0300",
    "MSK": "+0300",
    "JST": "+0900",
    "KST": "+0900",
    "HKT": "+0800",
    "AEST": "+1000",
    "BRT": "-0300",
    "ART": "-0300",
}

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Who:
    """The people of a mail, and when it was written."""

    from_: Address | None
    senders: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None


# -- repair ------------------------------------------------------------------------------


def repair(raw: bytes) -> bytes:
    """The message with a header that parsers understand.

    Leading blank lines, a byte order mark, an mbox `From ` line, a line of prose before the
    first field and folded lines that lost their blank are put right.
    """
    if b"\n" not in raw[:MAX_HEADER] and b"\r" in raw[:MAX_HEADER]:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw[:1].isspace():
        raw = _skip_blank_lines(raw)
    if match := _MBOX.match(raw):
        raw = raw[match.end() :]
    end = header_end(raw)
    if end > MAX_HEADER or _sound(raw[:end]):
        return raw
    return _mend(raw[:end]) + raw[end:]


def _skip_blank_lines(raw: bytes) -> bytes:
    stripped = raw.lstrip(b"\r\n \t")
    return stripped if _FIELD_LINE.match(stripped) or _MBOX.match(stripped) else raw


_UNSOUND = re.compile(rb"^(?![ \t\r\n])(?![!-9;-~]{1,200}[ \t]{0,20}:)", re.MULTILINE)


def _sound(head: bytes) -> bool:
    return _UNSOUND.search(head) is None


def _mend(head: bytes) -> bytes:
    lines = [line for line in _LINE.findall(head) if line]
    last = max((i for i, line in enumerate(lines) if _KNOWN.match(line)), default=-1)
    mended: list[bytes] = []
    for i, line in enumerate(lines):
        broken = not _FIELD_LINE.match(line) and line[:1] not in b" \t\r\n" and line
        if not broken or i > last:
            mended.append(line)
        elif mended:
            mended.append(b" " + line)
        # else prose before the first field: there is nothing it could belong to
    return b"".join(mended)


# -- read --------------------------------------------------------------------------------


def decoded(fields: Fields, hint: str | None) -> tuple[tuple[str, str], ...]:
    """All fields in order, names cleaned, values decoded to one line each."""
    return tuple((words.clean(name), words.decode(value, hint=hint)) for name, value in fields)


def message_id(fields: Fields) -> str | None:
    """The mail's own id with its brackets, or None."""
    for value in _all(fields, "message-id"):
        found = ids([value]) or [f"<{i}>" for i in _BARE_ID.findall(words.decode(value))]
        if found:
            return found[0]
    return None


def references(fields: Fields) -> tuple[str, ...]:
    """What the mail answers: References oldest first, In-Reply-To last; at most 200."""
    answered = ids(_all(fields, "in-reply-to"))
    found = [i for i in ids(_all(fields, "references")) if i not in set(answered)]
    found += answered
    if len(found) > MAX_IDS:
        found = found[:1] + found[1 - MAX_IDS :]
    return tuple(found)


def ids(values: Iterable[str]) -> list[str]:
    """The ids in some fields, each once; blanks that folding left in one are taken out."""
    found: dict[str, None] = {}
    for value in values:
        text = words.decode(value)
        for match in _ID.findall(text) or _loose(text):
            found.setdefault(match)
    return list(found)


def _loose(text: str) -> list[str]:
    return [f"<{''.join(i.split())}>" for i in _LOOSE_ID.findall(text) if "@" in i]


def who(fields: Fields, hint: str | None, *, envelope_sender: str | None = None) -> Who:
    """Who wrote to whom, and when.

    `senders` lists every address of every From field that either of two readers sees: rights
    are granted only where there is exactly one. `from_` is for people: From, else Reply-To,
    Sender, Return-Path or the envelope's sender.
    """
    theirs = _by_mail_parser(fields)
    froms = _all(fields, "from")
    senders = _merge(
        [m for value in froms for m in mailboxes(value, hint=hint) if "@" in value],
        [Address("", email) for value in froms for email in named(value)],
        [Address("", email) for email in theirs.senders],
    )
    reply_to, to, cc = (_people(fields, name, hint) for name in ("reply-to", "to", "cc"))
    candidates = [
        *(m for value in froms for m in mailboxes(value, hint=hint)),
        *senders,
        *reply_to,
        *_people(fields, "sender", hint),
        *_people(fields, "return-path", hint),
        *mailboxes(envelope_sender or ""),
    ]
    first = candidates[0] if candidates else None
    return Who(first, tuple(senders), reply_to, to, cc, theirs.date)


def _people(fields: Fields, name: str, hint: str | None) -> tuple[Address, ...]:
    found = [m for value in _all(fields, name) for m in mailboxes(value, hint=hint)]
    return tuple(_merge(found))[:MOST]


def _merge(*readings: Iterable[Address]) -> list[Address]:
    """Each address once, in order of appearance."""
    found: dict[str, Address] = {}
    for reading in readings:
        for address in reading:
            found.setdefault(address.key, address)
    return list(found.values())


def _all(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key.lower() == name]


# -- mail-parser -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Theirs:
    senders: list[str]
    date: datetime | None


def _by_mail_parser(fields: Fields) -> _Theirs:
    """Senders and date as mail-parser reads them; nothing where it fails."""
    dates = [_tidy(value) for value in _all(fields, "date")]
    kept = [("From", value) for value in _all(fields, "from")]
    kept += [("Date", date) for date in dates]
    head = b"".join(words.to_bytes(f"{n}: {v[:64_000]}\n") for n, v in kept) + b"\n"
    try:
        mail = mailparser.parse_from_bytes(head)
        senders, date = _emails(mail.from_), _utc(mail.date)
    except Exception:  # its faults must not be ours
        senders, date = [], None
    return _Theirs(senders, date or next(filter(None, map(_date, dates)), None))


def _emails(found: object) -> list[str]:
    """The addresses of mail-parser's (name, address) pairs; raw bytes it does not decode."""
    pairs = found if isinstance(found, list) else []
    emails = [words.clean(str(pair[1])) for pair in pairs if len(pair) == 2]
    return [e for e in emails if _ADDRESS.fullmatch(e)]


def _tidy(value: str) -> str:
    """A date in the form that parsers know: its zone as `+0100`."""
    value = _COLON_ZONE.sub(r"\1\2", words.decode(value[:300]))
    return _ZONE_NAME.sub(lambda m: _ZONES.get(m[1].upper(), m[1]), value, count=1)


def _date(value: str) -> datetime | None:
    """What mail-parser refuses, as the standard library or ISO 8601 has it."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return _utc(read(value))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _utc(date: object) -> datetime | None:
    if not isinstance(date, datetime):
        return None
    try:
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
