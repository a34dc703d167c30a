"""What a message costs in a store of a million tickets ÷ in one of a thousand:
`python -m bench.price [TICKETS] [ENGINE …]`.

A daemon makes the small store from mail; SQL makes the large one of it (`copies`), with as many
open tickets. Daemons on both take turns with the same kinds of mail: of ten messages five new
ones, half of them from people the desk knows, two replies found by In-Reply-To, two by the
signed word in their subject, and an agent's answer. The price is the processor time of all
processes, PostgreSQL's among them, until each letter has left for a relay that says 250, and
what the search index costs. ENGINE: sqlite, postgresql, or both.
"""

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from bench.client import send
from bench.copies import multiply
from bench.corpus import WORDS, Sample
from bench.daemon import Daemon, cpu_of, family, running
from bench.figures import Figure, at_most, median, timed
from bench.only250 import only_250
from maild.links import Signer
from maild.store import Store, open_store
from maild.store.engine import sqlite_path
from maild.store.search import Search
from tests.servers.postgres import Postgres

TEMPLATE = 1000  #: tickets of the small store
ROUNDS = 5
MESSAGES = 600
WARM_UP = 60
DESK = "soporte@acme.test"
AGENT = "ana@acme.test"
KINDS = ("new", "new", "new", "known", "known", "reply", "reply", "token", "token", "agent")
#: people who wrote today are told again, as those are whose mail lies long back
CHANGES = (('auto_replies_per_address = "1/day" ', 'auto_replies_per_address = "999/day" '),)


def main(words: list[str]) -> None:
    total = next((int(word) for word in words if word.isdigit()), 1_000_000)
    for engine in [word for word in words if not word.isdigit()] or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="maild-bench-") as folder:
            place = Place(engine, Path(folder))
            try:
                for figure in price(place, total):
                    figure.print()
            finally:
                place.close()


@dataclass(frozen=True, slots=True)
class Price:
    """Of a message: milliseconds of processor time, and of the clock."""

    cpu: float
    wall: float


def price(place: "Place", total: int) -> Iterator[Figure]:
    """Small and large in turns."""
    small = place.fresh()
    seed(place, small)
    large = place.copy(small)
    took = timed(lambda: fill(large, total))
    yield Figure(f"{place.engine}: {total} tickets, filled in", f"{took:.0f} s")
    rounds = []
    for number in range(ROUNDS):
        pair = (place.copy(small), large)  # a small store that has grown would be none
        order = pair if number % 2 else pair[::-1]
        found = {url: play(place, url, chance=random.Random(number)) for url in order}
        rounds.append((found[pair[0]], found[pair[1]]))
    for what, meant in (("cpu", "processor time"), ("wall", "by the clock")):
        pairs = [(getattr(less, what), getattr(more, what)) for less, more in rounds]
        yield from compared(f"{place.engine}: a message, {meant}", pairs, total)


def compared(what: str, pairs: Sequence[tuple[float, float]], total: int) -> Iterator[Figure]:
    for count, values in ((TEMPLATE, [p[0] for p in pairs]), (total, [p[1] for p in pairs])):
        yield Figure(f"{what}, {count} tickets", f"{median(values):.2f} ms")
    ratios = [more / less for less, more in pairs]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    yield at_most(f"{what}: {total} tickets ÷ {TEMPLATE} ({spread})", median(ratios), 1.2)


