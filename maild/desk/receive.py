"""The desk receives a mail: who is it, what does he want, what becomes of it.

`Desk.receive` runs inside one transaction and leaves exactly one outcome for the message;
each branch below is one kind of mail of CONTRACT section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from maild.desk import commands
from maild.desk.agents import Agents
from maild.desk.automatic import Robots
from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.customers import Customers
from maild.desk.outcome import Outcome
from maild.desk.practice import Practice
from maild.desk.reading import Reader, Reading
from maild.ingest.forwarded import original
from maild.model.mail import Automatic, Envelope, Mail
from maild.model.ticket import Message, Ticket

_AGENT_LETTERS = frozenset(
    {"agent-new", "agent-message", "assigned", "escalation", "returned", "sla-warning",
     "sla-breach", "delivery-failed", "low-rating", "command-error", "answer"}
)  # fmt: skip
_DESK_LETTERS = frozenset({"report", "digest", "admin", "answer"})


class Waiting(Protocol):
    """What the desk asks of the inbox."""

    def confirm(self, number: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a help desk does with a mail."""

    practice: Practice
    reader: Reader
    customers: Customers
    agents: Agents
    robots: Robots
    cases: Casebook
    waiting: Waiting

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
        reading = self.reader.read(intake, mail, envelope, now)
        reading = replace(reading, confirmed=confirmed)
        outcome = self._branch(reading)(reading)
        why = {**reading.why(), **(outcome.why or {})}
        return replace(outcome, message_id=mail.message_id, why=why)

    def _branch(self, reading: Reading) -> Callable[[Reading], Outcome]:
        kind = reading.mail.screening.automatic
        if reading.mail.error is not None:
            return self._stub
        if kind is Automatic.OWN or self._is_own(reading):
            return self._own
        if kind is Automatic.BOUNCE:
            return self._bounce
        if kind in (Automatic.AUTO_REPLY, Automatic.REACTION):
            return self._keep
        if reading.member.works:
            return self._colleague
        return self._customer

    # -- machines ---------------------------------------------------------------------------

    def _own(self, reading: Reading) -> Outcome:
        return Outcome("done", "dropped", error="one of our own letters came back")

    def _is_own(self, reading: Reading) -> bool:
        """A letter of ours by its id, or anything that says it comes from our own address."""
        if self.reader.roster.is_own(reading.sender.email):
            return True
        mid = reading.mail.message_id
        return bool(mid and any(hit.ours for hit in self.cases.references([mid])))

    def _bounce(self, reading: Reading) -> Outcome:
        return self._close_case("bounce", *self.robots.bounce(reading), reading)

    def _keep(self, reading: Reading) -> Outcome:
        return self._close_case("automatic", *self.robots.keep(reading), reading)

    # -- customers --------------------------------------------------------------------------

    def _stub(self, reading: Reading) -> Outcome:
        """It can't be read: a ticket with what could be salvaged, and the raw mail."""
        outcome = self._open(reading)
        return replace(outcome, outcome="stub", error=reading.mail.error)

    def _customer(self, reading: Reading) -> Outcome:
        if reading.proven:
            self.cases.remember_proof(reading.sender.email, reading.now)
        if reading.match.ticket is None:
            return self._open(reading)
        case = self.customers.join(reading, reading.match.ticket)
        opened = "ticket" if case.is_new else "reply"
        return self._close_case(opened, case, case.messages[-1], reading)

    def _open(self, reading: Reading) -> Outcome:
        case, decision = self.customers.open(reading, link=reading.match.link)
        why = {"rules": decision.record()}
        if case is None:
            return Outcome("done", "dropped", error=decision.dropped, why=why)
        outcome = self._close_case("ticket", case, case.messages[0], reading)
        return replace(outcome, why=why)

    # -- the house --------------------------------------------------------------------------

    def _colleague(self, reading: Reading) -> Outcome:
        if held := self._confirms(reading):
            return self._run_held(reading, held)
        ticket = reading.match.ticket
        if ticket is not None and self._writes_as_customer(reading, ticket):
            return self._customer(reading)
        if ticket is None and not self._asks_as_agent(reading):
            return self._customer(reading)
        if not self.agents.accepts(reading):
            return self._hold(reading, ticket)
        if ticket is None:
            return self._open(reading)
        obeyed = self.agents.act(reading, ticket)
        return self._close_case(obeyed.outcome, obeyed.case, obeyed.message, reading)

    def _writes_as_customer(self, reading: Reading, ticket: Ticket) -> bool:
        """An agent who asked for something himself answers as the one who asked."""
        if not ticket.takes_part(reading.sender.email):
            return False
        return not any(hit.type in _AGENT_LETTERS for hit in reading.clues.references)

    def _asks_as_agent(self, reading: Reading) -> bool:
        """Does this new mail ask for something only an agent may do?"""
        orders = commands.read(reading.mail.reply)
        return bool(orders.commands) or original(reading.mail) is not None

    def _confirms(self, reading: Reading) -> int | None:
        for token in reading.clues.tokens:
            if token.purpose == "confirm" and token.for_sender and reading.proven:
                return token.number
        return None

    def _run_held(self, reading: Reading, held: int) -> Outcome:
        """The registered owner has answered: his mail goes through, once."""
        again = self.waiting.confirm(held)
        text = f"confirms message {held}" if again else f"message {held} is not held any more"
        return Outcome("done", "command", error=None if again else text, why={"confirms": held})

    def _hold(self, reading: Reading, ticket: Ticket | None) -> Outcome:
        self.agents.hold(reading, ticket)
        until = reading.now + timedelta(days=self.practice.confirm_days)
        return Outcome(
            "held", None, ticket.id if ticket else None, error="waits for proof", until=until
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
