"""An agent's new mail: a request for a customer (`#customer`, a forwarded mail), or a question.

The customer becomes the requester; his ticket begins as if he had written himself.
"""

from dataclasses import dataclass, replace

from maild.desk import commands
from maild.desk.agents import QUESTIONS, Agents, Obeyed, explained
from maild.desk.commands import Orders
from maild.desk.customers import Words
from maild.desk.obey import Refusal
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.opening import Request, request_of, subject_of
from maild.desk.reading import Reading
from maild.ingest.forwarded import Forwarded, original
from maild.model.mail import Address
from maild.model.ticket import MessageKind


@dataclass(frozen=True, slots=True)
class Behalf:
    """New mail of the house that asks for what only the house may do."""

    agents: Agents

    def asks(self, reading: Reading) -> bool:
        """Does this new mail ask for something only an agent may do?"""
        orders = commands.read(reading.mail.reply)
        return bool(orders.commands or orders.faults) or self._original(reading) is not None

    def act(self, reading: Reading) -> Obeyed:
        """A proven new mail of an agent."""
        passed_on = self._original(reading)
        orders = self.agents.orders(reading, passed_on.note if passed_on else None)
        language = self.agents.language(None)
        if orders.faults:
            return self.agents.refuse(reading, None, explained(orders.faults, language))
        asked = [command for command in orders.commands if command.word in QUESTIONS]
        rest = replace(orders, commands=tuple(c for c in orders.commands if c not in asked))
        try:
            with self.agents.cases.attempt():
                self.agents.reply_to_questions(reading, None, asked, language)
                if asked and not rest.commands and passed_on is None:
                    return Obeyed("question")
                return self._open(reading, rest, passed_on)
        except Refusal as refusal:
            return self.agents.refuse(reading, None, [refusal.explain(language)])

    def _original(self, reading: Reading) -> Forwarded | None:
        """The customer's mail inside; one of our own people's is no customer's."""
        found = original(reading.mail)
        if found is None or self.agents.roster.is_own(found.sender.email):
            return None
        return None if self.agents.roster.member(found.sender.email).works else found

    def _open(self, reading: Reading, orders: Orders, passed_on: Forwarded | None) -> Obeyed:
        request, words = self._request(reading, orders, passed_on)
        customers = self.agents.customers
        case, decision = customers.start(reading, request, words)
        if case is None:
            raise Refusal("no-customer")
        turn = self.agents.turn(case, reading)
        for command in orders.commands:
            if command.word not in ("customer", "channel", "note", "send"):
                self.agents.obey(turn, reading, Orders((command,), ""))
        sends = any(command.word == "send" for command in orders.commands)
        if passed_on and (said := _said(orders)):
            bare = replace(reading, mail=replace(reading.mail, attachments=(), message_id=None))
            self.agents.say(turn, bare, said, note=not sends)
        turn.did("opened", number=case.ticket.id, customer=case.ticket.requester.email)
        occasion = Occasion(
            cause=reading.cause,
            message=case.messages[0],
            courtesy=Courtesy.FULL,
            by_agent=reading.member.key if sends else None,
            also=customers.ruling.told(case, decision),
        )
        customers.notices.tell(case, occasion)
        return Obeyed("ticket", case, case.messages[0], decision)

    def _request(
        self, reading: Reading, orders: Orders, passed_on: Forwarded | None
    ) -> tuple[Request, Words]:
        agents = self.agents
        named = {command.word: command for command in orders.commands}
        if "customer" in named:
            customer = Address("", named["customer"].args[0])
        elif passed_on:
            customer = passed_on.sender
        else:
            raise Refusal("no-customer")
        text = passed_on.text if passed_on else _said(orders)
        base = request_of(reading, agents.roster, agents.practice, text=text)
        subject = passed_on.subject if passed_on else reading.mail.subject
        channel = named["channel"].args[0] if "channel" in named else None
        request = replace(
            base,
            requester=customer,
            subject=subject_of(subject, agents.practice.tag),
            channel=channel or ("email" if passed_on else "agent"),
            actor=f"customer:{customer.key}" if passed_on else f"agent:{reading.member.key}",
        )
        if passed_on:
            return request, Words(customer, text)
        return request, _voiced(reading, orders, Words(customer, text))


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
