"""Calls to webhooks: which events are to be told to whom, and which were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.model.ticket import Event
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros

#: events older than this are history, not news
NEWS = timedelta(hours=24)
_OVERLAP = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """One event to be told to one webhook."""

    hook: str
    event: int
    body: str
    attempts: int
    created: datetime


class HookStore:
    """The outbox of webhooks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reached(self, hook: str) -> int:
        """The event up to which this webhook's events were looked through. A new webhook
        begins with what happens from now on."""
        name = f"hook:{hook}"
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [name])
        if row is None:
            newest = self._engine.one("SELECT coalesce(max(id), 0) FROM event")
            row = (str(newest[0] if newest else 0),)
            with self._engine.write():
                self._note(f"{name}:first", int(row[0]))
                self._note(name, int(row[0]))
        return int(row[0])

    def untold(
        self, hook: str, kinds: Sequence[str], reached: int, since: datetime
    ) -> list[Event]:
        """Newer events of these kinds that are not on their way yet, in order. Numbers of
        events that were written at the same time may come a little out of order."""
        first = self._engine.one(
            "SELECT value FROM note WHERE name = ?", [f"hook:{hook}:first"]
        )
        after = max(reached - _OVERLAP, int(first[0]) if first else 0)
        marks = ", ".join("?" * len(kinds))
        found = self._engine.rows(
            f"SELECT {rows.EVENT} FROM event e WHERE id > ? AND at >= ? AND kind IN ({marks}) "
            "AND NOT EXISTS (SELECT 1 FROM hookcall h WHERE h.event = e.id AND h.hook = ?) "
            "ORDER BY id LIMIT 200",
            [after, to_micros(since), *kinds, hook],
        )
        return [rows.event_of(row) for row in found]

    def note_reached(self, hook: str, event: int) -> None:
        """Within a transaction."""
        self._note(f"hook:{hook}", event)

    def _note(self, name: str, number: int) -> None:
        self._engine.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) "
            "DO UPDATE SET value = excluded.value",
            [name, str(number)],
        )

    def post(self, hook: str, event: int, body: str, now: datetime) -> None:
        """Within a transaction: a call to be made."""
        self._engine.execute(
            "INSERT INTO hookcall (hook, event, body, state, attempts, created, next_at) "
            "VALUES (?, ?, ?, 'queued', 0, ?, ?) ON CONFLICT (hook, event) DO NOTHING",
            [hook, event, body, to_micros(now), to_micros(now)],
        )

    def waiting(self, now: datetime) -> list[str]:
        """The webhooks with calls whose time has come."""
        found = self._engine.rows(
            "SELECT DISTINCT hook FROM hookcall WHERE state = 'queued' AND next_at <= ? "
            "ORDER BY hook",
            [to_micros(now)],
        )
        return [row[0] for row in found]

    def due(self, hook: str, now: datetime, limit: int = 20) -> list[Call]:
        """Calls of this webhook whose time has come, the oldest first."""
        found = self._engine.rows(
            "SELECT hook, event, body, attempts, created FROM hookcall "
            "WHERE state = 'queued' AND next_at <= ? AND hook = ? ORDER BY event LIMIT ?",
            [to_micros(now), hook, limit],
        )
        return [
            Call(hook, event, body, attempts, from_micros(created))
            for hook, event, body, attempts, created in found
        ]

    def settle(self, call: Call, state: str, error: str | None = None) -> None:
        """Within a transaction: `sent` or `failed`; its body is needed no more."""
        self._engine.execute(
            "UPDATE hookcall SET state = ?, error = ?, body = '' WHERE hook = ? AND event = ?",
            [state, error, call.hook, call.event],
        )

    def defer(self, call: Call, until: datetime, error: str) -> None:
        """Within a transaction: try again then."""
        self._engine.execute(
            "UPDATE hookcall SET attempts = attempts + 1, next_at = ?, error = ? "
            "WHERE hook = ? AND event = ?",
            [to_micros(until), error, call.hook, call.event],
        )
