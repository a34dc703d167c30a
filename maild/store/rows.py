"""Rows to nouns and back, in one place: column order here is column order in the SQL."""

import json
from typing import Any

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
from maild.store.fields import from_micros, instant_or_none, micros_or_none, to_json, to_micros

TICKET = (
    "id, subject, requester_name, requester_email, department, created_at, updated_at, status, "
    "priority, level, assignee, cc, channel, language, tags, category, external_id, "
    "resolved_at, closed_at, merged_into, links, due_first_response, due_next_response, "
    "due_resolution, due_level, rating_score, rating_comment, rating_at, "
    "imported_at"
)
MESSAGE = (
    'id, ticket, kind, sender_name, sender_email, at, subject, "to", cc, text, quoted, html, '
    "message_id, proof, public, attachments"
)
EVENT = "id, ticket, at, kind, actor, detail"


def marks(columns: str) -> str:
    """`?, ?, ?`: as many marks as there are columns."""
    return ", ".join("?" * (columns.count(",") + 1))


def ticket_of(row: tuple[Any, ...]) -> Ticket:
    (number, subject, name, email, department, created, updated, status, priority, level,
     assignee, cc, channel, language, tags, category, external_id, resolved, closed, merged,
     links, first, following, resolution, at_level, score, comment, rated,
     imported) = row  # fmt: skip
    return Ticket(
        id=number,
        subject=subject,
        requester=Address(name, email),
        department=department,
        created_at=from_micros(created),
        updated_at=from_micros(updated),
        status=Status(status),
        priority=Priority(priority),
        level=level,
        assignee=assignee,
        cc=_listed(cc),
        channel=channel,
        language=language,
        tags=_listed(tags),
        category=category,
        external_id=external_id,
        resolved_at=instant_or_none(resolved),
        closed_at=instant_or_none(closed),
        merged_into=merged,
        links=_listed(links),
        due=Due(*map(instant_or_none, (first, following, resolution, at_level))),
        rating=None if score is None else Rating(score, comment or "", from_micros(rated)),
        imported_at=instant_or_none(imported),
    )


def _listed(text: str) -> tuple[Any, ...]:
    """A list in JSON; mostly an empty one."""
    return () if text == "[]" else tuple(json.loads(text))


def ticket_values(ticket: Ticket) -> list[Any]:
    rating, due = ticket.rating, ticket.due
    return [
        ticket.id, ticket.subject, ticket.requester.name, ticket.requester.key,
        ticket.department, to_micros(ticket.created_at), to_micros(ticket.updated_at),
        ticket.status.value, ticket.priority.value, ticket.level, ticket.assignee,
        to_json(ticket.cc), ticket.channel, ticket.language, to_json(ticket.tags),
        ticket.category, ticket.external_id, micros_or_none(ticket.resolved_at),
        micros_or_none(ticket.closed_at), ticket.merged_into, to_json(ticket.links),
        micros_or_none(due.first_response), micros_or_none(due.next_response),
        micros_or_none(due.resolution), micros_or_none(due.level),
        rating.score if rating else None, rating.comment if rating else None,
        micros_or_none(rating.at) if rating else None,
        micros_or_none(ticket.imported_at),
    ]  # fmt: skip


def message_of(row: tuple[Any, ...]) -> Message:
    (number, ticket, kind, name, email, at, subject, to, cc, text, quoted, html, message_id,
     proof, public, attachments) = row  # fmt: skip
    return Message(
        id=number,
        ticket=ticket,
        kind=MessageKind(kind),
        sender=Address(name, email),
        at=from_micros(at),
        text=text,
        subject=subject,
        to=tuple(json.loads(to)),
        cc=tuple(json.loads(cc)),
        quoted=quoted,
        html=html,
        message_id=message_id,
        proof=Proof(proof),
        public=bool(public),
        attachments=tuple(Enclosure(**entry) for entry in json.loads(attachments)),
    )


def message_values(message: Message) -> list[Any]:
    return [
        message.id, message.ticket, message.kind.value, message.sender.name,
        message.sender.email, to_micros(message.at), message.subject, to_json(message.to),
        to_json(message.cc), message.text, message.quoted, message.html, message.message_id,
        message.proof.value, message.public, to_json(_plain(message.attachments)),
    ]  # fmt: skip


def _plain(enclosures: tuple[Enclosure, ...]) -> list[dict[str, Any]]:
    return [{name: getattr(e, name) for name in Enclosure.__slots__} for e in enclosures]


def event_of(row: tuple[Any, ...]) -> Event:
    number, ticket, at, kind, actor, detail = row
    return Event(ticket, from_micros(at), EventKind(kind), actor, json.loads(detail), number)


def event_values(event: Event) -> list[Any]:
    """Without the number, which the store gives."""
    return [
        event.ticket, to_micros(event.at), event.kind.value, event.actor, to_json(event.detail)
    ]  # fmt: skip
