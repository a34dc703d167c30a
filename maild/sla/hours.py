"""Working time: how much of it lies between two instants, and when a budget is used up.

A calendar is open whenever the clock on the wall of its zone shows a time inside one of the
day's spans. So an hour that a change to winter time repeats counts twice, and one that is
skipped does not count. Instants are UTC throughout: two datetimes of one ZoneInfo subtract
as wall time (kpi.md R1). Which days are holidays is said by `maild.sla.holidays`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

#: opening hours of a day, in minutes since midnight: ((540, 840), (960, 1140))
Spans = tuple[tuple[int, int], ...]

ROUND_THE_CLOCK: Final[Spans] = ((0, 24 * 60),)

_NOTHING: Final = timedelta(0)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
#: no zone is further from UTC than this
_FARTHEST: Final = timedelta(hours=26)
#: before the first and after the last year a calendar is closed
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
#: how many years ahead `due` and `next_open` look
_HORIZON: Final = 100


class NeverOpen(ValueError):
    """The calendar has not that much working time in any year that matters."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The spans of one UTC year in order, cut at its ends; the time that lies before each."""

    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]
    total: timedelta

    def worked(self, at: datetime) -> timedelta:
        """The working time from new year to `at`."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return _NOTHING
        close = self.closes[index]
        return self.before[index] + ((at if at < close else close) - self.opens[index])

    def reached(self, worked: timedelta) -> datetime:
        """The first instant at which `worked` is reached; 0 < `worked` <= `total`."""
        index = bisect_left(self.before, worked) - 1
        return self.opens[index] + (worked - self.before[index])


@dataclass(frozen=True)
class Calendar:
    """Opening hours in one time zone.

    `week`: spans by weekday, Monday = 0; a weekday left out is closed. `short` replaces the
    hours of single dates; `closed` dates win over both. `day` is what a working day ("1d" in
    a target) lasts; by default the longest day of the week. ValueError on hours no clock
    shows and on a week without any.
    """

    name: str
    timezone: ZoneInfo
    week: Mapping[int, Spans]
    closed: frozenset[date] = frozenset()
    short: Mapping[date, Spans] = field(default_factory=dict)
    day: timedelta = _NOTHING
    _years: dict[int, _Year] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        week = {weekday: _in_order(spans) for weekday, spans in self.week.items()}
        if not any(week.values()):
            raise ValueError(f"calendar {self.name} is never open in an ordinary week")
        longest = max(sum(end - start for start, end in spans) for spans in week.values())
        object.__setattr__(self, "week", week)
        object.__setattr__(self, "short", {d: _in_order(s) for d, s in self.short.items()})
        object.__setattr__(self, "day", self.day or longest * _MINUTE)

    def __hash__(self) -> int:
        return hash((self.name, self.timezone.key))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two instants; 0 when `end` <= `start`."""
        if end <= start:
            return _NOTHING
        start, end = _in_utc(start), _in_utc(end)
        same = self._years.get(start.year) if start.year == end.year else None
        if same is not None:
            return same.worked(end) - same.worked(start)
        worked = self._year(end.year).worked(end) - self._year(start.year).worked(start)
        for year in range(max(start.year, _FIRST_YEAR), min(end.year, _LAST_YEAR + 1)):
            worked += self._year(year).total
        return worked

    def due(self, start: datetime, budget: timedelta) -> datetime:
        """The instant at which `budget` of working time is used up, counted from `start`.

        One that is used up as a span ends is due at that end, not at the next opening. No
        budget is used up at once. Raises `NeverOpen` where that takes over 100 years.
        """
        start = _in_utc(start)
        if budget <= _NOTHING:
            return start
        wanted = self._year(start.year).worked(start) + budget
        for number in range(start.year, start.year + _HORIZON):
            year = self._year(number)
            if wanted <= year.total:
                return year.reached(wanted)
            wanted -= year.total
        raise NeverOpen(f"calendar {self.name}: {budget} of working time never pass")

    def is_open(self, at: datetime) -> bool:
        """Is `at` in working time? Opening counts as open, closing as closed."""
        at = at.astimezone(UTC)
        year = self._year(at.year)
        index = bisect_right(year.opens, at) - 1
        return index >= 0 and at < year.closes[index]

    def next_open(self, at: datetime) -> datetime:
        """`at` if that is in working time, else the next opening."""
        at = at.astimezone(UTC)
        if self.is_open(at):
            return at
        for number in range(at.year, at.year + _HORIZON):
            opens = self._year(number).opens
            if opens and at <= opens[-1]:
                return opens[bisect_left(opens, at)]
        raise NeverOpen(f"calendar {self.name} does not open again after {at:%Y-%m-%d}")

    def business_days(self, first: date, last: date) -> int:
        """How many days from `first` to `last`, both included, have working hours."""
        days = (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
        return sum(1 for day in days if self.hours(day))

    def hours(self, day: date) -> Spans:
        """The wall-clock hours of a date; () when closed."""
        if day in self.closed:
            return ()
        return self.short.get(day, self.week.get(day.weekday(), ()))

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working hours of a local date as UTC instants."""
        midnight = datetime.combine(day, time(0), UTC)
        first, last = midnight - _FARTHEST, midnight + _DAY + _FARTHEST
        before, after = self._offset(first), self._offset(last)
        walls = [(midnight + s * _MINUTE, midnight + e * _MINUTE) for s, e in self.hours(day)]
        if before == after:
            return [(start - before, end - before) for start, end in walls]
        change = self._change(first, last)
        halves = [(s - before, min(e - before, change)) for s, e in walls]
        halves += [(max(s - after, change), e - after) for s, e in walls]
        return [(start, end) for start, end in halves if start < end]

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self.timezone).utcoffset() or _NOTHING

    def _change(self, low: datetime, high: datetime) -> datetime:
        """The instant at which the zone's offset changes between two others."""
        offset = self._offset(low)
        seconds = range(int((high - low).total_seconds()))
        return low + timedelta(
            seconds=bisect_left(
                seconds, True, key=lambda s: self._offset(low + timedelta(seconds=s)) != offset
            )
        )

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._lay_out(number)
        return year

    def _lay_out(self, number: int) -> _Year:
        if not _FIRST_YEAR <= number <= _LAST_YEAR:
            return _Year([], [], [], _NOTHING)
        start, end = datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC)
        first, last = start.toordinal() - 1, end.toordinal() + 1
        days = (self.spans(date.fromordinal(n)) for n in range(first, last))
        cut = [(max(o, start), min(c, end)) for spans in days for o, c in spans]
        return _laid(sorted((o, c) for o, c in cut if o < c))


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def always(timezone: ZoneInfo, name: str = "24x7") -> Calendar:
    """A calendar that never closes."""
    return Calendar(name, timezone, dict.fromkeys(range(7), ROUND_THE_CLOCK))


def _laid(spans: Iterable[tuple[datetime, datetime]]) -> _Year:
    year, total = _Year([], [], [], _NOTHING), _NOTHING
    for start, end in spans:
        year.opens.append(start)
        year.closes.append(end)
        year.before.append(total)
        total += end - start
    return _Year(year.opens, year.closes, year.before, total)


def _in_order(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sorted, with those that meet or overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not 0 <= start < end <= 24 * 60:
            raise ValueError(f"hours from minute {start} to {end}: a span ends after it starts")
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
