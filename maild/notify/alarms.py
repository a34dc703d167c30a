"""`sla-warning` and `sla-breach`: what is said of a deadline that is near or has passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.deadlines import Ready, present
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.model.ticket import MessageKind
from maild.notify.facts import Deadline, MessageFacts, Notice
from maild.notify.mailroom import Mailroom
from maild.notify.telling import before, message_facts, person
from maild.sla.escalation import Kind
from maild.sla.stopwatch import ClockState

_HUMAN = (MessageKind.CUSTOMER, MessageKind.AGENT)


@dataclass(frozen=True, slots=True)
class AlarmLetters:
    """Writes the letters of deadlines."""

    room: Mailroom
    cases: Casebook

    def alarm(self, case: Case, ready: Ready, people: Sequence[Address]) -> None:
        """One letter each, in the reader's own thread of the ticket."""
        alarm = ready.alarm
        type = LetterType.SLA_WARNING if alarm.kind is Kind.WARNING else LetterType.SLA_BREACH
        cause = f"alarm:{case.ticket.id}:{alarm.clock}:{alarm.visit}:{alarm.label}"
        facts = self._notice(case, ready.state)
        for reader in people:
            self.room.notify(case, type, facts, reader, cause)

    def _notice(self, case: Case, state: ClockState) -> Notice:
        earlier = self.cases.messages(case.ticket.id, last=20)
        words = [message for message in earlier if message.kind in _HUMAN]
        last = words[-1] if words else None
        return Notice(
            ticket=self.room.inside(case.ticket, case.now),
            message=message_facts(last, requester=case.ticket.requester)
            if last
            else _nothing_said(case),
            previous=before(earlier[-3:], last, case.ticket.requester),
            deadline=_deadline(state, present(case)),
        )


def _nothing_said(case: Case) -> MessageFacts:
    """A ticket whose messages are gone, or never came with it."""
    return MessageFacts(person(case.ticket.requester), case.ticket.created_at, "")


def _deadline(state: ClockState, now: datetime) -> Deadline:
    """With the working time that is left, or that has passed since."""
    assert state.due is not None
    left = state.calendar.elapsed(now, state.due) - state.calendar.elapsed(state.due, now)
    return Deadline(state.clock.value, state.due, left, state.calendar.day)
