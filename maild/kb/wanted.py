"""Asks the owner of the knowledge base for the article that is missing most, once for each.

What comes back is what the reports call so: one department's requests with one category, or
with the same words in their subject. Three that were solved in ninety days and no article
that bears their key: somebody explains the same thing again and again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from maild.kb.library import Library
from maild.reports.recurring import key_of
from maild.store import Store
from maild.store.portal import Solved

ENOUGH = 3
WITHIN = timedelta(days=90)
LOOK_EVERY = timedelta(hours=1)
APART = timedelta(days=1)  #: between two questions
CAUSE = "wanted:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An article that nobody has written yet."""

    key: str  #: what its file says as `key`
    name: str  #: what people call it: the category, else the latest subject
    tickets: tuple[int, ...]  #: the latest first

    @property
    def cause(self) -> str:
        """The same each time, so that the question is asked once."""
        return CAUSE + sha256(self.key.encode()).hexdigest()[:24]


@dataclass(slots=True)
class WantedRounds:
    """A job of the timetable."""

    store: Store
    library: Library
    ask: Callable[[Wanted], None]
    _looked: datetime | None = field(default=None, init=False)
    name: ClassVar[str] = "wanted articles"

    def run(self, now: datetime) -> bool:
        if self._looked is not None and timedelta() <= now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        asked = self.store.portal.asked_before(CAUSE)
        if any(now - at < APART for at in asked.values()):
            return False
        solved = self.store.portal.solved_since(now - WITHIN)
        for wanted in missing(solved, self.library.about()):
            if wanted.cause not in asked:
                self.ask(wanted)
                break
        return False


def missing(solved: list[Solved], articles: Mapping[str, str]) -> list[Wanted]:
    """What came back and has no article, the most frequent first. `solved`: latest first."""
    kinds: dict[str, list[Solved]] = {}
    for ticket in solved:
        key = key_of(ticket.department, ticket.category, ticket.subject)
        kinds.setdefault(key, []).append(ticket)
    found = [
        Wanted(key, them[0].category or them[0].subject, tuple(t.number for t in them))
        for key, them in kinds.items()
        if len(them) >= ENOUGH and not key.endswith("/—") and not _answered(key, articles)
    ]
    return sorted(found, key=lambda wanted: -len(wanted.tickets))


def _answered(key: str, articles: Mapping[str, str]) -> bool:
    """By an article of this department's, or of everybody's."""
    return key in articles or key.partition("/")[2] in articles
