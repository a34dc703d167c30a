"""A large store made of a small one: all its rows over and over, under other numbers and names.

The copies are older than the original, which comes last, and their tickets are closed: a desk
closes its tickets. Every index is as large as it would be, and made anew at the end. `maild
verify` finds nothing wrong with such a store.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from maild.store import Store
from maild.store.search import Search

HOUR = 3_600_000_000  #: microseconds
APART = 12 * HOUR  #: one copy to the next; a thousand are younger than `retention.raw_mail`
YOUNGEST = 120 * 24 * HOUR  #: of the copies: no survey, question or limit is to come of them
#: whose customers are copied under other names; agents stay who they are
CUSTOMERS = "@x.test"

#: what is copied, and which columns hold the numbers of what
NUMBERS: dict[str, dict[str, str]] = {
    "intake": {"id": "intake", "same_as": "intake", "ticket": "ticket", "message": "message"},
    "raw": {"intake": "intake"},
    "sighting": {"intake": "intake"},
    "ticket": {"id": "ticket"},
    "reader": {"ticket": "ticket"},
    "message": {"id": "message", "ticket": "ticket", "intake": "intake"},
    "event": {"ticket": "ticket"},
    "reference": {"ticket": "ticket", "letter": "letter"},
    "letter": {"id": "letter", "ticket": "ticket", "message": "message"},
    "address": {},
    "alarm": {"ticket": "ticket"},
}
COUNTED = ("intake", "ticket", "message", "letter")
GIVEN = {"event": "id", "alarm": "id"}  #: by the database
NAMES = ("email", "requester_email", "sender_email", "sender", "recipient", "address")
MSGIDS = ("message_id", "msgid")
INSTANTS = ("at", "received", "created")


def multiply(store: Store, copies: int) -> None:
    """So many copies of all that is there, and that itself after them."""
    Search(store.engine).catch_up()
    tables = [*NUMBERS, "search"]
    with in_haste(store), store.engine.write(), without_indexes(store, tables):
        copier = Copier(store)
        for number in range(copies + 1):
            copier.write(Copy(number, copies - number))
        copier.raise_numbers(copies + 1)
    if store.engine.postgres:  # it would do so by itself; nobody does on SQLite
        store.engine.execute("ANALYZE")


@contextmanager
def in_haste(store: Store) -> Iterator[None]:
    """A SQLite file is written once, not through its log: nobody else has it open yet."""
    if store.engine.postgres:
        store.engine.execute("SET maintenance_work_mem = '500MB'")
        yield
        return
    for pragma in ("journal_mode = OFF", "cache_size = -400000"):
        store.engine.execute(f"PRAGMA {pragma}")
    yield
    store.engine.execute("PRAGMA journal_mode = WAL")


@contextmanager
def without_indexes(store: Store, tables: Sequence[str]) -> Iterator[None]:
    """They are made once, at the end, of all rows."""
    found = [
        (index.name, index.sql)
        for table in tables
        for index in store.engine.database.get_indexes(table)
        if index.sql and not index.name.endswith("pkey")
    ]
    for name, _ in found:
        store.engine.execute(f"DROP INDEX {name}")
    yield
    for _, sql in found:
        store.engine.execute(sql)


def columns_of(store: Store, table: str) -> list[str]:
    return [column.name for column in store.engine.database.get_columns(table)]


@dataclass(frozen=True, slots=True)
class Copy:
    """One of them: how many lie before it, and how many after."""

    before: int
    after: int

    @property
    def age(self) -> int:
        """Microseconds older than the original."""
        return YOUNGEST + APART * self.after if self.after else 0


class Copier:
    """Holds the original apart, and writes it as often as wanted."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self._columns = {
            table: [name for name in columns_of(store, table) if name != GIVEN.get(table)]
            for table in NUMBERS
        }
        self._sizes = {table: self._largest(table) for table in COUNTED}
        for table in NUMBERS:
            self._engine.execute(f"CREATE TEMP TABLE old_{table} AS SELECT * FROM {table}")
        key = "doc" if self._engine.postgres else "rowid AS doc"
        self._engine.execute(f"CREATE TEMP TABLE old_search AS SELECT {key}, words FROM search")
        self._empty()

    def _largest(self, table: str) -> int:
        row = self._engine.one(f"SELECT coalesce(max(id), 0) FROM {table}")
        assert row is not None
        return int(row[0])

    def _empty(self) -> None:
        tables = [*reversed(NUMBERS), "search"]
        if self._engine.postgres:
            self._engine.execute(f"TRUNCATE {', '.join(tables)}")
            return
        for table in tables:
            self._engine.execute(f"DELETE FROM {table}")

    def write(self, copy: Copy) -> None:
        """The original once more, as it was so long ago."""
        for table, columns in self._columns.items():
            if table == "alarm" and copy.after:
                continue  # a closed ticket has no appointments
            values = ", ".join(self._value(table, column, copy) for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            self._engine.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM old_{table} "
                + self._which(table, copy)
            )
        if copy.after:
            self._tell_closings(copy)
        self._index(copy)

    def _which(self, table: str, copy: Copy) -> str:
        """In their order; agents' addresses only once."""
        if table == "address" and copy.after:
            return f"WHERE email <> replace(email, '{CUSTOMERS}', '')"
        return "ORDER BY id" if table in GIVEN else ""

    def _value(self, table: str, column: str, copy: Copy) -> str:
        """What a column of this copy holds."""
        if of := NUMBERS[table].get(column):
            return f'"{column}" + {self._shift(of, copy)}'
        if column in NAMES:
            return f"replace({column}, '{CUSTOMERS}', '.{copy.before}{CUSTOMERS}')"
        if column in MSGIDS:
            return f"replace({column}, '@', '.{copy.before}@')"
        if copy.after and (settled := _settled(table, column, copy)):
            return settled
        if column in INSTANTS or column.endswith("_at") or column.startswith("due_"):
            return f"{column} - {copy.age}"
        if column == "digest":
            return f"substr(digest, 1, 56) || '{copy.before:08x}'"
        if column == "cause":
            return _numbered("cause", "intake:", self._shift("intake", copy))
        if table == "event" and column == "detail":
            return self._detail(self._shift("message", copy))
        return f'"{column}"'

    def _shift(self, of: str, copy: Copy) -> int:
        return copy.before * self._sizes[of]

    def _detail(self, shift: int) -> str:
        """An event's detail may name a message."""
        if self._engine.postgres:
            moved = (
                "(detail::jsonb || jsonb_build_object('message', "
                f"(detail::jsonb ->> 'message')::int + {shift}))::text"
            )
        else:
            moved = (
                f"json_set(detail, '$.message', json_extract(detail, '$.message') + {shift})"
            )
        return f"CASE WHEN kind = 'message' THEN {moved} ELSE detail END"

    def _tell_closings(self, copy: Copy) -> None:
        told = """'{"from":"' || status || '","to":"closed","reason":null}'"""
        self._engine.execute(
            "INSERT INTO event (ticket, at, kind, actor, detail) "
            f"SELECT id + {self._shift('ticket', copy)}, updated_at - {copy.age}, 'status', "
            f"'system', {told} FROM old_ticket WHERE status <> 'closed' ORDER BY id"
        )

    def _index(self, copy: Copy) -> None:
        """The documents: tickets have odd numbers there, messages even ones."""
        key = "doc" if self._engine.postgres else "rowid"
        tickets, messages = self._shift("ticket", copy), self._shift("message", copy)
        self._engine.execute(
            f"INSERT INTO search ({key}, words) SELECT doc + 2 * CASE WHEN doc & 1 = 1 "
            f"THEN {tickets} ELSE {messages} END, words FROM old_search ORDER BY doc"
        )

    def raise_numbers(self, times: int) -> None:
        """What comes next has a number after all these."""
        for table, size in self._sizes.items():
            if table in ("ticket", "message"):
                self._engine.raise_number(table, size * times)
                self._engine.execute(
                    "UPDATE note SET value = ? WHERE name = ?",
                    [str(size * times), f"indexed_{table}s"],
                )
            elif self._engine.postgres:
                self._engine.execute(f"SELECT setval('{table}_id_seq', {size * times})")


def _settled(table: str, column: str, copy: Copy) -> str:
    """What is different once a ticket is closed, and its letters have been emptied."""
    if (table, column) == ("letter", "body"):
        return "NULL"
    if (table, column) == ("ticket", "status"):
        return "'closed'"
    if table == "ticket" and column in ("resolved_at", "closed_at"):
        return f"updated_at - {copy.age}"
    return "NULL" if column.startswith("due_") else ""


def _numbered(column: str, prefix: str, shift: int) -> str:
    """A text like `intake:17` with the number moved."""
    number = f"CAST(substr({column}, {len(prefix) + 1}) AS INTEGER) + {shift}"
    begins = f"substr({column}, 1, {len(prefix)}) = '{prefix}'"
    return f"CASE WHEN {begins} THEN '{prefix}' || ({number}) ELSE {column} END"
