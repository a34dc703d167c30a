"""Steps ahead of a clock: when they fall due, and whether their letters may still leave."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from maild.model.ticket import Clock, Event, EventKind, Priority
from maild.sla.clocks import clocks
from maild.sla.escalation import Alarm, Kind, Step, alarms, next_alarm, send_time, still_wanted
from maild.sla.policy import Policy, Rulebook, Targets, WorkTime
from maild.sla.stopwatch import ClockState
from tests.kpi_examples import CAL_A, CAL_B, at

HOUR = WorkTime(seconds=3600)
STEPS = (
    Step(0.8, notify=("assignee",)),
    Step(1.0, notify=("assignee", "supervisors")),
    Step(1.0, HOUR, raise_level=True),
    Step(1.0, clock=Clock.LEVEL, notify=("next_level",)),
)
RULES = Rulebook(
    policies=(Policy("Estándar", {Priority.NORMAL: Targets(WorkTime(seconds=4 * 3600))}),),
    calendars={"A": CAL_A, "B": CAL_B},
    departments={"soporte": "A", "ventas": "B"},
    levels={1: WorkTime(seconds=900)},
)


def ticket(when: str, department: str = "soporte") -> list[Event]:
    detail = {"department": department, "priority": "normal", "level": 1, "channel": "email"}
    return [Event(1, at(when), EventKind.CREATED, "customer:luis@x.test", detail)]


def states(events: list[Event], now: datetime) -> list[ClockState]:
    return clocks(events, RULES, now)


def first_response(events: list[Event], now: str) -> list[Alarm]:
    planned = alarms(states(events, at(now)), STEPS)
    return [alarm for alarm in planned if alarm.clock is Clock.FIRST_RESPONSE]


def event(when: str, what: EventKind, **detail: object) -> Event:
    return Event(1, at(when), what, "agent:ana", dict(detail))


def answer(when: str) -> Event:
    return event(when, EventKind.MESSAGE, kind="agent", public=True, message=2)


def test_warning_breach_and_an_hour_after_it() -> None:
    """E1: warned Monday 11:12, breached 12:00, supervisors at 13:00, all in working time."""
    planned = first_response(ticket("2026-04-30T17:00"), "2026-04-30T17:00")
    assert [(alarm.at, alarm.kind, alarm.label) for alarm in planned] == [
        (at("2026-05-04T11:12"), Kind.WARNING, "80%"),
        (at("2026-05-04T12:00"), Kind.BREACH, "100%"),
        (at("2026-05-04T13:00"), Kind.AFTER, "100%+3600s"),
    ]


def test_the_level_clock_has_steps_of_its_own() -> None:
    """A step for `level` is not one of the other clocks, nor theirs one of the level's."""
    planned = alarms(states(ticket("2026-06-08T09:00"), at("2026-06-08T09:00")), STEPS)
    assert [(a.at, a.step) for a in planned if a.clock is Clock.LEVEL] == [
        (at("2026-06-08T09:15"), 3)
    ]
    first = next_alarm(states(ticket("2026-06-08T09:00"), at("2026-06-08T09:00")), STEPS)
    assert first and first.clock is Clock.LEVEL


def test_letters_leave_in_working_time_only() -> None:
    """Due at closing time, Monday 18:00: the letters go Tuesday 09:00, the hour after at 10."""
    planned = first_response(ticket("2026-06-08T14:00"), "2026-06-08T14:00")
    assert [alarm.at for alarm in planned] == [
        at("2026-06-08T17:12"),
        at("2026-06-09T09:00"),
        at("2026-06-09T10:00"),
    ]


def test_an_hour_after_the_breach_is_a_working_hour() -> None:
    """Hours 9-14 and 16-19, breach 13:30: half an hour before lunch, half after it."""
    planned = first_response(ticket("2026-06-10T09:30", "ventas"), "2026-06-10T09:30")
    assert planned[2].at == at("2026-06-10T16:30")


@pytest.mark.parametrize("minutes", range(0, 7 * 24 * 60, 97))
def test_every_step_of_a_week_falls_in_working_time(minutes: int) -> None:
    """Whenever the ticket comes in, no letter is planned for a night or a Sunday."""
    start = at("2026-04-27T00:00") + timedelta(minutes=minutes)
    events = [replace(ticket("2026-04-27T00:00")[0], at=start)]
    planned = alarms(states(events, start), STEPS)
    assert len(planned) == 4
    assert all(CAL_A.is_open(alarm.at) for alarm in planned)
    assert planned == sorted(planned)


