"""Figures about the store itself, for `/metrics`, `/healthz` and warnings: read, never kept.

So one small process can tell of all the others, and a restart resets nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from maild.store.engine import Engine
from maild.store.fields import instant_or_none, to_micros

_LIVE = "('new', 'open', 'pending', 'on_hold')"
_WAITS = "state IN ('queued', 'deferred')"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Letters that should have left: how many, to how many people, since when."""

    count: int
    people: int
    oldest: datetime | None
    error: str


class Gauges:
    """Each call is one query or a few."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- queues -------------------------------------------------------------------------------

    def oldest_intake(self) -> datetime | None:
        """When the mail that waits longest for its ticket came."""
        return self._instant("SELECT min(received) FROM intake WHERE state = 'new'")

    def late_letters(self, now: datetime, grace: timedelta) -> Waiting:
        """Letters written longer than `grace` ago that wait still."""
        until = to_micros(now - grace)
        row = self._engine.one(
            "SELECT count(*), count(DISTINCT recipient), min(created), max(error) "
            f"FROM letter WHERE {_WAITS} AND created <= ?",
            [until],
        )
        assert row is not None
        return Waiting(row[0], row[1], instant_or_none(row[2]), row[3] or "")

    def oldest_letter(self) -> datetime | None:
        return self._instant(f"SELECT min(created) FROM letter WHERE {_WAITS}")

    def last_sent(self) -> datetime | None:
        """When one of the latest letters left."""
        return self._instant(
            "SELECT max(sent_at) FROM (SELECT sent_at FROM letter ORDER BY id DESC LIMIT 1000) "
            "AS latest"
        )

    # -- counts -------------------------------------------------------------------------------

    def intake(self) -> dict[tuple[str, str], int]:
        """Messages ever taken in, by state and outcome."""
        return self._counts(
            "SELECT state, coalesce(outcome, ''), count(*) FROM intake GROUP BY 1, 2"
        )

    def letters(self) -> dict[tuple[str, str], int]:
        """Letters ever written, by state and type."""
        return self._counts("SELECT state, type, count(*) FROM letter GROUP BY 1, 2")

    def tickets(self) -> dict[tuple[str, str, str], int]:
        """Tickets that are not done, by status, department and priority."""
        return self._counts(
            "SELECT status, department, priority, count(*) FROM ticket "
            f"WHERE status IN {_LIVE} GROUP BY 1, 2, 3"
        )

    def events(self) -> dict[tuple[str], int]:
        """SLA warnings and breaches and failed deliveries ever, by kind."""
        return self._counts(
            "SELECT kind, count(*) FROM event "
            "WHERE kind IN ('sla_warning', 'sla_breach', 'delivery_failed') GROUP BY 1"
        )

    def overdue(self, now: datetime) -> dict[str, int]:
        """Live tickets past a due time, by clock."""
        clocks = ("first_response", "next_response", "resolution", "level")
        columns = ", ".join(f"sum(CASE WHEN due_{c} < ? THEN 1 ELSE 0 END)" for c in clocks)
        row = self._engine.one(
            f"SELECT {columns} FROM ticket WHERE status IN {_LIVE}", [to_micros(now)] * 4
        )
        return {c: int(n or 0) for c, n in zip(clocks, row or (), strict=True)}

    def mailbox_looks(self) -> dict[str, datetime]:
        """The last look at each mailbox that found everything there was."""
        rows = self._engine.rows(
            "SELECT account, max(last_poll) FROM mailbox WHERE last_poll IS NOT NULL "
            "GROUP BY account"
        )
        found = {account: instant_or_none(at) for account, at in rows}
        return {account: at for account, at in found.items() if at is not None}

    def has_taken(self, message_id: str) -> bool:
        """Whether a mail with this id has come in and was dealt with."""
        sql = "SELECT 1 FROM intake WHERE message_id = ? LIMIT 1"
        return self._engine.one(sql, [message_id]) is not None

    def newest_intake(self) -> datetime | None:
        """When the latest mail came."""
        return self._instant("SELECT max(received) FROM intake")

    def heartbeat(self, now: datetime) -> None:
        """Write something. Raises `Temporary` or `StoreUnusable` where that is impossible."""
        with self._engine.write():
            self._engine.execute(
                "INSERT INTO note (name, value) VALUES ('heartbeat', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [str(to_micros(now))],
            )

    def _instant(self, sql: str) -> datetime | None:
        row = self._engine.one(sql)
        return instant_or_none(row[0]) if row else None

    def _counts(self, sql: str) -> dict[Any, int]:
        return {tuple(row[:-1]): int(row[-1]) for row in self._engine.rows(sql)}
