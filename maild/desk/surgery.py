"""Tickets that join, part, and go back: merge, split, undo.

A merged ticket's messages stand in the other with their own times, and later mail to either
number goes there. Everything can be taken back: each event has an inverse.
"""

from collections.abc import Callable
from dataclasses import replace

from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.model.ticket import (
    Event,
    EventKind,
    Message,
    Priority,
    Status,
)


def merge(child: Case, parent: Case, actor: str, cases: Casebook) -> None:
    """`child` goes into `parent`: its words and its people; it stands still from now on."""
    child.record(EventKind.MERGED, actor, {"into": parent.ticket.id})
    child.set_status(Status.MERGED, actor, reason="merged")
    child.ticket = replace(child.ticket, merged_into=parent.ticket.id)
    parent.link(child.ticket.id, actor)
    joining = [child.ticket.requester.email, *child.ticket.cc]
    parent.change_readers(actor, add=joining)
    by_message = {
        event.detail["message"]: event
        for event in child.all_events
        if event.kind is EventKind.MESSAGE
    }
    for message in cases.messages(child.ticket.id):
        adopt(parent, message, by_message.get(message.id), cases)


def adopt(parent: Case, message: Message, event: Event | None, cases: Casebook) -> Message:
    """A copy of the message in the parent, at its own time, with its own author."""
    copied = replace(message, id=cases.new_message_number(), ticket=parent.ticket.id)
    parent.messages.append(copied)
    actor = event.actor if event else f"customer:{message.sender.key}"
    parent.events.append(
        Event(
            parent.ticket.id,
            message.at,
            EventKind.MESSAGE,
            actor,
            {
                "message": copied.id,
                "kind": copied.kind.value,
                "public": copied.public,
                "from": message.ticket,
            },
        )
    )
    return copied


# -- undo --------------------------------------------------------------------------------------


def last_action(case: Case) -> list[Event]:
    """The events of the latest action of an agent that can be taken back, in order.

    An action is all that one mail did: same author, same instant. What has been undone, and
    the undoing itself, count no more.
    """
    undone = {
        number
        for event in case.history
        if event.kind is EventKind.UNDONE
        for number in event.detail.get("events", [event.detail.get("event")])
    }
    stamps = {(e.at, e.actor) for e in case.history if e.kind is EventKind.UNDONE}
    candidates = [
        event
        for event in case.history
        if event.actor.startswith("agent:")
        and event.kind in INVERSES
        and event.id not in undone
        and (event.at, event.actor) not in stamps
    ]
    if not candidates:
        return []
    last = candidates[-1]
    return [e for e in candidates if (e.at, e.actor) == (last.at, last.actor)]


def undo(
    case: Case, actor: str, cases: Casebook, now_also: Callable[[Case], None]
) -> list[Event]:
    """Take the last action back; the events that were undone. `now_also` gets other cases
    that change with it."""
    events = last_action(case)
    for event in reversed(events):
        INVERSES[event.kind](case, event, actor, cases, now_also)
    if events:
        numbers = [event.id for event in events]
        case.record(EventKind.UNDONE, actor, {"event": numbers[-1], "events": numbers})
    return events


Inverse = Callable[[Case, Event, str, Casebook, Callable[[Case], None]], None]


def _status(case: Case, event: Event, actor: str, *_: object) -> None:
    case.set_status(Status(event.detail["from"]), actor, reason="undone")


def _assigned(case: Case, event: Event, actor: str, *_: object) -> None:
    case.assign(event.detail["from"], actor, reason="undone")


def _priority(case: Case, event: Event, actor: str, *_: object) -> None:
    case.set_priority(Priority(event.detail["from"]), actor, reason="undone")


def _department(case: Case, event: Event, actor: str, *_: object) -> None:
    case.set_department(event.detail["from"], actor, reason="undone")


def _level(case: Case, event: Event, actor: str, *_: object) -> None:
    case.set_level(event.detail["from"], actor, reason="undone")


def _tags(case: Case, event: Event, actor: str, *_: object) -> None:
    case.change_tags(actor, add=event.detail["removed"], remove=event.detail["added"])


def _readers(case: Case, event: Event, actor: str, *_: object) -> None:
    case.change_readers(actor, add=event.detail["removed"], remove=event.detail["added"])


def _linked(
    case: Case, event: Event, actor: str, cases: Casebook, also: Callable[[Case], None]
) -> None:
    """A link goes; a ticket that was merged here stands on its own again."""
    number = event.detail["to"]
    case.ticket = replace(
        case.ticket, links=tuple(link for link in case.ticket.links if link != number)
    )
    other = cases.open_case(number, case.now)
    if other is None:
        return
    if other.ticket.merged_into == case.ticket.id:
        _part(case, other, actor, cases)
    else:
        links = tuple(link for link in other.ticket.links if link != case.ticket.id)
        other.ticket = replace(other.ticket, links=links)
    also(other)


def _part(parent: Case, child: Case, actor: str, cases: Casebook) -> None:
    """The child is itself again; what it brought along leaves the parent."""
    before = next(
        event.detail["from"]
        for event in reversed(child.history)
        if event.kind is EventKind.STATUS and event.detail["to"] == Status.MERGED
    )
    child.ticket = replace(child.ticket, merged_into=None)
    child.set_status(Status(before), actor, reason="undone")
    cases.take_back(parent.ticket.id, child.ticket.id)
    parent.history = [
        event
        for event in parent.history
        if not (event.kind is EventKind.MESSAGE and event.detail.get("from") == child.ticket.id)
    ]


#: what takes each kind of event back; messages and letters that left can't be
INVERSES: dict[EventKind, Inverse] = {
    EventKind.STATUS: _status,
    EventKind.ASSIGNED: _assigned,
    EventKind.PRIORITY: _priority,
    EventKind.DEPARTMENT: _department,
    EventKind.LEVEL: _level,
    EventKind.TAGS: _tags,
    EventKind.CC: _readers,
    EventKind.LINKED: _linked,
}
