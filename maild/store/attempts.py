"""Mail in the house's name that gave no proof: who was named, what it tried, and when."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from maild.store.engine import Engine
from maild.store.fields import from_micros, to_micros

MOST = 50_000  #: rows looked at; a flood's letter need not count every drop


class Attempt(NamedTuple):
    """One such mail. Confirmed by its owner it is none any more."""

    address: str  #: that it came from, as it said
    at: datetime
    remote: str  #: the client's address; "" where the door knows none
    ticket: int | None
    tried: tuple[str, ...]  #: orders by their English names; `forward`, `text`, `?`
    failed: bool  #: its mail server disowned it: dmarc=fail


def attempts_between(engine: Engine, start: datetime, end: datetime) -> Iterator[Attempt]:
    """Those that came in [start, end), oldest first."""
    found = engine.rows(
        "SELECT received, remote, ticket, why FROM intake "
        "WHERE received >= ? AND received < ? "
        "AND (state = 'held' OR outcome IN ('expired', 'dropped')) ORDER BY id LIMIT ?",
        [to_micros(start), to_micros(end), MOST],
    )
    for received, remote, ticket, why in found:
        record = json.loads(why) if why else {}
        if "tried" in record:
            yield Attempt(
                record["sender"]["email"].casefold(),
                from_micros(received),
                remote,
                ticket,
                tuple(record["tried"]),
                record["proof"]["because"] == "dmarc=fail",
            )


def last_slot(engine: Engine, job: str) -> datetime | None:
    """The latest slot of a job that was done."""
    row = engine.one("SELECT max(at) FROM slot WHERE job = ?", [job])
    return from_micros(row[0]) if row and row[0] is not None else None
