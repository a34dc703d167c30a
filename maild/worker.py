"""The worker: takes waiting mail in order, lets it be read, and hands it to the desk.

Several messages share one transaction; if one of them fails, all are done again one by one,
so that only the culprit is set aside. A message that has killed its worker three times is
set aside without being looked at again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import structlog

from maild.desk.outcome import Outcome
from maild.errors import StoreUnusable, Temporary
from maild.interfaces import Clock
from maild.model.mail import Attachment, Mail
from maild.store import Store
from maild.store.intake import Item

log = structlog.get_logger("worker")

BATCH = 600  #: between two batches the parser has nothing to do
MAX_ATTEMPTS = 3
#: where no worker of this daemon has died yet: then it was the whole daemon that was killed
#: each time, by somebody, or by a mail that takes all with it
MAX_STARTS = 10
CAREFUL_FIRST = 20  #: messages taken singly after a start: one may have killed our forerunner
POLL_S = 1.0


class Reads(Protocol):
    """The sandboxed parser."""

    def stream(self, items: Sequence[tuple[bytes, str | None]]) -> Iterator[Mail]: ...


class Receives(Protocol):
    """The desk, within a transaction."""

    def receive(self, item: Item, mail: Mail) -> Outcome: ...


class Pace:
    """How many messages share a transaction.

    While one is open nobody else can write (doors and mailboxes aside), so it is short; but
    where a commit itself is slow, enough messages share it to be worth its price.
    """

    SHORTEST_S = 0.03
    MOST = 50

    def __init__(self) -> None:
        self._deciding = 0.004  #: seconds a message, lately
        self._commit = 0.0  #: seconds a commit, lately

    @property
    def messages(self) -> int:
        open_for = max(self.SHORTEST_S, 2 * self._commit)
        return max(1, min(self.MOST, round(open_for / self._deciding)))

    def note(self, messages: int, deciding: float, commit: float) -> None:
        """What a transaction took."""
        self._deciding = 0.8 * self._deciding + 0.2 * max(deciding / messages, 0.0001)
        self._commit = 0.8 * self._commit + 0.2 * commit


class Worker:
    """Works the inbox off."""

    def __init__(
        self,
        store: Store,
        reader: Reads,
        desk: Receives,
        *,
        clock: Clock,
        done: Callable[[], None],
        trouble: Callable[[Item, str], None],
        patience: int = MAX_ATTEMPTS,
    ) -> None:
        """A message begun `patience` times and never ended is set aside.

        `done` is called after a commit (letters may wait), `trouble` within the transaction
        that sets a message aside.
        """
        self._store = store
        self._reader = reader
        self._desk = desk
        self._clock = clock
        self._done = done
        self._trouble = trouble
        self._careful = CAREFUL_FIRST
        self._patience = patience
        self._begun: set[int] = set()  #: counted as begun, and not brought to an end yet
        self._pace = Pace()

    def work(self) -> int:
        """One batch; how many messages it held."""
        self._store.intake.enter()
        items = self._store.intake.claim(1 if self._careful else BATCH)
        if not items:
            return 0
        try:
            if self._careful:
                self._careful -= 1
                self._work_carefully(items[0])
            else:
                self._work_together(items)
        finally:
            self._store.intake.release()
        self._done()
        return len(items)

    def rest(self) -> None:
        """There has been nothing to do for a while."""
        if self._store.arrivals is not None:
            self._store.arrivals.tidy()

    def _work_together(self, items: Sequence[Item]) -> None:
        """In parts, each a transaction; the parser goes on with the next part meanwhile."""
        mails = self._read(items)
        start = 0
        while start < len(items):
            part = items[start : start + self._pace.messages]
            self._work_part(part, list(islice(mails, len(part))))
            start += len(part)
            self._done()

    def _work_part(self, items: Sequence[Item], mails: Sequence[Mail]) -> None:
        try:
            self._commit(items, mails)
        except (Temporary, StoreUnusable):
            raise
        except Exception:
            log.exception("a batch failed; its messages are done one by one")
            for item, mail in zip(items, mails, strict=True):
                self._work_alone(item, mail)

    def _work_carefully(self, item: Item) -> None:
        """One message, with the attempt remembered first: if we die of it, it counts.

        Once in our life: where the store is in trouble, that is no fault of the message's.
        """
        if item.id not in self._begun:
            if item.attempts >= self._patience:
                self._set_aside(item, f"it has stopped the program {item.attempts} times")
                return
            self._store.intake.count_attempt(item.id)
            self._begun.add(item.id)
        (mail,) = self._read([item])
        self._work_alone(item, mail)
        self._begun.discard(item.id)

    def _work_alone(self, item: Item, mail: Mail) -> None:
        try:
            self._commit([item], [mail])
        except (Temporary, StoreUnusable):
            raise
        except Exception as error:
            log.exception("a message failed", intake=item.id)
            self._set_aside(item, f"{type(error).__name__}: {error}")

    def _read(self, items: Sequence[Item]) -> Iterator[Mail]:
        mails = self._reader.stream([(item.raw, item.envelope.sender) for item in items])
        for item, mail in zip(items, mails, strict=True):
            yield _with_original(mail, item.raw) if mail.error is not None else mail

    def _commit(self, items: Sequence[Item], mails: Sequence[Mail]) -> None:
        with self._store.write():
            began = self._clock.monotonic()
            waiting = self._store.intake.still_new([item.id for item in items])
            for item, mail in zip(items, mails, strict=True):
                if item.id in waiting:
                    self._receive(item, mail)
            decided = self._clock.monotonic()
        committed = self._clock.monotonic()
        self._pace.note(len(items), decided - began, committed - decided)

    def _receive(self, item: Item, mail: Mail) -> None:
        outcome = self._desk.receive(item, mail)
        self._store.intake.finish(item.id, outcome)
        log.info(
            "received",
            intake=item.id,
            ticket=outcome.ticket,
            outcome=outcome.outcome or outcome.state,
        )

    def _set_aside(self, item: Item, reason: str) -> None:
        with self._store.write():
            self._store.intake.finish(item.id, Outcome("failed", error=reason[:1000]))
            self._trouble(item, reason)
        log.error("set aside", intake=item.id, error=reason)


def _with_original(mail: Mail, raw: bytes) -> Mail:
    """A stub ticket carries the mail that could not be read."""
    original = Attachment("original.eml", "message/rfc822", raw)
    return replace(mail, attachments=(original,))
