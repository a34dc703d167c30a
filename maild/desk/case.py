"""A case: one ticket while something is being decided about it.

Every change goes through a verb here and leaves an event, so that the history alone tells
the whole story. Nothing is written until the casebook saves the case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from maild.model.letter import Letter
from maild.model.mail import Address, Proof
from maild.model.ticket import (
    Due,
    Enclosure,
    Event,
    EventKind,
    Message,
    MessageKind,
    Priority,
    Rating,
    Status,
    Ticket,
)

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter a decision wants written. `cause` makes it unique."""

    letter: Letter
    cause: str
    message: int | None = None  #: the ticket message it carries out
    kept: bool = False  #: held back by shadow or pilot mode


@dataclass(frozen=True, slots=True, order=True)
class Appointment:
    """When the desk looks at a ticket by itself. What is done then is decided then; the
    rest is for people who wonder what lies ahead."""

    at: datetime
    clock: str  #: a `ticket.Clock`, or "life"
    visit: int = 0
    step: int = 0
    kind: str = ""  #: warning breach after, or remind solve close


@dataclass(slots=True)
class Case:
    """A ticket, its history, and what has just been decided about it."""

    ticket: Ticket
    now: datetime
    history: list[Event] = field(default_factory=list)  #: what was known before
    is_new: bool = False
    events: list[Event] = field(default_factory=list)  #: what this decision adds
    messages: list[Message] = field(default_factory=list)  #: what this decision adds
    letters: list[Outgoing] = field(default_factory=list)
    appointments: list[Appointment] | None = None  #: all that lie ahead; None: as before
    reckoned: tuple[Ticket, int] | None = None  #: the ticket and events these came of

    @property
    def all_events(self) -> list[Event]:
        return [*self.history, *self.events]

    def record(self, kind: EventKind, actor: str, detail: dict[str, Any]) -> Event:
        event = Event(self.ticket.id, self.now, kind, actor, detail)
        self.events.append(event)
        if self.ticket.updated_at != self.now:
            self.ticket = replace(self.ticket, updated_at=self.now)
        return event

    def add_message(self, message: Message, actor: str, **more: Any) -> Message:
        """A message joins the ticket; `more` goes into the event's detail."""
        self.messages.append(message)
        detail = {
            "message": message.id,
            "kind": message.kind.value,
            "public": message.public,
            **more,
        }
        self.record(EventKind.MESSAGE, actor, detail)
        return message

    def set_status(self, status: Status, actor: str, *, reason: str | None = None) -> bool:
        """Whether anything changed. Solving and closing stamp the ticket; reopening clears."""
        before = self.ticket.status
        if status is before:
            return False
        self.record(
            EventKind.STATUS,
            actor,
            {"from": before.value, "to": status.value, "reason": reason},
        )
        resolved, closed = self.ticket.resolved_at, self.ticket.closed_at
        if status is Status.RESOLVED:
            resolved, closed = self.now, None
        elif status is Status.CLOSED:
            resolved, closed = resolved or self.now, self.now
        elif not status.done:
            resolved = closed = None
        self.ticket = replace(
            self.ticket, status=status, resolved_at=resolved, closed_at=closed
        )
        return True

    def set_priority(
        self, priority: Priority, actor: str, *, reason: str | None = None
    ) -> bool:
        return self._change(EventKind.PRIORITY, "priority", priority, actor, reason)

    def set_department(self, key: str, actor: str, *, reason: str | None = None) -> bool:
        return self._change(EventKind.DEPARTMENT, "department", key, actor, reason)

    def set_level(self, level: int, actor: str, *, reason: str | None = None) -> bool:
        return self._change(EventKind.LEVEL, "level", level, actor, reason)

    def assign(self, agent: str | None, actor: str, *, reason: str | None = None) -> bool:
        return self._change(EventKind.ASSIGNED, "assignee", agent, actor, reason)

    def _change(
        self, kind: EventKind, name: str, value: Any, actor: str, reason: str | None
    ) -> bool:
        before = getattr(self.ticket, name)
        if value == before:
            return False
        self.record(kind, actor, {"from": before, "to": value, "reason": reason})
        self.ticket = replace(self.ticket, **{name: value})
        return True

    def change_tags(
        self, actor: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> bool:
        gone = {tag for tag in remove if tag in self.ticket.tags}
        added = [tag for tag in dict.fromkeys(add) if tag not in self.ticket.tags]
        return self._change_list(EventKind.TAGS, "tags", added, gone, actor)

    def change_readers(
        self, actor: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> bool:
        """Who reads along; the requester always does."""
        leaving = {address.casefold() for address in remove}
        gone = {address for address in self.ticket.cc if address.casefold() in leaving}
        added = [
            address
            for address in dict.fromkeys(a.casefold() for a in add)
            if not self.ticket.takes_part(address)
        ]
        return self._change_list(EventKind.CC, "cc", added, gone, actor)

    def _change_list(
        self, kind: EventKind, name: str, added: list[str], gone: set[str], actor: str
    ) -> bool:
        if not added and not gone:
            return False
        self.record(kind, actor, {"added": added, "removed": sorted(gone)})
        kept = [value for value in getattr(self.ticket, name) if value not in gone]
        changed: dict[str, Any] = {name: (*kept, *added)}
        self.ticket = replace(self.ticket, **changed)
        return True

    def link(self, other: int, actor: str) -> bool:
        if other in self.ticket.links or other == self.ticket.id:
            return False
        self.record(EventKind.LINKED, actor, {"to": other})
        self.ticket = replace(self.ticket, links=(*self.ticket.links, other))
        return True

    def rate(self, score: int, comment: str, actor: str) -> None:
        """The customer's mark; the last one counts, the first one's date stays."""
        at = self.ticket.rating.at if self.ticket.rating else self.now
        self.record(EventKind.RATED, actor, {"score": score, "comment": comment})
        self.ticket = replace(self.ticket, rating=Rating(score, comment, at))

    def set_due(self, due: Due) -> None:
        self.ticket = replace(self.ticket, due=due)

    def categorise(self, category: str) -> None:
        self.ticket = replace(self.ticket, category=category)

    def put(
        self, letter: Letter, cause: str, *, message: int | None = None, kept: bool = False
    ) -> None:
        """A letter to be written with this decision."""
        self.letters.append(Outgoing(letter, cause, message, kept))


def make_message(
    number: int,
    case: Case,
    kind: MessageKind,
    *,
    sender: Address,
    text: str,
    subject: str = "",
    quoted: str = "",
    html: str | None = None,
    to: tuple[str, ...] = (),
    cc: tuple[str, ...] = (),
    message_id: str | None = None,
    proof: Proof = Proof.NONE,
    public: bool = True,
    attachments: tuple[Enclosure, ...] = (),
) -> Message:
    """A message of this case, at the case's instant."""
    return Message(
        id=number,
        ticket=case.ticket.id,
        kind=kind,
        sender=sender,
        at=case.now,
        text=text,
        subject=subject,
        to=to,
        cc=cc,
        quoted=quoted,
        html=html,
        message_id=message_id,
        proof=proof,
        public=public,
        attachments=attachments,
    )
