"""One database, SQLite or PostgreSQL, and the only way to write to it.

Every writing transaction on SQLite begins IMMEDIATE: a deferred one that reads first fails
at once when another writes. Writers queue for their turn (`turns`); SQLite's own timeout stays
as the backstop.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import peewee

from maild.errors import ConfigError, StoreUnusable, Temporary
from maild.store import blobs
from maild.store.private import make_folder, open_private, why_not
from maild.store.tables import ALL
from maild.store.turns import BUSY_TIMEOUT_S, FileTurn, NoTurn

#: of PostgreSQL, where the URL says nothing else: nobody waits for ever, neither for a lock nor
#: for a server that has vanished without a word
_PATIENCE = {
    "options": f"-c lock_timeout={BUSY_TIMEOUT_S}s",
    "connect_timeout": 10,
    "tcp_user_timeout": 20_000,  # ms
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
#: makes a driver's own errors peewee's, which happens only to those of `execute`
_named = peewee.ExceptionWrapper(
    {
        kind.__name__: kind
        for kind in (
            peewee.DatabaseError,
            peewee.DataError,
            peewee.IntegrityError,
            peewee.InterfaceError,
            peewee.InternalError,
            peewee.NotSupportedError,
            peewee.OperationalError,
            peewee.ProgrammingError,
        )
    }
)
_DAMAGED = ("malformed", "not a database", "disk image")


class Engine:
    """A database handle. Connections are per thread; call `close` at a thread's end."""

    def __init__(self, url: str) -> None:
        self.url = url
        scheme = urlsplit(url).scheme
        self.postgres = scheme in ("postgresql", "postgres")
        self._turn = NoTurn()
        if self.postgres:
            self.database: peewee.Database = _postgres(url)
        elif scheme == "sqlite":
            self.path = sqlite_path(url)
            self.database = _sqlite(self.path)
            if str(self.path) != ":memory:":
                self._turn = FileTurn(self.path.with_name(self.path.name + "-turn"))
        else:
            raise ConfigError(f"[store] url: unknown kind of store {scheme!r}")
        self.database.bind(ALL)

    @property
    def in_file(self) -> bool:
        """Whether it is a file of ours: SQLite, and not only in memory."""
        return not self.postgres and str(self.path) != ":memory:"

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement written with `?` marks; a cursor to read from."""
        try:
            if not self.postgres:  # past peewee, which costs as much as the statement
                return self._connection().execute(sql, values)
            sql = sql.replace("?", "%s")
            return self.database.execute_sql(sql, values)  # type: ignore[no-untyped-call]
        except Exception as error:
            with translated_errors(self), _named:
                raise error

    def _connection(self) -> Any:
        return self.database.connection()  # type: ignore[no-untyped-call]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        found = self.execute(sql, values)
        try:
            return list(found.fetchall())
        except Exception as error:
            with translated_errors(self), _named:
                raise error

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found = self.execute(sql, values)
        try:
            row: tuple[Any, ...] | None = found.fetchone()
            return row
        except Exception as error:
            with translated_errors(self), _named:
                raise error

    def execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        if values:
            if self.postgres:
                sql = sql.replace("?", "%s")
            with translated_errors(self), _named:
                self.database.cursor().executemany(sql, values)  # type: ignore[no-untyped-call]

    def insert_contents(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows whose first column is their number and whose last, `content`, is bytes."""
        if self.postgres:
            marks = "?, " * len(columns.split(","))
            sql = f"INSERT INTO {table} ({columns}, content) VALUES ({marks}?)"
            self.execute_many(sql, rows)
            return
        with translated_errors(self), _named:
            blobs.insert(self._connection(), table, columns, rows)

    def inlined(self, column: str) -> str:
        """A term for a query: the column, or NULL where `content_of` had better read it."""
        return column if self.postgres else blobs.inlined(column)

    def content_of(self, table: str, number: int) -> bytes:
        """The `content` of a row of a SQLite store."""
        with translated_errors(self), _named:
            return blobs.read(self._connection(), table, number)

    def insert_many(self, table: str, columns: str, values: Sequence[Sequence[Any]]) -> None:
        """Add rows, as fast as the database takes them."""
        if not values:
            return
        cursor = self.database.cursor()  # type: ignore[no-untyped-call]
        if not self.postgres:
            marks = ", ".join("?" * len(values[0]))
            sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            cursor.executemany(sql, values)
            return
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction, committed at the end of the block or not at all.

        Raises `Temporary` when the store is busy, full or away: nothing was written, except
        after a connection lost during COMMIT, when nobody can know (callers are idempotent).
        """
        with translated_errors(self), self._turn:
            if self.postgres:
                with self.database.atomic():
                    yield
            else:
                with self.database.atomic("IMMEDIATE"):
                    yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The writers' turn without a transaction, for what must stand outside of one."""
        with translated_errors(self), self._turn:
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail alone."""
        with self.database.savepoint():
            yield

    def size(self) -> int:
        """Bytes of the database file; 0 where there is none to look at."""
        if self.postgres or not self.path.exists():
            return 0
        return self.path.stat().st_size

    def next_number(self, name: str) -> int:
        """The next `ticket` or `message` number; never given twice, even after a deletion."""
        if self.postgres:
            row = self.one("SELECT nextval(?)", [f"number_{name}"])
        else:
            row = self.one(
                "UPDATE number SET value = value + 1 WHERE name = ? RETURNING value", [name]
            )
        assert row is not None
        return int(row[0])

    def next_numbers(self, name: str, count: int) -> list[int]:
        """So many at once."""
        if self.postgres:
            sql = "SELECT nextval(?) FROM generate_series(1, ?)"
            return [int(row[0]) for row in self.rows(sql, [f"number_{name}", count])]
        row = self.one(
            "UPDATE number SET value = value + ? WHERE name = ? RETURNING value", [count, name]
        )
        assert row is not None
        return list(range(int(row[0]) - count + 1, int(row[0]) + 1))

    def raise_number(self, name: str, floor: int) -> None:
        """Never give a `ticket` or `message` number up to `floor` again."""
        if self.postgres:
            self.execute(
                f"SELECT setval('number_{name}', ?) WHERE ? > (SELECT CASE WHEN is_called "
                f"THEN last_value ELSE last_value - 1 END FROM number_{name})",
                [floor, floor],
            )
        else:
            self.execute(
                "UPDATE number SET value = ? WHERE name = ? AND value < ?", [floor, name, floor]
            )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One picture of the whole store, whatever is written meanwhile."""
        with translated_errors(self), self.database.atomic():
            if self.postgres:
                self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def skip_locked(self) -> str:
        """What a claiming SELECT ends with."""
        return " FOR UPDATE SKIP LOCKED" if self.postgres else ""

    def for_update(self) -> str:
        return " FOR UPDATE" if self.postgres else ""

    def close(self) -> None:
        self.database.close()
        self._turn.close()

    def forget_inherited(self) -> None:
        """After a fork: leave the parent's connection alone and open our own when needed."""
        state = self.database._state  # type: ignore[attr-defined]
        state.reset()
        self._turn.forget()


