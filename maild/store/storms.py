"""Alert storms: which ticket near-identical mails belong to, how many came, and when last."""

from datetime import datetime

from maild.desk.clusters import Storm
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros


class Storms:
    """One row a storm, found by its key. Used within the desk's transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, key: str, now: datetime) -> Storm | None:
        """The storm of this key, locked so that two nodes do not open a ticket each."""
        at = to_micros(now)
        self._engine.execute(
            "INSERT INTO storm (key, ticket, first, latest, count) VALUES (?, 0, ?, ?, 0) "
            "ON CONFLICT (key) DO NOTHING",
            [key, at, at],
        )
        row = self._engine.one(
            "SELECT ticket, first, latest, count FROM storm WHERE key = ?"
            + self._engine.for_update(),
            [key],
        )
        if row is None or not row[0]:
            return None
        return Storm(row[0], from_micros(row[1]), from_micros(row[2]), row[3])

    def note(self, key: str, storm: Storm) -> None:
        """How it stands now."""
        self._engine.execute(
            "UPDATE storm SET ticket = ?, first = ?, latest = ?, count = ? WHERE key = ?",
            [storm.ticket, to_micros(storm.first), to_micros(storm.latest), storm.count, key],
        )

    def of(self, ticket: int) -> Storm | None:
        """The storm a ticket stands for, if it does."""
        row = self._engine.one(
            "SELECT ticket, first, latest, count FROM storm WHERE ticket = ? "
            "ORDER BY count DESC LIMIT 1",
            [ticket],
        )
        return Storm(row[0], from_micros(row[1]), from_micros(row[2]), row[3]) if row else None
