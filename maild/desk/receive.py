"""The desk receives a mail: who is it, what does he want, what becomes of it.

`Desk.receive` runs inside one transaction and leaves exactly one outcome for the message;
each branch below is one kind of mail of CONTRACT section 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from maild.desk import commands
from maild.desk.agents import Agents
from maild.desk.automatic import Robots
from maild.desk.behalf import Behalf
from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.clusters import Clusters, Front
from maild.desk.commands import CustomerWish, Wish
from maild.desk.customers import Customers
from maild.desk.outcome import Outcome
from maild.desk.practice import Practice
from maild.desk.questions import Reply, status_of
from maild.desk.reading import Reader, Reading
from maild.ingest.screen import screen
from maild.model.mail import Address, Automatic, Envelope, Mail
from maild.model.ticket import Message, Ticket
from maild.rules import Decision
from maild.threading.clues import addresses_of, is_postmaster

_AGENT_LETTERS = frozenset(
    {"agent-new", "agent-message", "assigned", "escalation", "returned", "sla-warning",
     "sla-breach", "delivery-failed", "low-rating", "command-error", "answer"}
)  # fmt: skip
_DESK_LETTERS = frozenset({"report", "digest", "admin", "answer"})

#: so many characters beside `estado` are still only that question
CHAT = 200


#: articles with these words, in this language
Shelf = Callable[[str, str], Reply]


class Waiting(Protocol):
    """What the desk asks of the inbox."""

    def confirm(self, number: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a help desk does with a mail."""

    practice: Practice
    reader: Reader
    customers: Customers
    clusters: Clusters
    agents: Agents
    behalf: Behalf
    robots: Robots
    cases: Casebook
    waiting: Waiting
    shelf: Shelf

    def receive(
        self,
        intake: int,
        mail: Mail,
        envelope: Envelope,
        *,
        now: datetime,
        confirmed: bool = False,
    ) -> Outcome:
        """Decide and save; the outcome is for the inbox."""
        mail = self._unmask(mail, envelope)
        reading = self.reader.read(intake, mail, envelope, now, confirmed=confirmed)
        outcome = self._branch(reading)(reading)
        why = {**reading.why(), **(outcome.why or {})}
        if outcome.decision is not None:
            why["rules"] = outcome.decision.record()
        return replace(outcome, message_id=mail.message_id, why=why)

    def _unmask(self, mail: Mail, envelope: Envelope) -> Mail:
        """A letter that says it is maild's but is none of ours: another desk's, or forged.
        Then it is what it would be without saying so."""
        if mail.screening.automatic is not Automatic.OWN or self._is_own(mail):
            return mail
        again = screen(mail, envelope_sender=envelope.sender, ours=False)
        return replace(mail, screening=again)

    def _branch(self, reading: Reading) -> Callable[[Reading], Outcome]:
        kind = reading.mail.screening.automatic
        if reading.mail.error is not None:
            return self._stub
        if self._is_own(reading.mail):
            return self._own
        if kind is Automatic.BOUNCE:
            return self._bounce
        if kind in (Automatic.AUTO_REPLY, Automatic.REACTION):
            return self._keep
        if self._for_postmaster(reading):
            return self._pass_to_admins
        if reading.member.works:
            return self._colleague
        return self._customer

    # -- machines ---------------------------------------------------------------------------

    def _own(self, reading: Reading) -> Outcome:
        return Outcome("done", "dropped", error="one of our own letters came back")

    def _is_own(self, mail: Mail) -> bool:
        """A letter of ours by its id, or anything that says it comes from our own address."""
        if mail.from_ and self.reader.roster.is_own(mail.from_.email):
            return True
        known = self.cases.references([mail.message_id]) if mail.message_id else []
        return any(hit.ours for hit in known)

    def _bounce(self, reading: Reading) -> Outcome:
        return self._close_case("bounce", *self.robots.bounce(reading), reading)

    def _keep(self, reading: Reading) -> Outcome:
        return self._close_case("automatic", *self.robots.keep(reading), reading)

    def _for_postmaster(self, reading: Reading) -> bool:
        """Sent to postmaster@ and to no department."""
        sent_to = addresses_of(reading.mail, reading.envelope)
        if self.reader.roster.department_of(sent_to) is not None:
            return False
        return any(map(is_postmaster, sent_to))

    def _pass_to_admins(self, reading: Reading) -> Outcome:
        self._tell_house(reading, self.reader.roster.admins)
        return Outcome("done", "question")

    def _tell_house(self, reading: Reading, recipients: Sequence[str]) -> None:
        if reading.envelope.silent:
            return
        title = f"{reading.sender}: {reading.mail.subject}"
        text = reading.mail.own_words
        occasion = self.agents.to_sender(reading)
        notices = self.agents.notices
        notices.house.pass_on(recipients, title, text, occasion, now=reading.now)

    # -- customers --------------------------------------------------------------------------

    def _stub(self, reading: Reading) -> Outcome:
        """It can't be read: a ticket with what could be salvaged, and the raw mail."""
        outcome = self._open(reading)
        return replace(outcome, outcome="stub", error=reading.mail.error)

    def _customer(self, reading: Reading) -> Outcome:
        self._remember_proof(reading)
        ticket = reading.match.ticket
        wish = commands.read_customer(reading.mail.subject, reading.mail.reply)
        if wish is not None and (granted := self._grant(reading, ticket, wish)):
            return granted
        if ticket is None:
            return self._open_or_count(reading)
        case, decision = self.customers.join(reading, ticket)
        return self._conclude(case, decision, reading)

    def _open_or_count(self, reading: Reading) -> Outcome:
        """A new ticket, unless the mail is one more of a storm."""
        front = self.clusters.look(reading)
        if front is None:
            return self._open(reading)
        if front.storm is None:
            return self._open(reading, begins=front)
        case, message = self.clusters.join(front, reading)
        counted = {"cluster": {"ticket": front.storm.ticket, "count": front.storm.count + 1}}
        if case is None:
            return Outcome("done", "automatic", front.storm.ticket, why=counted)
        outcome = self._close_case("automatic", case, message, reading)
        return replace(outcome, why=counted)

    def _remember_proof(self, reading: Reading) -> None:
        """An address that gave a proof once is trusted with more letters."""
        if reading.proven and not reading.known.proven:
            self.cases.remember_proof(reading.sender.email, reading.now)

    def _conclude(
        self, case: Case | None, decision: Decision | None, reading: Reading
    ) -> Outcome:
        """A customer's mail that opened a ticket or joined one, as the rules let it."""
        if case is None:
            reason = decision.dropped if decision else None
            return Outcome("done", "dropped", error=reason, decision=decision)
        opened = "ticket" if case.is_new else "reply"
        outcome = self._close_case(opened, case, case.messages[0], reading)
        return replace(outcome, decision=decision)

    def _grant(
        self, reading: Reading, ticket: Ticket | None, wish: CustomerWish
    ) -> Outcome | None:
        """What a customer asks for in a word; None where his mail is an ordinary one."""
        takes_part = ticket is not None and ticket.takes_part(reading.sender.email)
        if wish.kind is Wish.STATUS and len(wish.comment) <= CHAT:
            return self._tell_status(reading)
        if wish.kind is Wish.KB and len(wish.comment) <= CHAT:
            return self._tell_articles(reading, wish.words)
        if ticket is None or not takes_part:
            return None
        if wish.kind is Wish.SOLVED and reading.proven and not ticket.status.done:
            case = self.customers.solve(reading, ticket)
            return self._close_case("reply", case, case.messages[0], reading)
        if wish.score and reading.proven and ticket.requester.key == reading.sender.key:
            rated = self.customers.rate(reading, ticket, wish.score, wish.comment)
            if rated is not None:
                return self._close_case("reply", rated, rated.messages[-1], reading)
        if wish.kind is Wish.UNCC and ticket.requester.key != reading.sender.key:
            return self._close_case(
                "command", self.customers.leave(reading, ticket), None, reading
            )
        return None

    def _tell_status(self, reading: Reading) -> Outcome | None:
        """His open tickets; to an address that never gave a proof, numbers only."""

        def status(language: str) -> Reply:
            tickets = self.cases.open_tickets_of(reading.sender.email)
            if not (reading.proven or reading.known.proven):
                tickets = [replace(ticket, subject="—") for ticket in tickets]
            return status_of(tickets, tag=self.practice.tag, language=language)

        return self._reply(reading, status)

    def _tell_articles(self, reading: Reading, words: str) -> Outcome | None:
        """Articles with these words."""
        return self._reply(reading, lambda language: self.shelf(words, language))

    def _reply(self, reading: Reading, answer: Callable[[str], Reply]) -> Outcome | None:
        """An answer to a customer's question, within the limits; robots get none."""
        if reading.mail.screening.automatic or reading.envelope.silent:
            return None
        proven = reading.proven or reading.known.proven
        if not self.agents.may_ask(reading, reading.sender.email, proven=proven):
            return Outcome("done", "question", error="over the limit: not answered")
        language = reading.known.language or self.practice.language
        self.agents.notices.replies.inform(
            reading.sender if proven else Address("", reading.sender.email),
            answer(language),
            self.agents.to_sender(reading),
            now=reading.now,
            language=language,
            internal=False,
        )
        return Outcome("done", "question")

    def _open(self, reading: Reading, *, begins: Front | None = None) -> Outcome:
        case, decision = self.customers.open(reading, link=reading.match.link)
        if case is not None and begins is not None:
            self.clusters.begin(begins, case)
        return self._conclude(case, decision, reading)

    # -- the house --------------------------------------------------------------------------

    def _colleague(self, reading: Reading) -> Outcome:
        if reading.envelope.silent:
            return self._customer(reading)  # whatever it orders is long past
        if held := self._confirms(reading):
            return self._run_held(reading, held)
        ticket = reading.match.ticket
        if ticket is not None and self._writes_as_customer(reading, ticket):
            return self._customer(reading)
        if ticket is None and self._answers_the_desk(reading):
            return self._reply_to_desk(reading)
        if ticket is None and not self.behalf.asks(reading):
            return self._customer(reading)
        if not self.agents.accepts(reading):
            return self._hold(reading, ticket)
        self._remember_proof(reading)
        obeyed = (
            self.behalf.act(reading) if ticket is None else self.agents.act(reading, ticket)
        )
        self.cases.remember_text(reading.sender.email, reading.mail.own_words)
        outcome = self._close_case(obeyed.outcome, obeyed.case, obeyed.message, reading)
        return replace(outcome, decision=obeyed.decision)

    def _writes_as_customer(self, reading: Reading, ticket: Ticket) -> bool:
        """An agent who asked for something himself, or reads along, answers as the one he
        is there; but not in answer to a notice, nor with orders that he can prove."""
        if not ticket.takes_part(reading.sender.email):
            return False
        if any(hit.type in _AGENT_LETTERS for hit in reading.clues.references):
            return False
        orders = self.agents.orders(reading, ticket)
        ordered = {command.word for command in orders.commands} - {"uncc"}
        return not ordered or bool(orders.faults) or not self.agents.accepts(reading)

    def _answers_the_desk(self, reading: Reading) -> bool:
        """An answer to a report, a digest or another letter about no ticket."""
        hits = [hit for hit in reading.clues.references if hit.type in _DESK_LETTERS]
        token = any(t.purpose == "reply" and t.number == 0 for t in reading.clues.tokens)
        return bool(hits) or token or any(s.number == 0 for s in reading.clues.personal)

    def _reply_to_desk(self, reading: Reading) -> Outcome:
        """Commands in it run; other words go to the supervisors or admins, never a ticket."""
        if not self.agents.accepts(reading):
            return self._hold(reading, None)
        if self.behalf.asks(reading):
            obeyed = self.behalf.act(reading)
            outcome = self._close_case(obeyed.outcome, obeyed.case, obeyed.message, reading)
            return replace(outcome, decision=obeyed.decision)
        roster = self.reader.roster
        report = any(hit.type == "report" for hit in reading.clues.references)
        asked = roster.supervisors(roster.default.key) if report else roster.admins
        people = [p for p in asked if p.casefold() != reading.sender.key]
        others = [p for p in roster.admins if p.casefold() != reading.sender.key]
        self._tell_house(reading, people or others)
        return Outcome("done", "question")

    def _confirms(self, reading: Reading) -> int | None:
        for token in reading.clues.tokens:
            if token.purpose == "confirm" and token.for_sender and reading.proven:
                return token.number
        return None

    def _run_held(self, reading: Reading, held: int) -> Outcome:
        """The registered owner has answered: his mail goes through, once."""
        self._remember_proof(reading)
        again = self.waiting.confirm(held)
        text = f"message {held} is not held any more"
        return Outcome("done", "command", error=None if again else text, why={"confirms": held})

    def _hold(self, reading: Reading, ticket: Ticket | None) -> Outcome:
        registered = reading.member.address.email
        asked = self.agents.may_confirm(reading, registered)
        if asked:
            self.agents.hold(reading, ticket)
        until = reading.now + timedelta(days=self.practice.confirm_days)
        return Outcome(
            "held",
            None,
            ticket.id if ticket else None,
            error="waits for proof" if asked else "waits for proof; over the limit: not asked",
            until=until,
            why={"tried": self.behalf.attempts(reading, ticket)},
        )

    # -- the end ----------------------------------------------------------------------------

    def _close_case(
        self, outcome: str, case: Case | None, message: Message | None, reading: Reading
    ) -> Outcome:
        number = message.id if message else None
        if case is None:
            return Outcome("done", outcome)
        self.cases.save(case, intake=reading.intake)
        return Outcome("done", outcome, case.ticket.id, number)
