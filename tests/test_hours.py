"""Working time: against a clock on the wall that is looked at minute by minute, and by name."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from maild.sla.hours import ROUND_THE_CLOCK, Calendar, NeverOpen, Spans, always

MADRID = ZoneInfo("Europe/Madrid")
MORNING_AND_AFTERNOON = ((9 * 60, 14 * 60), (16 * 60, 19 * 60))
OFFICE = Calendar(
    "oficina",
    MADRID,
    {**dict.fromkeys(range(4), MORNING_AND_AFTERNOON), 4: ((9 * 60, 15 * 60),)},
    closed=frozenset({date(2026, 5, 15)}),
    short={date(2026, 12, 24): ((9 * 60, 13 * 60),)},
)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(local: str, zone: ZoneInfo = MADRID, fold: int = 0) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone, fold=fold).astimezone(UTC)


# -- the oracle: shares no code with maild ------------------------------------------------


class Wall:
    """Looks at the clock on the wall once a minute and writes down whether it is open."""

    def __init__(self, calendar: Calendar, start: datetime, minutes: int):
        self.start = start
        self.minutes = bytes(_shows_open(calendar, start + n * MINUTE) for n in range(minutes))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        first, last = (int((t - self.start) / MINUTE) for t in (start, end))
        return self.minutes[first:last].count(1) * MINUTE

    def due(self, start: datetime, budget: timedelta) -> datetime | None:
        left, place = int(budget / MINUTE), int((start - self.start) / MINUTE)
        while left:
            place = self.minutes.find(1, place) + 1
            if not place:
                return None
            left -= 1
        return self.start + place * MINUTE


def _shows_open(calendar: Calendar, instant: datetime) -> bool:
    wall = instant.astimezone(calendar.timezone)
    if wall.date() in calendar.closed:
        return False
    spans = calendar.short.get(wall.date(), calendar.week.get(wall.weekday(), ()))
    return any(start <= wall.hour * 60 + wall.minute < end for start, end in spans)


ZONES = (  # each with days on which it changes its clocks, and a leap day
    ("Europe/Madrid", "2026-03-29 2026-10-25 2028-02-29"),
    ("Atlantic/Canary", "2026-03-29 2026-10-25 2027-12-31"),
    ("America/Santiago", "2026-04-05 2026-09-06 2028-02-29"),
    ("Australia/Lord_Howe", "2026-04-05 2026-10-04 2026-12-31"),
    ("Asia/Kolkata", "2026-03-29 2027-01-01 2028-02-29"),
)


def some_hours(chance: random.Random) -> Spans:
    """None, the whole day, or one to three spans on full and odd minutes."""
    shape = chance.random()
    if shape < 0.15:
        return ()
    if shape < 0.3:
        return ROUND_THE_CLOCK
    marks = sorted(chance.sample(range(24 * 60 + 1), 2 * chance.choice((1, 1, 2, 3))))
    if shape < 0.5:
        marks[0] = 0
    if shape > 0.8:
        marks[-1] = 24 * 60
    return tuple(zip(marks[::2], marks[1::2], strict=True))


def some_calendar(chance: random.Random, zone: str, around: date) -> Calendar:
    week = {weekday: some_hours(chance) for weekday in range(7)}
    week[chance.randrange(7)] = MORNING_AND_AFTERNOON
    near = [around + timedelta(days=chance.randint(-20, 20)) for _ in range(6)]
    short = {day: some_hours(chance) for day in near[3:]}
    return Calendar(zone, ZoneInfo(zone), week, frozenset(near[:3]), short)


def compare_with_wall(seed: int, cases: int) -> None:
    """For every zone and day of change, one calendar and `cases` random questions."""
    chance = random.Random(seed)
    for zone, days in ZONES:
        for day in days.split():
            around = date.fromisoformat(day)
            calendar = some_calendar(chance, zone, around)
            start = datetime(around.year, around.month, around.day, tzinfo=UTC)
            wall = Wall(calendar, start - timedelta(days=12), 24 * 24 * 60)
            for _ in range(cases):
                first, last = sorted(chance.choices(range(24 * 24 * 60), k=2))
                begin, end = wall.start + first * MINUTE, wall.start + last * MINUTE
                budget = chance.randint(1, 3000) * MINUTE
                told = f"seed {seed}: {calendar} {begin} {end} {budget}"
                assert calendar.elapsed(begin, end) == wall.elapsed(begin, end), told
                assert calendar.is_open(begin) == (wall.minutes[first] == 1), told
                due = wall.due(begin, budget)
                assert due is None or calendar.due(begin, budget) == due, told


def test_six_hundred_random_questions_agree_with_the_clock_on_the_wall() -> None:
    """Elapsed, due and open equal a minute-by-minute count, around every change of clocks."""
    compare_with_wall(seed=2026, cases=40)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(20))
def test_fifteen_thousand_random_questions_agree_with_the_clock_on_the_wall(seed: int) -> None:
    """The same with 20 times as many calendars and 15 000 questions in all."""
    compare_with_wall(seed, cases=50)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_due_has_just_been_used(seed: int) -> None:
    """Elapsed up to the due time is the budget to the microsecond; later is never sooner."""
    chance = random.Random(seed)
    for zone, days in ZONES:
        around = date.fromisoformat(days.split()[0])
        calendar = some_calendar(chance, zone, around)
        for _ in range(100):
            start = datetime(2026, 1, 1, tzinfo=UTC) + chance.random() * timedelta(days=700)
            small, large = sorted(chance.random() * timedelta(days=9) for _ in range(2))
            later = start + chance.random() * timedelta(days=3)
            assert calendar.elapsed(start, calendar.due(start, large)) == large
            assert calendar.due(start, small) <= calendar.due(start, large)
            assert calendar.due(start, small) <= calendar.due(later, small)


# -- by name ----------------------------------------------------------------------------


def test_a_due_at_the_end_of_a_span_is_that_end() -> None:
    """Two hours from noon are used up at 14:00, not when the office opens again at 16:00."""
    assert OFFICE.due(at("2026-06-10T12:00"), 2 * HOUR) == at("2026-06-10T14:00")
    assert OFFICE.due(at("2026-06-10T12:00"), 2 * HOUR + MINUTE) == at("2026-06-10T16:01")


def test_friday_afternoon_runs_on_on_monday() -> None:
    """Friday 14:00 + 8 h: one hour until 15:00, five on Monday morning, two after lunch."""
    assert OFFICE.due(at("2026-06-12T14:00"), 8 * HOUR) == at("2026-06-15T18:00")


def test_closed_and_short_days() -> None:
    """A local holiday does not count at all; on Christmas Eve only the morning does."""
    assert OFFICE.elapsed(at("2026-05-14T18:00"), at("2026-05-18T10:00")) == 2 * HOUR
    assert OFFICE.elapsed(at("2026-12-24T00:00"), at("2026-12-25T00:00")) == 4 * HOUR
    assert OFFICE.business_days(date(2026, 5, 11), date(2026, 5, 17)) == 4
    assert OFFICE.business_days(date(2026, 12, 24), date(2026, 12, 24)) == 1


def test_a_working_day_is_the_longest_one_unless_said_otherwise() -> None:
    """`1d` is eight hours in an office whose Fridays have six."""
    assert OFFICE.day == 8 * HOUR
    assert Calendar("x", MADRID, {0: ((0, 60),)}, day=7 * HOUR).day == 7 * HOUR
    assert always(MADRID).day == 24 * HOUR


def test_next_opening() -> None:
    """Within working time it is now; at closing time and in the night it is the next span."""
    assert OFFICE.next_open(at("2026-06-10T10:00")) == at("2026-06-10T10:00")
    assert OFFICE.next_open(at("2026-06-10T14:00")) == at("2026-06-10T16:00")
    assert OFFICE.next_open(at("2026-05-14T19:00")) == at("2026-05-18T09:00")
    assert OFFICE.next_open(at("2026-12-31T20:00")) == at("2027-01-01T09:00")


def test_a_skipped_and_a_repeated_hour() -> None:
    """Hours from 02:30: in spring they begin with 03:00, in autumn 02:30-03:00 counts twice."""
    nights = Calendar("noches", MADRID, {6: ((150, 300),)})
    assert nights.spans(date(2026, 3, 29)) == [(at("2026-03-29T03:00"), at("2026-03-29T05:00"))]
    autumn = nights.spans(date(2026, 10, 25))
    assert sum((end - start for start, end in autumn), timedelta()) == 3 * HOUR
    assert not nights.is_open(at("2026-10-25T02:15", fold=1))


def test_midnight_that_does_not_exist() -> None:
    """In Santiago the clocks of 6 September 2026 go from 24:00 to 01:00: a day of 23 hours."""
    santiago = ZoneInfo("America/Santiago")
    (span,) = always(santiago).spans(date(2026, 9, 6))
    assert span[1] - span[0] == 23 * HOUR
    assert span[0] == at("2026-09-06T01:00", santiago)


def test_a_day_that_a_country_left_out() -> None:
    """Samoa had no 30 December 2011: nobody worked on it."""
    assert always(ZoneInfo("Pacific/Apia")).spans(date(2011, 12, 30)) == []


def test_a_night_over_new_year() -> None:
    """A span that the UTC year cuts in two is one span for the customer."""
    everyday = always(MADRID)
    assert everyday.elapsed(at("2026-12-31T22:00"), at("2027-01-01T03:00")) == 5 * HOUR
    assert everyday.due(at("2026-12-31T22:00"), 3 * HOUR) == at("2027-01-01T01:00")
    assert everyday.elapsed(at("2025-06-01T00:00"), at("2028-06-01T00:00")) == timedelta(1096)


def test_time_does_not_run_backwards() -> None:
    """An end before its start is no time, and no budget is used up at once."""
    assert OFFICE.elapsed(at("2026-06-11T10:00"), at("2026-06-10T10:00")) == timedelta(0)
    assert OFFICE.due(at("2026-06-13T10:00"), timedelta(0)) == at("2026-06-13T10:00")


def test_a_calendar_that_never_opens_is_refused() -> None:
    """No hours in the week: said when it is made, so that nothing waits for it for ever."""
    with pytest.raises(ValueError, match="nunca is never open"):
        Calendar("nunca", MADRID, {0: ()})
    with pytest.raises(ValueError, match="a span ends after it starts"):
        Calendar("mal", MADRID, {0: ((600, 540),)})


def test_a_budget_nobody_lives_to_see_is_an_error() -> None:
    """A minute a week is opening time, but a million hours of it never pass."""
    minute = Calendar("minuto", MADRID, {0: ((0, 1),)})
    with pytest.raises(NeverOpen, match="never pass"):
        minute.due(at("2026-06-10T10:00"), 1_000_000 * HOUR)
    with pytest.raises(NeverOpen, match="does not open again"):
        OFFICE.next_open(datetime(9998, 1, 1, tzinfo=UTC))
    assert OFFICE.elapsed(datetime(1, 1, 1, tzinfo=UTC), at("1970-01-05T10:00")) == 15 * HOUR


def test_spans_that_touch_or_overlap_are_one() -> None:
    """Nobody works twice in the same minute."""
    calendar = Calendar("x", MADRID, {0: ((600, 700), (540, 600), (690, 720))})
    assert calendar.week[0] == ((540, 720),)
