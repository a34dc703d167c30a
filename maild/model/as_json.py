"""A ticket as JSON (CONTRACT section 5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from maild.model.mail import Address
from maild.model.ticket import Enclosure, Event, Message, Ticket


def timestamp(at: datetime | None) -> str | None:
    """UTC, ISO 8601 with `Z`; fractions only where there are any."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def ticket_json(ticket: Ticket, tag: str) -> dict[str, Any]:
    """The top-level fields. `tag` is the desk's word: `[ACME #1042]`."""
    due, rating = ticket.due, ticket.rating
    return {
        "id": ticket.id,
        "tag": f"[{tag} #{ticket.id}]",
        "subject": ticket.subject,
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "level": ticket.level,
        "department": ticket.department,
        "assignee": ticket.assignee,
        "requester": person_json(ticket.requester),
        "cc": list(ticket.cc),
        "channel": ticket.channel,
        "language": ticket.language,
        "tags": list(ticket.tags),
        "category": ticket.category,
        "external_id": ticket.external_id,
        "created_at": timestamp(ticket.created_at),
        "updated_at": timestamp(ticket.updated_at),
        "resolved_at": timestamp(ticket.resolved_at),
        "closed_at": timestamp(ticket.closed_at),
        "merged_into": ticket.merged_into,
        "links": list(ticket.links),
        "due": {
            "first_response": timestamp(due.first_response),
            "next_response": timestamp(due.next_response),
            "resolution": timestamp(due.resolution),
            "level": timestamp(due.level),
        },
        "rating": rating
        and {
            "score": rating.score,
            "comment": rating.comment,
            "at": timestamp(rating.at),
        },
    }


def whole_json(
    ticket: Ticket, messages: Sequence[Message], events: Sequence[Event], tag: str
) -> dict[str, Any]:
    """A ticket with everything that happened to it."""
    return ticket_json(ticket, tag) | {
        "messages": [message_json(message) for message in messages],
        "events": [event_json(event) for event in events],
    }


def message_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind.value,
        "from": person_json(message.sender),
        "to": list(message.to),
        "cc": list(message.cc),
        "subject": message.subject,
        "message_id": message.message_id,
        "at": timestamp(message.at),
        "text": message.text,
        "quoted": message.quoted,
        "html": message.html,
        "proof": message.proof.value,
        "public": message.public,
        "attachments": [enclosure_json(enclosure) for enclosure in message.attachments],
    }


def enclosure_json(enclosure: Enclosure) -> dict[str, Any]:
    return {
        "filename": enclosure.filename,
        "content_type": enclosure.content_type,
        "size": enclosure.size,
        "sha256": enclosure.sha256,
        "inline": enclosure.inline,
    }


def event_json(event: Event) -> dict[str, Any]:
    return {
        "at": timestamp(event.at),
        "kind": event.kind.value,
        "actor": event.actor,
        "detail": event.detail,
    }


def person_json(address: Address) -> dict[str, str]:
    return {"name": address.name, "email": address.email}
