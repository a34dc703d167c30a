"""Handing over: every ticket as a line of JSON, or all that is kept on one person.

Reads page by page in one picture of the store, so that a copy made while the daemon works
fits together.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any, Final

from maild.model.as_json import timestamp, whole_json
from maild.model.ticket import Event, Message
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import from_micros, instant_or_none

_PAGE: Final = 200


def export_all(engine: Engine, tag: str) -> Iterator[dict[str, Any]]:
    """Every ticket, whole, by number (CONTRACT section 5)."""
    with engine.reading():
        last = 0
        while numbers := _numbers(engine, last):
            yield from _wholes(engine, numbers, tag)
            last = numbers[-1]


def export_person(engine: Engine, tag: str, email: str) -> Iterator[dict[str, Any]]:
    """All that is kept on one: his tickets, then lines `{"letter": …}`, `{"mail": …}`,
    `{"file": …}`, `{"address": …}`."""
    with engine.reading():
        numbers = tickets_with(engine, email)
        files: dict[str, str] = {}
        for start in range(0, len(numbers), _PAGE):
            for whole in _wholes(engine, numbers[start : start + _PAGE], tag):
                files |= {
                    entry["sha256"]: entry["filename"]
                    for message in whole["messages"]
                    for entry in message["attachments"]
                }
                yield whole
        yield from _letters_to(engine, email)
        yield from _mails_of(engine, numbers, email)
        yield from _files(engine, files)
        yield from _address(engine, email)


def tickets_with(engine: Engine, email: str) -> list[int]:
    """The tickets somebody takes or took part in, by number."""
    key = email.casefold()
    found = engine.rows(
        "SELECT id FROM ticket WHERE requester_email = ? "
        "UNION SELECT ticket FROM reader WHERE email = ? "
        "UNION SELECT ticket FROM message WHERE lower(sender_email) = ? ORDER BY 1",
        [key, key, key],
    )
    return [row[0] for row in found]


def as_line(value: dict[str, Any]) -> str:
    """One JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


# -- tickets -----------------------------------------------------------------------------------


def _numbers(engine: Engine, after: int) -> list[int]:
    found = engine.rows(
        "SELECT id FROM ticket WHERE id > ? ORDER BY id LIMIT ?", [after, _PAGE]
    )
    return [row[0] for row in found]


def _wholes(engine: Engine, numbers: Sequence[int], tag: str) -> Iterator[dict[str, Any]]:
    marks = ", ".join("?" * len(numbers))
    messages: dict[int, list[Message]] = {}
    events: dict[int, list[Event]] = {}
    for row in engine.rows(
        f"SELECT {rows.MESSAGE} FROM message WHERE ticket IN ({marks}) ORDER BY at, id",
        list(numbers),
    ):
        messages.setdefault(row[1], []).append(rows.message_of(row))
    for row in engine.rows(
        f"SELECT {rows.EVENT} FROM event WHERE ticket IN ({marks}) ORDER BY at, id",
        list(numbers),
    ):
        events.setdefault(row[1], []).append(rows.event_of(row))
    for row in engine.rows(
        f"SELECT {rows.TICKET} FROM ticket WHERE id IN ({marks}) ORDER BY id", list(numbers)
    ):
        ticket = rows.ticket_of(row)
        yield whole_json(ticket, messages.get(ticket.id, []), events.get(ticket.id, []), tag)


# -- one person --------------------------------------------------------------------------------


def _letters_to(engine: Engine, email: str) -> Iterator[dict[str, Any]]:
    found = engine.rows(
        "SELECT type, ticket, created, state, sent_at, body FROM letter WHERE recipient = ? "
        "ORDER BY id",
        [email.casefold()],
    )
    for type, ticket, created, state, sent_at, body in found:
        words = json.loads(body) if body else {}
        yield {
            "letter": {
                "type": type,
                "ticket": ticket,
                "at": timestamp(from_micros(created)),
                "state": state,
                "sent_at": timestamp(instant_or_none(sent_at)),
                "subject": words.get("subject"),
                "text": words.get("text"),
            }
        }


def _mails_of(engine: Engine, tickets: Sequence[int], email: str) -> Iterator[dict[str, Any]]:
    """His mails as they came in."""
    found = engine.rows(
        "SELECT i.id, i.received, i.source, i.remote, i.outcome, i.ticket FROM intake i "
        "LEFT JOIN message m ON m.id = i.message "
        "WHERE lower(i.sender) = ? OR lower(m.sender_email) = ? ORDER BY i.id",
        [email.casefold(), email.casefold()],
    )
    for number, received, source, remote, outcome, ticket in found:
        raw = engine.one("SELECT content FROM raw WHERE intake = ?", [number])
        yield {
            "mail": {
                "at": timestamp(from_micros(received)),
                "source": source,
                "remote": remote,
                "outcome": outcome,
                "ticket": ticket,
                "raw": b64encode(raw[0]).decode() if raw else None,
            }
        }


def _files(engine: Engine, files: dict[str, str]) -> Iterator[dict[str, Any]]:
    for name, filename in files.items():
        row = engine.one("SELECT content FROM blob WHERE sha256 = ?", [name])
        if row:
            content = b64encode(row[0]).decode()
            yield {"file": {"sha256": name, "filename": filename, "content": content}}


def _address(engine: Engine, email: str) -> Iterator[dict[str, Any]]:
    row = engine.one(
        "SELECT email, proven_at, muted_until, mute_reason, language FROM address "
        "WHERE email = ?",
        [email.casefold()],
    )
    if row:
        yield {
            "address": {
                "email": row[0],
                "proven_at": timestamp(instant_or_none(row[1])),
                "muted_until": timestamp(instant_or_none(row[2])),
                "mute_reason": row[3],
                "language": row[4],
            }
        }
