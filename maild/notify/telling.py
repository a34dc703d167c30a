"""What letters say about tickets and messages: facts out of nouns, nothing else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.desk.roster import Roster
from maild.model.mail import Address
from maild.model.ticket import Clock, Enclosure, Message, MessageKind, Ticket
from maild.notify.facts import Attached, Deadline, MessageFacts, Person, TicketFacts

#: a signed word as it stands in reply addresses and, between `[~ ]`, in subjects
_SIGNED = re.compile(
    r"(?:\+|%2b)\d{1,12}[a-z2-7]{29}(?=@|%40)|\[~\d{1,12}[a-z2-7]{29}\]\s?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Telling:
    """Turns tickets and messages into what letters may say of them."""

    roster: Roster
    levels: Mapping[int, str]  #: their names

    def ticket(self, ticket: Ticket, *, now: datetime, internal: bool) -> TicketFacts:
        """`internal` shows what only the house may know: readers, deadlines, tags."""
        department = self.roster.departments.get(ticket.department)
        agent = self.roster.agents.get(ticket.assignee or "")
        return TicketFacts(
            number=ticket.id,
            subject=ticket.subject,
            requester=person(ticket.requester),
            department=department.name if department else ticket.department,
            status=ticket.status.value,
            priority=ticket.priority.value,
            level=self.levels.get(ticket.level) or str(ticket.level),
            channel=ticket.channel,
            assignee=(agent.name or agent.key) if agent and internal else "",
            due=deadlines(ticket, now) if internal else (),
            tags=ticket.tags if internal else (),
            readers=ticket.cc if internal else (),
            links=ticket.links if internal else (),
        )

    def without_agents(self, text: str, department: str) -> str:
        """Text for outside: agents' addresses give way to their department's, and signed
        words go: with one of them its reader could write in an agent's name."""
        text = _SIGNED.sub("", text)
        found = self.roster.departments.get(department) or self.roster.default
        for agent in self.roster.agents.values():
            for email in (agent.email, *agent.aliases):
                text = _replace(text, email, found.address)
        return text


def _replace(text: str, old: str, new: str) -> str:
    """Case-insensitively, without a regular expression over mail text."""
    low, want = text.lower(), old.lower()
    if len(low) != len(text):  # a letter whose small form is longer: leave positions alone
        return text.replace(old, new)
    parts, start = [], 0
    while (at := low.find(want, start)) >= 0:
        parts += [text[start:at], new]
        start = at + len(old)
    return "".join([*parts, text[start:]])


def person(address: Address) -> Person:
    return Person(address.name, address.email)


def deadlines(ticket: Ticket, now: datetime) -> tuple[Deadline, ...]:
    """The running clocks, the next to run out first."""
    found = [
        Deadline(clock.value, at, at - now)
        for clock in Clock
        if (at := getattr(ticket.due, clock.value)) is not None
    ]
    return tuple(sorted(found, key=lambda deadline: deadline.at))


def message_facts(
    message: Message, text: str | None = None, *, requester: Address | None = None
) -> MessageFacts:
    """`requester`: of its ticket; other customers are readers or strangers to it."""
    role = message.kind.value
    others = requester is not None and requester.key != message.sender.key
    if message.kind is MessageKind.CUSTOMER and others:
        role = "reader" if message.public else "stranger"
    return MessageFacts(
        who=person(message.sender),
        at=message.at,
        text=message.text if text is None else text,
        kind=message.kind.value,
        files=tuple(attached(e) for e in message.attachments),
        role=role,
    )


def attached(enclosure: Enclosure) -> Attached:
    return Attached(enclosure.filename, enclosure.size)


def before(
    messages: Sequence[Message], latest: Message | None, requester: Address
) -> tuple[MessageFacts, ...]:
    """The two messages before this one, newest first; machines' chatter aside."""
    human = [
        message
        for message in messages
        if message.kind in (MessageKind.CUSTOMER, MessageKind.AGENT, MessageKind.NOTE)
        and (latest is None or message.id != latest.id)
    ]
    return tuple(
        message_facts(message, requester=requester) for message in reversed(human[-2:])
    )
