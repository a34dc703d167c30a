"""Finding tickets by words: a full-text index beside the tables.

Mail is not indexed while it is decided on, which would cost every message; the timetable takes
in what is new each minute, and whoever searches takes in the rest first. A document is a
message, or a ticket's own facts; accents and case are folded before the database sees a word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from maild.rules.folding import fold, split
from maild.store.engine import Engine

BATCH: Final = 200  #: documents a transaction
_LONGEST: Final = 60_000  #: characters of a text that are looked through
_MOST_WORDS: Final = 10
_HITS: Final = 5_000  #: documents looked at for one search, the newest first
#: on several nodes, a lower number may be committed after a higher one: so far back is looked
_LATE: Final = 2_000
#: scripts without blanks between words: each letter is a word
_UNSPACED = re.compile("([\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff])")


@dataclass(frozen=True, slots=True)
class _Source:
    """What documents are made of: a ticket's have odd numbers, a message's even ones."""

    mark: str  #: the note that says how far we are
    query: str
    odd: int


_SOURCES: Final = (
    _Source(
        "indexed_tickets",
        "SELECT s.id, s.subject, s.requester_name, s.requester_email FROM ticket s",
        1,
    ),
    _Source(
        "indexed_messages",
        "SELECT s.id, t.subject, s.sender_name, s.sender_email, s.text FROM message s "
        "JOIN ticket t ON t.id = s.ticket",
        0,
    ),
)


def create(engine: Engine) -> None:
    """The index, empty."""
    if engine.postgres:
        engine.execute("CREATE TABLE search (doc BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        engine.execute("CREATE INDEX search_words ON search USING gin (words)")
    else:
        engine.execute("CREATE VIRTUAL TABLE search USING fts5(words, detail=none)")


class Search:
    """The index and its questions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def catch_up(self, most: int = 1_000_000) -> int:
        """Take in up to `most` tickets and messages that are new; how many there were. In
        transactions of its own; where the caller has one open, only a batch, to keep it
        short."""
        if self._engine.database.in_transaction():
            return self._take_in()
        done = 0
        while done < most:
            taken = self._take_in_some()
            done += taken
            if taken < BATCH:
                break
        return done

    def _take_in_some(self) -> int:
        if not any(map(self._new, _SOURCES)):
            return 0  # no turn is taken for nothing
        with self._engine.write():
            return self._take_in()

    def _take_in(self) -> int:
        return sum(map(self._take_in_from, _SOURCES))

    def _take_in_from(self, source: _Source) -> int:
        found = self._new(source)
        if found:
            self._add([(2 * row[0] + source.odd, _document(row[1:])) for row in found])
            self._set_mark(source.mark, found[-1][0])
        return len(found)

    def _new(self, source: _Source) -> list[tuple[Any, ...]]:
        done = self._mark(source.mark)
        where = "WHERE s.id > ?"
        if self._engine.postgres:
            done -= _LATE
            where += (
                f" AND NOT EXISTS (SELECT 1 FROM search WHERE doc = 2 * s.id + {source.odd})"
            )
        return self._engine.rows(f"{source.query} {where} ORDER BY s.id LIMIT ?", [done, BATCH])

    def _add(self, documents: Sequence[tuple[int, str]]) -> None:
        if self._engine.postgres:
            self._engine.execute_many(
                "INSERT INTO search (doc, words) VALUES (?, to_tsvector('simple', ?)) "
                "ON CONFLICT (doc) DO NOTHING",
                documents,
            )
        else:
            self._engine.execute_many(
                "INSERT INTO search (rowid, words) VALUES (?, ?)", documents
            )

    def _mark(self, name: str) -> int:
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [name])
        return int(row[0]) if row else 0

    def _set_mark(self, name: str, number: int) -> None:
        self._engine.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
            "SET value = excluded.value WHERE CAST(note.value AS INTEGER) "
            "< CAST(excluded.value AS INTEGER)",
            [name, str(number)],
        )

    def tickets(self, words: str, limit: int) -> list[int]:
        """Numbers of tickets that have a message (with its subject and sender) in which each
        of the words occurs, or a longer word that begins so; the newest first."""
        sought = _words(words)[:_MOST_WORDS]
        if not sought:
            return []
        docs = [row[0] for row in self._documents(sought)]
        tickets = {doc // 2 for doc in docs if doc % 2}
        tickets |= self._tickets_of([doc // 2 for doc in docs if not doc % 2])
        return sorted(tickets, reverse=True)[:limit]

    def _documents(self, sought: Sequence[str]) -> list[tuple[Any, ...]]:
        if self._engine.postgres:
            return self._engine.rows(
                "SELECT doc FROM search WHERE words @@ to_tsquery('simple', ?) "
                "ORDER BY doc DESC LIMIT ?",
                [" & ".join(f"'{word}':*" for word in sought), _HITS],
            )
        return self._engine.rows(
            "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?",
            [" AND ".join(f'"{word}"*' for word in sought), _HITS],
        )

    def _tickets_of(self, messages: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for start in range(0, len(messages), 500):
            some = list(messages[start : start + 500])
            marks = ", ".join("?" * len(some))
            rows = self._engine.rows(f"SELECT ticket FROM message WHERE id IN ({marks})", some)
            found |= {row[0] for row in rows}
        return found

    def erase(self, *, tickets: Sequence[int] = (), messages: Sequence[int] = ()) -> None:
        """Within the caller's transaction: these are found no more. `optimize` afterwards
        takes their words out of the file, too."""
        docs = [(2 * number + 1,) for number in tickets]
        docs += [(2 * number,) for number in messages]
        key = "doc" if self._engine.postgres else "rowid"
        self._engine.execute_many(f"DELETE FROM search WHERE {key} = ?", docs)

    def optimize(self) -> None:
        """Write the index anew, without what was erased; a little at a time, so that other
        writers have their turns."""
        while not self._engine.postgres:
            with self._engine.write():
                before = self._changes()
                self._engine.execute("INSERT INTO search (search, rank) VALUES ('merge', -500)")
                if self._changes() - before < 2:  # so FTS5 says that nothing is left to merge
                    return

    def _changes(self) -> int:
        row = self._engine.one("SELECT total_changes()")
        return int(row[0]) if row else 0


@dataclass(slots=True)
class SearchRounds:
    """The timetable's job: each minute, what is new, a piece at a time."""

    search: Search
    name: ClassVar[str] = "search"
    _next: datetime | None = field(default=None, init=False)

    def run(self, now: datetime) -> bool:
        if self._next is not None and now < self._next:
            return False
        if self.search.catch_up(5 * BATCH) >= 5 * BATCH:
            return True
        self._next = now + timedelta(minutes=1)
        return False


def _document(texts: Sequence[str | None]) -> str:
    return " ".join(_words(" ".join(text or "" for text in texts)))


def _words(text: str) -> list[str]:
    """Folded, without anything that a query language could take for its own."""
    return split(_UNSPACED.sub(r" \1 ", fold(text[:_LONGEST])))
