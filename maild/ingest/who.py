"""Who wrote a mail, to whom, and when.

What is plain is read here. Where From or Date is anything else, mail-parser is the second
reader: rights are granted only where two readers see the same single sender. It is given
those fields alone, since it decodes every part of a mail it gets.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import mailparser

from maild.ingest import words
from maild.ingest.addresses import MOST, mailboxes, named, unreachable
from maild.ingest.headers import Fields, every
from maild.model.mail import Address

logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)  # it warns of every odd part

_ADDRESS = re.compile(r"[!-Z^-~]{1,256}@[!-~]{1,255}")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}"
_PLAIN_FROM = re.compile(
    rf"(?:(?:\"[^\"\\@<>]{{0,200}}\" ?|[^\"\\@<>(),:;]{{0,200}} )?<{_ATOM}>|{_ATOM})"
)
_PLAIN_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d [+-]\d{4}(?: \([A-Z]{1,5}\))?"
)
_COLON_ZONE = re.compile(r"(?:\b(?:GMT|UTC?) ?)?([+-]\d\d):?(\d\d)\b")
_GLUED = re.compile(r"(\d\d:\d\d:\d\d [+-]\d{4})[A-Za-z].*", re.DOTALL)
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


@dataclass(frozen=True, slots=True)
class Who:
    """The people of a mail, and when it was written."""

    from_: Address | None
    unreachable: Address | None
    senders: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None


def who(fields: Fields, hint: str | None, *, envelope_sender: str | None = None) -> Who:
    """Who wrote to whom, and when.

    `senders` lists every address of every From field that either of two readers sees: rights
    are granted only where there is exactly one. `from_` is for people: From, else Reply-To,
    Sender, Return-Path or the envelope's sender; where none has an address, `unreachable` is
    whom From names.
    """
    froms, dates = every(fields, "from"), every(fields, "date")
    theirs = _second_reading(froms, dates)
    senders = _merge(
        [m for value in froms for m in mailboxes(value, hint=hint) if "@" in value],
        [Address("", email) for value in froms for email in named(value)],
        [Address("", email) for email in theirs.senders],
    )
    reply_to, to, cc = (_people(fields, name, hint) for name in ("reply-to", "to", "cc"))
    candidates = [
        *(m for value in froms for m in mailboxes(value, hint=hint)),
        *(sender for sender in senders if "=?" not in sender.email),
        *reply_to,
        *_people(fields, "sender", hint),
        *_people(fields, "return-path", hint),
        *mailboxes(envelope_sender or ""),
    ]
    first = candidates[0] if candidates else None
    nobody = unreachable(froms[0], hint=hint) if froms and first is None else None
    return Who(first, nobody, tuple(senders), reply_to, to, cc, theirs.date)


def _people(fields: Fields, name: str, hint: str | None) -> tuple[Address, ...]:
    found = [m for value in every(fields, name) for m in mailboxes(value, hint=hint)]
    return tuple(_merge(found))[:MOST]


def _merge(*readings: Iterable[Address]) -> list[Address]:
    """Each address once, in order of appearance."""
    found: dict[str, Address] = {}
    for reading in readings:
        for address in reading:
            found.setdefault(address.key, address)
    return list(found.values())


# -- mail-parser -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Theirs:
    senders: list[str]
    date: datetime | None


def _second_reading(froms: list[str], dates: list[str]) -> _Theirs:
    """Senders and date as mail-parser reads them, where they leave room for opinions."""
    date = _date(dates[0]) if dates and _PLAIN_DATE.fullmatch(dates[0]) else None
    plain = not froms or (len(froms) == 1 and _PLAIN_FROM.fullmatch(froms[0]))
    if plain and (date or not dates):
        return _Theirs([], date)
    dates = [_tidy(value) for value in dates]
    return _by_mail_parser(froms, dates) or _Theirs(
        [], next(filter(None, map(_date, dates)), None)
    )


def _by_mail_parser(froms: list[str], dates: list[str]) -> _Theirs | None:
    lines = [f"From: {value[:64_000]}\n" for value in froms] + [f"Date: {d}\n" for d in dates]
    try:
        mail = mailparser.parse_from_bytes(words.to_bytes("".join(lines) + "\n"))
        senders, date = _emails(mail.from_), _utc(mail.date)
    except Exception:  # its faults must not be ours
        return None
    return _Theirs(senders, date or next(filter(None, map(_date, dates)), None))


def _emails(found: object) -> list[str]:
    """The addresses of mail-parser's (name, address) pairs; raw bytes it does not decode."""
    pairs = found if isinstance(found, list) else []
    emails = [words.clean(str(pair[1])) for pair in pairs if len(pair) == 2]
    return [e for e in emails if _ADDRESS.fullmatch(e)]


def _tidy(value: str) -> str:
    """A date in the form that parsers know: its zone as `+0100`."""
    value = _GLUED.sub(r"\1", words.decode(value[:300]))  # the next field lost its line
    value = _COLON_ZONE.sub(r"\1\2", value)
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
