"""The worker: inbox to desk to outbox."""

import os
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from maild.errors import Temporary
from maild.ingest.dkim_keys import KeyedReader, KeyRing, Reads
from maild.ingest.reader import Reader
from maild.model.mail import Proof
from maild.processes import Stop
from maild.wiring.desk import DeskAtWork
from maild.worker import MAX_ATTEMPTS, MAX_STARTS, POLL_S, Worker

if TYPE_CHECKING:
    from maild.app import App


log = structlog.get_logger("worker")

#: behind the doors, whose clients wait; not far, for whoever waits for the store waits for us
BEHIND = 5


def _checking_signatures(app: "App", reader: Reader) -> Reads:
    """The reader; where a DKIM signature of an agent's mail is a proof, it looks at them."""
    if Proof.DKIM not in app.practice.agent_proof:
        return reader
    ring = KeyRing(app.clock.monotonic)
    return KeyedReader(reader, ring, lambda email: app.roster.member(email).works)


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """The worker: inbox to desk to outbox."""
    os.nice(BEHIND)
    with closing(Reader()) as reader:
        store = app.open_store()
        desk = app.desk(store)
        worker = Worker(
            store,
            _checking_signatures(app, reader),
            DeskAtWork(desk, app.clock),
            clock=app.clock,
            done=app.letters_bell.ring,
            trouble=lambda item, reason: app.house.write_trouble(
                store,
                "intake-failed",
                f"intake:{item.id}",
                number=item.id,
                reason=reason,
            ),
            patience=MAX_ATTEMPTS if stop.deaths else MAX_STARTS,
        )
        stop.call(app.mail_bell.ring)
        ready()
        quiet = False
        while not stop.asked:
            try:
                busy = worker.work()
                if quiet and not busy:
                    worker.rest()
            except Temporary as trouble:
                log.warning("the store is busy", error=str(trouble))
                busy = 0
            quiet = not busy and not stop.asked and not app.mail_bell.wait(POLL_S)
        store.close()
