"""The outbox loop: leased letters are composed, handed to the courier, and marked at once.

A letter that can't go now waits 1, 5, 15, 60 minutes, then an hour each time; after five
days, or at once when the relay says never, it has failed and its agent is told.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from maild.errors import Permanent, Temporary
from maild.interfaces import Clock
from maild.links import Signer
from maild.model.letter import Letter
from maild.model.ticket import Enclosure
from maild.notify.mime import compose
from maild.store.outbox import Outbox, Posted

log = structlog.get_logger("delivery")

DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
GIVE_UP = timedelta(days=5)
IN_FLIGHT = 4
BATCH = 16
POLL_S = 1.0
RENEW_S = 10.0  #: well within `outbox.LEASE`


class Carrier(Protocol):
    """A courier with its connection."""

    def send(self, sender: str, recipient: str, message: bytes) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class EnvelopeSender:
    """MAIL FROM of a letter: an address of ours that leads a bounce back to the letter."""

    signer: Signer
    pattern: str  #: "{local}+{token}@{domain}"; "" is the From address

    def of(self, number: int, letter: Letter) -> str:
        local, _, domain = letter.sender.email.rpartition("@")
        if not self.pattern:
            return letter.sender.email
        token = self.signer.token(number, letter.recipient, purpose="bounce")
        return self.pattern.format(local=local, token=token, domain=domain)


class Delivery:
    """Takes letters out, several at a time."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        courier: Callable[[], Carrier],
        envelope: EnvelopeSender,
        failed: Callable[[Posted, str], None],
        clock: Clock,
        close_store: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._envelope = envelope
        self._failed = failed
        self._clock = clock
        self._close_store = close_store
        self._stop = threading.Event()
        self._work = threading.Condition()
        self._in_hand: set[int] = set()
        self._hands = threading.Lock()
        self._renew_at = 0.0

    def run(self, wait: Callable[[float], bool]) -> None:
        """Until `stop`: `wait` sleeps until the bell rings or so many seconds are over."""
        threads = [
            threading.Thread(target=self._carry, name=f"courier-{n}", daemon=True)
            for n in range(IN_FLIGHT)
        ]
        for thread in threads:
            thread.start()
        while not self._stop.is_set():
            wait(POLL_S)
            with self._work:
                self._work.notify_all()
            self._renew_leases()
        with self._work:
            self._work.notify_all()
        for thread in threads:
            thread.join(timeout=8)

    def stop(self) -> None:
        """Finish what is in hand, then end."""
        self._stop.set()

    def _carry(self) -> None:
        courier = self._courier()
        with self._closing(courier):
            while not self._stop.is_set():
                if not self._round(courier):
                    with self._work:
                        self._work.wait(POLL_S)

    @contextmanager
    def _closing(self, courier: Carrier) -> Iterator[None]:
        try:
            yield
        finally:
            courier.close()
            self._close_store()

    def _round(self, courier: Carrier) -> int:
        """One batch; how many letters it held. Trouble with the store is waited out."""
        try:
            return self.deliver_batch(courier)
        except Temporary as trouble:
            log.warning("store busy", error=str(trouble))
        except Exception:
            log.exception("a letter could not be handled")
        return 0

    def deliver_batch(self, courier: Carrier) -> int:
        """Lease some letters and send each; unused leases are given back at a stop."""
        with self._taken() as batch:
            for position, posted in enumerate(batch):
                if self._stop.is_set():
                    self._outbox.give_back([p.id for p in batch[position:]])
                    break
                self._send(courier, posted)
            return len(batch)

    @contextmanager
    def _taken(self) -> Iterator[list[Posted]]:
        """Leased letters, known to be in hand until the end of the block."""
        batch: list[Posted] = []
        with self._hands:  # a lease that ran out while its letter is on its way means nothing
            found = self._outbox.claim(self._clock.now(), BATCH)
            batch = [posted for posted in found if posted.id not in self._in_hand]
            self._in_hand.update(posted.id for posted in batch)
        try:
            yield batch
        finally:
            with self._hands:
                self._in_hand.difference_update(posted.id for posted in batch)

    def _renew_leases(self) -> None:
        """So that nobody else sends what waits behind a slow letter."""
        if self._clock.monotonic() < self._renew_at:
            return
        self._renew_at = self._clock.monotonic() + RENEW_S
        with self._hands:
            numbers = list(self._in_hand)
        try:
            self._outbox.renew(numbers, self._clock.now())
        except Temporary as trouble:
            log.warning("store busy", error=str(trouble))

    def _send(self, courier: Carrier, posted: Posted) -> None:
        letter = replace(posted.letter, envelope=self._envelope.of(posted.id, posted.letter))
        try:
            message = compose(letter, self._content, date=posted.created)
            courier.send(letter.envelope, letter.recipient, message)
        except Temporary as trouble:
            self._put_off(posted, str(trouble))
        except Permanent as refusal:
            self._give_up(posted, str(refusal))
        except Exception as error:
            log.exception("a letter could not be sent", letter=posted.id)
            self._put_off(posted, f"{type(error).__name__}: {error}")
        else:
            self._mark_sent(posted)
            log.info("sent", ticket=letter.ticket, letter=posted.id, type=letter.type.value)

    def _mark_sent(self, posted: Posted) -> None:
        """It has left: a store that can't be written now is waited for, lest it go again."""
        while True:
            try:
                self._outbox.sent(posted.id, self._clock.now())
            except Temporary as trouble:
                log.warning("sent, not marked yet", letter=posted.id, error=str(trouble))
                if self._stop.wait(POLL_S):
                    raise
            else:
                return

    def _content(self, enclosure: Enclosure) -> bytes:
        return self._outbox.content(enclosure.sha256)

    def _put_off(self, posted: Posted, reason: str) -> None:
        now = self._clock.now()
        if now - posted.created > GIVE_UP:
            self._give_up(posted, f"given up after 5 days: {reason}")
            return
        self._outbox.defer(posted.id, next_try(posted.attempts, now), reason)
        log.warning("deferred", letter=posted.id, ticket=posted.letter.ticket, error=reason)

    def _give_up(self, posted: Posted, reason: str) -> None:
        self._failed(posted, reason)
        log.error("failed", letter=posted.id, ticket=posted.letter.ticket, error=reason)


def next_try(attempts: int, now: datetime) -> datetime:
    """When to try again after so many attempts."""
    return now + DELAYS[min(attempts, len(DELAYS)) - 1]
