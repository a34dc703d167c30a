"""The inbox: raw mail made durable at the doors, and handed to the worker in order.

What a message means is not looked at here; its content digest alone tells whether it has
been taken before. What the doors of a SQLite desk have put down in `arrivals` is entered by
whoever needs the whole picture.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from maild.desk.outcome import Outcome
from maild.ingest.digest import content_digest
from maild.interfaces import Clock
from maild.model.mail import Envelope
from maild.store.arrivals import Arrival, Arrivals, envelope_of, envelope_values
from maild.store.engine import Engine
from maild.store.fields import from_micros, micros_or_none, to_json, to_micros
from maild.store.replay import Sightings

BATCH_BYTES = 8_000_000
TOGETHER = 600  #: arrivals entered in one transaction
SHARE = 200  #: messages a worker takes at once where there may be other workers
_ADVISORY = 7301  # PostgreSQL advisory locks of intake rows


@dataclass(frozen=True, slots=True)
class Item:
    """A message of the inbox, with its bytes."""

    id: int
    received: datetime
    envelope: Envelope
    raw: bytes
    attempts: int = 0
    confirmed: bool = False  #: held once; its owner has confirmed it


class IntakeStore:
    """`interfaces.Intake`, and the worker's side of the inbox."""

    def __init__(self, engine: Engine, clock: Clock, arrivals: Arrivals | None = None) -> None:
        """`arrivals`: where doors put down mail that is to be entered here."""
        self._engine = engine
        self._clock = clock
        self._arrivals = arrivals
        self._sightings = Sightings(engine)

    # -- the doors' side ------------------------------------------------------------------

    def take(self, raw: bytes, envelope: Envelope) -> int:
        return self.take_many([(raw, envelope)])[0]

    def take_many(self, mails: Sequence[tuple[bytes, Envelope]]) -> list[int]:
        digests = [content_digest(raw) for raw, _ in mails]
        now = to_micros(self._clock.now())
        with self.adding():
            return [
                self.insert(raw, envelope, digest, now)
                for (raw, envelope), digest in zip(mails, digests, strict=True)
            ]

    @contextmanager
    def adding(self) -> Iterator[None]:
        """A transaction of the store that may `insert`: all that has arrived stands before
        it, and no door gives a number until it is committed."""
        with ExitStack() as afterwards, self._engine.write():
            if self._arrivals is not None:
                afterwards.enter_context(self._arrivals.held())
                while self._enter(self._arrivals):
                    pass
            yield

    def insert(self, raw: bytes, envelope: Envelope, digest: str, now: int) -> int:
        """One message within `adding`; a known one keeps its number."""
        number = self._add_row(raw, envelope, digest, now)
        if number is None:
            return self._add_duplicate(raw, envelope, digest, now)
        self._engine.insert_contents("raw", "intake", [(number, raw)])
        return number

    def _add_row(self, raw: bytes, envelope: Envelope, digest: str, now: int) -> int | None:
        row = self._engine.one(
            "INSERT INTO intake (received, digest, source, sender, recipients, remote, "
            "department, silent, size, state, attempts, confirmed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', 0, FALSE) "
            "ON CONFLICT (digest) DO NOTHING RETURNING id",
            [now, digest, *envelope_values(envelope), len(raw)],
        )
        return int(row[0]) if row else None

    def _add_duplicate(self, raw: bytes, envelope: Envelope, digest: str, now: int) -> int:
        first = self._engine.one("SELECT id FROM intake WHERE digest = ?", [digest])
        assert first is not None
        self._engine.execute(
            "INSERT INTO intake (received, same_as, source, sender, recipients, remote, "
            "department, silent, size, state, outcome, attempts, confirmed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'done', 'duplicate', 0, FALSE)",
            [now, first[0], *envelope_values(envelope), len(raw)],
        )
        return int(first[0])

    # -- what has arrived -----------------------------------------------------------------

    def enter(self) -> int:
        """Enter the next mails that have come through the doors; how many that were. Done
        again after a crash it changes nothing."""
        if self._arrivals is None or not self._arrivals.has_any(above=self._last()):
            return 0
        with self._engine.write():
            return self._enter(self._arrivals)

    def enter_all(self) -> None:
        while self.enter():
            pass

    def settle(self) -> bool:
        """`Arrivals.settle`, once at the start."""
        if self._arrivals is None or not self._arrivals.has_any():
            return False
        with self._engine.write():
            return self._arrivals.settle()

    def _enter(self, arrivals: Arrivals) -> int:
        mails = arrivals.after(self._last(), count=TOGETHER, size=BATCH_BYTES)
        if mails:
            self._add_rows(mails)
        return len(mails)

    def _last(self) -> int:
        row = self._engine.one("SELECT coalesce(max(id), 0) FROM intake")
        return int(row[0]) if row else 0

    def _add_rows(self, mails: Sequence[Arrival]) -> None:
        digests = [content_digest(mail.raw) for mail in mails]
        known = self._known(digests)
        rows, contents = [], []
        for mail, digest in zip(mails, digests, strict=True):
            first = known.setdefault(digest, mail.id)
            new = first == mail.id
            rows.append(
                (mail.id, mail.received, digest if new else None, None if new else first,
                 *envelope_values(mail.envelope), len(mail.raw),
                 *(("new", None) if new else ("done", "duplicate")))
            )  # fmt: skip
            if new:
                contents.append((mail.id, mail.raw))
        self._engine.execute_many(
            "INSERT INTO intake (id, received, digest, same_as, source, sender, recipients, "
            "remote, department, silent, size, state, outcome, attempts, confirmed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, FALSE)",
            rows,
        )
        self._engine.insert_contents("raw", "intake", contents)
        self.remember_origins(
            [
                (*mail.origin, known[digest])
                for mail, digest in zip(mails, digests, strict=True)
                if mail.origin
            ]
        )

    def remember_origins(self, rows: Sequence[Sequence[str | int]]) -> None:
        """Account, folder, UIDVALIDITY, UID of mails from mailboxes, each with its number."""
        self._engine.execute_many(
            "INSERT INTO seen (account, folder, uidvalidity, uid, intake, marked) "
            "VALUES (?, ?, ?, ?, ?, FALSE) ON CONFLICT DO NOTHING",
            rows,
        )

    def _known(self, digests: Sequence[str]) -> dict[str, int]:
        marks = ", ".join("?" * len(digests))
        return dict(
            self._engine.rows(
                f"SELECT digest, id FROM intake WHERE digest IN ({marks})", list(digests)
            )
        )

    # -- the worker's side ----------------------------------------------------------------

    def claim(self, limit: int) -> list[Item]:
        """The oldest messages not yet worked on, bounded in number and bytes.

        On PostgreSQL each is locked to this connection until `release`; a node that dies
        lets go by dying.
        """
        numbers: list[int] = []
        total = 0
        for number, size in self._claimable(limit):
            if numbers and total + size > BATCH_BYTES:
                break
            numbers.append(number)
            total += size
        return self._items(numbers)

    def _claimable(self, limit: int) -> list[tuple[int, int]]:
        waiting = "SELECT id, size FROM intake WHERE state = 'new' ORDER BY id LIMIT ?"
        if not self._engine.postgres:
            return self._engine.rows(waiting, [limit])
        limit = min(limit, SHARE)
        return self._engine.rows(
            f"SELECT id, size FROM ({waiting}) AS q "
            f"WHERE pg_try_advisory_lock({_ADVISORY}, q.id) LIMIT ?",
            [limit * 8, limit],
        )

    def release(self) -> None:
        """Let go of claimed messages."""
        if self._engine.postgres:
            self._engine.execute("SELECT pg_advisory_unlock_all()")

    def item(self, number: int) -> Item | None:
        """One message with its bytes; None where there is none (or its bytes are erased)."""
        return next(iter(self._items([number])), None)

    def _items(self, numbers: Sequence[int]) -> list[Item]:
        if not numbers:
            return []
        marks = ", ".join("?" * len(numbers))
        content_term = self._engine.inlined("r.content")
        rows = self._engine.rows(
            f"SELECT i.id, i.received, i.attempts, i.confirmed, {content_term}, "
            "i.source, i.sender, i.recipients, i.remote, i.department, i.silent "
            "FROM intake i JOIN raw r ON r.intake = i.id "
            f"WHERE i.id IN ({marks}) ORDER BY i.id",
            list(numbers),
        )
        return [
            Item(number, from_micros(received), envelope_of(envelope),
                 self._engine.content_of("raw", number) if content is None else bytes(content),
                 attempts, bool(confirmed))
            for number, received, attempts, confirmed, content, *envelope in rows
        ]  # fmt: skip

    def still_new(self, numbers: Sequence[int]) -> set[int]:
        """Which of these are still waiting, locked for the running transaction."""
        marks = ", ".join("?" * len(numbers))
        rows = self._engine.rows(
            f"SELECT id FROM intake WHERE state = 'new' AND id IN ({marks})"
            + self._engine.skip_locked(),
            list(numbers),
        )
        return {row[0] for row in rows}

    def count_attempt(self, number: int) -> None:
        """Remember that we began; a message that kills its worker is known by its attempts."""
        with self._engine.write():
            self._engine.execute(
                "UPDATE intake SET attempts = attempts + 1 WHERE id = ?", [number]
            )

    def finish(self, number: int, outcome: Outcome) -> None:
        """Within the caller's transaction: what became of it."""
        self._engine.execute(
            "UPDATE intake SET state = ?, outcome = ?, ticket = ?, message = ?, "
            "message_id = ?, error = ?, next_at = ?, why = ? WHERE id = ?",
            [
                outcome.state,
                outcome.outcome,
                outcome.ticket,
                outcome.message,
                outcome.message_id,
                outcome.error,
                micros_or_none(outcome.until),
                None if outcome.why is None else to_json(outcome.why),
                number,
            ],
        )
        if outcome.decision is not None:
            self._sightings.keep(number, outcome.decision)

    def again(self, number: int) -> bool:
        """Put a failed, held or stubbed message back in line."""
        with self._engine.write():
            done = self._engine.execute(
                "UPDATE intake SET state = 'new', outcome = NULL, attempts = 0, error = NULL "
                "WHERE id = ? AND (state IN ('failed', 'held') OR outcome = 'stub')",
                [number],
            )
            return bool(done.rowcount)

    def confirm(self, number: int) -> bool:
        """Within the caller's transaction: a held message goes back in line, once."""
        done = self._engine.execute(
            "UPDATE intake SET state = 'new', confirmed = ?, error = NULL, next_at = NULL "
            "WHERE id = ? AND state = 'held'",
            [True, number],
        )
        return bool(done.rowcount)

    def waiting(self) -> int:
        """How many messages wait to be worked on."""
        row = self._engine.one("SELECT count(*) FROM intake WHERE state = 'new'")
        return int(row[0]) if row else 0

    def expire(self, number: int) -> bool:
        """Within the caller's transaction: nobody has confirmed it; whether that is news."""
        done = self._engine.execute(
            "UPDATE intake SET state = 'done', outcome = 'expired', next_at = NULL "
            "WHERE id = ? AND state = 'held'",
            [number],
        )
        return bool(done.rowcount)

    def expired(self, now: datetime) -> list[int]:
        """Held messages whose time to be confirmed has run out."""
        rows = self._engine.rows(
            "SELECT id FROM intake WHERE state = 'held' AND next_at <= ?", [to_micros(now)]
        )
        return [row[0] for row in rows]
