"""What happens to a mail from outside: it opens a ticket or joins one.

Nobody becomes a reader by writing; a stranger's words are for agents only and change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from maild.desk import opening, surveys
from maild.desk.allowance import has_room
from maild.desk.case import Case, make_message
from maild.desk.casebook import Casebook, Keep
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.opening import Request
from maild.desk.people import admit, company_of
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.desk.ruling import Ruling
from maild.desk.tells import Notices
from maild.ingest.signature import set_aside
from maild.ingest.thanks import only_thanks
from maild.model.mail import Address, Attachment, Automatic
from maild.model.ticket import Enclosure, EventKind, Message, MessageKind, Status, Ticket
from maild.rules import Decision

_WAITING = (Status.PENDING, Status.ON_HOLD)


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says, and in whose name."""

    sender: Address
    text: str
    quoted: str = ""
    html: str | None = None
    kind: MessageKind = MessageKind.CUSTOMER  #: or what an agent says as the ticket opens


@dataclass(frozen=True, slots=True)
class Customers:
    """The desk's conduct towards those who write from outside."""

    practice: Practice
    roster: Roster
    ruling: Ruling
    cases: Casebook
    keep: Keep
    notices: Notices

    # -- a new request ------------------------------------------------------------------------

    def open(
        self, reading: Reading, *, link: int | None = None
    ) -> tuple[Case | None, Decision]:
        """A ticket for this mail; None where a rule drops it."""
        words = words_of(reading)
        request = opening.request_of(reading, self.roster, self.practice, text=words.text)
        before = self.cases.ticket(link) if link is not None else None
        if before and request.subject.endswith(before.subject):  # what a letter put before it
            request = replace(request, subject=before.subject)
        case, decision = self.start(reading, request, words, link=link)
        if case is not None:
            offered = self._admit(case, reading, request.actor)
            occasion = self.occasion(reading, case.messages[0], offered=offered)
            also = self.ruling.told(case, decision)
            self.notices.tell(case, replace(occasion, also=also))
        return case, decision

    def start(
        self,
        reading: Reading,
        request: Request,
        words: Words,
        *,
        link: int | None = None,
    ) -> tuple[Case | None, Decision]:
        """The ticket without its letters."""
        decision = self.ruling.on_request(reading, request, words.text)
        if decision.dropped is not None:
            return None, decision
        case = opening.open_case(
            self.cases.new_ticket_number(),
            request,
            decision,
            now=reading.now,
            silent=reading.envelope.silent,
        )
        public = words.kind is not MessageKind.NOTE
        self.add(case, reading, words, public=public, actor=request.actor)
        self._rule(case, reading, decision)
        if link is not None:
            self.link(case, link)
        return case, decision

    def _rule(self, case: Case, reading: Reading, decision: Decision) -> None:
        """What the rules want done, their saved answer included."""
        self.ruling.apply(case, decision)
        if decision.reply is not None:
            proven, courtesy = reading.proven or reading.known.proven, self._courtesy(reading)
            self.ruling.answer(case, decision, courtesy=courtesy, proven=proven)

    def link(self, case: Case, other: int) -> None:
        """The new ticket names the old one, and the old one the new."""
        case.link(other, "system")
        if old := self.cases.open_case(other, case.now):
            old.link(case.ticket.id, "system")
            self.cases.save(old)

    # -- an answer --------------------------------------------------------------------------

    def join(self, reading: Reading, ticket: Ticket) -> tuple[Case | None, Decision | None]:
        """A mail to a ticket that exists; no case where a rule drops it, no decision where
        no rule was asked."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        if not ticket.takes_part(reading.sender.email):
            return self._overhear(case, reading), None
        if ticket.status is Status.SPAM:  # muted: kept with the rest, and nobody's news
            self.add(case, reading, words_of(reading), public=True, thanks=True)
            return case, None
        if self._comes_too_late(case, reading):
            return self.open(reading, link=ticket.id)
        words, thanks = words_of(reading), says_thanks(reading)
        decision = self.ruling.on_reply(reading, case.ticket, words.text)
        if decision.dropped is not None:
            return None, decision
        message = self.add(case, reading, words, public=True, thanks=thanks)
        self._wake(case, reading, thanks=thanks)
        offered = self._admit(case, reading, f"customer:{reading.sender.key}")
        self._rule(case, reading, decision)
        if not (case.ticket.status.done and thanks):
            occasion = self.occasion(reading, message, offered=offered)
            also = self.ruling.told(case, decision)
            self.notices.tell(case, replace(occasion, also=also))
        return case, decision

    def _admit(self, case: Case, reading: Reading, actor: str) -> tuple[str, ...]:
        """Whom the mail brings along reads from now on; the others, for the agent to name."""
        company = company_of(reading, self.practice, self.roster)
        return admit(case, company, actor, most=self.practice.max_participants)

    def _overhear(self, case: Case, reading: Reading) -> Case:
        """A stranger writes to a ticket: agents see it, nothing else changes."""
        message = self.add(case, reading, words_of(reading), public=False)
        occasion = self.occasion(reading, message)
        self.notices.tell(case, replace(occasion, stranger=True, courtesy=Courtesy.NONE))
        return case

    def _comes_too_late(self, case: Case, reading: Reading) -> bool:
        ticket = case.ticket
        if not ticket.status.done or says_thanks(reading) or _robot(reading):
            return False
        if ticket.status in (Status.CLOSED, Status.MERGED):
            return True
        solved = ticket.resolved_at or ticket.updated_at
        return reading.now - solved > self.practice.reopen_window

    def _wake(self, case: Case, reading: Reading, *, thanks: bool) -> None:
        """A person's answer ends waiting, and reopens what was solved; thanks do not."""
        actor = f"customer:{reading.sender.key}"
        if _robot(reading):
            return
        if case.ticket.status in _WAITING:
            case.set_status(Status.OPEN, actor)
        elif case.ticket.status is Status.RESOLVED and not thanks:
            case.set_status(Status.OPEN, actor, reason="customer")

    def solve(self, reading: Reading, ticket: Ticket) -> Case:
        """`RESUELTO` from somebody who takes part: it is solved, nobody has to do more."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        self.add(case, reading, words_of(reading), public=True, thanks=True)
        reason = "self_service" if by_himself(case) else "customer"
        case.set_status(Status.RESOLVED, f"customer:{reading.sender.key}", reason=reason)
        return case

    def rate(self, reading: Reading, ticket: Ticket, score: int, comment: str) -> Case | None:
        """A mark by mail; None where no survey of this ticket is open. A bad one with words
        under it reopens."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        if not self.practice.surveys.is_open(case):
            return None
        said, _ = set_aside(comment)
        unhappy = surveys.complains(score, said)
        message = self.add(case, reading, words_of(reading), public=True, thanks=not unhappy)
        surveys.mark(case, score, said.strip(), f"customer:{reading.sender.key}")
        if unhappy and not self._comes_too_late(case, reading):
            self._wake(case, reading, thanks=False)
        occasion = self.occasion(reading, message)
        self.notices.tell(case, occasion if unhappy else replace(occasion, message=None))
        return case

    def leave(self, reading: Reading, ticket: Ticket) -> Case:
        """`#uncc` from a reader: he reads along no more."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        case.change_readers(f"customer:{reading.sender.key}", remove=[reading.sender.email])
        return case

    # -- what all do ------------------------------------------------------------------------

    def add(
        self,
        case: Case,
        reading: Reading,
        words: Words,
        *,
        public: bool,
        actor: str | None = None,
        thanks: bool = False,
    ) -> Message:
        """The mail as a message of the case; its id leads here from now on."""
        mail = reading.mail
        message = make_message(
            self.cases.new_message_number(),
            case,
            words.kind,
            sender=words.sender,
            text=words.text,
            subject=mail.subject,
            quoted=words.quoted,
            html=words.html,
            to=tuple(a.email for a in mail.to),
            cc=tuple(a.email for a in mail.cc),
            message_id=mail.message_id,
            proof=reading.trust.proof,
            public=public,
            attachments=enclose(mail.attachments, self.keep),
        )
        if public and mail.message_id:
            self.cases.remember_reference(mail.message_id, case.ticket.id)
        more: dict[str, Any] = {"thanks": True} if thanks else {}
        return case.add_message(message, actor or f"customer:{reading.sender.key}", **more)

    def occasion(
        self, reading: Reading, message: Message, *, offered: tuple[str, ...] = ()
    ) -> Occasion:
        """Why letters are written about this mail."""
        return Occasion(
            cause=reading.cause,
            message=message,
            courtesy=self._courtesy(reading),
            proof=reading.trust.proof,
            in_reply_to=reading.mail.message_id,
            references=reading.mail.references,
            offered=offered,
            encrypted=reading.mail.encrypted,
            silent=reading.envelope.silent,
        )

    def _courtesy(self, reading: Reading) -> Courtesy:
        """What the sender may be told: nothing for robots, muted addresses and old mail;
        little, and seldom, for addresses that never gave a proof."""
        muted = (
            reading.known.muted_until is not None and reading.known.muted_until > reading.now
        )
        nobody = reading.mail.from_ is None
        if nobody or reading.mail.screening.automatic or reading.envelope.silent or muted:
            return Courtesy.NONE
        if reading.proven or reading.known.proven:
            return Courtesy.FULL
        allowance = self.practice.acknowledgements
        sent = self.cases.letters_since(
            reading.sender.email, ("acknowledgement",), reading.now - allowance.per
        )
        room = has_room(
            reading.sender.email,
            proven=False,
            cases=self.cases,
            practice=self.practice,
            now=reading.now,
        )
        return Courtesy.PLAIN if room and sent < allowance.count else Courtesy.NONE


def words_of(reading: Reading) -> Words:
    """What the mail's own sender says."""
    mail = reading.mail
    return Words(
        reading.sender,
        mail.own_words,
        mail.quoted,
        mail.shown_html,
    )


def says_thanks(reading: Reading) -> bool:
    """Nothing but thanks, a signature aside."""
    body, _ = set_aside(reading.mail.reply)
    return only_thanks(body, f"{reading.sender.name} {reading.sender.email}")


def _robot(reading: Reading) -> bool:
    return reading.mail.screening.automatic is Automatic.NO_ANSWER


def by_himself(case: Case) -> bool:
    """Articles were suggested, and no agent had answered."""
    suggested = any(e.kind is EventKind.SUGGESTED for e in case.history)
    answered = any(
        e.kind is EventKind.MESSAGE and e.detail["kind"] == MessageKind.AGENT
        for e in case.history
    )
    return suggested and not answered


def enclose(attachments: Sequence[Attachment], keep: Keep) -> tuple[Enclosure, ...]:
    """Attachments by reference; their bytes are kept."""
    return tuple(
        Enclosure(
            filename=attachment.filename,
            content_type=attachment.content_type,
            size=attachment.size,
            sha256=keep(attachment.content),
            inline=attachment.inline,
            content_id=attachment.content_id,
        )
        for attachment in attachments
    )
