"""When a case is due and what lies ahead of it, worked out from its history.

Done before letters are written (they name the due time) and whenever a case is saved. What
happens when the time has come is `desk.rounds`' business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from maild.desk.case import Appointment, Case
from maild.desk.lifecycle import Lifecycle
from maild.model.ticket import EventKind
from maild.sla.clocks import clocks, due_of
from maild.sla.escalation import Alarm, Step, alarms, send_time
from maild.sla.policy import Rulebook
from maild.sla.stopwatch import ClockState


class Ready(NamedTuple):
    """A step whose time has come."""

    alarm: Alarm
    step: Step
    state: ClockState


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The promises of the house, applied to cases."""

    rulebook: Rulebook
    steps: tuple[Step, ...] = ()
    life: Lifecycle = field(default_factory=Lifecycle)

    def reckon(self, case: Case) -> None:
        """Set the case's due times, and all its appointments."""
        if case.reckoned == (case.ticket, len(case.all_events)):
            return  # nothing has happened since
        states = self.states(case)
        case.set_due(due_of(states))
        planned = [_appointment(alarm) for alarm in self._planned(case, states)]
        case.appointments = sorted([*planned, *self.life.plan(case)])
        case.reckoned = case.ticket, len(case.all_events)

    def states(self, case: Case) -> list[ClockState]:
        """The case's clocks as they stand now."""
        return clocks(case.all_events, self.rulebook, present(case), ticket=case.ticket)

    def ready(self, case: Case) -> list[Ready]:
        """The steps to be taken now, in order; what a later one overtakes is left out."""
        now, states = present(case), self.states(case)
        return [
            Ready(alarm, self.steps[alarm.step], _state_of(alarm, states))
            for alarm in self._planned(case, states)
            if alarm.at <= now
        ]

    def _planned(self, case: Case, states: Sequence[ClockState]) -> Iterator[Alarm]:
        """The alarms ahead; those of the past are put off to when their letters may leave.
        What fell due before a ticket was imported is nobody's news."""
        if _is_silent(case):
            return
        now, imported = present(case), case.ticket.imported_at
        for alarm in alarms(states, self.steps):
            if imported is not None and alarm.at <= imported:
                continue
            if alarm.at > now:
                yield alarm
            elif at := send_time(alarm, states, steps=self.steps, now=now):
                yield replace(alarm, at=at)


def present(case: Case) -> datetime:
    """Now, but never before anything that has happened: a mail that waited is decided at
    the instant of its arrival, and the clocks of two machines differ."""
    return max([case.now, *(event.at for event in case.all_events)])


def _is_silent(case: Case) -> bool:
    """Opened by a mail that lay in the mailbox before the desk began: nobody promised it
    anything."""
    return any(
        event.kind is EventKind.CREATED and event.detail.get("silent")
        for event in case.all_events[:1]
    )


def _state_of(alarm: Alarm, states: Sequence[ClockState]) -> ClockState:
    return next(s for s in states if (s.clock, s.visit) == (alarm.clock, alarm.visit))


def _appointment(alarm: Alarm) -> Appointment:
    return Appointment(alarm.at, alarm.clock.value, alarm.visit, alarm.step, alarm.kind.value)
