"""Jobs that only one node may do at a time: who does them, and until when."""

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Hold:
    """One node's hold on one job: prolonged well before it runs out."""

    leases: Leases
    name: str
    holder: str
    length: timedelta = timedelta(seconds=30)
    every: timedelta = timedelta(seconds=5)
    _held: bool = field(default=False, init=False)
    _asked: datetime | None = field(default=None, init=False)

    def hold(self, now: datetime) -> bool:
        """Whether the job is ours; the store is asked every few seconds only."""
        if self._asked is None or not timedelta(0) <= now - self._asked < self.every:
            self._held = False
            self._held = self.leases.take(self.name, self.holder, now=now, length=self.length)
            self._asked = now
        return self._held

    def let_go(self) -> None:
        """So that another node takes over at once."""
        self._held = False
        self.leases.let_go(self.name, self.holder)
