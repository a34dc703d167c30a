"""The hand-computed examples E1-E16 of kpi.md, as far as they are about working time."""

from datetime import date

import pytest

from maild.sla.holidays import closed_days
from tests.kpi_examples import CAL_A, DUE, ELAPSED, ES_MD_2026, Elapsed, Falls, at


@pytest.mark.parametrize("example", ELAPSED, ids=lambda example: example.name)
def test_time_used(example: Elapsed) -> None:
    """The working time between two instants is what was worked out by hand."""
    used = example.calendar.elapsed(at(example.start), at(example.end))
    assert used == example.wanted


@pytest.mark.parametrize("example", DUE, ids=lambda example: example.name)
def test_due_time(example: Falls) -> None:
    """A budget runs out at the instant that was worked out by hand."""
    assert example.calendar.due(at(example.start), example.budget) == at(example.wanted)


def test_business_days_of_two_weeks() -> None:
    """E16: the week of 1 May has four business days, the next one five."""
    assert CAL_A.business_days(date(2026, 4, 27), date(2026, 5, 3)) == 4
    assert CAL_A.business_days(date(2026, 5, 4), date(2026, 5, 10)) == 5


def test_the_holidays_of_madrid() -> None:
    """The twelve days that the examples rest on are the ones the region code gives."""
    assert closed_days(["ES-MD"], [2026]).keys() == ES_MD_2026
