"""A ticket out of JSON (CONTRACT section 5): the way back from `as_json`.

Events alone are enough: what a line does not say of its ticket, they tell; where both speak,
the events are believed. Whether numbers are free is for the store to say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from maild.model import json_values as read
from maild.model.inferred import NOBODY, as_told, complete
from maild.model.json_values import Unreadable
from maild.model.mail import Proof
from maild.model.ticket import (
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


@dataclass(frozen=True, slots=True)
class Whole:
    """A ticket with everything that happened to it. `key` is what it is known by everywhere:
    its `external_id`, or the number it had on the desk it comes from."""

    ticket: Ticket
    messages: list[Message]
    events: list[Event]
    key: str


@dataclass(frozen=True, slots=True)
class Home:
    """The desk that reads: what a line means where it does not say."""

    tag: str
    department: str = ""
    language: str = ""


def key_of(line: Mapping[str, Any], own_tag: str) -> str:
    """`external_id`, or `<tag>:<id>` where it is null (CONTRACT section 5)."""
    external = line.get("external_id")
    if external is not None:
        return read.text(external, "external_id")
    number = line.get("id")
    if number is None:
        raise Unreadable("neither id nor external_id: nothing to know it by")
    return f"{tag_of(line, own_tag)}:{read.number(number, 'id')}"


def tag_of(line: Mapping[str, Any], own_tag: str) -> str:
    """The word of the desk a line comes from: `ACME` of `[ACME #1042]`; else our own."""
    tag = line.get("tag")
    if not isinstance(tag, str):
        return own_tag
    word, mark, _ = tag.strip("[] ").rpartition(" #")
    return word if mark else own_tag


def read_whole(line: object, home: Home) -> Whole:
    """One line, read. A message without a number gets one below 0. Raises `Unreadable`."""
    if not isinstance(line, dict):
        raise Unreadable("no JSON object")
    key = key_of(line, home.tag)
    number = read.number(line["id"], "id") if line.get("id") is not None else 0
    messages = [_message(m, number, i) for i, m in read.listed(line, "messages")]
    events = [_event(e, number, i) for i, e in read.listed(line, "events")]
    if len({message.id for message in messages}) < len(messages):
        raise Unreadable("messages: two of one id")
    opening = next((e.detail for e in events if e.kind is EventKind.CREATED), {})
    ticket = _ticket({**opening, **line}, number, events or messages, home)
    events = complete(ticket, messages, events)
    return Whole(as_told(ticket, events), messages, events, key)


# -- the ticket --------------------------------------------------------------------------------


def _ticket(
    line: dict[str, Any], number: int, dated: Sequence[Event | Message], home: Home
) -> Ticket:
    """As the line says; times it leaves out are taken from what happened."""
    created = read.instant_or_none(line.get("created_at"), "created_at")
    updated = read.instant_or_none(line.get("updated_at"), "updated_at")
    times = [thing.at for thing in dated]
    if created is None and not times:
        raise Unreadable("created_at is missing, and no event tells it")
    created = created if created is not None else min(times)
    return Ticket(
        id=number,
        subject=read.text(line.get("subject", "") or "—", "subject"),
        requester=read.person(line.get("requester"), "requester") or NOBODY,
        department=read.text(line.get("department") or home.department, "department"),
        created_at=created,
        updated_at=max([updated or created, *times]),  # reports rely on it
        status=read.word(Status, line.get("status") or "new", "status"),
        priority=read.word(Priority, line.get("priority") or "normal", "priority"),
        level=read.small(line.get("level", 1), "level"),
        assignee=read.text_or_none(line.get("assignee"), "assignee"),
        cc=read.texts(line.get("cc"), "cc"),
        channel=read.text(line.get("channel") or "email", "channel"),
        language=read.text(line.get("language") or home.language, "language")[:8],
        tags=read.texts(line.get("tags"), "tags"),
        category=read.text_or_none(line.get("category"), "category"),
        external_id=read.text_or_none(line.get("external_id"), "external_id"),
        resolved_at=read.instant_or_none(line.get("resolved_at"), "resolved_at"),
        closed_at=read.instant_or_none(line.get("closed_at"), "closed_at"),
        merged_into=read.number_or_none(line.get("merged_into"), "merged_into"),
        links=tuple(
            read.number(n, f"links[{i}]")
            for i, n in enumerate(read.list_of(line.get("links"), "links"))
        ),
        rating=_rating(line.get("rating")),
    )


def _rating(value: Any) -> Rating | None:
    if value is None:
        return None
    value = read.object_of(value, "rating")
    comment = read.text(value.get("comment") or "", "rating.comment")
    score = read.small(value.get("score"), "rating.score")
    return Rating(score, comment, read.instant(value.get("at"), "rating.at"))


# -- its messages and events -------------------------------------------------------------------


def _message(value: Any, ticket: int, index: int) -> Message:
    where = f"messages[{index}]"
    value = read.object_of(value, where)
    kind = read.word(MessageKind, value.get("kind", "customer"), f"{where}.kind")
    return Message(
        id=read.number_or_none(value.get("id"), f"{where}.id") or -1 - index,
        ticket=ticket,
        kind=kind,
        sender=read.person(value.get("from"), f"{where}.from") or NOBODY,
        at=read.instant(value.get("at"), f"{where}.at"),
        text=read.text(value.get("text") or "", f"{where}.text"),
        subject=read.text(value.get("subject") or "", f"{where}.subject"),
        to=read.texts(value.get("to"), f"{where}.to"),
        cc=read.texts(value.get("cc"), f"{where}.cc"),
        quoted=read.text(value.get("quoted") or "", f"{where}.quoted"),
        html=read.text_or_none(value.get("html"), f"{where}.html"),
        message_id=read.text_or_none(value.get("message_id"), f"{where}.message_id"),
        proof=read.word(Proof, value.get("proof") or "none", f"{where}.proof"),
        public=bool(value.get("public", kind is not MessageKind.NOTE)),
        attachments=tuple(
            _enclosure(entry, f"{where}.attachments[{i}]")
            for i, entry in enumerate(
                read.list_of(value.get("attachments"), f"{where}.attachments")
            )
        ),
    )


def _enclosure(value: Any, where: str) -> Enclosure:
    value = read.object_of(value, where)
    return Enclosure(
        filename=read.text(value.get("filename") or "", f"{where}.filename"),
        content_type=read.text(value.get("content_type") or "", f"{where}.content_type"),
        size=read.number(value.get("size") or 0, f"{where}.size"),
        sha256=read.text(value.get("sha256") or "", f"{where}.sha256"),
        inline=bool(value.get("inline", False)),
    )


def _event(value: Any, ticket: int, index: int) -> Event:
    where = f"events[{index}]"
    value = read.object_of(value, where)
    kind = read.word(EventKind, value.get("kind"), f"{where}.kind")
    detail = read.object_of(value.get("detail") or {}, f"{where}.detail")
    if check := _CHECKS.get(kind):
        check(detail, where)
    return Event(
        ticket=ticket,
        at=read.instant(value.get("at"), f"{where}.at"),
        kind=kind,
        actor=read.text(value.get("actor") or "system", f"{where}.actor"),
        detail=detail,
    )


def _check_change(words: type[StrEnum]) -> Callable[[dict[str, Any], str], None]:
    def check(detail: dict[str, Any], where: str) -> None:
        read.word(words, detail.get("to"), f"{where}.detail.to")
        if detail.get("from") is not None:
            read.word(words, detail["from"], f"{where}.detail.from")

    return check


def _check_level(detail: dict[str, Any], where: str) -> None:
    read.small(detail.get("to"), f"{where}.detail.to")


def _check_created(detail: dict[str, Any], where: str) -> None:
    if detail.get("priority") is not None:
        read.word(Priority, detail["priority"], f"{where}.detail.priority")
    if detail.get("level") is not None:
        read.small(detail["level"], f"{where}.detail.level")


def _check_name(detail: dict[str, Any], where: str) -> None:
    read.text(detail.get("to"), f"{where}.detail.to")


def _check_message(detail: dict[str, Any], where: str) -> None:
    read.word(MessageKind, detail.get("kind"), f"{where}.detail.kind")
    read.number_or_none(detail.get("message"), f"{where}.detail.message")


def _check_rated(detail: dict[str, Any], where: str) -> None:
    read.small(detail.get("score"), f"{where}.detail.score")


def _check_lists(detail: dict[str, Any], where: str) -> None:
    for name in ("added", "removed"):
        read.texts(detail.get(name), f"{where}.detail.{name}")


def _check_due(detail: dict[str, Any], where: str) -> None:
    read.instant_or_none(detail.get("due"), f"{where}.detail.due")


_CHECKS: Final[dict[EventKind, Callable[[dict[str, Any], str], None]]] = {
    EventKind.CREATED: _check_created,
    EventKind.STATUS: _check_change(Status),
    EventKind.PRIORITY: _check_change(Priority),
    EventKind.LEVEL: _check_level,
    EventKind.DEPARTMENT: _check_name,
    EventKind.MESSAGE: _check_message,
    EventKind.RATED: _check_rated,
    EventKind.TAGS: _check_lists,
    EventKind.CC: _check_lists,
    EventKind.SLA_WARNING: _check_due,
    EventKind.SLA_BREACH: _check_due,
}
