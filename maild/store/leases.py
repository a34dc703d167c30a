"""Jobs that only one node may do at a time: who does them, and until when."""

from datetime import datetime, timedelta

from maild.store.engine import Engine
from maild.store.fields import to_micros


class Leases:
    """Named jobs, each held by one node until its time runs out or it lets go."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, name: str, holder: str, *, now: datetime, length: timedelta) -> bool:
        """Take or prolong a lease; False while somebody else holds it."""
        with self._engine.write():
            row = self._engine.one(
                "INSERT INTO lease (name, holder, until) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "
                "until = excluded.until WHERE lease.holder = excluded.holder "
                "OR lease.until <= ? RETURNING holder",
                [name, holder, to_micros(now + length), to_micros(now)],
            )
        return row is not None

    def let_go(self, name: str, holder: str) -> None:
        """So that another node need not wait."""
        with self._engine.write():
            self._engine.execute(
                "DELETE FROM lease WHERE name = ? AND holder = ?", [name, holder]
            )
