"""Which letters are taken out of the outbox, and when: leases, lanes, limits.

What is taken is in hand until it is sent or put off. How it is carried is `delivery`'s
business, what may leave at all `pace`'s.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from maild.interfaces import Clock
from maild.model.letter import LetterType
from maild.notify.pace import Ration, Room
from maild.store.outbox import Outbox, Posted

BATCH = 16
RENEW_S = 10.0  #: well within `outbox.LEASE`


@dataclass(frozen=True, slots=True)
class Share:
    """The letters of one relay: whose, and how fast they may leave."""

    admins: bool | None = None  #: only those to the admins, all but those, or all
    rate: Ration | None = None

    def holds(self, posted: Posted) -> bool:
        return self.admins in (None, posted.letter.type is LetterType.ADMIN)


class Taking:
    """Takes letters out for several carriers.

    While more automatic letters would leave than `limit` allows they wait, and `held` is told
    so, and again (False) when none waits any more. People's words and alarms go on.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        *,
        limit: Ration | None = None,
        held: Callable[[bool], None] = lambda held: None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._limit = limit
        self._held = held
        self._holding = False
        self._in_hand: dict[int, Posted] = {}
        self._lock = threading.Lock()
        self._renew_at = 0.0

    @contextmanager
    def taken(self, share: Share) -> Iterator[list[Posted]]:
        """Leased letters, known to be in hand until the end of the block."""
        batch: list[Posted] = []
        with self._lock:  # a lease that ran out while its letter is on its way means nothing
            batch = [p for p in self._claim(share) if p.id not in self._in_hand]
            self._in_hand.update((posted.id, posted) for posted in batch)
        try:
            yield batch
        finally:
            with self._lock:
                for posted in batch:
                    self._in_hand.pop(posted.id, None)

    def _claim(self, share: Share) -> list[Posted]:
        now = self._clock.now()
        room = Room(BATCH)
        if share.rate:
            in_hand = sum(map(share.holds, self._in_hand.values()))
            room = share.rate.room(now, in_hand=in_hand, most=BATCH)
        limit = self._limit if share.admins is not True else None
        free = limit.free(now, in_hand=self._automatic_in_hand()) if limit else BATCH
        found = self._outbox.claim(
            now,
            min(room.letters, free or BATCH),
            admins=share.admins,
            automatic=room.automatic and free > 0,
            by_age=self._holding,  # a flood of one kind shall not starve the other
        )
        if share.rate:
            share.rate.take(len(found))
        if limit:
            limit.take(sum(map(_automatic, found)))
            if not free and self._outbox.automatic_wait(now):
                self._note(holding=True)
            elif free and room.automatic and len(found) < min(room.letters, free):
                self._note(holding=False)
        return found

    def _note(self, *, holding: bool) -> None:
        self._holding = holding
        self._held(holding)

    def _automatic_in_hand(self) -> int:
        return sum(map(_automatic, self._in_hand.values()))

    def renew_leases(self) -> None:
        """So that nobody else sends what waits behind a slow letter. Raises `Temporary`."""
        if self._clock.monotonic() < self._renew_at:
            return
        self._renew_at = self._clock.monotonic() + RENEW_S
        with self._lock:
            numbers = list(self._in_hand)
        self._outbox.renew(numbers, self._clock.now())


def _automatic(posted: Posted) -> bool:
    """One that may be held back."""
    letter = posted.letter
    return letter.auto_submitted is not None and letter.type is not LetterType.ADMIN