@contextmanager
def translated_errors(engine: Engine) -> Iterator[None]:
    """Database errors in the words of the desk: try again, or the store is damaged.

    Within a transaction they pass as they are, to be translated once it is rolled back.
    """
    try:
        yield
    except (peewee.DatabaseError, peewee.InterfaceError) as error:
        if isinstance(error, peewee.IntegrityError) or engine.database.in_transaction():
            raise
        text = _reason(error)
        if any(sign in text for sign in _DAMAGED):
            raise StoreUnusable(f"the store is damaged: {text}") from error
        if isinstance(error, peewee.ProgrammingError):
            if "connection option" in text:
                raise ConfigError(f"[store] url: {text.strip()}") from error
            raise
        engine.database.close()  # a broken connection heals only by being replaced
        if engine.in_file and (forbidden := why_not(engine.path)):
            text = forbidden
        raise Temporary(f"the store can't be used now: {text}") from error


def _reason(error: BaseException) -> str:
    """What went wrong first: SQLite itself rolls back after some errors, and then a second
    rollback says only that it is not needed."""
    while "no transaction is active" in str(error) and error.__context__ is not None:
        error = error.__context__
    return str(error)


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    path = unquote(urlsplit(url).path)[1:]
    return Path(path or ":memory:")


def _sqlite(path: Path) -> peewee.SqliteDatabase:
    if str(path) != ":memory:":
        make_private(path)
    return peewee.SqliteDatabase(
        str(path),
        pragmas={
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "cache_size": -16_000,  # KiB
            "secure_delete": 1,  # what is erased is gone from the file, too
            "wal_autocheckpoint": 2000,
        },
        timeout=BUSY_TIMEOUT_S,
    )


def make_private(path: Path) -> None:
    """A new file is its owner's alone (mail and keys lie in it); SQLite gives the files beside
    it the same mode. One that is there is left as it is."""
    try:
        make_folder(path.parent)
        if not path.exists():
            os.close(open_private(path))
    except OSError as error:
        raise Temporary(f"the store can't be used now: {error}") from error


def _postgres(url: str) -> peewee.PostgresqlDatabase:
    from playhouse.db_url import connect

    given = parse_qs(urlsplit(url).query)
    ours = {name: value for name, value in _PATIENCE.items() if name not in given}
    try:
        database = connect(
            url, unquote_user=True, unquote_password=True, prefer_psycopg3=True, **ours
        )
    except ImportError as error:
        raise ConfigError(
            "[store] url: PostgreSQL needs the extra: pip install 'maild[postgres]'"
        ) from error
    assert isinstance(database, peewee.PostgresqlDatabase)
    return database


def integrity_faults(engine: Engine, *, thorough: bool = False) -> list[str]:
    """What the database itself says is wrong with its file; empty when nothing is. Only a
    `thorough` look compares indexes with their tables, too."""
    if engine.postgres:
        return []
    try:
        rows = engine.rows("PRAGMA integrity_check" if thorough else "PRAGMA quick_check")
    except StoreUnusable as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]
