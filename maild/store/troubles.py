"""What is in trouble since when: mailboxes, relays. Written when it begins, changes or ends.

So that any process can tell (`/metrics`, `doctor`, the timetable), and a restart forgets
nothing.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros

_NAME = "trouble:"
#: automatic letters wait: more would leave than `[limits] automatic_letters` allows
HELD_BACK = "queue:automatic"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One part in trouble; `told`: the admins know."""

    name: str  #: "mailbox:main", "relay", "queue:intake" …
    since: datetime
    error: str
    told: bool = False


class Troubles:
    """All that is in trouble just now."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, name: str, error: str, now: datetime) -> None:
        """It is (still) in trouble: since the first time, with the latest reason."""
        with self._engine.write():
            before = self._read(name)
            since, told = (before.since, before.told) if before else (now, False)
            self._write(Trouble(name, since, error[:500], told))

    def over(self, name: str) -> bool:
        """It works; whether it did not."""
        if self._read(name) is None:
            return False
        with self._engine.write():
            self._engine.execute("DELETE FROM note WHERE name = ?", [_NAME + name])
        return True

    def note_told(self, trouble: Trouble) -> None:
        """Within the caller's transaction, with the letter."""
        self._write(Trouble(trouble.name, trouble.since, trouble.error, told=True))

    def all(self) -> list[Trouble]:
        """The longest first."""
        rows = self._engine.rows(
            "SELECT name, value FROM note WHERE name LIKE ? ORDER BY name", [f"{_NAME}%"]
        )
        return sorted((_trouble(*row) for row in rows), key=lambda t: t.since)

    def _read(self, name: str) -> Trouble | None:
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [_NAME + name])
        return _trouble(_NAME + name, row[0]) if row else None

    def _write(self, trouble: Trouble) -> None:
        value = {
            "since": to_micros(trouble.since),
            "error": trouble.error,
            "told": trouble.told,
        }
        self._engine.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [_NAME + trouble.name, json.dumps(value)],
        )


def _trouble(name: str, value: str) -> Trouble:
    kept = json.loads(value)
    since = from_micros(kept["since"])
    return Trouble(name.removeprefix(_NAME), since, kept["error"], kept["told"])
