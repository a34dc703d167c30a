"""What the web pages, surveys and the knowledge base ask of the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.model.ticket import Ticket
from maild.store import rows
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros

#: how far back surveys that are due are looked for: longer than any pause of the daemon
_REACH = timedelta(days=2)
_DONE = "('resolved', 'closed')"


@dataclass(frozen=True, slots=True)
class Fate:
    """What has become of a message so far."""

    done: bool
    ticket: int | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """What a solved ticket was about."""

    number: int
    department: str
    category: str | None
    subject: str


class PortalStore:
    """Small questions, each answered by an index."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- people -------------------------------------------------------------------------------

    def tickets_of(self, email: str, limit: int = 200) -> list[Ticket]:
        """The tickets a person takes part in, the latest first."""
        key = email.casefold()
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE status <> 'spam' AND id IN "
            "(SELECT id FROM ticket WHERE requester_email = ? "
            "UNION SELECT ticket FROM reader WHERE email = ?) "
            "ORDER BY updated_at DESC, id DESC LIMIT ?",
            [key, key, limit],
        )
        return [rows.ticket_of(row) for row in found]

    def knows(self, email: str) -> bool:
        """Whether this person takes part in any ticket."""
        key = email.casefold()
        row = self._engine.one(
            "SELECT 1 FROM ticket WHERE requester_email = ? UNION ALL "
            "SELECT 1 FROM reader WHERE email = ? LIMIT 1",
            [key, key],
        )
        return row is not None

    # -- messages -----------------------------------------------------------------------------

    def fate(self, intake: int) -> Fate | None:
        row = self._engine.one("SELECT state, ticket FROM intake WHERE id = ?", [intake])
        return Fate(row[0] != "new", row[1]) if row else None

    def by_external_id(self, external_id: str) -> int | None:
        """The ticket a source knows by this name."""
        row = self._engine.one("SELECT id FROM ticket WHERE external_id = ?", [external_id])
        return row[0] if row else None

    def submission(self, external_id: str) -> int | None:
        """The intake number of what a source has handed in under this name."""
        row = self._engine.one(
            "SELECT intake FROM submission WHERE external_id = ?", [external_id]
        )
        return row[0] if row else None

    def note_submission(self, external_id: str, intake: int) -> None:
        """Within the transaction that takes the message."""
        self._engine.execute(
            "INSERT INTO submission (external_id, intake) VALUES (?, ?)", [external_id, intake]
        )

    # -- links that hold once -----------------------------------------------------------------

    def is_used(self, nonce: str) -> bool:
        return self._engine.one("SELECT 1 FROM usedlink WHERE nonce = ?", [nonce]) is not None

    def use(self, nonce: str, now: datetime, until: datetime) -> bool:
        """Within a transaction: use a link up; whether this was the first time. `until` is
        when the link expires anyway: then nobody has to remember it."""
        self._engine.execute("DELETE FROM usedlink WHERE until < ?", [to_micros(now)])
        row = self._engine.one(
            "INSERT INTO usedlink (nonce, until) VALUES (?, ?) "
            "ON CONFLICT (nonce) DO NOTHING RETURNING nonce",
            [nonce, to_micros(until)],
        )
        return row is not None

    # -- articles -----------------------------------------------------------------------------

    def vote(self, article: str, voter: str, *, useful: bool) -> None:
        """Within a transaction: whether an article helped; a voter's last word counts."""
        self._engine.execute(
            "INSERT INTO articlevote (article, voter, useful) VALUES (?, ?, ?) "
            "ON CONFLICT (article, voter) DO UPDATE SET useful = excluded.useful",
            [article, voter, useful],
        )

    def usefulness(self, article: str) -> tuple[int, int]:
        """How many it helped, of how many who said so."""
        row = self._engine.one(
            "SELECT coalesce(sum(CASE WHEN useful THEN 1 ELSE 0 END), 0), count(*) "
            "FROM articlevote WHERE article = ?",
            [article],
        )
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def solved_since(self, since: datetime, limit: int = 50_000) -> list[Solved]:
        """Tickets solved since then, the latest first."""
        found = self._engine.rows(
            f"SELECT id, department, category, subject FROM ticket WHERE status IN {_DONE} "
            "AND resolved_at >= ? AND merged_into IS NULL "
            "ORDER BY resolved_at DESC, id DESC LIMIT ?",
            [to_micros(since), limit],
        )
        return [Solved(*row) for row in found]

    def asked_before(self, cause: str) -> dict[str, datetime]:
        """Letters written for causes that begin so: the cause, and when."""
        found = self._engine.rows(
            "SELECT cause, min(created) FROM letter WHERE cause >= ? AND cause < ? "
            "GROUP BY cause",
            [cause, cause[:-1] + chr(ord(cause[-1]) + 1)],
        )
        return {row[0]: from_micros(row[1]) for row in found}

    # -- surveys ------------------------------------------------------------------------------

    def surveyed_since(self, email: str, since: datetime, but: int) -> bool:
        """Whether somebody was asked since then about a ticket other than `but`."""
        row = self._engine.one(
            "SELECT 1 FROM ticket t JOIN event e ON e.ticket = t.id "
            "WHERE t.requester_email = ? AND t.id <> ? AND e.kind = 'survey_sent' "
            "AND e.at > ? LIMIT 1",
            [email.casefold(), but, to_micros(since)],
        )
        return row is not None

    def surveys_due(
        self, now: datetime, after: timedelta, apart: timedelta, limit: int = 500
    ) -> Sequence[int]:
        """Tickets solved `after` ago, still solved, not asked about since, of people who
        were not asked about another ticket for as long as `apart`."""
        until = now - after
        found = self._engine.rows(
            f"SELECT id FROM ticket t WHERE status IN {_DONE} AND resolved_at <= ? "
            "AND resolved_at > ? AND NOT EXISTS (SELECT 1 FROM event e WHERE e.ticket = t.id "
            "AND e.kind = 'survey_sent' AND e.at >= t.resolved_at) "
            "AND NOT EXISTS (SELECT 1 FROM ticket o JOIN event e ON e.ticket = o.id "
            "WHERE o.requester_email = t.requester_email AND o.id <> t.id "
            "AND e.kind = 'survey_sent' AND e.at > ?) ORDER BY id LIMIT ?",
            [to_micros(until), to_micros(until - _REACH), to_micros(now - apart), limit],
        )
        return [row[0] for row in found]

    def reminders_due(self, now: datetime, after: timedelta, limit: int = 500) -> Sequence[int]:
        """Tickets whose survey went out that long ago and was neither answered, voided nor
        reminded of."""
        until = now - after
        found = self._engine.rows(
            "SELECT t.id FROM event s JOIN ticket t ON t.id = s.ticket "
            f"WHERE s.kind = 'survey_sent' AND s.at <= ? AND s.at > ? AND t.status IN {_DONE} "
            "AND NOT EXISTS (SELECT 1 FROM event e WHERE e.ticket = t.id AND e.at >= s.at "
            "AND e.kind IN ('rated', 'reminded')) AND t.rating_score IS NULL "
            "AND t.resolved_at <= s.at ORDER BY t.id LIMIT ?",
            [to_micros(until), to_micros(until - _REACH), limit],
        )
        return [row[0] for row in found]
