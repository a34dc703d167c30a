"""Which number each imported ticket has here, found before anything is written.

The plan is a temporary table: a million tickets fit, whatever the memory, and both engines
work it out at one stroke.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from maild.store.engine import Engine, translated_errors

_FEW: Final = 1000


class Wanted(NamedTuple):
    """A ticket that wants in: what it is known by, and where it comes from."""

    key: str
    desk: str  #: the word of the tag it had there
    was: int | None  #: its number there
    created: int | None  #: microseconds


class Place(NamedTuple):
    """Where a ticket is, or shall be."""

    number: int
    known: bool


class Plan:
    """The numbers of one import."""

    def __init__(self, engine: Engine, own_tag: str) -> None:
        self._engine = engine
        self._own = own_tag

    def make(self, wanted: Iterable[Wanted]) -> None:
        """Give every ticket its number: the one it has, its old one, or a new one."""
        with translated_errors(self._engine), self._engine.database.atomic():
            self._fill(iter(wanted))
        with self._engine.write():
            self._find_known()
            self._keep_free()
            self._give_new()

    def _fill(self, wanted: Iterator[Wanted]) -> None:
        engine = self._engine
        engine.execute("DROP TABLE IF EXISTS moving")
        engine.execute(
            "CREATE TEMPORARY TABLE moving (place INTEGER PRIMARY KEY, key TEXT, "
            "desk TEXT, was INTEGER, native INTEGER, created BIGINT, number INTEGER, "
            "known BOOLEAN NOT NULL DEFAULT FALSE)"
        )
        place = 0
        while some := list(islice(wanted, _FEW)):
            engine.insert_many(
                "moving",
                "place, key, desk, was, native, created",
                [
                    (place + i, w.key, w.desk, w.was, self._native(w.key), w.created)
                    for i, w in enumerate(some)
                ],
            )
            place += len(some)
        engine.execute("CREATE INDEX moving_key ON moving (key, place)")
        engine.execute(
            "DELETE FROM moving WHERE EXISTS (SELECT 1 FROM moving m "
            "WHERE m.key = moving.key AND m.place < moving.place)"
        )
        engine.execute("CREATE INDEX moving_was ON moving (was, desk)")
        engine.execute("ANALYZE moving")

    def _native(self, key: str) -> int | None:
        """`ACME:17` on the desk ACME is ticket 17, if that is this very one."""
        desk, _, digits = key.rpartition(":")
        return int(digits) if desk == self._own and digits.isdecimal() else None

    def _find_known(self) -> None:
        self._engine.execute(
            "UPDATE moving SET known = TRUE, "
            "number = (SELECT id FROM ticket WHERE external_id = moving.key) "
            "WHERE EXISTS (SELECT 1 FROM ticket WHERE external_id = moving.key)"
        )
        self._engine.execute(
            "UPDATE moving SET known = TRUE, number = native WHERE number IS NULL AND EXISTS "
            "(SELECT 1 FROM ticket t WHERE t.id = native AND t.created_at = moving.created)"
        )

    def _keep_free(self) -> None:
        """The first that wants a free number keeps it."""
        self._engine.execute(
            "UPDATE moving SET number = was WHERE NOT known AND was > 0 "
            "AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.id = was) "
            "AND place = (SELECT min(m.place) FROM moving m "
            "WHERE m.was = moving.was AND NOT m.known)"
        )

    def _give_new(self) -> None:
        engine = self._engine
        if engine.one("SELECT 1 FROM moving WHERE number IS NULL LIMIT 1"):
            row = engine.one(
                "SELECT coalesce((SELECT max(id) FROM ticket), 0), "
                "coalesce((SELECT max(was) FROM moving), 0)"
            )
            floor = max(engine.next_number("ticket") - 1, *(row or ()))
            engine.execute(
                "UPDATE moving SET number = n.number FROM (SELECT place, "
                "? + row_number() OVER (ORDER BY place) AS number FROM moving "
                "WHERE number IS NULL) AS n WHERE n.place = moving.place",
                [floor],
            )
        row = engine.one("SELECT max(number) FROM moving WHERE NOT known")
        if row and row[0]:
            engine.raise_number("ticket", row[0])

    def places(self, keys: Sequence[str]) -> dict[str, Place]:
        """Where these are."""
        marks = ", ".join("?" * len(keys))
        found = self._engine.rows(
            f"SELECT key, number, known FROM moving WHERE key IN ({marks})", list(keys)
        )
        return {key: Place(number, bool(known)) for key, number, known in found}

    def note_known(self, keys: Sequence[str]) -> None:
        """Within the transaction that writes them."""
        if not keys:
            return
        marks = ", ".join("?" * len(keys))
        self._engine.execute(
            f"UPDATE moving SET known = TRUE WHERE key IN ({marks})", list(keys)
        )

    def number_of(self, desk: str, was: int) -> int | None:
        """Where the ticket of that number on that desk is today; None where it never came."""
        row = self._engine.one(
            "SELECT number FROM moving WHERE was = ? AND desk = ?", [was, desk]
        ) or self._engine.one("SELECT id FROM ticket WHERE external_id = ?", [f"{desk}:{was}"])
        if row is None and desk == self._own:
            row = self._engine.one("SELECT id FROM ticket WHERE id = ?", [was])
        return int(row[0]) if row else None

    def forget(self) -> None:
        with translated_errors(self._engine), self._engine.database.atomic():
            self._engine.execute("DROP TABLE IF EXISTS moving")
