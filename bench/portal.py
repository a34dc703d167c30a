"""Pages asked for while mail comes in: does one hold up the other?

Twenty visitors ask for the page of a new request, ten times a second each, whether or not the
desk keeps up. Rounds with them and without alternate, on the same daemon.
"""

import asyncio
import multiprocessing
import statistics
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.client import send
from bench.corpus import Sample, corpus
from bench.daemon import Daemon, cpu_of, family, running
from bench.figures import Figure, at_least, percentile

ROUNDS = 3
MESSAGES = 1000
CONNECTIONS = 4
VISITORS, EACH_S = 20, 10
DESK = "soporte@acme.test"
_FORK = multiprocessing.get_context("fork")


def portal() -> Iterator[Figure]:
    """Mail in with and without visitors, and what the visitors got."""
    with running() as daemon:
        done, alone, beside, visits = 0, [], [], Visits()
        server = process_of(daemon, "maild-portal")
        before = cpu_of(server)
        for number in range(ROUNDS):
            for rates, visited in ((alone, False), (beside, True)):
                samples = corpus(MESSAGES, seed=100 + 2 * number + visited, to=DESK)
                done += len(samples)
                guests = Guests(pages_of(daemon)) if visited else None
                rates.append(play(daemon, samples, done))
                if guests:
                    visits.add(guests.leave())
        cost = (cpu_of(server) - before) / len(visits.took)
    accepted, durable = (
        statistics.median(b[which] / a[which] for a, b in zip(alone, beside, strict=True))
        for which in (0, 1)
    )
    asked = VISITORS * EACH_S
    yield Figure(f"pages asked for, {VISITORS} visitors, {asked}/s", f"{len(visits.took)}")
    errors = visits.errors
    yield Figure("of them not answered with 200", f"{errors}", "0", errors == 0)
    yield Figure("their median, p99", f"{_ms(visits, 0.5)}, {_ms(visits, 0.99)}")
    yield Figure("processor time of the pages' process for each", f"{cost * 1000:.1f} ms")
    yield at_least("250 once durable, beside visitors ÷ without", accepted, 2 / 3)
    yield at_least("tickets and letters durable, beside visitors ÷ without", durable, 2 / 3)


def pages_of(daemon: Daemon) -> int:
    """The port of its pages."""
    config = tomllib.loads((daemon.folder / "config.toml").read_text("utf-8"))
    return int(config["portal"]["listen"].rpartition(":")[2])


def process_of(daemon: Daemon, name: str) -> int:
    """The part of that name, as `ps` shows it."""
    return next(
        pid
        for pid in family(daemon.pid)
        if Path(f"/proc/{pid}/comm").read_text().strip() == name
    )


def play(daemon: Daemon, samples: list[Sample], done: int) -> tuple[float, float]:
    """Messages a second: until the last 250, and until the last is worked off."""
    started = send(daemon.port, samples, connections=CONNECTIONS, to=DESK)
    accepted = len(samples) / (time.perf_counter() - started)
    return accepted, len(samples) / (daemon.await_done(done) - started)


def _ms(visits: "Visits", share: float) -> str:
    return f"{percentile(visits.took, share) * 1000:.0f} ms"


@dataclass
class Visits:
    """How long each page took, from when it was due; and how many were none."""

    took: list[float]
    errors: int

    def __init__(self) -> None:
        self.took, self.errors = [], 0

    def add(self, other: "Visits") -> None:
        self.took += other.took
        self.errors += other.errors


class Guests:
    """The visitors, in a process of their own, until they are told to leave."""

    def __init__(self, port: int) -> None:
        self._line, theirs = _FORK.Pipe()
        self._process = _FORK.Process(target=_visit, args=(port, theirs))
        self._process.start()
        self._line.recv()  # each of them has got a page

    def leave(self) -> Visits:
        self._line.send("leave")
        found: Visits = self._line.recv()
        self._process.join()
        return found


def _visit(port: int, line: Connection) -> None:
    asyncio.run(_all_visit(port, line))


async def _all_visit(port: int, line: Connection) -> None:
    visits, leaving = Visits(), asyncio.Event()
    asyncio.get_running_loop().add_reader(line.fileno(), leaving.set)
    warm = Visits()
    for _ in range(VISITORS):
        await Guest(port, warm).ask(time.perf_counter())
    line.send("here")
    guests = [Guest(port, visits) for _ in range(VISITORS)]
    await asyncio.gather(
        *(
            guest.stay(number / VISITORS / EACH_S, leaving)
            for number, guest in enumerate(guests)
        )
    )
    line.send(visits)


class Guest:
    """One browser: a page every tenth of a second, on a connection it keeps."""

    def __init__(self, port: int, visits: Visits) -> None:
        self._port, self._visits = port, visits
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def stay(self, late: float, leaving: asyncio.Event) -> None:
        due = time.perf_counter() + late
        while not leaving.is_set():
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await self.ask(due)
            due += 1 / EACH_S

    async def ask(self, due: float) -> None:
        try:
            good = await asyncio.wait_for(self._page(), 30)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            good, self._streams = False, None
        self._visits.took.append(time.perf_counter() - due)
        self._visits.errors += not good

    async def _page(self) -> bool:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: es\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        return head.startswith(b"HTTP/1.1 200") and body.rstrip().endswith(b"</html>")
