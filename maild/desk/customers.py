"""What happens to a mail from outside: it opens a ticket or joins one.

Nobody becomes a reader by writing; a stranger's words are for agents only and change nothing.
"""

from dataclasses import dataclass, replace

from maild.desk import opening
from maild.desk.case import Case, make_message
from maild.desk.casebook import Casebook, Keep
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.people import company_of
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.desk.tells import Notices
from maild.ingest.thanks import only_thanks
from maild.model.mail import Attachment, Automatic
from maild.model.ticket import Enclosure, Message, MessageKind, Status, Ticket
from maild.rules import Decision, RuleBook

_WAITING = (Status.PENDING, Status.ON_HOLD)


@dataclass(frozen=True, slots=True)
class Customers:
    """The desk's conduct towards those who write from outside."""

    practice: Practice
    roster: Roster
    rules: RuleBook
    cases: Casebook
    keep: Keep
    notices: Notices

    # -- a new request ------------------------------------------------------------------------

    def open(
        self, reading: Reading, *, link: int | None = None, text: str | None = None
    ) -> tuple[Case | None, Decision]:
        """A ticket for this mail; None where a rule drops it."""
        words = reading.mail.text if text is None else text
        request = opening.request_of(reading, self.roster, self.practice, text=words)
        facts = opening.facts_of(reading, request, self.practice)
        decision = self.rules.decide(facts, on="new")
        if decision.dropped is not None:
            return None, decision
        case = opening.open_case(
            self.cases.new_ticket_number(), request, decision, now=reading.now
        )
        message = self.add(case, reading, public=True, whole=True)
        self._obey_rules(case, decision)
        company = company_of(reading, self.practice, self.roster)
        case.change_readers(request.actor, add=company.readers)
        opening.assign(case, self.roster, self.cases, wanted=decision.assignee)
        if link is not None:
            self.link(case, link)
        self.notices.tell(case, self._occasion(reading, message, offered=company.offered))
        return case, decision

    def _obey_rules(self, case: Case, decision: Decision) -> None:
        """What the rules want beyond department, priority and level."""
        case.change_tags(f"rule:{decision.by.get('tags', '')}", add=decision.tags)
        case.change_readers(f"rule:{decision.by.get('cc', '')}", add=decision.cc)
        if decision.status:
            actor = f"rule:{decision.by.get('status', '')}"
            case.set_status(Status(decision.status), actor, reason="rule")

    def link(self, case: Case, other: int) -> None:
        """The new ticket names the old one, and the old one the new."""
        case.link(other, "system")
        if old := self.cases.open_case(other, case.now):
            old.link(case.ticket.id, "system")
            self.cases.save(old)

    # -- an answer --------------------------------------------------------------------------

    def join(self, reading: Reading, ticket: Ticket) -> Case:
        """A mail to a ticket that exists."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        if not ticket.takes_part(reading.sender.email):
            return self._overhear(case, reading)
        if self._comes_too_late(case, reading):
            follow_up, _ = self.open(reading, link=ticket.id)
            return follow_up or case
        message = self.add(case, reading, public=True)
        self._wake(case, reading)
        company = company_of(reading, self.practice, self.roster)
        case.change_readers(f"customer:{reading.sender.key}", add=company.readers)
        occasion = self._occasion(reading, message, offered=company.offered)
        if not (case.ticket.status.done and only_thanks(reading.mail.reply)):
            self.notices.tell(case, occasion)
        return case

    def _overhear(self, case: Case, reading: Reading) -> Case:
        """A stranger writes to a ticket: agents see it, nothing else changes."""
        message = self.add(case, reading, public=False)
        occasion = self._occasion(reading, message)
        self.notices.tell(case, replace(occasion, stranger=True, courtesy=Courtesy.NONE))
        return case

    def _comes_too_late(self, case: Case, reading: Reading) -> bool:
        ticket = case.ticket
        if not ticket.status.done or self._is_quiet(reading):
            return False
        if ticket.status in (Status.CLOSED, Status.SPAM, Status.MERGED):
            return True
        solved = ticket.resolved_at or ticket.updated_at
        return reading.now - solved > self.practice.reopen_window

    def _is_quiet(self, reading: Reading) -> bool:
        """Thanks and robots never reopen."""
        robot = reading.mail.screening.automatic is Automatic.NO_ANSWER
        return robot or only_thanks(reading.mail.reply)

    def _wake(self, case: Case, reading: Reading) -> None:
        """A person's answer ends waiting, and reopens what was solved."""
        actor = f"customer:{reading.sender.key}"
        if reading.mail.screening.automatic is Automatic.NO_ANSWER:
            return
        if case.ticket.status in _WAITING:
            case.set_status(Status.OPEN, actor)
        elif case.ticket.status is Status.RESOLVED and not self._is_quiet(reading):
            case.set_status(Status.OPEN, actor, reason="customer")

    # -- what both do -----------------------------------------------------------------------

    def add(
        self, case: Case, reading: Reading, *, public: bool, whole: bool = False
    ) -> Message:
        """The mail as a message of the case; its id leads here from now on."""
        mail = reading.mail
        message = make_message(
            self.cases.new_message_number(),
            case,
            MessageKind.CUSTOMER,
            sender=reading.sender,
            text=mail.reply or mail.text,
            subject=mail.subject,
            quoted=mail.quoted,
            html=mail.html,
            to=tuple(a.email for a in mail.to),
            cc=tuple(a.email for a in mail.cc),
            message_id=mail.message_id,
            proof=reading.trust.proof,
            public=public,
            attachments=tuple(enclose(a, self.keep) for a in mail.attachments),
        )
        if public and mail.message_id:
            self.cases.remember_reference(mail.message_id, case.ticket.id)
        return case.add_message(message, f"customer:{reading.sender.key}")

    def _occasion(
        self, reading: Reading, message: Message, *, offered: tuple[str, ...] = ()
    ) -> Occasion:
        return Occasion(
            cause=reading.cause,
            message=message,
            courtesy=self._courtesy(reading),
            proof=reading.trust.proof,
            in_reply_to=reading.mail.message_id,
            references=reading.mail.references,
            offered=offered,
            encrypted=reading.mail.encrypted,
        )

    def _courtesy(self, reading: Reading) -> Courtesy:
        """What the sender may be told: nothing for robots, muted addresses and old mail;
        little, and seldom, for addresses that never gave a proof."""
        muted = (
            reading.known.muted_until is not None and reading.known.muted_until > reading.now
        )
        if reading.mail.screening.automatic or reading.envelope.silent or muted:
            return Courtesy.NONE
        if reading.proven or reading.known.proven:
            return Courtesy.FULL
        allowance = self.practice.acknowledgements
        sent = self.cases.letters_since(
            reading.sender.email, ("acknowledgement",), reading.now - allowance.per
        )
        return Courtesy.PLAIN if sent < allowance.count else Courtesy.NONE


def enclose(attachment: Attachment, keep: Keep) -> Enclosure:
    """An attachment by reference; its bytes are kept."""
    return Enclosure(
        filename=attachment.filename,
        content_type=attachment.content_type,
        size=attachment.size,
        sha256=keep(attachment.content),
        inline=attachment.inline,
        content_id=attachment.content_id,
    )
