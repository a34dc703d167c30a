"""What people do on their pages of a ticket that needs no words: solved, not solved, a mark.

What they write goes the way of all mail. Each verb is one decision about one case; the
caller has opened the transaction and checked the visitor's link.
"""

from dataclasses import dataclass

from maild.desk import surveys
from maild.desk.case import Case, make_message
from maild.desk.casebook import Casebook, Keep
from maild.desk.customers import by_himself, enclose
from maild.desk.occasion import Occasion
from maild.desk.practice import Practice
from maild.desk.tells import Notices
from maild.model.as_json import timestamp
from maild.model.mail import Address, Attachment, Proof
from maild.model.ticket import Message, MessageKind, Status


@dataclass(frozen=True, slots=True)
class Visitors:
    """The desk's conduct towards those who come by a link of their own."""

    practice: Practice
    cases: Casebook
    keep: Keep
    notices: Notices

    def solve(self, case: Case, person: str) -> bool:
        """It is solved; whether that is news."""
        if case.ticket.status.done:
            return False
        reason = "self_service" if by_himself(case) else "customer"
        case.set_status(Status.RESOLVED, _actor(person), reason=reason)
        return True

    def may_reopen(self, case: Case) -> bool:
        """Solved, and not too long ago."""
        ticket = case.ticket
        if ticket.status is not Status.RESOLVED or ticket.resolved_at is None:
            return False
        return case.now - ticket.resolved_at <= self.practice.reopen_window

    def reopen(
        self, case: Case, person: str, text: str, files: tuple[Attachment, ...] = ()
    ) -> bool:
        """It is not solved: `text` says why. Agents are told; whether it was reopened."""
        if not self.may_reopen(case):
            return False
        message = self._say(case, person, text, files)
        case.set_status(Status.OPEN, _actor(person), reason="customer")
        self.notices.tell(case, self._occasion(case, message))
        return True

    def rate(self, case: Case, person: str, score: int, comment: str, solve: int) -> bool:
        """A mark for the `solve`th solution; whether it counts. Bad ones with words reopen."""
        if not self.practice.surveys.is_open(case, solve):
            return False
        if not surveys.mark(case, score, comment, _actor(person)):
            return True
        message = None
        if surveys.complains(score, comment) and self.may_reopen(case):
            message = self._say(case, person, comment, ())
            case.set_status(Status.OPEN, _actor(person), reason="customer")
        self.notices.tell(case, self._occasion(case, message))
        return True

    def _say(
        self, case: Case, person: str, text: str, files: tuple[Attachment, ...]
    ) -> Message:
        requester = case.ticket.requester
        sender = requester if requester.key == person.casefold() else Address("", person)
        message = make_message(
            self.cases.new_message_number(),
            case,
            MessageKind.CUSTOMER,
            sender=sender,
            text=text,
            subject=case.ticket.subject,
            proof=Proof.TOKEN,
            attachments=enclose(files, self.keep),
        )
        return case.add_message(message, _actor(person))

    def _occasion(self, case: Case, message: Message | None) -> Occasion:
        cause = f"page:{case.ticket.id}:{timestamp(case.now)}"
        return Occasion(cause=cause, message=message, proof=Proof.TOKEN)


def _actor(person: str) -> str:
    return f"customer:{person.casefold()}"
