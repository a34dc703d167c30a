"""How many letters may leave now: by a relay's rate, and by the desk's own limit.

What has left is counted in the outbox, so that a restart forgets nothing and the nodes of one
store share a rate. Nothing here waits: whoever may take no letter now asks again later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.desk.practice import Allowance

#: with more than this free, a count holds for a while: most letters need no new one
PLENTY = 200
COUNT_HOLDS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Room:
    """What may be taken out just now."""

    letters: int
    automatic: bool = True  #: whether automatic letters may be among them


class Ration:
    """An allowance of letters. Use it under one lock."""

    def __init__(
        self, allowance: Allowance, left_since: Callable[[datetime, int], int]
    ) -> None:
        """`left_since(since, at_most)` counts the letters that have left."""
        self._allowance = allowance
        self._left_since = left_since
        self._free = 0
        self._counted: datetime | None = None

    def free(self, now: datetime, *, in_hand: int) -> int:
        """How many letters may be taken, those that are on their way counted as gone."""
        if self._counted is None or not self._holds(now, self._counted):
            count = self._allowance.count
            left = self._left_since(now - self._allowance.per, count)
            self._free, self._counted = count - left - in_hand, now
        return max(0, self._free)

    def _holds(self, now: datetime, counted: datetime) -> bool:
        return self._free > PLENTY and timedelta() <= now - counted < COUNT_HOLDS

    def room(self, now: datetime, *, in_hand: int, most: int) -> Room:
        """What a relay of this rate takes now. The last tenth is for people's words: they
        need not wait behind a long line of automatic letters."""
        free = self.free(now, in_hand=in_hand)
        for_machines = free - self._allowance.count // 10
        return Room(min(most, for_machines if for_machines > 0 else free), for_machines > 0)

    def take(self, letters: int) -> None:
        """So many more are on their way."""
        self._free -= letters
