"""Letters that shadow or pilot mode has held back, counted."""

from datetime import datetime
from typing import NamedTuple

from maild.store.engine import Engine
from maild.store.fields import to_micros


class Kept(NamedTuple):
    """So many letters of one type to one address."""

    type: str
    recipient: str
    letters: int


def kept_between(engine: Engine, start: datetime, end: datetime) -> list[Kept]:
    """What was written in [start, end) and has not left, the most first."""
    found = engine.rows(
        "SELECT type, recipient, count(*) FROM letter WHERE state = 'kept' "
        "AND created >= ? AND created < ? GROUP BY type, recipient "
        "ORDER BY count(*) DESC, type, recipient",
        [to_micros(start), to_micros(end)],
    )
    return [Kept(*row) for row in found]
