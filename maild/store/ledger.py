"""The accounts: every message ever taken in and every letter ever written, each under
exactly one heading, and a store whose parts fit together.

Only looks. Each check is one question to the database whose answers are the faults; what is
allowed to be missing (text that was erased, history that came from elsewhere) is said there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from maild.store.checks import CHECKS, NUMBERED, OUTCOMES, STATES
from maild.store.engine import Engine, integrity_faults
from maild.store.fields import to_micros

MOST: Final = 1000  #: faults of one kind that are listed


class Fault(NamedTuple):
    """Something that does not add up, and where."""

    where: str  #: in17, out23, ticket 5, message 9 …
    what: str


@dataclass(slots=True)
class Accounts:
    """The balance, and what spoils it."""

    arrived: int
    messages: dict[str, int]
    written: int
    letters: dict[str, int]
    calls: dict[str, int] = field(default_factory=dict)  #: of webhooks, by state
    faults: list[Fault] = field(default_factory=list)

    @property
    def unaccounted(self) -> dict[str, int]:
        """Messages and letters that stand under no heading."""
        return {
            "messages": self.arrived - sum(self.messages.values()),
            "letters": self.written - sum(self.letters.values()),
        }

    @property
    def balanced(self) -> bool:
        return not self.faults and not any(self.unaccounted.values())


def verify(engine: Engine) -> Accounts:
    """Look at everything, in one picture of the store."""
    with engine.reading():
        accounts = _balance(engine, "", [])
        accounts.calls = {str(k): n for k, n in _count(engine, "hookcall", "state").items()}
        accounts.faults = [*_damage(engine), *_faults(engine)]
    return accounts


def balance(
    engine: Engine, start: datetime | None = None, end: datetime | None = None
) -> dict[str, Any]:
    """What became of the mail of a period `[start, end)`, and of its letters:
    `{"arrived", "messages": {outcome: n}, "written", "letters": {state: n},
    "unaccounted": {"messages", "letters"}}`."""
    bounds = [(">= ?", start), ("< ?", end)]
    given = [(sign, to_micros(at)) for sign, at in bounds if at is not None]
    where = " AND ".join(f"at {sign}" for sign, _ in given)
    accounts = _balance(engine, where, [value for _, value in given])
    return {
        "arrived": accounts.arrived,
        "messages": accounts.messages,
        "written": accounts.written,
        "letters": accounts.letters,
        "unaccounted": accounts.unaccounted,
    }


def _balance(engine: Engine, where: str, values: list[int]) -> Accounts:
    headings = (
        "CASE WHEN state = 'done' THEN outcome WHEN state = 'new' THEN 'waiting' ELSE state END"
    )
    mail = _count(engine, "intake", headings, where.replace("at ", "received "), values)
    letters = _count(engine, "letter", "state", where.replace("at ", "created "), values)
    return Accounts(
        arrived=sum(mail.values()),
        messages={name: mail[name] for name in OUTCOMES if name in mail},
        written=sum(letters.values()),
        letters={name: letters[name] for name in STATES if name in letters},
    )


def _count(
    engine: Engine, table: str, heading: str, where: str = "", values: Sequence[int] = ()
) -> dict[str | None, int]:
    condition = f" WHERE {where}" if where else ""
    return dict(
        engine.rows(
            f"SELECT {heading} AS heading, count(*) FROM {table}{condition} GROUP BY 1", values
        )
    )


# -- the checks ------------------------------------------------------------------------------


def _faults(engine: Engine) -> Iterator[Fault]:
    for check in CHECKS:
        for row in engine.rows(f"{check.on(engine.postgres)} LIMIT {MOST}"):
            yield Fault(check.where.format(*row), check.what.format(*row))
    if not engine.postgres:
        yield from _gaps(engine)


def _gaps(engine: Engine) -> Iterator[Fault]:
    """SQLite numbers rows without a gap: a number that is missing was a row once. (Sequences
    of PostgreSQL skip numbers by themselves.)"""
    for table, where in NUMBERED.items():
        for last, number in engine.rows(
            f"SELECT before, id FROM (SELECT id, lag(id, 1, 0) OVER (ORDER BY id) AS before "
            f"FROM {table}) WHERE id <> before + 1 LIMIT {MOST}"
        ):
            gone = str(last + 1) if number == last + 2 else f"{last + 1}-{number - 1}"
            yield Fault(where.format(gone), "is gone")


def _damage(engine: Engine) -> Iterator[Fault]:
    for what in integrity_faults(engine, thorough=True):
        yield Fault("the store", what)
