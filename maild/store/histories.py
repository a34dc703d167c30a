"""Tickets with their events, streamed for reports; and what reports were sent when."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from maild.model.ticket import Event, EventKind
from maild.reports.history import History
from maild.reports.recurring import Request
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_json, to_micros

CHUNK = 100
MANY = 20_000
KINDS = {kind.value: kind for kind in EventKind}
#: the ways in which a message is accounted for (CONTRACT section 1, `verify`)
OUTCOMES = frozenset(
    "ticket reply command question automatic bounce dropped stub duplicate waiting held "
    "expired failed forgotten".split()
)


class Histories:
    """What reports are made of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def around(self, start: datetime, end: datetime) -> Iterator[History]:
        """Every ticket that matters to the figures of [start, end), once, by number, with all
        its events: created then, or before and open then or now, or something happened since.
        """
        numbers = self._numbers(to_micros(start), to_micros(end))
        for first in range(0, len(numbers), CHUNK):
            chunk = numbers[first : first + CHUNK]
            marks = ", ".join("?" * len(chunk))
            events = self._events(chunk, marks)
            found = self._engine.rows(
                f"SELECT {rows.TICKET} FROM ticket WHERE id IN ({marks}) ORDER BY id", chunk
            )
            for row in found:
                yield History(rows.ticket_of(row), events.get(row[0], ()))

    def _numbers(self, start: int, end: int) -> list[int]:
        """Closing what was solved, which happens to every ticket in the end, matters not.

        `+` keeps SQLite from an index that finds too many; CROSS JOIN, from another order.
        """
        closes = "e.kind = 'status' AND e.detail LIKE ? AND e.detail LIKE ?"
        close = ['%"to":"closed"%', '%"from":"resolved"%']
        found = self._engine.rows(
            "SELECT id FROM ticket WHERE created_at >= ? AND created_at < ? "
            "UNION SELECT id FROM ticket WHERE +created_at < ? "
            "AND status IN ('new', 'open', 'pending', 'on_hold') "
            "UNION SELECT t.id FROM event e CROSS JOIN ticket t WHERE t.id = e.ticket "
            f"AND e.at >= ? AND e.at < ? AND t.created_at < ? AND NOT ({closes}) "
            "UNION SELECT t.id FROM ticket t WHERE +t.created_at < ? AND t.updated_at >= ? AND "
            "EXISTS (SELECT 1 FROM event e WHERE e.ticket = t.id AND e.at >= ? "
            f"AND NOT ({closes})) ORDER BY 1",
            [start, end, start, start, end, start, *close, start, end, end, *close],
        )
        return [number for (number,) in found]

    def _events(self, tickets: Sequence[int], marks: str) -> dict[int, list[Event]]:
        """By ticket. Their details are one text of JSON, read at one go."""
        found = self._engine.rows(
            f"SELECT {rows.EVENT} FROM event WHERE ticket IN ({marks}) ORDER BY ticket, at, id",
            list(tickets),
        )
        details = json.loads(f"[{','.join(row[5] for row in found)}]")
        events: dict[int, list[Event]] = {}
        for (number, ticket, at, kind, actor, _), detail in zip(found, details, strict=True):
            event = Event(ticket, from_micros(at), KINDS[kind], actor, detail, number)
            events.setdefault(ticket, []).append(event)
        return events

    def are_many(self) -> bool:
        """So many tickets that a report takes seconds?"""
        row = self._engine.one("SELECT max(id) FROM ticket")
        return bool(row and row[0] and row[0] > MANY)

    def requests(self, since: datetime, until: datetime) -> list[Request]:
        """What was asked in [since, until), as far as it matters to what recurs. Departments
        are those of today."""
        found = self._engine.rows(
            "SELECT id, created_at, department, category, subject, requester_email FROM ticket "
            "WHERE created_at >= ? AND created_at < ? AND merged_into IS NULL "
            "AND status NOT IN ('merged', 'spam')",
            [to_micros(since), to_micros(until)],
        )
        return [Request(number, from_micros(at), *about) for number, at, *about in found]

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
