"""From settings to what the desk promises: calendars, rulebook, escalation steps.

What they mean for a ticket is computed by `maild.sla`; here they only take its form.
"""

import hashlib
from datetime import timedelta
from zoneinfo import ZoneInfo

from maild.config.hours import Calendar as CalendarTable
from maild.config.service import Escalation, Sla
from maild.config.service import Targets as TargetsTable
from maild.config.settings import Settings
from maild.model.ticket import Clock, Priority
from maild.sla.escalation import Step
from maild.sla.holidays import closed_days
from maild.sla.hours import Calendar, always
from maild.sla.policy import Policy, Rulebook, Targets

#: whose calendar is not named; a blank can't stand in a table's name
ROUND_THE_CLOCK = "24x7 "
_YEARS_BACK, _YEARS_AHEAD = 3, 3


def calendars(settings: Settings, year: int) -> dict[str, Calendar]:
    """Working hours by the name of their table, and one that never closes.

    Holidays are known for the years around `year`.
    """
    zone = ZoneInfo(str(settings.desk.timezone))
    years = range(year - _YEARS_BACK, year + _YEARS_AHEAD)
    named = {
        name: _calendar(name, table, zone, years) for name, table in settings.calendar.items()
    }
    return named | {ROUND_THE_CLOCK: always(zone)}


def department_calendars(settings: Settings) -> dict[str, str]:
    """The name of each department's calendar."""
    named = {key: department.calendar for key, department in settings.department.items()}
    return {
        key: name if name in settings.calendar else ROUND_THE_CLOCK
        for key, name in named.items()
    }


def rulebook(settings: Settings, year: int) -> Rulebook:
    """All that decides how long tickets may take."""
    return Rulebook(
        policies=tuple(_policy(table) for table in settings.sla),
        calendars=calendars(settings, year),
        departments=department_calendars(settings),
        levels={n: level.time for n, level in settings.levels.items() if level.time},
        grace=settings.lifecycle.retarget_grace,
    )


def escalation_steps(settings: Settings) -> tuple[Step, ...]:
    """What is done before and after a deadline, in the order of the file."""
    return tuple(_step(table) for table in settings.escalation)


def fingerprint(settings: Settings, book: Rulebook) -> str:
    """Changes when anything does that moves a deadline or a step of an open ticket."""
    tables = (
        settings.desk.timezone,
        settings.calendar,
        book.departments,
        settings.levels,
        settings.sla,
        settings.escalation,
        settings.lifecycle,
    )
    closed = [(name, sorted(c.closed)) for name, c in sorted(book.calendars.items())]
    return hashlib.sha256(repr((tables, closed)).encode()).hexdigest()[:32]


def _calendar(name: str, table: CalendarTable, zone: ZoneInfo, years: range) -> Calendar:
    return Calendar(
        name=name,
        timezone=ZoneInfo(str(table.timezone)) if table.timezone else zone,
        week=dict(enumerate(table.week)),
        closed=frozenset(closed_days(table.holidays, years)),
        short=table.short,
        day=table.day or timedelta(0),
    )


def _policy(table: Sla) -> Policy:
    when = {
        name: frozenset(values)
        for name, values in {
            "department": table.when.department,
            "channel": table.when.channel,
            "category": table.when.category,
            "language": table.when.language,
            "tags": table.when.tags,
            "requester": table.when.from_,
        }.items()
        if values
    }
    promised = {
        priority: _targets(targets)
        for priority in Priority
        if (targets := getattr(table, priority.value)) is not None
    }
    return Policy(table.name, promised, table.calendar or None, when)


def _targets(table: TargetsTable) -> Targets:
    return Targets(table.first_response, table.next_response, table.resolution)


def _step(table: Escalation) -> Step:
    return Step(
        share=table.at.percent / 100,
        offset=table.at.after,
        clock=Clock(table.clock) if table.clock else None,
        notify=table.notify,
        raise_level=table.raise_level,
    )
