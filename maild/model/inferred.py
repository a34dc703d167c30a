"""What a ticket and its events tell of each other, where a line of JSON says only one of them.

Where both speak, the events are believed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from maild.model.json_values import UNKNOWN
from maild.model.mail import Address
from maild.model.ticket import (
    Event,
    EventKind,
    Message,
    MessageKind,
    Priority,
    Rating,
    Status,
    Ticket,
)

NOBODY: Final = Address("", UNKNOWN)  #: the requester, where nothing says who it was


def complete(ticket: Ticket, messages: list[Message], events: list[Event]) -> list[Event]:
    """The history in order; what has to be there and is not, is told from the ticket."""
    told = {event.kind for event in events}
    if not events:
        events = [_tell_message(ticket, message) for message in messages]
    if EventKind.CREATED not in told:
        events = [_tell_created(ticket), *events]
    if EventKind.STATUS not in told and ticket.status is not Status.NEW:
        events = [*events, *_tell_status(ticket, events)]
    return sorted(events, key=_at)


def _at(event: Event) -> datetime:
    return event.at


def _tell_created(ticket: Ticket) -> Event:
    detail = {
        "channel": ticket.channel,
        "department": ticket.department,
        "priority": ticket.priority.value,
        "level": ticket.level,
    }
    actor = f"customer:{ticket.requester.key}"
    return Event(ticket.id, ticket.created_at, EventKind.CREATED, actor, detail)


def _tell_message(ticket: Ticket, message: Message) -> Event:
    detail = {"message": message.id, "kind": message.kind.value, "public": message.public}
    role = "agent" if message.kind in (MessageKind.AGENT, MessageKind.NOTE) else "customer"
    actor = f"{role}:{message.sender.key}"
    return Event(ticket.id, message.at, EventKind.MESSAGE, actor, detail)


def _tell_status(ticket: Ticket, events: Iterable[Event]) -> list[Event]:
    """How it came to stand as it does: solved first, where it is closed."""
    last = max(event.at for event in events)
    steps = [(ticket.status, ticket.closed_at or ticket.resolved_at or ticket.updated_at)]
    if ticket.status is Status.RESOLVED:
        steps = [(Status.RESOLVED, ticket.resolved_at or ticket.updated_at)]
    elif ticket.status is Status.CLOSED and ticket.resolved_at:
        steps = [(Status.RESOLVED, ticket.resolved_at), *steps]
    elif not ticket.status.done:
        steps = [(ticket.status, max(last, ticket.updated_at))]
    before, made = Status.NEW, []
    for status, at in steps:
        detail = {"from": before.value, "to": status.value, "reason": None}
        made.append(Event(ticket.id, at, EventKind.STATUS, "system", detail))
        before = status
    return made


_COLUMNS: Final = {
    EventKind.STATUS: ("status", Status),
    EventKind.PRIORITY: ("priority", Priority),
    EventKind.DEPARTMENT: ("department", str),
    EventKind.ASSIGNED: ("assignee", lambda value: value),
    EventKind.LEVEL: ("level", int),
}


def as_told(ticket: Ticket, events: Sequence[Event]) -> Ticket:
    """The ticket as its events leave it."""
    changes: dict[str, Any] = {}
    for event in events:
        if event.kind in _COLUMNS:
            name, read = _COLUMNS[event.kind]
            changes[name] = read(event.detail.get("to"))  # type: ignore[operator]
    if ticket.rating is None:
        changes["rating"] = _rated(events)
    if ticket.requester is NOBODY and events[0].actor.startswith("customer:"):
        changes["requester"] = Address("", events[0].actor.removeprefix("customer:"))
    ticket = replace(ticket, **changes)
    return _stamped(ticket, events)


def _rated(events: Sequence[Event]) -> Rating | None:
    """The last mark counts, the first one's date stays."""
    given = [event for event in events if event.kind is EventKind.RATED]
    if not given:
        return None
    last = given[-1].detail
    return Rating(last["score"], str(last.get("comment") or ""), given[0].at)


def _stamped(ticket: Ticket, events: Sequence[Event]) -> Ticket:
    """When it was solved and closed, by its events, where the line says nothing of it."""
    if ticket.resolved_at is not None or ticket.status not in (Status.RESOLVED, Status.CLOSED):
        return ticket
    resolved = closed = None
    for event in events:
        if event.kind is not EventKind.STATUS:
            continue
        status = Status(event.detail["to"])
        if status is Status.RESOLVED:
            resolved, closed = event.at, None
        elif status is Status.CLOSED:
            resolved, closed = resolved or event.at, event.at
        elif not status.done:
            resolved = closed = None
    return replace(ticket, resolved_at=resolved, closed_at=ticket.closed_at or closed)
