"""Tickets with their events, streamed for reports; and what reports were sent when."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from maild.model.ticket import Event, EventKind, Status, Ticket
from maild.reports.history import History
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_json, to_micros

CHUNK = 500
#: the ways in which a message is accounted for (CONTRACT section 1, `verify`)
OUTCOMES = frozenset(
    "ticket reply command question automatic bounce dropped stub duplicate waiting held "
    "expired failed forgotten".split()
)


class Histories:
    """What reports are made of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def around(self, start: datetime, end: datetime, since: datetime) -> Iterator[History]:
        """Every ticket that matters to a report on [start, end), once, by number.

        Whole where anything happened since `start` or work is left; those that were created
        since `since` and are done count only for what recurs, so their events are not read.
        """
        after = 0
        while chunk := self._tickets(after, start, end, since):
            after = chunk[-1].id
            alive = [t for t in chunk if t.updated_at >= start or not t.status.done]
            events = self._events([ticket.id for ticket in alive])
            for ticket in chunk:
                known = events.get(ticket.id)
                yield History(ticket, known if known is not None else _outline(ticket))

    def _tickets(
        self, after: int, start: datetime, end: datetime, since: datetime
    ) -> list[Ticket]:
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE id > ? AND created_at < ? "
            "AND (updated_at >= ? OR created_at >= ? "
            "OR status IN ('new', 'open', 'pending', 'on_hold')) ORDER BY id LIMIT ?",
            [after, to_micros(end), to_micros(start), to_micros(since), CHUNK],
        )
        return [rows.ticket_of(row) for row in found]

    def _events(self, tickets: Sequence[int]) -> dict[int, list[Event]]:
        if not tickets:
            return {}
        marks = ", ".join("?" * len(tickets))
        found = self._engine.rows(
            f"SELECT {rows.EVENT} FROM event WHERE ticket IN ({marks}) ORDER BY ticket, at, id",
            list(tickets),
        )
        events: dict[int, list[Event]] = {ticket: [] for ticket in tickets}
        for row in found:
            events[row[1]].append(rows.event_of(row))
        return events

    def balance(self, start: datetime, end: datetime) -> dict[str, int]:
        """What became of every message that arrived in [start, end): `arrived`, a number for
        each outcome, and `unaccounted`, which is 0 as long as none is lost."""
        found = self._engine.rows(
            "SELECT coalesce(outcome, state), count(*) FROM intake "
            "WHERE received >= ? AND received < ? GROUP BY coalesce(outcome, state)",
            [to_micros(start), to_micros(end)],
        )
        names = {"new": "waiting"}
        counted = {names.get(outcome, outcome): int(number) for outcome, number in found}
        known = sum(number for outcome, number in counted.items() if outcome in OUTCOMES)
        arrived = sum(counted.values())
        return {"arrived": arrived, **counted, "unaccounted": arrived - known}

    # -- slots --------------------------------------------------------------------------------

    def installed(self) -> datetime:
        """Since when this store exists: nothing is owed for the time before."""
        row = self._engine.one("SELECT value FROM note WHERE name = 'installed'")
        return from_micros(int(row[0])) if row else from_micros(0)

    def slot_is_done(self, job: str, at: datetime) -> bool:
        row = self._engine.one(
            "SELECT 1 FROM slot WHERE job = ? AND at = ?", [job, to_micros(at)]
        )
        return row is not None

    def take_slot(self, job: str, at: datetime, now: datetime, result: Any = None) -> bool:
        """Within the caller's transaction: this slot is done now; False if it was already."""
        row = self._engine.one(
            "INSERT INTO slot (job, at, done, result) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (job, at) DO NOTHING RETURNING job",
            [job, to_micros(at), to_micros(now), None if result is None else to_json(result)],
        )
        return row is not None

    def ask(self, wish: dict[str, str], now: datetime) -> None:
        """Within the caller's transaction: somebody wants a report; the timetable makes it."""
        self._engine.execute(
            "INSERT INTO slot (job, at, done, result) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (job, at) DO NOTHING",
            [f"ask:{wish['cause']}", to_micros(now), to_micros(now), to_json(wish)],
        )

    def asked(self) -> list[dict[str, str]]:
        """What was asked for and is not made yet, oldest first."""
        found = self._engine.rows(
            "SELECT result FROM slot WHERE job LIKE ? ORDER BY at", ["ask:%"]
        )
        return [json.loads(row[0]) for row in found]

    def answered(self, cause: str) -> bool:
        """Within the caller's transaction: that one is made; False if somebody else did."""
        done = self._engine.execute("DELETE FROM slot WHERE job = ?", [f"ask:{cause}"])
        return bool(done.rowcount)

    def result_of(self, job: str, at: datetime) -> Any:
        """The figures kept with a report that was sent."""
        row = self._engine.one(
            "SELECT result FROM slot WHERE job = ? AND at = ?", [job, to_micros(at)]
        )
        return json.loads(row[0]) if row and row[0] else None


def _outline(ticket: Ticket) -> list[Event]:
    """Created, and what it is today: enough to know what recurs."""
    created = {
        "channel": ticket.channel,
        "department": ticket.department,
        "priority": ticket.priority.value,
        "level": ticket.level,
    }
    actor = f"customer:{ticket.requester.key}"
    events = [Event(ticket.id, ticket.created_at, EventKind.CREATED, actor, created)]
    if ticket.status is not Status.NEW:
        change = {"from": Status.NEW.value, "to": ticket.status.value, "reason": None}
        events.append(Event(ticket.id, ticket.updated_at, EventKind.STATUS, "system", change))
    return events
