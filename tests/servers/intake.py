"""An intake of the tests' own: SQLite on disk, durable, nothing else of maild."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from maild.errors import Temporary
from maild.model.mail import Envelope


@dataclass(frozen=True)
class Taken:
    """One mail as it was kept."""

    raw: bytes
    envelope: Envelope


class SqliteIntake:
    """Keeps each content once; can be told to fail, or to hold its breath."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batches: list[int] = []
        self.fail: Exception | None = None
        self.gate = threading.Event()  #: cleared: commits wait
        self.gate.set()
        self._envelopes: dict[int, Envelope] = {}
        self._local = threading.local()
        db = self._db()
        db.execute("create table mail(id integer primary key, digest text unique, raw blob)")

    def _db(self) -> sqlite3.Connection:
        if not hasattr(self._local, "db"):
            db = sqlite3.connect(self.path, isolation_level=None)
            db.execute("pragma journal_mode=wal")
            db.execute("pragma synchronous=full")
            self._local.db = db
        return self._local.db  # type: ignore[no-any-return]

    def take(self, raw: bytes, envelope: Envelope) -> int:
        return self.take_many([(raw, envelope)])[0]

    def take_many(self, mails: Sequence[tuple[bytes, Envelope]]) -> list[int]:
        assert self.gate.wait(60)
        if self.fail:
            raise self.fail
        self.batches.append(len(mails))
        db = self._db()
        try:
            db.execute("begin immediate")
            numbers = [self._insert(db, raw, envelope) for raw, envelope in mails]
            db.execute("commit")
        except sqlite3.OperationalError as error:
            raise Temporary(str(error)) from error
        return numbers

    def _insert(self, db: sqlite3.Connection, raw: bytes, envelope: Envelope) -> int:
        digest = sha256(raw).hexdigest()
        row = db.execute(
            "insert into mail(digest, raw) values(?, ?) on conflict do nothing returning id",
            (digest, raw),
        ).fetchone()
        if row is None:
            row = db.execute("select id from mail where digest = ?", (digest,)).fetchone()
        self._envelopes.setdefault(row[0], envelope)
        return int(row[0])

    @property
    def taken(self) -> list[Taken]:
        rows = self._db().execute("select id, raw from mail order by id").fetchall()
        return [Taken(raw, self._envelopes[number]) for number, raw in rows]
