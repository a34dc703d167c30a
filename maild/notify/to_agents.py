"""What agents are told: news of their tickets, each in the reader's own thread of it.

A notice takes `(case, event, occasion)`. Who the people of a ticket are is `desk.audience`'s
business.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from maild.desk.audience import Audience
from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.sentences import say
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.model.people import Agent
from maild.model.ticket import Event, EventKind, Message, MessageKind
from maild.notify.facts import Failure, Notice
from maild.notify.happened import has, is_spam, moved_by_rule
from maild.notify.mailroom import Mailroom
from maild.notify.relaying import Relayed
from maild.notify.telling import before, message_facts

#: letters that also go to those whom a rule names
_NEWS = (
    LetterType.AGENT_NEW,
    LetterType.AGENT_MESSAGE,
    LetterType.ESCALATION,
    LetterType.RETURNED,
)
#: what brings its own letter to whoever has the ticket now
_MOVES = (EventKind.ASSIGNED, EventKind.LEVEL, EventKind.DEPARTMENT)


@dataclass(frozen=True, slots=True)
class ToAgents:
    """Notices to whoever works on a ticket, or might."""

    room: Mailroom
    cases: Casebook
    audience: Audience

    def announce(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A new ticket, to its agent or to all who might take it, and to whom a rule names."""
        if not is_spam(case):
            people = self.audience.responsible(case)
            self._notify(case, LetterType.AGENT_NEW, occasion, people)

    def pass_on(self, case: Case, event: Event, occasion: Occasion) -> None:
        """What was written on a ticket that is known already."""
        message = occasion.message
        if case.is_new or message is None or message.id != event.detail["message"]:
            return
        if message.kind in (MessageKind.AUTO, MessageKind.BOUNCE):
            return
        of_house = message.kind in (MessageKind.NOTE, MessageKind.AGENT)
        if of_house and case.ticket.assignee is None:
            return
        moved = of_house and any(has(case, kind) for kind in _MOVES)
        if moved or moved_by_rule(case):
            return  # the letter about that carries the words
        people = [a for a in self.audience.responsible(case) if a.key != occasion.by_agent]
        self._notify(case, LetterType.AGENT_MESSAGE, occasion, people)

    def hand_over(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Somebody else's from now on (the first one is told by `announce`)."""
        agent = self.room.roster.agents.get(event.detail["to"] or "")
        moved = has(case, EventKind.LEVEL) or has(case, EventKind.DEPARTMENT)
        if case.is_new or agent is None or agent.key == occasion.by_agent or moved:
            return
        self._notify(case, LetterType.ASSIGNED, occasion, [agent], event)

    def change_level(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Up: the new level's people. Down: whoever gets it back."""
        if case.is_new:
            return
        up = event.detail["to"] > event.detail["from"]
        type = LetterType.ESCALATION if up else LetterType.RETURNED
        self._notify(case, type, occasion, self.audience.responsible(case), event)

    def move(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A new department's people hear of it as of a new ticket."""
        if not case.is_new and not has(case, EventKind.LEVEL):
            people = self.audience.responsible(case)
            self._notify(case, LetterType.AGENT_NEW, occasion, people, event)

    def report_failure(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A letter did not arrive: somebody has to find another way."""
        number = event.detail.get("message")
        lost = self.cases.message(number) if number else None
        address = event.detail.get("recipient") or case.ticket.requester.email
        facts = Failure(
            ticket=self.room.inside(case.ticket, case.now),
            address=address,
            reason=event.detail["reason"],
            text=lost.text if lost else "",
            muted_until=self.cases.known_address(address).muted_until,
        )
        for agent in self.audience.responsible(case):
            self.room.notify(
                case, LetterType.DELIVERY_FAILED, facts, agent.address, occasion.cause
            )

    # -- a notice -----------------------------------------------------------------------------

    def _notify(
        self,
        case: Case,
        type: LetterType,
        occasion: Occasion,
        people: Iterable[Agent],
        event: Event | None = None,
    ) -> None:
        """One letter each. `event`: whose actor and reason the letter names."""
        message = occasion.message or self._last_words(case)
        readers = _readers(type, people, occasion)
        if message is None or not readers:
            return
        relayed = self.room.relayed(message)
        facts = self._facts(case, occasion, message, relayed, event)
        for reader in readers:
            self.room.notify(
                case,
                type,
                facts,
                reader,
                occasion.cause,
                speaker=self._speaker(message),
                enclosures=relayed.sent,
            )

    def _facts(
        self,
        case: Case,
        occasion: Occasion,
        message: Message,
        relayed: Relayed,
        event: Event | None,
    ) -> Notice:
        earlier = () if case.is_new else self.cases.messages(case.ticket.id, last=3)
        return Notice(
            ticket=self.room.inside(case.ticket, case.now),
            message=message_facts(message, requester=case.ticket.requester),
            previous=before(earlier, message, case.ticket.requester),
            remarks=tuple(self._remarks(case, occasion, message, relayed)),
            offered=occasion.offered,
            by=self._name_of(event.actor) if event else "",
            reason=(event.detail.get("reason") or "") if event else "",
        )

    def _remarks(
        self, case: Case, occasion: Occasion, message: Message, relayed: Relayed
    ) -> list[str]:
        language = self.room.house_language(case.ticket)
        said = []
        if occasion.stranger:
            said.append(say("remark-stranger", language, address=message.sender.email))
        if occasion.encrypted:
            said.append(say("remark-encrypted", language))
        if case.is_new and occasion.courtesy is not Courtesy.FULL:
            said.append(say(f"remark-courtesy-{occasion.courtesy.value}", language))
        for key, files in (
            ("remark-program", relayed.programs),
            ("remark-large", relayed.too_large),
            ("remark-sealed", relayed.sealed),
        ):
            if files:
                said.append(say(key, language, files=", ".join(f.filename for f in files)))
        return said

    def _speaker(self, message: Message) -> str:
        """`Luis Pérez · Soporte ACME`: whose words these are."""
        return f"{message.sender.name or message.sender.email} · {self.room.practice.name}"

    def _last_words(self, case: Case) -> Message | None:
        human = [
            message
            for message in self.cases.messages(case.ticket.id, last=20)
            if message.kind in (MessageKind.CUSTOMER, MessageKind.AGENT) and message.public
        ]
        return human[-1] if human else None

    def _name_of(self, actor: str) -> str:
        kind, _, key = actor.partition(":")
        agent = self.room.roster.agents.get(key) if kind == "agent" else None
        return (agent.name or agent.key) if agent else ""


def _readers(type: LetterType, people: Iterable[Agent], occasion: Occasion) -> list[Address]:
    """Each once: the ticket's people, then whom a rule names."""
    told = {agent.address.key: agent.address for agent in people}
    if type in _NEWS:
        told |= {a.key: a for a in occasion.also if a.key not in told}
    return list(told.values())
