"""What is kept for so long and no longer (`[retention]`): raw mail, and the words of closed
tickets. In small transactions, so that mail goes on meanwhile.

A closed ticket that is old enough loses its words and its people; that it was there, when, and
what was done stays, so that old figures can still be recounted.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from maild.store.checks import RAW_HORIZON
from maild.store.engine import Engine
from maild.store.erasure import FORGOTTEN, Eraser, pseudonym
from maild.store.fields import to_micros
from maild.store.search import Search

TOGETHER: Final = 200
NIGHT: Final = 3  #: o'clock


@dataclass(frozen=True, slots=True)
class Retention:
    """How long; None is for ever."""

    raw_mail: timedelta | None = None
    closed_tickets: timedelta | None = None


def apply_retention(engine: Engine, rules: Retention, now: datetime) -> bool:
    """Do a piece of it; whether there may be more. Safe to do twice."""
    more = False
    if rules.raw_mail is not None:
        more |= _drop_raw(engine, to_micros(now - rules.raw_mail))
    if rules.closed_tickets is not None:
        more |= _empty_tickets(engine, to_micros(now - rules.closed_tickets))
    return more


def _drop_raw(engine: Engine, horizon: int) -> bool:
    """The bytes of mail that is done; what waits keeps them.

    Looked for among what is left of the oldest mail only, whatever the database believes: a
    search through all of it would keep every writer waiting, and find nothing on most days.
    """
    with engine.write():
        _note_horizon(engine, horizon)
        newest = engine.one(
            "SELECT id FROM intake WHERE received < ? ORDER BY received DESC LIMIT 1", [horizon]
        )
        if newest is None:
            return False
        done = engine.execute(
            "DELETE FROM raw WHERE intake IN (SELECT r.intake FROM raw r CROSS JOIN intake i "
            "WHERE r.intake <= ? AND i.id = r.intake AND i.received < ? AND i.state = 'done' "
            "ORDER BY r.intake LIMIT ?)",
            [newest[0], horizon, TOGETHER],
        )
    return int(done.rowcount) == TOGETHER


def _note_horizon(engine: Engine, horizon: int) -> None:
    """So that `verify` knows what may be gone. It never goes back."""
    row = engine.one("SELECT value FROM note WHERE name = ?", [RAW_HORIZON])
    if row is None or int(row[0]) < horizon:
        engine.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [RAW_HORIZON, str(horizon)],
        )


def _empty_tickets(engine: Engine, horizon: int) -> bool:
    with engine.write():
        found = engine.rows(
            "SELECT id FROM ticket WHERE status IN ('closed', 'merged', 'spam') "
            "AND coalesce(closed_at, updated_at) < ? AND requester_email NOT LIKE ? "
            "ORDER BY id LIMIT ?",
            [horizon, f"{FORGOTTEN}%", TOGETHER],
        )
        eraser = Eraser(engine, cache(lambda email: pseudonym()))
        eraser.erase([row[0] for row in found])
        eraser.sweep_files()
    return len(found) == TOGETHER


@dataclass(slots=True)
class RetentionRounds:
    """The timetable's job: at start, and each night at three in the desk's zone."""

    engine: Engine
    rules: Retention
    zone: ZoneInfo
    name: ClassVar[str] = "retention"
    _next: datetime | None = field(default=None, init=False)

    def run(self, now: datetime) -> bool:
        if self._next is not None and now < self._next:
            return False
        if apply_retention(self.engine, self.rules, now):
            return True
        if self.rules.closed_tickets is not None:
            Search(self.engine).optimize()
        self._next = _next_night(now, self.zone)
        return False


def _next_night(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    night = local.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return (night if night > local else night + timedelta(days=1)).astimezone(UTC)
