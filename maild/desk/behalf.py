"""An agent's new mail: a request for a customer (`#customer`, a forwarded mail), or a question.

The customer becomes the requester; his ticket begins as if he had written himself.
"""

from dataclasses import dataclass, replace

from maild.desk import commands
from maild.desk.agents import QUESTIONS, Agents, Obeyed, explained
from maild.desk.commands import Command, Orders
from maild.desk.customers import Words
from maild.desk.obey import Refusal
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.opening import Request, request_of, subject_of
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.ingest.addresses import mailboxes
from maild.ingest.forwarded import Forwarded, original
from maild.model.mail import Address
from maild.model.ticket import MessageKind, Ticket


def passed_on(reading: Reading, roster: Roster) -> Forwarded | None:
    """The customer's mail inside one of the house; one of our own people's is no customer's."""
    found = original(reading.mail) if reading.member.works else None
    if found is None or roster.is_own(found.sender.email):
        return None
    return None if roster.member(found.sender.email).works else found


#: commands that a new mail may begin with
_OPENING = ("customer", "channel", "note", "send")


@dataclass(frozen=True, slots=True)
class Behalf:
    """New mail of the house that asks for what only the house may do."""

    agents: Agents

    def asks(self, reading: Reading) -> bool:
        """Does this new mail ask for something only an agent may do?"""
        if self._forwarded(reading) or self.agents.order_in_subject(reading, None):
            return True
        orders = commands.read(reading.mail.reply)
        return bool(orders.commands or orders.faults)

    def attempts(self, reading: Reading, ticket: Ticket | None) -> list[str]:
        """What an unproven mail would have done: orders by name, `?` for one that does not
        exist, `forward` and `text`."""
        inside = None if ticket else self._forwarded(reading)
        orders = self.agents.orders(reading, ticket, inside.note if inside else None)
        said = [command.word for command in orders.commands] + ["?"] * bool(orders.faults)
        return said + ["forward"] * (inside is not None) + ["text"] * bool(orders.text.strip())

    def act(self, reading: Reading) -> Obeyed:
        """A proven new mail of an agent."""
        inside = self._forwarded(reading)
        orders = self.agents.orders(reading, None, inside.note if inside else None)
        language = self.agents.language(None)
        if orders.faults:
            return self.agents.refuse(reading, None, explained(orders.faults, language))
        asked = [command for command in orders.commands if command.word in QUESTIONS]
        rest = replace(orders, commands=tuple(c for c in orders.commands if c not in asked))
        try:
            with self.agents.cases.attempt():
                return self._obey(reading, rest, inside, asked)
        except Refusal as refusal:
            return self.agents.refuse(reading, None, [refusal.explain(language)])

    def _forwarded(self, reading: Reading) -> Forwarded | None:
        return passed_on(reading, self.agents.roster)

    def _obey(
        self, reading: Reading, orders: Orders, inside: Forwarded | None, asked: list[Command]
    ) -> Obeyed:
        obeyed = Obeyed("question")
        if orders.commands or inside or not asked:
            obeyed = self._open(reading, orders, inside)
        self.agents.reply_to_questions(reading, None, asked, self.agents.language(None))
        return obeyed

    def _open(self, reading: Reading, orders: Orders, inside: Forwarded | None) -> Obeyed:
        request, words = self._request(reading, orders, inside)
        customers = self.agents.customers
        case, decision = customers.start(reading, request, words)
        if case is None:
            raise Refusal("no-customer")
        turn = self.agents.turn(case, reading)
        # what the mail brings along stands in the ticket already
        bare = replace(reading, mail=replace(reading.mail, attachments=(), message_id=None))
        for command in orders.commands:
            if command.word not in _OPENING:
                self.agents.obey(turn, bare, Orders((command,), ""))
        sends = any(command.word == "send" for command in orders.commands)
        if inside and (said := _said(orders)):
            self.agents.speech.say(turn, bare, said, note=not sends)
        turn.did("opened", number=case.ticket.id, customer=case.ticket.requester.email)
        occasion = Occasion(
            cause=reading.cause,
            message=case.messages[0],
            courtesy=Courtesy.FULL,
            by_agent=reading.member.key if sends else None,
            also=customers.ruling.told(case, decision),
        )
        customers.notices.tell(case, occasion)
        obeyed = Obeyed("ticket", case, case.messages[0], decision)
        self.agents.save(turn, reading)
        self.agents.draft_article(turn)
        return obeyed

    def _request(
        self, reading: Reading, orders: Orders, inside: Forwarded | None
    ) -> tuple[Request, Words]:
        agents = self.agents
        named = {command.word: command for command in orders.commands}
        if "customer" in named:
            customer = _named(named["customer"])
        elif inside:
            customer = inside.sender
        else:
            strange = [c.called for c in orders.commands if c.word not in _OPENING]
            raise Refusal("not-here", word=strange[0]) if strange else Refusal("no-customer")
        text = inside.text if inside else _said(orders)
        base = request_of(reading, agents.roster, agents.practice, text=text)
        subject = inside.subject if inside else self._subject(reading, text)
        channel = named["channel"].args[0] if "channel" in named else None
        request = replace(
            base,
            requester=customer,
            subject=subject_of(subject, agents.practice.tag),
            channel=channel or ("email" if inside else "agent"),
            actor=f"customer:{customer.key}" if inside else f"agent:{reading.member.key}",
        )
        if inside:
            return request, Words(customer, text)
        return request, _voiced(reading, orders, Words(customer, text))

    def _subject(self, reading: Reading, text: str) -> str:
        """The mail's; where that is an order, what its text begins with."""
        if not self.agents.order_in_subject(reading, None):
            return reading.mail.subject
        return next(iter(text.strip().splitlines()), "")[:80]


def _named(command: Command) -> Address:
    """Whom `#customer Rosa Gil <rosa@x.test>` means."""
    email = command.args[0]
    found = next((a for a in mailboxes(command.argument) if a.key == email.casefold()), None)
    return found or Address("", email)


def _voiced(reading: Reading, orders: Orders, words: Words) -> Words:
    """Under `#note` and `#send` the house speaks, else it writes down what was told to it."""
    voices = {"note": MessageKind.NOTE, "send": MessageKind.AGENT}
    kind = next((voices[c.word] for c in orders.commands if c.word in voices), None)
    if kind is None:
        return words
    named = reading.member.address if reading.member.address.name else reading.sender
    return replace(words, sender=named, kind=kind)


def _said(orders: Orders) -> str:
    spoken = next((c.argument for c in orders.commands if c.word in ("note", "send")), "")
    return orders.text.strip() or spoken
