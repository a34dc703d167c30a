"""Periods and slots: weeks in Madrid, clocks that change, reports that go out once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from maild.config.reporting import every
from maild.reports.periods import Period, last_slot, period_of

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 5, 13, 9, 0, tzinfo=MADRID).astimezone(UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last", "es", "en"),
    [
        ("yesterday", "2026-05-12", "2026-05-12", "mar 12 may 2026", "Tue 12 May 2026"),
        ("last week", "2026-05-04", "2026-05-10", "4–10 may 2026", "4–10 May 2026"),
        ("last month", "2026-04-01", "2026-04-30", "abril de 2026", "April 2026"),
        (
            "last 30 days", "2026-04-13", "2026-05-12",
            "13 abr – 12 may 2026", "13 Apr – 12 May 2026",
        ),
        ("semana pasada", "2026-05-04", "2026-05-10", "4–10 may 2026", "4–10 May 2026"),
        (
            "2025-12-29/2026-01-04", "2025-12-29", "2026-01-04",
            "29 dic 2025 – 4 ene 2026", "29 Dec 2025 – 4 Jan 2026",
        ),
    ],
)  # fmt: skip
def test_named_periods(text: str, first: str, last: str, es: str, en: str) -> None:
    """What each name means on a Wednesday, and how it is called."""
    period = period_of(text, NOW, MADRID)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert (period.label("es"), period.label("en")) == (es, en)


def test_last_day_included() -> None:
    """A range ends at the midnight after its last day; UTC inside, Madrid outside."""
    period = period_of("2026-10-19/2026-10-25", NOW, MADRID)
    assert period.start == datetime(2026, 10, 18, 22, tzinfo=UTC)
    assert period.end == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert period.end - period.start == timedelta(hours=169)  # winter time came


@pytest.mark.parametrize(
    "text", ["next week", "2026-05-10/2026-05-04", "2026-02-30/2026-03-01", "", "x" * 9999]
)
def test_no_period(text: str) -> None:
    """What is no period says what would have been one."""
    with pytest.raises(ValueError, match="is no period"):
        period_of(text, NOW, MADRID)


def test_period_before() -> None:
    """A month is compared with the month before it, all else with as many days before."""
    march = Period(date(2026, 3, 1), date(2026, 3, 31), MADRID)
    assert march.before() == Period(date(2026, 2, 1), date(2026, 2, 28), MADRID)
    week = period_of("last week", NOW, MADRID)
    assert week.before() == Period(date(2026, 4, 27), date(2026, 5, 3), MADRID)
    assert week.before().end == week.start


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("last week", "Semana 4–10 may"),
        ("last month", "Abril de 2026"),
        ("yesterday", "Mar 12 may"),
        ("last 30 days", "13 abr – 12 may"),
    ],
)
def test_titles(text: str, title: str) -> None:
    """Short names for a subject line."""
    assert period_of(text, NOW, MADRID).title("es") == title


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        ("monday 08:00", "2026-05-13 09:00", "2026-05-11 08:00"),
        ("monday 08:00", "2026-05-11 08:00", "2026-05-11 08:00"),
        ("monday 08:00", "2026-05-11 07:59", "2026-05-04 08:00"),
        ("day 08:00", "2026-05-13 07:00", "2026-05-12 08:00"),
        ("month 1 08:00", "2026-05-01 07:00", "2026-04-01 08:00"),
        ("month 28 08:00", "2026-03-01 07:00", "2026-02-28 08:00"),
        ("monday 08:00", "2026-03-30 08:00", "2026-03-30 08:00"),  # summer time since Sunday
        ("monday 08:00", "2026-10-26 08:00", "2026-10-26 08:00"),  # winter time since Sunday
        ("day 02:30", "2026-03-29 12:00", "2026-03-29 03:00"),  # 02:30 does not exist
    ],
)
def test_last_slot(schedule: str, now: str, slot: str) -> None:
    """The latest slot that is not in the future, by the clock of Madrid."""
    wall = datetime.fromisoformat(now).replace(tzinfo=MADRID).astimezone(UTC)
    found = last_slot(every(schedule), wall, MADRID)
    assert found.tzinfo is UTC
    assert found.astimezone(MADRID).strftime("%Y-%m-%d %H:%M") == slot


def test_hour_that_comes_twice() -> None:
    """02:30 on the night of winter time: the first of the two, and only that one."""
    slot = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    twice = every("day 02:30")
    moments = [slot + timedelta(minutes=m) for m in range(0, 180, 10)]
    assert {last_slot(twice, now, MADRID) for now in moments} == {slot}


@pytest.mark.parametrize("schedule", ["day 02:30", "monday 08:00", "month 1 00:00"])
def test_a_slot_for_each_turn(schedule: str) -> None:
    """A year, looked at every half hour: as many slots as days, Mondays or months."""
    now, slots = datetime(2026, 1, 1, tzinfo=UTC), set()
    while now < datetime(2027, 1, 1, tzinfo=UTC):
        slots.add(last_slot(every(schedule), now, MADRID))
        now += timedelta(minutes=30)
    assert len(slots) == {"day 02:30": 366, "monday 08:00": 53, "month 1 00:00": 13}[schedule]
