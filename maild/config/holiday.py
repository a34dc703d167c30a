"""Which days a calendar is closed, or open for less: codes and .ics files turned into days.

Names of holidays come from the `holidays` package; .ics files are read for whole days.
"""

import re
from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from maild.config.hours import Calendar

_FOLD = re.compile(r"\r?\n[ \t]")
_LARGEST = 5_000_000
_LONGEST = timedelta(days=400)


def closed_days(calendar: Calendar, first: date, last: date) -> dict[date, str]:
    """Holidays of a calendar from `first` to `last` (included), in order, with their names.

    A day with hours of its own in `short` is no holiday. Days that are closed every week
    are not listed unless they are holidays.
    """
    found: dict[date, str] = {}
    for entry in calendar.holidays:
        for day, name in _days(entry, first, last):
            if first <= day <= last and day not in calendar.short:
                found.setdefault(day, name)
    found |= {
        day: "" for day, spans in calendar.short.items() if not spans and first <= day <= last
    }
    return dict(sorted(found.items()))


def _days(entry: date | str | Path, first: date, last: date) -> Iterator[tuple[date, str]]:
    if isinstance(entry, date):
        yield entry, ""
    elif isinstance(entry, Path):
        yield from read_ics(_text(entry), first, last)
    else:
        yield from _public(entry, first, last)


def _public(code: str, first: date, last: date) -> Iterator[tuple[date, str]]:
    """The public holidays of a country, or of one of its regions."""
    from holidays import country_holidays  # only where a code is used: it takes time

    country, _, region = code.partition("-")
    years = range(first.year, last.year + 1)
    yield from country_holidays(country, subdiv=region or None, years=years).items()


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(_LARGEST).decode("utf-8-sig", "replace")


def read_ics(text: str, first: date, last: date) -> Iterator[tuple[date, str]]:
    """The days of every event (RFC 5545); of repetitions, only `FREQ=YEARLY`."""
    lines = _FOLD.sub("", text).splitlines()
    event: dict[str, str] = {}
    for line in lines:
        head, _, value = line.partition(":")
        name = head.partition(";")[0].upper()
        if (name, value.strip().upper()) == ("BEGIN", "VEVENT"):
            event = {}
        elif (name, value.strip().upper()) == ("END", "VEVENT"):
            yield from _event_days(event, first, last)
        else:
            event[name] = value.strip()


def _event_days(event: dict[str, str], first: date, last: date) -> Iterator[tuple[date, str]]:
    start = _ics_day(event.get("DTSTART", ""))
    if start is None:
        return
    end = _ics_day(event.get("DTEND", "")) or start + timedelta(days=1)
    length = min(max(end - start, timedelta(days=1)), _LONGEST)
    name = event.get("SUMMARY", "").replace("\\,", ",").replace("\\;", ";")
    for begin in _repeated(start, event.get("RRULE", ""), first, last):
        for step in range(length.days):
            yield begin + timedelta(days=step), name


def _repeated(start: date, rule: str, first: date, last: date) -> list[date]:
    """The start itself, or that day of each year in question."""
    if "FREQ=YEARLY" not in rule.upper():
        return [start]
    years = range(max(start.year, first.year - 1), last.year + 1)
    if (start.month, start.day) == (2, 29):
        return [start.replace(year=year) for year in years if isleap(year)]
    return [start.replace(year=year) for year in years]


def _ics_day(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:8])
    except ValueError:
        return None
