"""The examples of kpi.md, worked out by hand: calendars, and what E1-E13 must give.

Plain data, so that every module that counts working time can be held against it. Times are
the local ones of Europe/Madrid, durations (hours, minutes).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.sla.hours import Calendar, Spans, always

MADRID = ZoneInfo("Europe/Madrid")

#: the region's holidays of 2026; the two of the municipality are not among them
ES_MD_2026 = frozenset(
    date.fromisoformat(day)
    for day in (
        "2026-01-01 2026-01-06 2026-04-02 2026-04-03 2026-05-01 2026-05-02 2026-08-15 "
        "2026-10-12 2026-11-02 2026-12-07 2026-12-08 2026-12-25"
    ).split()
)

_NINE_TO_SIX: Spans = ((540, 1080),)
_SPLIT: Spans = ((540, 840), (960, 1140))

CAL_A = Calendar("A", MADRID, dict.fromkeys(range(5), _NINE_TO_SIX), ES_MD_2026)
CAL_B = Calendar("B", MADRID, {**dict.fromkeys(range(4), _SPLIT), 4: ((540, 900),)}, ES_MD_2026)
CAL_C = always(MADRID, "C")


def at(local: str) -> datetime:
    """A local time of Madrid, as an instant."""
    return datetime.fromisoformat(local).replace(tzinfo=MADRID).astimezone(UTC)


def span(hours: int = 0, minutes: int = 0) -> timedelta:
    return timedelta(hours=hours, minutes=minutes)


@dataclass(frozen=True)
class Elapsed:
    name: str
    calendar: Calendar
    start: str
    end: str
    wanted: timedelta


@dataclass(frozen=True)
class Falls:
    name: str
    calendar: Calendar
    start: str
    budget: timedelta
    wanted: str


ELAPSED = (
    Elapsed("E1 business", CAL_A, "2026-04-30T17:00", "2026-05-04T10:30", span(2, 30)),
    Elapsed("E1 calendar", CAL_C, "2026-04-30T17:00", "2026-05-04T10:30", span(89, 30)),
    Elapsed("E2 on Saturday", CAL_A, "2026-06-13T11:00", "2026-06-15T09:20", span(0, 20)),
    Elapsed("E3 off hours", CAL_A, "2026-06-12T19:00", "2026-06-12T21:00", span()),
    Elapsed("E4 split day", CAL_B, "2026-06-10T13:30", "2026-06-10T16:45", span(1, 15)),
    Elapsed("E5 autumn", CAL_C, "2026-10-24T22:00", "2026-10-25T08:00", span(11)),
    Elapsed("E6 spring", CAL_C, "2026-03-28T22:00", "2026-03-29T08:00", span(9)),
    Elapsed("E7 business", CAL_A, "2026-10-23T17:00", "2026-10-26T10:00", span(2)),
    Elapsed("E7 calendar", CAL_C, "2026-10-23T17:00", "2026-10-26T10:00", span(66)),
    Elapsed("E8 next response", CAL_A, "2026-06-08T17:30", "2026-06-09T09:45", span(1, 15)),
    Elapsed("E9 gross", CAL_A, "2026-06-08T09:00", "2026-06-09T16:00", span(16)),
    Elapsed("E9 waiting", CAL_A, "2026-06-08T12:00", "2026-06-09T11:00", span(8)),
    Elapsed("E10 gross", CAL_A, "2026-06-08T09:00", "2026-06-10T12:30", span(21, 30)),
    Elapsed("E10 solved", CAL_A, "2026-06-09T16:00", "2026-06-10T10:00", span(3)),
    Elapsed("E13 level 1", CAL_A, "2026-06-08T09:00", "2026-06-08T09:20", span(0, 20)),
    Elapsed("E13 level 3", CAL_A, "2026-06-08T12:00", "2026-06-09T15:00", span(12)),
)

DUE = (
    Falls("E1 4 h", CAL_A, "2026-04-30T17:00", span(4), "2026-05-04T12:00"),
    Falls("E1 80 %", CAL_A, "2026-04-30T17:00", span(4) * 0.8, "2026-05-04T11:12"),
    Falls("E4 2 h", CAL_B, "2026-06-10T13:30", span(2), "2026-06-10T17:30"),
    Falls("E5 8 h", CAL_C, "2026-10-24T22:00", span(8), "2026-10-25T05:00"),
    Falls("E11 16 h", CAL_A, "2026-06-08T09:00", span(16), "2026-06-09T16:00"),
    Falls("E11 paused", CAL_A, "2026-06-08T09:00", span(24), "2026-06-10T15:00"),
    Falls("E12 urgent", CAL_A, "2026-06-08T09:00", span(1), "2026-06-08T10:00"),
)
