"""What lies ahead of tickets: one row for each appointment, found by its instant.

A row only says when to look; what is then done is decided from the ticket's history.
"""

from collections.abc import Sequence
from datetime import datetime

from maild.desk.case import Appointment
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros

_ALIVE = "('new', 'open', 'pending', 'on_hold', 'resolved')"
_PLAN = "plan"


class Alarms:
    """The appointments of all tickets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set(self, ticket: int, appointments: Sequence[Appointment], *, new: bool) -> None:
        """Within the caller's transaction: these, and no others."""
        if not new:
            self._engine.execute("DELETE FROM alarm WHERE ticket = ?", [ticket])
        if not appointments:
            return
        marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(appointments))
        self._engine.execute(
            f"INSERT INTO alarm (ticket, at, clock, visit, step, kind) VALUES {marks}",
            [
                value
                for a in appointments
                for value in (ticket, to_micros(a.at), a.clock, a.visit, a.step, a.kind)
            ],
        )

    def due(self, now: datetime, limit: int = 200) -> list[int]:
        """Tickets that have an appointment by now, the longest overdue first."""
        found = self._engine.rows(
            "SELECT ticket FROM alarm WHERE at <= ? ORDER BY at LIMIT ?",
            [to_micros(now), limit],
        )
        return list(dict.fromkeys(row[0] for row in found))

    def postpone(self, ticket: int, until: datetime) -> None:
        """Within the caller's transaction: look again later (something went wrong)."""
        self._engine.execute(
            "UPDATE alarm SET at = ? WHERE ticket = ? AND at < ?",
            [to_micros(until), ticket, to_micros(until)],
        )

    def of(self, ticket: int) -> list[Appointment]:
        """What lies ahead of one ticket, the next first."""
        found = self._engine.rows(
            "SELECT at, clock, visit, step, kind FROM alarm WHERE ticket = ? ORDER BY at, id",
            [ticket],
        )
        return [Appointment(from_micros(row[0]), *row[1:]) for row in found]

    # -- planning anew ----------------------------------------------------------------------

    def alive_after(self, ticket: int, limit: int) -> list[int]:
        """The next tickets, by number, that can have appointments."""
        found = self._engine.rows(
            f"SELECT id FROM ticket WHERE id > ? AND status IN {_ALIVE} ORDER BY id LIMIT ?",
            [ticket, limit],
        )
        return [row[0] for row in found]

    def alive_since(self, at: datetime) -> list[int]:
        """Those of them that have changed since then."""
        found = self._engine.rows(
            f"SELECT id FROM ticket WHERE updated_at >= ? AND status IN {_ALIVE} ORDER BY id",
            [to_micros(at)],
        )
        return [row[0] for row in found]

    def plan(self) -> tuple[str, int | None]:
        """By which rules all is planned, and up to which ticket; None: to the end."""
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [_PLAN])
        rules, _, reached = (row[0] if row else "").partition(" ")
        return rules, int(reached) if reached else None

    def note_plan(self, rules: str, reached: int | None) -> None:
        """Within the caller's transaction."""
        value = rules if reached is None else f"{rules} {reached}"
        self._engine.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [_PLAN, value],
        )