def test_a_pause_puts_off_the_warning() -> None:
    """3 of 4 hours used, then a pause of one: warned at 80 %, 12 minutes after it ends."""
    rules = replace(RULES, levels={1: WorkTime(seconds=4 * 3600)})
    events = ticket("2026-06-08T09:00")
    events.append(event("2026-06-08T12:00", EventKind.STATUS, to="pending"))
    events.append(event("2026-06-08T13:00", EventKind.STATUS, to="open"))
    planned = alarms(
        clocks(events, rules, at("2026-06-08T13:00")), [Step(0.8, clock=Clock.LEVEL)]
    )
    assert [alarm.at for alarm in planned] == [at("2026-06-08T13:12")]


def test_a_clock_that_does_not_run_has_no_steps() -> None:
    """After the answer nothing is planned for the first response."""
    answered = [
        *ticket("2026-06-08T09:00"),
        answer("2026-06-08T10:00"),
    ]
    assert first_response(answered, "2026-06-08T10:00") == []


def test_a_step_taken_is_not_planned_again() -> None:
    """The history says which steps were taken, whatever else happens to the ticket."""
    note = {"clock": "first_response", "due": "2026-06-08T11:00:00Z", "step": "80%"}
    warned = [
        *ticket("2026-06-08T09:00"),
        event("2026-06-08T12:12", EventKind.SLA_WARNING, **note),
    ]
    kinds = [alarm.kind for alarm in first_response(warned, "2026-06-08T12:13")]
    assert kinds == [Kind.BREACH, Kind.AFTER]


def test_two_steps_at_the_same_share_are_two() -> None:
    """Told apart by number, so that taking the one does not take the other."""
    steps = (Step(1.0, notify=("level",)), Step(1.0, raise_level=True))
    planned = alarms(states(ticket("2026-06-08T09:00"), at("2026-06-08T09:00")), steps)
    assert [alarm.label for alarm in planned] == ["100%", "100% #2"]


# -- at the moment of sending --------------------------------------------------------------


def test_sent_when_it_falls_due() -> None:
    """At 12:12 the warning leaves; a minute before it is told to wait until then."""
    events = ticket("2026-06-08T09:00")
    warning, *_ = first_response(events, "2026-06-08T09:00")
    now = at("2026-06-08T12:12")
    assert still_wanted(warning, states(events, now), steps=STEPS, now=now)
    early = at("2026-06-08T12:11")
    assert send_time(warning, states(events, early), steps=STEPS, now=early) == now


def test_after_a_downtime_only_the_breach_is_told() -> None:
    """Away from 12:00 until 13:30: the warning of 12:12 is dropped, the breach leaves."""
    events = ticket("2026-06-08T09:00")
    warning, breach, _ = first_response(events, "2026-06-08T09:00")
    now = at("2026-06-08T13:30")
    assert send_time(warning, states(events, now), steps=STEPS, now=now) is None
    assert still_wanted(breach, states(events, now), steps=STEPS, now=now)


def test_a_late_warning_is_better_than_none() -> None:
    """Where the warning is the only step, it leaves even after the due time."""
    steps = STEPS[:1]
    events = ticket("2026-06-08T09:00")
    (warning,) = alarms(states(events, at("2026-06-08T09:00")), steps)
    now = at("2026-06-08T13:30")
    assert still_wanted(warning, states(events, now), steps=steps, now=now)


def test_back_in_the_night() -> None:
    """The daemon comes back at 22:00: nobody is written to before Tuesday 09:00."""
    events = ticket("2026-06-08T09:00")
    breach = first_response(events, "2026-06-08T09:00")[1]
    night, morning = at("2026-06-08T22:00"), at("2026-06-09T09:00")
    assert send_time(breach, states(events, night), steps=STEPS, now=night) == morning


def test_answered_in_the_meantime() -> None:
    """The answer came in while the alarm was on its way: no letter."""
    events = ticket("2026-06-08T09:00")
    breach = first_response(events, "2026-06-08T09:00")[1]
    events.append(answer("2026-06-08T13:05"))
    now = at("2026-06-08T13:10")
    assert not still_wanted(breach, states(events, now), steps=STEPS, now=now)


def test_a_due_time_that_moved() -> None:
    """To another department at 12:00, whose lunch comes first: the breach moves to 13:00."""
    events = ticket("2026-06-08T10:30")
    breach = first_response(events, "2026-06-08T10:30")[1]
    assert breach.at == at("2026-06-08T14:30")
    events.append(event("2026-06-08T12:00", EventKind.DEPARTMENT, to="ventas"))
    now = breach.at
    later = send_time(breach, states(events, now), steps=STEPS, now=now)
    assert later == at("2026-06-08T16:30")
