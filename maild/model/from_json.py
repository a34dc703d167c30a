"""A ticket out of JSON (CONTRACT section 5): the way back from `as_json`.

Events alone are enough: what a line does not say of its ticket, they tell; where both speak,
the events are believed. Whether numbers are free is for the store to say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from maild.model.mail import Address, Proof
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

W = TypeVar("W", bound=StrEnum)

NOBODY: Final = Address("", "unknown@invalid")
MAX_LEVEL: Final = 100
MAX_NUMBER: Final = 2**31 - 1
MAX_TEXT: Final = 10_000_000


class Unreadable(ValueError):
    """A line that is no ticket; the message names the place and what is wrong."""


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
        return _text(external, "external_id")
    number = line.get("id")
    if number is None:
        raise Unreadable("neither id nor external_id: nothing to know it by")
    return f"{tag_of(line, own_tag)}:{_number(number, 'id')}"


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
    number = _number(line["id"], "id") if line.get("id") is not None else 0
    messages = [_message(m, number, i) for i, m in _listed(line, "messages")]
    events = [_event(e, number, i) for i, e in _listed(line, "events")]
    if len({message.id for message in messages}) < len(messages):
        raise Unreadable("messages: two of one id")
    opening = next((e.detail for e in events if e.kind is EventKind.CREATED), {})
    ticket = _ticket({**opening, **line}, number, events or messages, home)
    events = _story(ticket, messages, events)
    return Whole(_told(ticket, events), messages, events, key)


# -- the ticket --------------------------------------------------------------------------------


def _ticket(
    line: dict[str, Any], number: int, dated: Sequence[Event | Message], home: Home
) -> Ticket:
    """As the line says; times it leaves out are taken from what happened."""
    created = _instant_or_none(line.get("created_at"), "created_at")
    updated = _instant_or_none(line.get("updated_at"), "updated_at")
    times = [thing.at for thing in dated]
    if created is None and not times:
        raise Unreadable("created_at is missing, and no event tells it")
    created = created if created is not None else min(times)
    return Ticket(
        id=number,
        subject=_text(line.get("subject", "") or "—", "subject"),
        requester=_person(line.get("requester"), "requester") or NOBODY,
        department=_text(line.get("department") or home.department, "department"),
        created_at=created,
        updated_at=max([updated or created, *times]),  # reports rely on it
        status=_word(Status, line.get("status") or "new", "status"),
        priority=_word(Priority, line.get("priority") or "normal", "priority"),
        level=_small(line.get("level", 1), "level"),
        assignee=_text_or_none(line.get("assignee"), "assignee"),
        cc=_texts(line.get("cc"), "cc"),
        channel=_text(line.get("channel") or "email", "channel"),
        language=_text(line.get("language") or home.language, "language")[:8],
        tags=_texts(line.get("tags"), "tags"),
        category=_text_or_none(line.get("category"), "category"),
        external_id=_text_or_none(line.get("external_id"), "external_id"),
        resolved_at=_instant_or_none(line.get("resolved_at"), "resolved_at"),
        closed_at=_instant_or_none(line.get("closed_at"), "closed_at"),
        merged_into=_number_or_none(line.get("merged_into"), "merged_into"),
        links=tuple(
            _number(n, f"links[{i}]") for i, n in enumerate(_list(line.get("links"), "links"))
        ),
        rating=_rating(line.get("rating")),
    )


def _rating(value: Any) -> Rating | None:
    if value is None:
        return None
    value = _object(value, "rating")
    comment = _text(value.get("comment") or "", "rating.comment")
    score = _small(value.get("score"), "rating.score")
    return Rating(score, comment, _instant(value.get("at"), "rating.at"))


# -- its messages and events -------------------------------------------------------------------


def _message(value: Any, ticket: int, index: int) -> Message:
    where = f"messages[{index}]"
    value = _object(value, where)
    kind = _word(MessageKind, value.get("kind", "customer"), f"{where}.kind")
    return Message(
        id=_number_or_none(value.get("id"), f"{where}.id") or -1 - index,
        ticket=ticket,
        kind=kind,
        sender=_person(value.get("from"), f"{where}.from") or NOBODY,
        at=_instant(value.get("at"), f"{where}.at"),
        text=_text(value.get("text") or "", f"{where}.text"),
        subject=_text(value.get("subject") or "", f"{where}.subject"),
        to=_texts(value.get("to"), f"{where}.to"),
        cc=_texts(value.get("cc"), f"{where}.cc"),
        quoted=_text(value.get("quoted") or "", f"{where}.quoted"),
        html=_text_or_none(value.get("html"), f"{where}.html"),
        message_id=_text_or_none(value.get("message_id"), f"{where}.message_id"),
        proof=_word(Proof, value.get("proof") or "none", f"{where}.proof"),
        public=bool(value.get("public", kind is not MessageKind.NOTE)),
        attachments=tuple(
            _enclosure(entry, f"{where}.attachments[{i}]")
            for i, entry in enumerate(_list(value.get("attachments"), f"{where}.attachments"))
        ),
    )


def _enclosure(value: Any, where: str) -> Enclosure:
    value = _object(value, where)
    return Enclosure(
        filename=_text(value.get("filename") or "", f"{where}.filename"),
        content_type=_text(value.get("content_type") or "", f"{where}.content_type"),
        size=_number(value.get("size") or 0, f"{where}.size"),
        sha256=_text(value.get("sha256") or "", f"{where}.sha256"),
        inline=bool(value.get("inline", False)),
    )


def _event(value: Any, ticket: int, index: int) -> Event:
    where = f"events[{index}]"
    value = _object(value, where)
    kind = _word(EventKind, value.get("kind"), f"{where}.kind")
    detail = _object(value.get("detail") or {}, f"{where}.detail")
    if check := _CHECKS.get(kind):
        check(detail, where)
    return Event(
        ticket=ticket,
        at=_instant(value.get("at"), f"{where}.at"),
        kind=kind,
        actor=_text(value.get("actor") or "system", f"{where}.actor"),
        detail=detail,
    )


def _check_change(words: type[StrEnum]) -> Callable[[dict[str, Any], str], None]:
    def check(detail: dict[str, Any], where: str) -> None:
        _word(words, detail.get("to"), f"{where}.detail.to")
        if detail.get("from") is not None:
            _word(words, detail["from"], f"{where}.detail.from")

    return check


def _check_level(detail: dict[str, Any], where: str) -> None:
    _small(detail.get("to"), f"{where}.detail.to")


def _check_created(detail: dict[str, Any], where: str) -> None:
    if detail.get("priority") is not None:
        _word(Priority, detail["priority"], f"{where}.detail.priority")
    if detail.get("level") is not None:
        _small(detail["level"], f"{where}.detail.level")


def _check_name(detail: dict[str, Any], where: str) -> None:
    _text(detail.get("to"), f"{where}.detail.to")


def _check_message(detail: dict[str, Any], where: str) -> None:
    _word(MessageKind, detail.get("kind"), f"{where}.detail.kind")
    _number_or_none(detail.get("message"), f"{where}.detail.message")


def _check_rated(detail: dict[str, Any], where: str) -> None:
    _small(detail.get("score"), f"{where}.detail.score")


def _check_lists(detail: dict[str, Any], where: str) -> None:
    for name in ("added", "removed"):
        _texts(detail.get(name), f"{where}.detail.{name}")


def _check_due(detail: dict[str, Any], where: str) -> None:
    _instant_or_none(detail.get("due"), f"{where}.detail.due")


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


# -- what one tells of the other ---------------------------------------------------------------


def _story(ticket: Ticket, messages: list[Message], events: list[Event]) -> list[Event]:
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


def _told(ticket: Ticket, events: Sequence[Event]) -> Ticket:
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


# -- values ------------------------------------------------------------------------------------


def _wrong(where: str, what: str) -> NoReturn:
    raise Unreadable(f"{where}: {what}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        _wrong(where, f"{_shown(value)} is no text")
    if len(value) > MAX_TEXT:
        _wrong(where, "too long")
    return value.replace("\0", "") if "\0" in value else value


def _text_or_none(value: Any, where: str) -> str | None:
    return None if value is None else _text(value, where)


def _number(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        _wrong(where, f"{_shown(value)} is no number")
    return value


def _number_or_none(value: Any, where: str) -> int | None:
    return None if value is None else _number(value, where)


def _small(value: Any, where: str) -> int:
    if _number(value, where) > MAX_LEVEL:
        _wrong(where, f"{value} is too large")
    return int(value)


def _instant(value: Any, where: str) -> datetime:
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            _wrong(where, f"{_shown(value)} is no time (ISO 8601)")
        if at.tzinfo is None:
            _wrong(where, f"{_shown(value)} has no time zone")
        return at.astimezone(UTC) if at.tzinfo is not UTC else at
    _wrong(where, f"{_shown(value)} is no time (ISO 8601)")


def _instant_or_none(value: Any, where: str) -> datetime | None:
    return None if value is None else _instant(value, where)


def _word(words: type[W], value: Any, where: str) -> W:
    try:
        return words(value)
    except ValueError:
        known = [word.value for word in words]
        near = get_close_matches(str(value), known, n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else f" ({', '.join(known)})"
        _wrong(where, f"unknown {_shown(value)}{hint}")


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _wrong(where, f"{_shown(value)} is no object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        _wrong(where, f"{_shown(value)} is no list")
    return value


def _listed(line: dict[str, Any], name: str) -> Iterable[tuple[int, Any]]:
    return enumerate(_list(line.get(name), name))


def _texts(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_text(v, f"{where}[{i}]") for i, v in enumerate(_list(value, where)))


def _person(value: Any, where: str) -> Address | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Address("", value)
    value = _object(value, where)
    name = _text(value.get("name") or "", f"{where}.name")
    return Address(name, _text(value.get("email") or "unknown@invalid", f"{where}.email"))
