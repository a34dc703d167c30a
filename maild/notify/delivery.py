"""The outbox loop: leased letters are composed, handed to the courier, and marked at once.

A letter that can't go now waits 1, 5, 15, 60 minutes, then an hour each time; after five
days, or at once when the relay says never, it has failed and its agent is told.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from maild.desk.practice import Allowance
from maild.errors import Permanent, Temporary
from maild.interfaces import Clock
from maild.links import Signer
from maild.model.letter import Letter
from maild.model.ticket import Enclosure
from maild.notify.mime import compose
from maild.notify.pace import Ration
from maild.notify.taking import Share, Taking
from maild.store.outbox import Outbox, Posted

log = structlog.get_logger("delivery")

DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
GIVE_UP = timedelta(days=5)
IN_FLIGHT = 4
POLL_S = 1.0


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


@dataclass(frozen=True, slots=True)
class Route:
    """A way out, the sender it allows, and how many letters it takes."""

    courier: Callable[[], Carrier]
    envelope: EnvelopeSender
    rate: Allowance | None = None


@dataclass(frozen=True, slots=True)
class OpenWay:
    """A route in use by one thread."""

    courier: Carrier
    envelope: EnvelopeSender


@dataclass(frozen=True, slots=True)
class Lane:
    """What a thread carries, and by which ways, the best first."""

    share: Share
    routes: tuple[Route, ...]


class Delivery:
    """Takes letters out, several at a time.

    With `alerts` the admins' letters have a way and a thread of their own, so that a relay in
    trouble delays no word of it; where that way fails they take the ordinary one.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        route: Route,
        alerts: Route | None = None,
        taking: Taking,
        finish: Callable[[Letter], Letter],
        failed: Callable[[Posted, str], None],
        clock: Clock,
        close_store: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._route = route
        self._alerts = alerts
        self._taking = taking
        self._finish = finish
        self._writing = threading.Lock()  #: templates are for one thread at a time
        self._failed = failed
        self._clock = clock
        self._close_store = close_store
        self._stop = threading.Event()
        self._work = threading.Condition()

    def run(self, wait: Callable[[float], bool]) -> None:
        """Until `stop`: `wait` sleeps until the bell rings or so many seconds are over."""
        threads = [
            threading.Thread(target=self._carry, args=[lane], name=f"courier-{n}", daemon=True)
            for n, lane in enumerate(self.lanes())
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

    def lanes(self) -> list[Lane]:
        """One for each thread; those of one relay share its rate."""
        if self._alerts is None:
            return [Lane(self._share(self._route, None), (self._route,))] * IN_FLIGHT
        apart = Lane(self._share(self._alerts, True), (self._alerts, self._route))
        return [apart, *[Lane(self._share(self._route, False), (self._route,))] * IN_FLIGHT]

    def _share(self, route: Route, admins: bool | None) -> Share:
        left_since = partial(self._outbox.left_since, admins=admins)
        return Share(admins, Ration(route.rate, left_since) if route.rate else None)

    def _carry(self, lane: Lane) -> None:
        with self.opened(lane) as ways:
            while not self._stop.is_set():
                if not self._round(lane.share, ways):
                    with self._work:
                        self._work.wait(POLL_S)

    @contextmanager
    def opened(self, lane: Lane) -> Iterator[Sequence[OpenWay]]:
        """The lane's ways, until the end of the block."""
        ways = [OpenWay(route.courier(), route.envelope) for route in lane.routes]
        try:
            yield ways
        finally:
            for way in ways:
                way.courier.close()
            self._close_store()

    def _round(self, share: Share, ways: Sequence[OpenWay]) -> int:
        """One batch; how many letters it held. Trouble with the store is waited out."""
        try:
            return self.deliver_batch(share, ways)
        except Temporary as trouble:
            log.warning("store busy", error=str(trouble))
        except Exception:
            log.exception("a letter could not be handled")
        return 0

    def deliver_batch(self, share: Share, ways: Sequence[OpenWay]) -> int:
        """Lease some letters and send each; unused leases are given back at a stop."""
        with self._taking.taken(share) as batch:
            for position, posted in enumerate(batch):
                if self._stop.is_set():
                    self._outbox.give_back([p.id for p in batch[position:]])
                    break
                self._send(ways, posted)
            return len(batch)

    def _renew_leases(self) -> None:
        try:
            self._taking.renew_leases()
        except Temporary as trouble:
            log.warning("store busy", error=str(trouble))

    def _send(self, ways: Sequence[OpenWay], posted: Posted) -> None:
        letter = posted.letter
        try:
            with self._writing:
                letter = self._finish(letter)
            self._hand_over(ways, posted, letter)
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

    def _hand_over(self, ways: Sequence[OpenWay], posted: Posted, letter: Letter) -> None:
        """By the first way that works; raises what the last one says."""
        for number, way in enumerate(ways, 1):
            sender = way.envelope.of(posted.id, posted.letter)
            letter = replace(letter, envelope=sender)
            message = compose(letter, self._content, date=posted.created)
            try:
                way.courier.send(sender, letter.recipient, message)
            except (Temporary, Permanent) as trouble:
                if number == len(ways):
                    raise
                log.warning("another way is tried", letter=posted.id, error=str(trouble))
            else:
                return

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
