"""Mail that has come through a door and is not in the inbox yet, in a file beside the store.

On SQLite everybody who writes waits for his turn, and the worker decides within its own. A
door waits for nobody: what it takes is durable here, under the number that it will have in
the inbox, which `IntakeStore.enter` gives it later. What has been entered is let go by the
next door that writes, or by `tidy`.

Numbers are given under this file's lock: one above the last of this file and of the inbox.
Who adds to the inbox itself holds that lock as well (`IntakeStore.entering`).
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from maild.errors import StoreUnusable, Temporary
from maild.interfaces import Clock
from maild.model.mail import Envelope
from maild.store import blobs
from maild.store.engine import Engine, make_private
from maild.store.fields import to_json, to_micros
from maild.store.turns import BUSY_TIMEOUT_S

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, received INTEGER NOT NULL, "
    "source TEXT NOT NULL, sender TEXT, recipients TEXT NOT NULL, remote TEXT NOT NULL, "
    "department TEXT, silent INTEGER NOT NULL, content BLOB NOT NULL)",
    # which message of a mailbox it is; moves and goes with its mail
    "CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY REFERENCES mail "
    "ON UPDATE CASCADE ON DELETE CASCADE, account TEXT NOT NULL, folder TEXT NOT NULL, "
    "uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL)",
)
_PRAGMAS: Final = (
    "journal_mode=wal",
    "synchronous=full",
    "foreign_keys=on",
    "wal_autocheckpoint=4000",  # 16 MB: most of what comes is gone before it is written twice
)
_COLUMNS: Final = "id, received, source, sender, recipients, remote, department, silent"
_ORIGIN: Final = "account, folder, uidvalidity, uid"
_ADD_ORIGIN: Final = f"INSERT INTO origin (id, {_ORIGIN}) VALUES (?, ?, ?, ?, ?)"

Origin = tuple[str, str, int, int]  #: account, folder, UIDVALIDITY, UID


class Arrival(NamedTuple):
    """A mail that waits to be entered."""

    id: int
    received: int  #: µs
    envelope: Envelope
    raw: bytes
    origin: Origin | None = None  #: in which mailbox it lay


class Arrivals:
    """`interfaces.Intake` of the doors. Connections are per thread."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self.path = path_beside(engine.path)
        self._local = threading.local()

    # -- the doors' side ------------------------------------------------------------------

    def take(self, raw: bytes, envelope: Envelope) -> int:
        return self.take_many([(raw, envelope)])[0]

    def take_many(
        self, mails: Sequence[tuple[bytes, Envelope]], origins: Sequence[Origin] = ()
    ) -> list[int]:
        """Commit them; `origins`: one for each, where they lay in a mailbox."""
        now = to_micros(self._clock.now())
        with self.held() as entered:
            first = max(entered, self._highest()) + 1
            blobs.insert(
                self._db(),
                "mail",
                _COLUMNS,
                [
                    (number, now, *envelope_values(envelope), raw)
                    for number, (raw, envelope) in enumerate(mails, first)
                ],
            )
            self._db().executemany(
                _ADD_ORIGIN, [(number, *origin) for number, origin in enumerate(origins, first)]
            )
        return list(range(first, first + len(mails)))

    def _highest(self) -> int:
        return int(self._db().execute("SELECT coalesce(max(id), 0) FROM mail").fetchone()[0])

    # -- the inbox's side -----------------------------------------------------------------

    def has_any(self, *, above: int = 0) -> bool:
        """Whether there is mail here with a number above that."""
        with self._translated():
            found = self._db().execute("SELECT 1 FROM mail WHERE id > ? LIMIT 1", [above])
            return found.fetchone() is not None

    def after(self, number: int, *, count: int, size: int) -> list[Arrival]:
        """The next mails above a number, bounded in number and bytes; one at least."""
        found: list[Arrival] = []
        total = 0
        with self._translated():
            rows = self._db().execute(
                f"SELECT {_COLUMNS}, {blobs.inlined('content')}, {_ORIGIN} "
                "FROM mail LEFT JOIN origin USING (id) WHERE id > ? ORDER BY id LIMIT ?",
                [number, count],
            )
            for row in rows:
                raw = blobs.read(self._db(), "mail", row[0]) if row[8] is None else row[8]
                origin = None if row[9] is None else row[9:]
                found.append(Arrival(row[0], row[1], envelope_of(row[2:8]), raw, origin))
                total += len(found[-1].raw)
                if total >= size:
                    break
            rows.close()
        return found

    @contextmanager
    def held(self) -> Iterator[int]:
        """Under this file's lock, a transaction: what was entered is gone, and nobody else
        gives a number. Gives the highest number of the inbox."""
        with self._translated():
            db = self._db()
            db.execute("BEGIN IMMEDIATE")
            try:
                entered = self._entered()
                db.execute("DELETE FROM mail WHERE id <= ?", [entered])
                yield entered
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def settle(self) -> bool:
        """At the start, within the inbox's transaction: was another store put into the place
        of ours (a backup), what waits here may have numbers too high for it, or those of
        other mail. Such mails get numbers that fit; whether there were any."""
        with self._translated():
            db = self._db()
            if faults := [row[0] for row in db.execute("PRAGMA quick_check") if row[0] != "ok"]:
                raise sqlite3.DatabaseError(faults[0])
            db.execute("BEGIN IMMEDIATE")
            try:
                moved = self._renumber(self._entered())
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise
        return moved

    def _renumber(self, entered: int) -> bool:
        db = self._db()
        rows = db.execute("SELECT id, received, length(content) FROM mail ORDER BY id")
        waiting = [row[0] for row in rows.fetchall() if not self._is_entered(*row)]
        fitting = range(entered + 1, entered + 1 + len(waiting))
        if waiting == list(fitting):
            return False
        # by way of negative numbers, so that old and new ones never meet
        db.executemany("UPDATE mail SET id = -id WHERE id = ?", [(n,) for n in waiting])
        db.execute("DELETE FROM mail WHERE id > 0")
        changes = [(new, -old) for old, new in zip(waiting, fitting, strict=True)]
        db.executemany("UPDATE mail SET id = ? WHERE id = ?", changes)
        return True

    def _is_entered(self, number: int, received: int, size: int) -> bool:
        row = self._engine.one("SELECT received, size FROM intake WHERE id = ?", [number])
        return row is not None and (row[0], row[1]) == (received, size)

    def _entered(self) -> int:
        row = self._engine.one("SELECT coalesce(max(id), 0) FROM intake")
        return int(row[0]) if row else 0

    # -- keeping it small -----------------------------------------------------------------

    def tidy(self) -> None:
        """Once all is entered: leave no byte of it in these files."""
        if not self.has_any():
            return
        with self.held():
            pass
        if not self.has_any():
            self.scour()

    def scour(self) -> None:
        """Write the file anew, without what was let go."""
        with self._translated():
            self._db().execute("VACUUM")
            self._db().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        self._local.db = None
        if db is not None:
            db.close()

    def forget_inherited(self) -> None:
        """After a fork: never touch the parent's connection."""
        self._inherited = self._local  # kept, for closing it would let go of its locks
        self._local = threading.local()

    # -- the file -------------------------------------------------------------------------

    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = _open(self.path)
        return db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors in the desk's words; a connection in trouble is replaced."""
        try:
            yield
        except sqlite3.OperationalError as error:
            self.close()
            raise Temporary(f"{self.path.name} can't be used now: {error}") from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            self.close()
            raise StoreUnusable(f"{self.path} is damaged: {error}") from error


def path_beside(store: Path) -> Path:
    return store.with_name(store.name + "-arrivals")


def _open(path: Path) -> sqlite3.Connection:
    make_private(path)
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            db.execute(table)
    except sqlite3.Error:
        db.close()
        raise
    return db


def envelope_values(envelope: Envelope) -> list[Any]:
    """In the order of the columns source … silent."""
    return [
        envelope.source,
        envelope.sender,
        to_json(envelope.recipients),
        envelope.remote,
        envelope.department,
        envelope.silent,
    ]


def envelope_of(values: Sequence[Any]) -> Envelope:
    """The same back."""
    source, sender, recipients, remote, department, silent = values
    return Envelope(
        source, sender, tuple(json.loads(recipients)), remote, department, bool(silent)
    )
