"""Tickets with their histories, read one after the other, for figures over a period."""

from collections.abc import Iterator
from datetime import datetime

from maild.model.ticket import Event, Ticket
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import to_micros

_PAGE = 200
_DONE = "('resolved', 'closed', 'merged', 'spam')"


class Histories:
    """Reads histories; holds one page of them at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def alive_between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[Ticket, list[Event]]]:
        """Every ticket to which something can have happened in `[start, end)`: opened before
        its end, and either not done today or changed since its start."""
        last = 0
        while tickets := self._page(last, start, end):
            last = tickets[-1].id
            events = self._events([ticket.id for ticket in tickets])
            for ticket in tickets:
                yield ticket, events.get(ticket.id, [])

    def _page(self, after: int, start: datetime, end: datetime) -> list[Ticket]:
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE id > ? AND created_at < ? "
            f"AND (updated_at >= ? OR status NOT IN {_DONE}) ORDER BY id LIMIT ?",
            [after, to_micros(end), to_micros(start), _PAGE],
        )
        return [rows.ticket_of(row) for row in found]

    def _events(self, tickets: list[int]) -> dict[int, list[Event]]:
        marks = ", ".join("?" * len(tickets))
        found: dict[int, list[Event]] = {}
        for row in self._engine.rows(
            f"SELECT {rows.EVENT} FROM event WHERE ticket IN ({marks}) ORDER BY ticket, at, id",
            tickets,
        ):
            event = rows.event_of(row)
            found.setdefault(event.ticket, []).append(event)
        return found
