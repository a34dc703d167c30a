"""What the rules saw of each mail, and what they decided: kept so that other rules can be
tried on the past without reading a year of raw mail again.

A row belongs to its raw mail and goes when that goes (retention, `maild forget`).
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from maild.model.ticket import Priority
from maild.rules import Decision, Facts, Stored
from maild.rules.reading import MAX_BODY, MAX_SUBJECT
from maild.rules.replay import shown
from maild.store.engine import Engine
from maild.store.fields import to_json, to_micros

_CHUNK = 500
_FIELDS = tuple(field.name for field in fields(Facts))
_LISTS = ("to", "cc", "tags", "attachments")


class Packed(NamedTuple):
    """One row: what `unpack` takes."""

    ticket: int | None
    message: int | None
    content: bytes


class Sightings:
    """The rules' past, one row for each mail they were asked about."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, intake: int, decision: Decision) -> None:
        """Within the caller's transaction; nothing where the raw mail is gone already."""
        if decision.facts is None:
            return
        self._engine.execute(
            "INSERT INTO sighting (intake, content) SELECT intake, ? FROM raw WHERE intake = ? "
            "ON CONFLICT (intake) DO UPDATE SET content = excluded.content",
            [pack(decision), intake],
        )

    def since(self, at: datetime) -> Iterator[Stored]:
        """Every mail received since then, in order, a few hundred in memory at a time."""
        return (unpack(*each) for each in self.packed_since(at))

    def packed_since(self, at: datetime) -> Iterator[Packed]:
        """The same before it is unpacked: small, to be handed to another process."""
        last = 0
        while rows := self._chunk(last, at):
            last = rows[-1][0]
            for _, ticket, message, content in rows:
                yield Packed(ticket, message, bytes(content))

    def _chunk(self, after: int, at: datetime) -> list[tuple[Any, ...]]:
        return self._engine.rows(
            "SELECT s.intake, i.ticket, i.message, s.content FROM sighting s "
            "JOIN intake i ON i.id = s.intake "
            "WHERE s.intake > ? AND i.received >= ? ORDER BY s.intake LIMIT ?",
            [after, to_micros(at), _CHUNK],
        )


def pack(decision: Decision) -> bytes:
    """Facts and decision, small; only as much text as rules look at."""
    assert decision.facts is not None
    facts = decision.facts
    seen = {name: getattr(facts, name) for name in _FIELDS}
    seen |= {"subject": facts.subject[:MAX_SUBJECT], "body": facts.body[:MAX_BODY]}
    kept = {"on": decision.on, "done": shown(decision), "facts": seen}
    return zlib.compress(to_json(kept).encode("utf-8", "surrogatepass"), 1)


def unpack(ticket: int | None, message: int | None, content: bytes) -> Stored:
    """The mail as the rules saw it then."""
    kept = json.loads(zlib.decompress(content).decode("utf-8", "surrogatepass"))
    seen = {name: value for name, value in kept["facts"].items() if name in _FIELDS}
    seen["headers"] = tuple((name, value) for name, value in seen["headers"])
    seen["priority"] = Priority(seen["priority"])
    seen |= {name: tuple(seen[name]) for name in _LISTS}
    return Stored(ticket, message, Facts(**seen), kept["on"], kept["done"])
