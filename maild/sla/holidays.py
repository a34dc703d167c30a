"""Days on which a calendar is closed: regions, single dates and .ics files, with their names.

Regions come from the `holidays` package and are national and regional only: days of a city
are written as dates. Files are read from disk once and never fetched from the net.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_REGION: Final = re.compile(r"([A-Z]{2,3})(?:-(.{1,40}))?")
_PROPERTY: Final = re.compile(r"([A-Z-]{1,40})((?:;[^:]{0,200})?):(.*)")
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DAY: Final = timedelta(days=1)

_MAX_FILE: Final = 1_000_000  #: bytes; a century of holidays is far below
_MAX_EVENTS: Final = 10_000
_MAX_DAYS: Final = 366  #: of one event


def closed_days(
    specs: Sequence[str | date],
    years: Iterable[int],
    *,
    folder: Path | None = None,
    language: str | None = None,
) -> dict[date, str]:
    """Every closed day of these years with its name, in order; a bare date has no name.

    `specs`: dates, ISO dates as text, regions as `ES`, `ES-MD`, `US-CA`, and `.ics` files,
    which relative to `folder`. ValueError says which of them can't be read and why.
    """
    wanted = frozenset(years)
    days: dict[date, str] = {}
    for spec in specs:
        for day, name in _days_of(spec, wanted, folder, language):
            days[day] = days.get(day) or name
    return {day: days[day] for day in sorted(days) if day.year in wanted}


def _days_of(
    spec: str | date, years: frozenset[int], folder: Path | None, language: str | None
) -> Iterable[tuple[date, str]]:
    if isinstance(spec, date):
        return [(spec, "")]
    text = spec.strip()
    if text.casefold().endswith(".ics"):
        return _file(Path(folder or "", text), years)
    if text[:1].isdigit():
        return [(_iso(text), "")]
    return look_up(text, years, language)


def _iso(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is no date such as 2026-05-15') from None


def _region(
    text: str, years: frozenset[int], language: str | None
) -> Iterable[tuple[date, str]]:
    holidays = _package()
    match = _REGION.fullmatch(text)
    if match is None or match[1] not in holidays.registry.EntityLoader.get_country_codes():
        known = holidays.list_supported_countries()
        raise ValueError(
            f'"{text}" is no region such as "ES-MD", no date and no .ics file'
            + _meant(text, [*known, *(f"{c}-{r}" for c in known for r in known[c])])
        )
    country, region = match.groups()
    regions = getattr(holidays, country).subdivisions
    if region is not None and region not in regions:
        names = [f"{country}-{name}" for name in regions]
        raise ValueError(f'"{text}": {country} has no region {region}' + _meant(text, names))
    found = holidays.country_holidays(
        country, subdiv=region, years=sorted(years), expand=False, language=language
    )
    return [(day, str(name)) for day, name in found.items()]


def _package() -> Any:
    """`holidays`, such that asking for one country loads no other: its folder of countries
    would load all 250, which is most of what a short command takes."""
    import holidays
    import holidays.registry

    name = "holidays.countries"
    if name not in sys.modules:
        folder = ModuleType(name)
        folder.__path__ = [str(Path(path, "countries")) for path in holidays.__path__]
        sys.modules[name] = folder
    return holidays


#: How regions are looked up: a daemon's parent does it in a child that ends, because what
#: is loaded for it is not needed again.
look_up = _region


def _meant(text: str, known: Iterable[str]) -> str:
    by_fold = {name.casefold(): name for name in known}
    close = get_close_matches(text.casefold(), by_fold, n=1)
    return f' (did you mean "{by_fold[close[0]]}"?)' if close else ""


# -- .ics (RFC 5545): whole days, once or each year; timed events close nothing --------------


def _file(path: Path, years: frozenset[int]) -> Iterator[tuple[date, str]]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise ValueError(f'"{path}" can\'t be read: {error.strerror}') from None
    if len(content) > _MAX_FILE:
        raise ValueError(f'"{path}" is longer than {_MAX_FILE} bytes')
    text = content.decode("utf-8-sig", "replace")
    if "BEGIN:VCALENDAR" not in text:
        raise ValueError(f'"{path}" is no iCalendar file')
    for number, event in enumerate(_events(text)):
        if number >= _MAX_EVENTS:
            raise ValueError(f'"{path}" has more than {_MAX_EVENTS} events')
        try:
            yield from _days_of_event(event, years)
        except ValueError as error:
            raise ValueError(f'"{path}", event {number + 1}: {error}') from None


def _events(text: str) -> Iterator[dict[str, str]]:
    """The properties of each VEVENT, by name, without their parameters."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)  # section 3.1
    event: dict[str, str] | None = None
    nested = 0  # a VALARM has a SUMMARY and dates of its own
    for line in unfolded.splitlines():
        match = _PROPERTY.fullmatch(line.strip())
        if match is None:
            continue
        name, value = match[1], match[3].strip()
        if (name, value) == ("BEGIN", "VEVENT"):
            event, nested = {}, 0
        elif (name, value) == ("END", "VEVENT"):
            if event is not None:
                yield event
            event = None
        elif name in ("BEGIN", "END"):
            nested += 1 if name == "BEGIN" else -1
        elif event is not None and not nested:
            event.setdefault(name, value)


def _days_of_event(event: dict[str, str], years: frozenset[int]) -> Iterator[tuple[date, str]]:
    start = _DATE.fullmatch(event.get("DTSTART", ""))
    if start is None or event.get("STATUS") == "CANCELLED":
        return
    first = date(*map(int, start.groups()))
    end = _DATE.fullmatch(event.get("DTEND", ""))  # the day after the last one
    last = date(*map(int, end.groups())) - _DAY if end else first
    if (last - first).days >= _MAX_DAYS:
        raise ValueError(f"longer than {_MAX_DAYS} days")
    name = re.sub(r"\\(.)", lambda m: " " if m[1] in "nN" else m[1], event.get("SUMMARY", ""))
    for day in _repeated(first, event.get("RRULE", ""), years):
        for offset in range(max((last - first).days, 0) + 1):
            yield day + timedelta(days=offset), name


def _repeated(first: date, rule: str, years: frozenset[int]) -> Iterator[date]:
    """The date itself, or with `FREQ=YEARLY` the same day of each later year."""
    if not rule:
        yield first
        return
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    same_day = {"BYMONTH": str(first.month), "BYMONTHDAY": str(first.day), "INTERVAL": "1"}
    plain = {"FREQ": "YEARLY", "UNTIL": parts.get("UNTIL"), "WKST": parts.get("WKST")}
    if any(value != {**same_day, **plain}.get(key) for key, value in parts.items()):
        raise ValueError(f"of repeated days only yearly ones on a fixed date, not {rule[:80]}")
    until = _DATE.match(parts.get("UNTIL", ""))
    last = date(*map(int, until.groups())) if until else date.max
    for year in sorted(years):
        try:
            day = first.replace(year=year)
        except ValueError:
            continue  # 29 February
        if first <= day <= last:
            yield day
