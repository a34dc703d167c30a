"""`ingest.mailbox.MailboxLedger`: which IMAP message is which intake row.

On SQLite mail is put down in `arrivals`, as by any door; whoever asks what was taken has it
entered first.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from maild.ingest.digest import content_digest
from maild.ingest.mailbox import MailboxItem, Place, rebuilt_silence
from maild.interfaces import Clock
from maild.store.arrivals import Arrivals, Origin
from maild.store.engine import Engine
from maild.store.fields import from_micros, instant_or_none, to_micros
from maild.store.intake import IntakeStore


class MailboxStore:
    """Mailboxes and what was taken from them."""

    def __init__(
        self,
        engine: Engine,
        intake: IntakeStore,
        clock: Clock,
        arrivals: Arrivals | None = None,
        taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._intake = intake
        self._clock = clock
        self._arrivals = arrivals
        self._taken = taken

    def ringing(self, taken: Callable[[], None]) -> "MailboxStore":
        """The same, calling `taken` whenever mail was taken (after the commit)."""
        return MailboxStore(self._engine, self._intake, self._clock, self._arrivals, taken)

    def open_mailbox(self, place: Place, now: datetime) -> datetime:
        with self._engine.write():
            row = self._engine.one(
                "SELECT uidvalidity, silent_before, last_poll FROM mailbox "
                "WHERE account = ? AND folder = ?",
                [place.account, place.folder],
            )
            if row is None:
                now = now.replace(microsecond=0)  # a server dates its mail in whole seconds
                self._remember(place, now)
                return now
            uidvalidity, silent, polled = row
            before = from_micros(silent)
            if uidvalidity != place.uidvalidity:
                before = rebuilt_silence(before, instant_or_none(polled))
                self._remember(place, before)
            return before

    def _remember(self, place: Place, silent_before: datetime) -> None:
        self._engine.execute(
            "INSERT INTO mailbox (account, folder, uidvalidity, silent_before) "
            "VALUES (?, ?, ?, ?) ON CONFLICT (account, folder) DO UPDATE SET "
            "uidvalidity = excluded.uidvalidity, silent_before = excluded.silent_before",
            [place.account, place.folder, place.uidvalidity, to_micros(silent_before)],
        )

    def known(self, place: Place, uids: Sequence[int]) -> set[int]:
        self._intake.enter_all()
        found: set[int] = set()
        for start in range(0, len(uids), 500):
            some = list(uids[start : start + 500])
            marks = ", ".join("?" * len(some))
            rows = self._engine.rows(
                "SELECT uid FROM seen WHERE account = ? AND folder = ? AND uidvalidity = ? "
                f"AND uid IN ({marks})",
                [*_values(place), *some],
            )
            found.update(row[0] for row in rows)
        return found

    def highest(self, place: Place) -> int:
        self._intake.enter_all()
        row = self._engine.one(
            "SELECT max(uid) FROM seen WHERE account = ? AND folder = ? AND uidvalidity = ?",
            _values(place),
        )
        return int(row[0]) if row and row[0] is not None else 0

    def take_from_mailbox(self, items: Sequence[MailboxItem]) -> list[int]:
        numbers = self._put_down(items) if self._arrivals else self._take_all(items)
        self._taken()
        return numbers

    def _put_down(self, items: Sequence[MailboxItem]) -> list[int]:
        assert self._arrivals is not None
        return self._arrivals.take_many(
            [(item.raw, item.envelope) for item in items],
            [_origin(item) for item in items],
        )

    def _take_all(self, items: Sequence[MailboxItem]) -> list[int]:
        digests = [content_digest(item.raw) for item in items]
        now = to_micros(self._clock.now())
        with self._intake.adding():
            return [
                self._take(item, digest, now)
                for item, digest in zip(items, digests, strict=True)
            ]

    def _take(self, item: MailboxItem, digest: str, now: int) -> int:
        row = self._engine.one(
            "SELECT intake FROM seen WHERE account = ? AND folder = ? AND uidvalidity = ? "
            "AND uid = ?",
            _origin(item),
        )
        if row is not None:
            return int(row[0])
        number = self._intake.insert(item.raw, item.envelope, digest, now)
        self._intake.remember_origins([(*_origin(item), number)])
        return number

    def unmarked(self, place: Place) -> list[int]:
        self._intake.enter_all()
        rows = self._engine.rows(
            "SELECT uid FROM seen WHERE account = ? AND folder = ? AND uidvalidity = ? "
            "AND NOT marked ORDER BY uid",
            _values(place),
        )
        return [row[0] for row in rows]

    def mark_done(self, place: Place, uids: Sequence[int]) -> None:
        self._intake.enter_all()
        with self._engine.write():
            for start in range(0, len(uids), 500):
                some = list(uids[start : start + 500])
                marks = ", ".join("?" * len(some))
                self._engine.execute(
                    "UPDATE seen SET marked = TRUE WHERE account = ? AND folder = ? "
                    f"AND uidvalidity = ? AND uid IN ({marks})",
                    [*_values(place), *some],
                )

    def polled(self, place: Place, now: datetime) -> None:
        with self._engine.write():
            self._engine.execute(
                "UPDATE mailbox SET last_poll = ? WHERE account = ? AND folder = ?",
                [to_micros(now), place.account, place.folder],
            )


def _origin(item: MailboxItem) -> Origin:
    return item.place.account, item.place.folder, item.place.uidvalidity, item.uid


def _values(place: Place) -> list[object]:
    return [place.account, place.folder, place.uidvalidity]
