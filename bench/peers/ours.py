"""maild as others are measured: mail through its SMTP door, until tickets and letters stand."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.client import send
from bench.corpus import Sample
from bench.daemon import Daemon, running
from bench.peers.play import DESK, Cost
from maild.store import open_store

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Maild:
    """The shipped config on SQLite. In `live` mode letters are worded and become files, as
    those of the others do; in `shadow` mode they are stored."""

    mode: str = "shadow"
    name: str = "maild"
    tag: str = "[ACME #{}]"

    @contextmanager
    def fresh(self) -> Iterator["MaildDesk"]:
        with running(mode=self.mode) as daemon:
            yield MaildDesk(daemon)


@dataclass(slots=True)
class MaildDesk:
    """A daemon that runs."""

    daemon: Daemon
    _taken: int = 0

    def take(self, samples: Sequence[Sample]) -> Cost:
        if not samples:
            return Cost(0, 0)
        before = self.daemon.cpu()
        started = send(self.daemon.port, samples, connections=CONNECTIONS, to=DESK)
        self._taken += len(samples)
        ended = self.daemon.await_done(self._taken)
        ended = max(ended, self._await_letters())
        return Cost(ended - started, self.daemon.cpu() - before)

    def _await_letters(self) -> float:
        store = open_store(self.daemon.url)
        waits = "SELECT 1 FROM letter WHERE state IN ('queued', 'deferred') LIMIT 1"
        while store.engine.one(waits):
            time.sleep(0.01)
        store.close()
        return time.perf_counter()

    def texts(self) -> list[tuple[int, str]]:
        store = open_store(self.daemon.url)
        found = store.engine.rows("SELECT ticket, text FROM message")
        store.close()
        return [(number, text) for number, text in found]
