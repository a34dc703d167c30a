"""Large bytes in SQLite, written into their row and read from it without a copy.

Bound to a statement or fetched by one, 50 MB are held three times, and the statement that
SQLite keeps for the next time holds on to them.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

LARGE: Final = 1_000_000  #: bytes; below, a statement is quicker


def inlined(column: str) -> str:
    """An SQL term: the column, NULL where it is large (then `read` it)."""
    return f"CASE WHEN length({column}) < {LARGE} THEN {column} END"


def insert(
    db: sqlite3.Connection, table: str, columns: str, rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows whose first column is the row's number and whose last is its bytes."""
    marks = "?, " * len(columns.split(","))
    head = f"INSERT INTO {table} ({columns}, content) VALUES ({marks}"
    db.executemany(f"{head}?)", [row for row in rows if len(row[-1]) < LARGE])
    for row in rows:
        if len(row[-1]) >= LARGE:
            db.execute(f"{head}zeroblob(?))", (*row[:-1], len(row[-1])))
            with db.blobopen(table, "content", row[0]) as blob:
                blob.write(row[-1])


def read(db: sqlite3.Connection, table: str, number: int) -> bytes:
    """The bytes of a row."""
    with db.blobopen(table, "content", number, readonly=True) as blob:
        return blob.read()
