"""Looking things up for people: lists, one ticket whole, the queues. Changes nothing but
what `queue retry`, `queue drop` and `queue unmute` ask for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.model.ticket import Event, Message, Ticket
from maild.store import rows
from maild.store.casebook import Casebook
from maild.store.engine import Engine
from maild.store.fields import from_micros, instant_or_none, to_micros
from maild.store.outbox import HOLDABLE
from maild.store.search import Search
from maild.store.troubles import HELD_BACK

_HELD = (
    f"state IN ('queued', 'deferred') AND {HOLDABLE} "
    f"AND EXISTS (SELECT 1 FROM note WHERE name = 'trouble:{HELD_BACK}')"
)
_STATE = f"CASE WHEN {_HELD} THEN 'held' ELSE state END"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `maild list` shows: only tickets that fit every filter given."""

    status: str | None = None
    department: str | None = None
    level: int | None = None
    assignee: str | None = None
    requester: str | None = None
    since: datetime | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One thing not yet done."""

    id: str  #: "in17" | "out23"
    what: str  #: intake | letter
    kind: str  #: the door, or the letter's type
    ticket: int | None
    to: str
    state: str
    attempts: int
    next_at: datetime | None
    error: str | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Muted:
    """An address that failed: until then it gets nothing but people's words."""

    email: str
    until: datetime
    reason: str


