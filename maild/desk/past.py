"""Mail of the past: an archive becomes tickets, as if it had been there all the time.

Nothing is sent, no command runs, and nobody is asked for a proof: the operator vouches for
his archive. What the house wrote is an answer of the ticket it belongs to; a mail of the
house that answers nothing is kept in the inbox only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from maild.desk.case import SYSTEM, Case, make_message
from maild.desk.casebook import Casebook
from maild.desk.customers import Customers, enclose
from maild.desk.outcome import Outcome
from maild.desk.reading import Reader, Reading
from maild.model.mail import Automatic, Envelope, Mail
from maild.model.people import Role
from maild.model.ticket import MessageKind, Status, Ticket

AUTO_CLOSED: Final = "auto_closed"
_KEPT_ONLY: Final = {
    Automatic.BOUNCE: "bounce",
    Automatic.AUTO_REPLY: "automatic",
    Automatic.REACTION: "automatic",
}


class Silence:
    """Notices, replies and all else that tell nobody anything."""

    def tell(self, *args: Any, **more: Any) -> None:
        """Not a word."""

    list_done = command_error = inform = confirm = pass_on = tell

    @property
    def replies(self) -> "Silence":
        return self

    house = replies


@dataclass(frozen=True, slots=True)
class Past:
    """The desk's conduct towards an archive."""

    reader: Reader
    customers: Customers  #: with `Silence` for notices
    cases: Casebook
    imported_at: datetime

    def receive(self, intake: int, mail: Mail, envelope: Envelope, *, at: datetime) -> Outcome:
        """Within a transaction: what becomes of a mail that was written at that time."""
        reading = self.reader.read(intake, mail, envelope, at)
        outcome = self._decide(reading)
        return replace(outcome, message_id=mail.message_id, why=reading.why())

    def _decide(self, reading: Reading) -> Outcome:
        mail = reading.mail
        if mail.screening.automatic in _KEPT_ONLY:
            return Outcome("done", _KEPT_ONLY[mail.screening.automatic])
        if self._is_ours(reading):
            return self._answer(reading)
        ticket = reading.match.ticket
        if ticket is None or mail.error is not None:
            case, decision = self.customers.open(reading, link=reading.match.link)
            if case is None:
                return Outcome("done", "dropped", error=decision.dropped)
        else:
            joined, _ = self.customers.join(reading, ticket)
            if joined is None:
                return Outcome("done", "dropped", error="a rule drops it")
            case = joined
        kind = "stub" if mail.error is not None else "ticket" if case.is_new else "reply"
        return self._save(kind, case, reading)

    def _is_ours(self, reading: Reading) -> bool:
        """From an agent, or from the desk's own address."""
        roster = self.reader.roster
        return reading.member.role is Role.AGENT or roster.is_own(reading.sender.email)

    def _answer(self, reading: Reading) -> Outcome:
        ticket = reading.match.ticket
        if ticket is None:
            return Outcome("done", "dropped", error="a mail of the house that answers nothing")
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        sender, agent = reading.sender, reading.member.role is Role.AGENT
        actor = f"agent:{reading.member.key if agent else sender.key}"
        public = _reaches(ticket, reading.mail)
        message = make_message(
            self.cases.new_message_number(),
            case,
            MessageKind.AGENT if public else MessageKind.NOTE,
            sender=sender,
            text=reading.mail.own_words,
            subject=reading.mail.subject,
            quoted=reading.mail.quoted,
            message_id=reading.mail.message_id,
            public=public,
            attachments=enclose(reading.mail.attachments, self.customers.keep),
        )
        if reading.mail.message_id:
            self.cases.remember_reference(reading.mail.message_id, ticket.id)
        case.add_message(message, actor)
        if agent and case.ticket.assignee is None:
            case.assign(reading.member.key, actor)
        if case.ticket.status is Status.NEW:
            case.set_status(Status.OPEN, actor)
        return self._save("reply", case, reading)

    def _save(self, outcome: str, case: Case, reading: Reading) -> Outcome:
        if case.is_new:
            case.ticket = replace(case.ticket, imported_at=self.imported_at)
        case.letters.clear()
        message = case.messages[-1] if case.messages else None
        self.cases.save(case, intake=reading.intake)
        return Outcome("done", outcome, case.ticket.id, message.id if message else None)

    def close_silent(self, ticket: int, after: timedelta) -> bool:
        """A ticket of the past of which nothing was heard for so long is closed, as of the
        end of that time; whether it was."""
        case = self.cases.open_case(ticket, self.imported_at)
        if case is None or case.ticket.status.done or not case.ticket.imported_at:
            return False
        ends = case.ticket.updated_at + after
        if ends > self.imported_at:
            return False
        case.now = ends
        case.set_status(Status.CLOSED, SYSTEM, reason=AUTO_CLOSED)
        self.cases.save(case)
        return True


def _reaches(ticket: Ticket, mail: Mail) -> bool:
    """Did it go to somebody who takes part, or was it among ourselves?"""
    recipients: Sequence[str] = [address.email for address in (*mail.to, *mail.cc)]
    return any(ticket.takes_part(email) for email in recipients)