def seed(place: "Place", url: str) -> None:
    """A thousand tickets and what was written about them, from mail."""
    answers = ["reply", "token", "token", "agent"] * (TEMPLATE // 5)
    with desk(place, url) as daemon:
        for kinds in (["new"] * TEMPLATE, answers):
            work(daemon, url, written(url, kinds, random.Random(len(kinds))))


def fill(url: str, total: int) -> None:
    with closing(open_store(url)) as store:
        multiply(store, total // TEMPLATE - 1)


def play(place: "Place", url: str, *, chance: random.Random) -> Price:
    """What a message costs there."""
    with desk(place, url) as daemon:
        work(daemon, url, written(url, KINDS * (WARM_UP // len(KINDS)), chance))
        kinds = [*KINDS * (MESSAGES // len(KINDS))]
        chance.shuffle(kinds)
        samples = written(url, kinds, chance)
        before = daemon.cpu() + place.cpu()
        wall = work(daemon, url, samples)
        own = index(url)
        cpu = daemon.cpu() + place.cpu() + own - before
    return Price(cpu * 1000 / len(kinds), wall * 1000 / len(kinds))


@contextmanager
def desk(place: "Place", url: str) -> Iterator[Daemon]:
    """A daemon on that store; what it writes leaves for a relay."""
    with (
        only_250() as relay,
        running(mode="live", relay=relay, store=url, changes=CHANGES) as daemon,
    ):
        yield daemon


def written(url: str, kinds: Sequence[str], chance: random.Random) -> list[Sample]:
    """Mails of these kinds, about what is there."""
    with closing(open_store(url)) as store:
        writer = Writer(store, chance)
        return [writer.write(kind) for kind in kinds]


def work(daemon: Daemon, url: str, samples: Sequence[Sample]) -> float:
    """Seconds until all is done that these mails cause, and each letter has left."""
    with closing(open_store(url)) as store:
        last = newest(store) + len(samples)
        started = send(daemon.port, samples, connections=4, to=DESK)
        return await_quiet(store, last) - started


def newest(store: Store) -> int:
    row = store.engine.one("SELECT coalesce(max(id), 0) FROM intake")
    assert row is not None
    return int(row[0])


def await_quiet(store: Store, last: int) -> float:
    """`time.perf_counter()` when mail up to that number is done, and no letter waits."""
    until = time.monotonic() + 300
    waits = (
        "SELECT 1 FROM intake WHERE state = 'new' LIMIT 1",
        "SELECT 1 FROM letter WHERE state IN ('queued', 'deferred') LIMIT 1",
    )
    while newest(store) < last or any(map(store.engine.one, waits)):
        assert time.monotonic() < until, "mail or letters wait still"
        time.sleep(0.1)  # asking costs the server, too
    failed = store.engine.one("SELECT id, error FROM intake WHERE state = 'failed'")
    assert failed is None, failed
    return time.perf_counter()


def index(url: str) -> float:
    """Seconds of our processor time for what the timetable does later, once a minute."""
    with closing(open_store(url)) as store:
        before = time.process_time()
        Search(store.engine).catch_up()
        return time.process_time() - before


class Writer:
    """Writes the mails: each kind as its senders do."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store, self._chance = store, chance
        self._signer = Signer(store.secret())
        self._tickets = store.engine.rows(
            "SELECT t.id, r.address, t.subject, r.msgid FROM ticket t JOIN reference r "
            "ON r.ticket = t.id AND r.address = t.requester_email "
            "WHERE t.status <> 'closed' ORDER BY t.id DESC LIMIT ?",
            [TEMPLATE],
        )
        self._count = max((row[0] for row in self._tickets), default=0)

    def write(self, kind: str) -> Sample:
        """`new`, `known` (a new request of somebody known), `reply`, `token`, `agent`."""
        sender, to, answers = f"c{self._any()}@x.test", DESK, ""
        subject = f"Pregunta {self._any()}"
        if kind == "known":
            sender = self._somebody()
        elif kind != "new":
            ticket, sender, subject, letter = self._chance.choice(self._tickets)
            subject = f"Re: {subject}"
        if kind == "reply":
            answers = letter
        elif kind == "token":
            subject += f" [~{self._signer.token(ticket, sender)}]"
        elif kind == "agent":
            sender, to = AGENT, f"soporte+{self._signer.token(ticket, AGENT)}@acme.test"
        return self._sample(kind, sender, to, subject, answers)

    def _any(self) -> str:
        return f"{self._chance.getrandbits(48):012x}"

    def _somebody(self) -> str:
        """Anyone who ever wrote."""
        number = self._chance.randrange(self._count) + 1
        row = self._store.engine.one(
            "SELECT requester_email FROM ticket WHERE id = ?", [number]
        )
        assert row is not None
        return str(row[0])

    def _sample(self, kind: str, sender: str, to: str, subject: str, answers: str) -> Sample:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail["Message-ID"] = f"<{self._any()}@mua.x.test>"
        if answers:
            mail["In-Reply-To"] = mail["References"] = answers
        words = self._chance.choices([w for w in WORDS["es"] if w != "factura"], k=60)
        words += ["factura"] * (self._chance.random() < 0.3)
        lines = [" ".join(words[start : start + 10]) for start in range(0, len(words), 10)]
        mail.set_content("\n".join(lines))
        return Sample(kind, sender, mail.as_bytes(policy=SMTP))


class Place:
    """Where stores of one engine are."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self._folder = folder
        self._count = 0
        self._server = Postgres() if engine == "postgresql" else None

    def fresh(self) -> str:
        """The URL of an empty one."""
        if self._server:
            return self._server.fresh()
        self._count += 1
        return f"sqlite:///{self._folder / str(self._count) / 'maild.db'}"

    def copy(self, url: str) -> str:
        """Another one like it, which nobody has open."""
        if self._server:
            return self._server.copy(url)
        new = self.fresh()
        shutil.copytree(
            sqlite_path(url).parent,
            sqlite_path(new).parent,
            ignore=shutil.ignore_patterns("*-arrivals*"),  # all of them have been entered
        )
        return new

    def cpu(self) -> float:
        """Seconds of processor time of the server, where there is one."""
        return sum(map(cpu_of, family(self._server.pid))) if self._server else 0.0

    def close(self) -> None:
        if self._server:
            self._server.close()


if __name__ == "__main__":
    main(sys.argv[1:])
