"""From when until when the certificates of servers hold, as seen last."""

import json
from datetime import datetime

from maild.health.expiry import Life
from maild.store.engine import Engine

_NAME = "certificate:"


class Certificates:
    """`health.servers.Room` on the store. A place is `host:port`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, place: str) -> Life | None:
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [_NAME + place])
        return Life(*map(datetime.fromisoformat, json.loads(row[0]))) if row else None

    def note(self, place: str, life: Life) -> None:
        """A transaction of its own; none where nothing is new."""
        if self.of(place) == life:
            return
        with self._engine.write():
            self._engine.execute(
                "INSERT INTO note (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [_NAME + place, json.dumps([at.isoformat() for at in life])],
            )