class Browse:
    """Read-only views of the store."""

    def __init__(self, engine: Engine, cases: Casebook) -> None:
        self._engine = engine
        self._cases = cases
        self._search = Search(engine)

    def tickets(self, wanted: Wanted) -> tuple[list[Ticket], int]:
        """The newest tickets that fit, and how many fit in all."""
        conditions, values = _conditions(wanted)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        total = self._engine.one(f"SELECT count(*) FROM ticket{where}", values)
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket{where} ORDER BY id DESC LIMIT ?",
            [*values, wanted.limit],
        )
        return [rows.ticket_of(row) for row in found], int(total[0]) if total else 0

    def search(self, words: str, limit: int = 100) -> list[Ticket]:
        """Tickets with a message in which every word occurs (`store.search`), newest first."""
        self._search.catch_up()
        numbers = self._search.tickets(words, limit)
        if not numbers:
            return []
        marks = ", ".join("?" * len(numbers))
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE id IN ({marks}) ORDER BY id DESC", numbers
        )
        return [rows.ticket_of(row) for row in found]

    def open_in(self, departments: Sequence[str], limit: int = 100) -> list[Ticket]:
        """What is not done in these departments, the most urgent and oldest first."""
        marks = ", ".join("?" * len(departments)) or "NULL"
        return self._open(f"department IN ({marks})", list(departments), limit)

    def open_of(self, assignee: str, limit: int = 100) -> list[Ticket]:
        """What is not done and this agent's."""
        return self._open("assignee = ?", [assignee], limit)

    def _open(self, condition: str, values: list[Any], limit: int) -> list[Ticket]:
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE {condition} "
            "AND status IN ('new', 'open', 'pending', 'on_hold') "
            "ORDER BY CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 "
            "WHEN 'normal' THEN 2 ELSE 3 END, id LIMIT ?",
            [*values, limit],
        )
        return [rows.ticket_of(row) for row in found]

    def whole(self, number: int) -> tuple[Ticket, list[Message], list[Event]] | None:
        """A ticket with its messages and events."""
        ticket = self._cases.ticket(number)
        if ticket is None:
            return None
        return ticket, self._cases.messages(number), self._cases.events(number)

    def decisions(self, ticket: int) -> list[dict[str, Any]]:
        """The decision records of every mail of a ticket, oldest first."""
        found = self._engine.rows(
            "SELECT id, received, outcome, state, message, message_id, why, error FROM intake "
            "WHERE ticket = ? ORDER BY id",
            [ticket],
        )
        return [
            {
                "intake": row[0],
                "received": from_micros(row[1]),
                "outcome": row[2] or row[3],
                "message": row[4],
                "message_id": row[5],
                "error": row[7],
                **(json.loads(row[6]) if row[6] else {}),
            }
            for row in found
        ]

    # -- the queues -------------------------------------------------------------------------

    def counts(self) -> dict[str, dict[str, int]]:
        """How much waits at each end; `held` letters are named where there are any."""
        intake = dict(
            self._engine.rows(
                "SELECT state, count(*) FROM intake WHERE state <> 'done' GROUP BY state"
            )
        )
        outgoing = dict(
            self._engine.rows(
                f"SELECT {_STATE}, count(*) FROM letter "
                "WHERE state NOT IN ('sent', 'cancelled') GROUP BY 1"
            )
        )
        return {
            "intake": {
                "pending": intake.get("new", 0),
                "held": intake.get("held", 0),
                "failed": intake.get("failed", 0),
            },
            "outgoing": {
                "pending": outgoing.get("queued", 0),
                "deferred": outgoing.get("deferred", 0),
                "failed": outgoing.get("failed", 0),
                "kept": outgoing.get("kept", 0),
                **{name: count for name, count in outgoing.items() if name == "held"},
            },
        }

    def queue(self, limit: int = 500) -> list[QueueItem]:
        """What is not done yet, intake first."""
        intake = self._engine.rows(
            "SELECT id, source, ticket, recipients, state, attempts, next_at, error, "
            "message_id FROM intake WHERE state <> 'done' ORDER BY id LIMIT ?",
            [limit],
        )
        letters = self._engine.rows(
            f"SELECT id, type, ticket, recipient, {_STATE}, attempts, next_at, error, "
            "message_id FROM letter WHERE state NOT IN ('sent', 'cancelled') "
            "ORDER BY id LIMIT ?",
            [limit],
        )
        return [
            *(_item("intake", row, ", ".join(json.loads(row[3]))) for row in intake),
            *(_item("letter", row, row[3]) for row in letters),
        ]

    def retry_letter(self, number: int, now: datetime) -> bool:
        """Send a letter now, whatever kept it, as if a person had written it; whether there
        was one to send."""
        with self._engine.write():
            done = self._engine.execute(
                "UPDATE letter SET state = 'queued', urgency = 0, next_at = ?, "
                "lease_until = NULL WHERE id = ? "
                "AND state IN ('deferred', 'failed', 'kept', 'queued')",
                [to_micros(now), number],
            )
            return bool(done.rowcount)

    def release_held(self, now: datetime) -> int:
        """Send all automatic letters that are held back; how many there were."""
        with self._engine.write():
            done = self._engine.execute(
                f"UPDATE letter SET state = 'queued', urgency = 0, next_at = ? WHERE {_HELD}",
                [to_micros(now)],
            )
            return int(done.rowcount)

    def drop_held(self) -> int:
        """None of them shall leave; how many there were."""
        with self._engine.write():
            done = self._engine.execute(
                f"UPDATE letter SET state = 'cancelled', lease_until = NULL WHERE {_HELD}"
            )
            return int(done.rowcount)

    def drop_letter(self, number: int) -> bool:
        """A letter that shall not leave."""
        with self._engine.write():
            done = self._engine.execute(
                "UPDATE letter SET state = 'cancelled', lease_until = NULL "
                "WHERE id = ? AND state IN ('queued', 'deferred', 'failed', 'kept')",
                [number],
            )
            return bool(done.rowcount)

    def drop_intake(self, number: int) -> bool:
        """A waiting message that shall open nothing."""
        with self._engine.write():
            done = self._engine.execute(
                "UPDATE intake SET state = 'done', outcome = 'dropped', "
                "error = 'dropped by hand' WHERE id = ? AND state <> 'done'",
                [number],
            )
            return bool(done.rowcount)

    def muted(self, now: datetime) -> list[Muted]:
        """Addresses that failed hard, the latest first."""
        found = self._engine.rows(
            "SELECT email, muted_until, mute_reason FROM address WHERE muted_until > ? "
            "ORDER BY muted_until DESC, email",
            [to_micros(now)],
        )
        return [Muted(email, from_micros(until), why or "") for email, until, why in found]

    def unmute(self, email: str) -> bool:
        """Whoever asks knows that the address works again."""
        with self._engine.write():
            done = self._engine.execute(
                "UPDATE address SET muted_until = NULL, mute_reason = NULL "
                "WHERE email = ? AND muted_until IS NOT NULL",
                [email.casefold()],
            )
            return bool(done.rowcount)

    def raw(self, number: int) -> bytes | None:
        """The bytes of an intake message."""
        row = self._engine.one("SELECT content FROM raw WHERE intake = ?", [number])
        return bytes(row[0]) if row else None


def _item(what: str, row: tuple[Any, ...], to: str) -> QueueItem:
    number, kind, ticket, _, state, attempts, next_at, error, message_id = row
    names = {"new": "pending", "queued": "pending"}
    return QueueItem(
        id=f"{'in' if what == 'intake' else 'out'}{number}",
        what=what,
        kind=kind,
        ticket=ticket,
        to=to,
        state=names.get(state, state),
        attempts=attempts,
        next_at=instant_or_none(next_at),
        error=error,
        message_id=message_id,
    )


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    columns = {
        "status = ?": wanted.status,
        "department = ?": wanted.department,
        "level = ?": wanted.level,
        "assignee = ?": wanted.assignee,
        "requester_email = ?": wanted.requester and wanted.requester.casefold(),
        "created_at >= ?": wanted.since and to_micros(wanted.since),
    }
    given = {condition: value for condition, value in columns.items() if value is not None}
    return list(given), list(given.values())


def _escape(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
