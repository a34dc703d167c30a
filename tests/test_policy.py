"""Policies, their targets and calendars; closed days by region, date and file."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from maild.model.ticket import Clock, Priority
from maild.sla.holidays import closed_days
from maild.sla.policy import Facts, Policy, Rulebook, Targets, WorkTime, policy_for
from tests.kpi_examples import CAL_A, CAL_B, CAL_C

DAY = Targets(WorkTime(days=1), WorkTime(days=1), WorkTime(days=2))
URGENT_ONLY = Policy(
    "Crítico",
    {Priority.URGENT: Targets(WorkTime(seconds=900))},
    calendar="C",
    when={"department": frozenset({"sistemas"}), "channel": frozenset({"phone", "api"})},
)
STANDARD = Policy("Estándar", {Priority.NORMAL: DAY})
RULES = Rulebook(
    (URGENT_ONLY, STANDARD),
    {"A": CAL_A, "B": CAL_B, "C": CAL_C},
    {"soporte": "A", "ventas": "B", "sistemas": "A"},
    {1: WorkTime(seconds=900)},
)


def test_the_first_policy_that_matches_wins() -> None:
    """All conditions must hold; a policy without conditions takes the rest."""
    by_phone = Facts("sistemas", channel="phone")
    assert policy_for(by_phone, RULES.policies) is URGENT_ONLY
    assert policy_for(Facts("sistemas"), RULES.policies) is STANDARD
    assert policy_for(by_phone, ()) is None


def test_a_working_day_is_as_long_as_the_calendar_says() -> None:
    """`1d` is nine hours in A and eight in B."""
    assert RULES.terms(Facts("soporte")).target(Clock.FIRST_RESPONSE) == timedelta(hours=9)
    assert RULES.terms(Facts("ventas")).target(Clock.FIRST_RESPONSE) == timedelta(hours=8)


def test_a_matching_policy_without_a_line_has_no_deadline() -> None:
    """The first match decides, even if it says nothing about this priority."""
    terms = RULES.terms(Facts("sistemas", Priority.LOW, "phone"))
    assert terms.target(Clock.RESOLUTION) is None
    assert terms.calendar is CAL_C
    assert terms.target(Clock.LEVEL) == timedelta(minutes=15)


def test_a_department_that_is_no_more() -> None:
    """Its old tickets are counted in the first department's hours."""
    assert RULES.terms(Facts("disuelto")).calendar is CAL_A
    assert Rulebook().terms(Facts("x")).calendar.day == timedelta(hours=24)


def test_an_unknown_condition_is_refused() -> None:
    """A policy that asks for what is not known would silently never match."""
    with pytest.raises(ValueError, match="no condition is called weather"):
        Policy("x", {}, when={"weather": frozenset({"rain"})})


# -- closed days ---------------------------------------------------------------------------

FIESTAS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260515
SUMMARY:San Isidro\\, patrón
BEGIN:VALARM
DTSTART:20990101
SUMMARY:no
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261227
SUMMARY:Cierre de
 Navidad
END:VEVENT
BEGIN:VEVENT
DTSTART:20260601T100000Z
SUMMARY:Reunión
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20201109
RRULE:FREQ=YEARLY
SUMMARY:La Almudena
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260701
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def test_regions_dates_and_files_together(tmp_path: Path) -> None:
    """Days of a region, a bare date and a file; timed and cancelled events close nothing."""
    (tmp_path / "fiestas.ics").write_text(FIESTAS.replace("\n", "\r\n"))
    specs = ["ES-MD", date(2026, 7, 25), "2026-07-26", "fiestas.ics"]
    days = closed_days(specs, [2026], folder=tmp_path, language="es")
    assert days[date(2026, 5, 1)] == "Fiesta del Trabajo"
    assert days[date(2026, 5, 15)] == "San Isidro, patrón"
    assert days[date(2026, 7, 25)] == days[date(2026, 7, 26)] == ""
    assert days[date(2026, 12, 26)] == "Cierre deNavidad"
    assert days[date(2026, 11, 9)] == "La Almudena"
    assert date(2026, 6, 1) not in days
    assert date(2026, 7, 1) not in days
    assert list(days) == sorted(days)


def test_a_country_without_region() -> None:
    """`ES` is what all of Spain celebrates; the region has its own on top."""
    assert closed_days(["ES"], [2026]).keys() < closed_days(["ES-MD"], [2026]).keys()
    assert date(2026, 3, 31) in closed_days(["US-CA"], [2026])


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("ES-Barcelone", 'ES has no region Barcelone (did you mean "ES-Barcelona"?)'),
        ("es-md", '(did you mean "ES-MD"?)'),
        ("XX", '"XX" is no region'),
        ("2026-13-01", "is no date such as"),
        ("gone.ics", "can't be read"),
        ("text.ics", "is no iCalendar file"),
        ("long.ics", "is longer than"),
        ("weekly.ics", "event 1: of repeated days only yearly ones"),
        ("endless.ics", "event 1: longer than 366 days"),
        ("odd.ics", "event 1: "),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, spec: str, told: str) -> None:
    """The fault names the entry, the reason and, where there is one, the nearest right word."""
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\n"
    (tmp_path / "text.ics").write_text("Navidad: 25 de diciembre")
    (tmp_path / "long.ics").write_bytes(b"BEGIN:VCALENDAR" + b" " * 1_000_000)
    weekly = event.format("DTSTART:20260101\nRRULE:FREQ=WEEKLY;BYDAY=MO")
    (tmp_path / "weekly.ics").write_text(weekly)
    (tmp_path / "endless.ics").write_text(event.format("DTSTART:20260101\nDTEND:99991231"))
    (tmp_path / "odd.ics").write_text(event.format("DTSTART:20261350"))
    with pytest.raises(ValueError) as fault:
        closed_days([spec], [2026], folder=tmp_path)
    assert told in str(fault.value)
    assert spec in str(fault.value)
