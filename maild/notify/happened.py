"""What has happened in a case, as far as it decides who is told."""

from maild.desk.case import Case
from maild.model.ticket import Event, EventKind, Message, MessageKind, Status


def has(case: Case, kind: EventKind) -> bool:
    return any(event.kind is kind for event in case.events)


def turned(case: Case, status: Status) -> bool:
    """The ticket has just become this."""
    return any(
        event.kind is EventKind.STATUS and event.detail["to"] == status for event in case.events
    )


def moved_by_rule(case: Case) -> bool:
    """A rule gave a ticket that was known already to other people."""
    moves = (EventKind.DEPARTMENT, EventKind.LEVEL)
    return any(event.kind in moves and by_rule(event) for event in case.events)


def is_spam(case: Case) -> bool:
    return case.ticket.status is Status.SPAM


def by_rule(event: Event) -> bool:
    return event.actor.startswith("rule:")


def by_customer(event: Event) -> bool:
    return event.actor.startswith("customer:")


def public_words(case: Case) -> Message | None:
    """What an agent says to the customer in this mail."""
    spoken = [m for m in case.messages if m.kind is MessageKind.AGENT and m.public]
    return spoken[-1] if spoken else None
