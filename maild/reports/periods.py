"""The stretch of time a report is about, and the instants at which reports are due.

A period is half-open: from local midnight to local midnight of the report's zone, kept in
UTC (kpi.md R1). A wall-clock time that a change of clocks skips means the first minute that
exists after it; one that comes twice means the first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from maild.reports import numbers

_DAY: Final = timedelta(days=1)
_RANGE: Final = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*/\s*(\d{4}-\d{2}-\d{2})\s*")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, `first` to `last`, both included; `start` <= instants < `end`."""

    first: date
    last: date
    zone: ZoneInfo
    start: datetime = field(init=False)  #: UTC
    end: datetime = field(init=False)  #: UTC, the first instant that no longer belongs to it

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends ({self.last}) before it begins ({self.first})")
        object.__setattr__(self, "start", instant(self.first, time(0), self.zone))
        object.__setattr__(self, "end", instant(self.last + _DAY, time(0), self.zone))

    @property
    def days(self) -> list[date]:
        return [self.first + n * _DAY for n in range((self.last - self.first).days + 1)]

    @property
    def is_month(self) -> bool:
        """Exactly one month of the calendar?"""
        following = self.last + _DAY
        return self.first.day == following.day == 1 and len(self.days) <= 31

    def before(self) -> "Period":
        """The period to compare with: the month before a month, else as many days before."""
        last = self.first - _DAY
        first = last.replace(day=1) if self.is_month else last - (self.last - self.first)
        return Period(first, last, self.zone)

    def label(self, language: str) -> str:
        """`4–10 may 2026`, `28 abr – 4 may 2026`, `mayo de 2026`, `lun 4 may 2026`."""
        first, last = self.first, self.last
        if first == last:
            return numbers.full_date(first, language)
        if self.is_month:
            return numbers.long_month(first, language)
        end = f"{numbers.day_and_month(last, language)} {last.year}"
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{end}"
        start = numbers.day_and_month(first, language)
        return (
            f"{start} – {end}" if first.year == last.year else f"{start} {first.year} – {end}"
        )

    def title(self, language: str) -> str:
        """Short, for a subject line: `Semana 4–10 may`, `Mayo de 2026`, `Lun 4 may`."""
        label = self.label(language)
        if self.is_month:
            return label[0].upper() + label[1:]
        if self.first.year == self.last.year:
            label = label.removesuffix(f" {self.last.year}")
        if len(self.days) == 7:
            week = "Semana" if numbers.spoken(language) == "es" else "Week of"
            return f"{week} {label}"
        return label[0].upper() + label[1:]


class Every(Protocol):
    """When a report is due: each day, each week on `weekday` (Monday 0), or on `day` of
    each month; at a time of day."""

    @property
    def hour(self) -> int: ...
    @property
    def minute(self) -> int: ...
    @property
    def weekday(self) -> int | None: ...
    @property
    def day(self) -> int | None: ...


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time; where it is skipped, the first one after it."""
    wall = datetime.combine(day, at)
    for _ in range(25 * 60):
        found = wall.replace(tzinfo=zone).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == wall:
            return found
        wall += timedelta(minutes=1)
    return found  # a whole day that never was


def last_slot(every: Every, now: datetime, zone: ZoneInfo) -> datetime:
    """The latest scheduled instant that is not after `now`, UTC.

    One slot, one report: whoever remembers the slots done sends each exactly once, and one
    missed while the program was down as soon as it is back.
    """
    day = now.astimezone(zone).date()
    for _ in range(64):
        if _is_due(every, day):
            slot = instant(day, time(every.hour, every.minute), zone)
            if slot <= now:
                return slot
        day -= _DAY
    raise ValueError(f"no day of two months fits {every!r}")


def _is_due(every: Every, day: date) -> bool:
    if every.day is not None:
        return day.day == every.day
    return every.weekday is None or day.weekday() == every.weekday


def period_of(text: str, now: datetime, zone: ZoneInfo) -> Period:
    """The period that `last week`, or `2026-05-04/2026-05-10`, means at `now`.

    Raises ValueError, with what would have been right, for anything else.
    """
    found = _RANGE.fullmatch(text)
    if found:
        return _between(found[1], found[2], zone)
    named = _NAMED.get(" ".join(text.lower().replace("_", " ").split()))
    if named is None:
        raise ValueError(
            f'"{text[:60]}" is no period: it must be {", ".join(_ENGLISH)} '
            "or YYYY-MM-DD/YYYY-MM-DD"
        )
    first, last = named(now.astimezone(zone).date())
    return Period(first, last, zone)


def _between(first: str, last: str, zone: ZoneInfo) -> Period:
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last), zone)
    except ValueError as error:
        raise ValueError(f'"{first}/{last}" is no period: {error}') from None


def _yesterday(today: date) -> tuple[date, date]:
    return today - _DAY, today - _DAY


def _last_week(today: date) -> tuple[date, date]:
    monday = today - today.weekday() * _DAY
    return monday - 7 * _DAY, monday - _DAY


def _last_month(today: date) -> tuple[date, date]:
    last = today.replace(day=1) - _DAY
    return last.replace(day=1), last


def _last_30_days(today: date) -> tuple[date, date]:
    return today - 30 * _DAY, today - _DAY


_ENGLISH: Final[dict[str, Callable[[date], tuple[date, date]]]] = {
    "yesterday": _yesterday,
    "last week": _last_week,
    "last month": _last_month,
    "last 30 days": _last_30_days,
}
_NAMED: Final = _ENGLISH | {
    "ayer": _yesterday,
    "semana pasada": _last_week,
    "última semana": _last_week,
    "mes pasado": _last_month,
    "último mes": _last_month,
    "últimos 30 días": _last_30_days,
}
