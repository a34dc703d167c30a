"""What a weekly report costs in a large store: `python -m bench.reports [TICKETS] [ENGINE …]`.

Ten thousand tickets of one week are imported with `maild import`; SQL copies them into the
weeks before until the store holds TICKETS (a million by default, seven to twelve events each).
Then `maild report` makes letter, pictures and files of the last full week, beside the plainest
question a database could be asked about the same rows. ENGINE: sqlite, postgresql, or both.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.copies import columns_of, without_indexes
from bench.daemon import MAILD
from maild.store import Store, open_store
from maild.store.fields import to_micros

A_WEEK = 10_000  #: tickets imported, and copied
MONDAY = datetime(2026, 6, 8, tzinfo=UTC)
PERIOD = "2026-06-08/2026-06-14"
WEEK = 7 * 24 * 3600 * 1_000_000  #: microseconds
#: what was never closed is copied into so many weeks only: a desk does close its tickets
OPEN_WEEKS = 3
AIMS = {"seconds": 5.0, "megabytes": 300.0, "import": 1000.0}

CONFIG = """
[desk]
name = "Bench"
tag = "ACME"
address = "soporte@acme.test"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]
[store]
url = "{url}"
[calendar.oficina]
mon-thu = "09:00-14:00, 16:00-19:00"
fri = "09:00-15:00"
holidays = ["ES-MD"]
[agent.ana]
name = "Ana"
email = "ana@acme.test"
departments = ["soporte"]
[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
calendar = "oficina"
[department.ventas]
name = "Ventas"
address = "ventas@acme.test"
calendar = "oficina"
[levels]
1 = {{ name = "Nivel 1", time = "15m" }}
2 = {{ name = "Nivel 2", time = "2h" }}
3 = {{ name = "Nivel 3", time = "2d" }}
[[sla]]
name = "Estándar"
urgent = {{ first_response = "1h", next_response = "1h", resolution = "4h" }}
high = {{ first_response = "2h", next_response = "4h", resolution = "1d" }}
normal = {{ first_response = "4h", next_response = "1d", resolution = "2d" }}
low = {{ first_response = "1d", next_response = "2d", resolution = "10d" }}
[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
period = "last week"
targets = {{ first_response = "4h", fcr = 0.70, csat = 0.85, sla = 0.95 }}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """A command's seconds, and the most memory it held."""

    seconds: float
    megabytes: float


def main(words: list[str]) -> None:
    total = next((int(word) for word in words if word.isdigit()), 1_000_000)
    engines = [word for word in words if not word.isdigit()] or ["sqlite", "postgresql"]
    for engine in engines:
        with tempfile.TemporaryDirectory(prefix="maild-bench-") as folder:
            with_engine(engine, Path(folder), lambda url: bench(Path(folder), url, total))


def with_engine(engine: str, folder: Path, act: Callable[[str], None]) -> None:
    if engine == "sqlite":
        return act(f"sqlite:///{folder / 'maild.db'}")
    from tests.servers.postgres import Postgres

    server = Postgres()
    try:
        act(server.fresh())
    finally:
        server.close()


def bench(folder: Path, url: str, total: int) -> None:
    config, engine = folder / "config.toml", url.partition(":")[0]
    config.write_text(CONFIG.format(url=url))
    lines = folder / "tickets.jsonl"
    week = min(A_WEEK, total)
    lines.write_text("\n".join(json.dumps(t) for t in tickets(week)), encoding="utf-8")
    moved = run(config, "import", str(lines))
    say(engine, f"import {week} tickets, command and all", week / moved.seconds, "/s", "import")
    store = open_store(url)
    took = timed(lambda: multiply(store, week, total))
    count, events = (store.engine.one(f"SELECT count(*) FROM {t}") for t in ("ticket", "event"))
    assert count and events
    say(engine, f"copied: {count[0]} tickets, {events[0]} events", took, "s")
    for what, sql, values in bare():
        asked = partial(store.engine.rows, sql, values)
        say(engine, what, min(timed(asked) for _ in "ab"), "s")
    store.close()
    out = folder / "out"
    made = min(
        (run(config, "report", "semanal", "--period", PERIOD, "--out", str(out))
         for _ in "ab"),
        key=lambda cost: cost.seconds,
    )  # fmt: skip
    say(engine, "weekly report: letter, pictures, files", made.seconds, "s", "seconds")
    say(engine, "its memory at most", made.megabytes, "MB", "megabytes")


def bare() -> Iterator[tuple[str, str, list[Any]]]:
    """What a database says of tickets and their events without thinking."""
    start, end = to_micros(MONDAY), to_micros(MONDAY) + WEEK
    several = "count(*), avg(resolved_at - created_at)"
    yield (
        "SELECT count(*), avg(…) GROUP BY, all tickets",
        f"SELECT department, priority, {several} FROM ticket GROUP BY department, priority",
        [],
    )
    yield (
        "the same over events of what the week touched",
        "SELECT e.ticket, count(*), avg(e.at) FROM event e JOIN ticket t ON t.id = e.ticket "
        "WHERE t.updated_at >= ? AND t.created_at < ? GROUP BY e.ticket",
        [start, end],
    )


# -- filling -----------------------------------------------------------------------------------


def multiply(store: Store, week: int, total: int) -> None:
    """Copy the imported week into the weeks before it, indexes last."""
    engine = store.engine
    with engine.write(), without_indexes(store, ["ticket", "event"]):
        for back in range(1, max(1, total // week)):
            _copy(store, week, back)
        engine.raise_number("ticket", total)
    with engine.turn():
        engine.execute("ANALYZE")


def _copy(store: Store, week: int, back: int) -> None:
    """The imported tickets once more, so many weeks earlier."""
    engine = store.engine
    alive = "" if back < OPEN_WEEKS else "AND {}status = 'closed' "
    columns = columns_of(store, "ticket")
    moved = {
        "id": f"id + {week * back}",
        "external_id": f"external_id || '-{back}'",
        **{
            name: f"{name} - {WEEK * back}"
            for name in columns
            if name.endswith("_at") or name.startswith("due_")
        },
    }
    engine.execute(
        f"INSERT INTO ticket ({', '.join(columns)}) "
        f"SELECT {', '.join(moved.get(name, name) for name in columns)} "
        f"FROM ticket WHERE id <= {week} {alive.format('')}ORDER BY id"
    )
    engine.execute(
        "INSERT INTO event (ticket, at, kind, actor, detail) "
        f"SELECT e.ticket + {week * back}, e.at - {WEEK * back}, e.kind, e.actor, e.detail "
        "FROM event e JOIN ticket t ON t.id = e.ticket "
        f"WHERE e.ticket <= {week} {alive.format('t.')}ORDER BY e.id"
    )


# -- one week's tickets ------------------------------------------------------------------------


def tickets(count: int) -> Iterator[dict[str, Any]]:
    """A week's tickets as lines for `maild import`: asked, answered, most of them solved."""
    dice = random.Random(1)
    for number in range(1, count + 1):
        yield Life(dice, number).line()


class Life:
    """One ticket, lived through."""

    def __init__(self, dice: random.Random, number: int) -> None:
        self.dice, self.number = dice, number
        day = dice.choices(range(7), [5, 5, 5, 5, 4, 1, 1])[0]
        self.now = MONDAY + timedelta(days=day, hours=7, minutes=dice.randrange(600))
        self.events: list[dict[str, Any]] = []
        self.customer = f"customer:cliente{dice.randrange(4000)}@x.test"
        self.messages, self.status, self.level = 10 * number, "new", 1
        self.department = dice.choice(["soporte", "soporte", "ventas"])
        self.priority = dice.choice(["low", "normal", "normal", "normal", "high", "urgent"])
        self.channel = dice.choice(["email", "email", "email", "web", "chat"])
        self.subject = f"{dice.choice(SUBJECTS)} {dice.choice(PLACES)} {number}"

    def line(self) -> dict[str, Any]:
        self.live()
        return {
            "id": self.number, "tag": f"[OLD #{self.number}]", "subject": self.subject,
            "status": self.status, "priority": self.priority, "level": self.level,
            "department": self.department, "assignee": "ana", "channel": self.channel,
            "requester": {"name": "", "email": self.customer.partition(":")[2]},
            "created_at": self.events[0]["at"], "updated_at": self.events[-1]["at"],
            "external_id": f"old:{self.number}", "events": self.events, "messages": [],
        }  # fmt: skip

    def live(self) -> None:
        self.note("created", self.customer, channel=self.channel, level=1,
                  department=self.department, priority=self.priority)  # fmt: skip
        self.says("customer", self.customer)
        self.note("assigned", "system", to="ana", reason="round_robin", **{"from": None})
        if self.dice.random() < 0.2:
            self.after(20)
            self.level = 2
            self.note("level", "agent:ana", to=2, reason=None, **{"from": 1})
        for turn in range(self.dice.choice([1, 1, 1, 2, 3])):
            if turn:
                self.after(200)
                self.says("customer", self.customer)
                self.becomes("open", self.customer)
            self.after(90)
            self.says("agent", "agent:ana")
            self.becomes(self.dice.choice(["open", "open", "pending"]), "agent:ana")
        if self.dice.random() < 0.97:
            self.solve()

    def solve(self) -> None:
        self.after(300)
        self.becomes("resolved", "agent:ana")
        self.note("survey_sent", "system", solve=1)
        if self.dice.random() < 0.3:
            self.after(600)
            score = self.dice.choice([5, 5, 4, 4, 3, 2, 1])
            self.note("rated", self.customer, score=score, comment="")
        self.now += timedelta(days=14)
        self.becomes("closed", "system")

    def after(self, minutes: float) -> None:
        self.now += timedelta(minutes=1 + self.dice.expovariate(1 / minutes))

    def says(self, kind: str, actor: str) -> None:
        self.messages += 1
        self.note("message", actor, message=self.messages, kind=kind, public=True)

    def becomes(self, status: str, actor: str) -> None:
        if status != self.status:
            change = {"from": self.status, "to": status, "reason": None}
            self.note("status", actor, **change)
            self.status = status

    def note(self, kind: str, actor: str, /, **detail: Any) -> None:
        at = self.now.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        self.events.append({"at": at, "kind": kind, "actor": actor, "detail": detail})


SUBJECTS = [f"{a} {b}" for a in "acceso clave correo red impresora factura pedido".split()
            for b in "falla lenta bloqueada perdida nueva rota distinta".split()]  # fmt: skip


PLACES = [
    f"de la {a} {b}"
    for a in "planta sala oficina nave tienda sede".split()
    for b in "norte sur central antigua nueva tercera segunda primera".split()
]


# -- measuring ---------------------------------------------------------------------------------


def run(config: Path, *words: str) -> Cost:
    """One maild command as anybody starts it, alone in its process."""
    started = time.perf_counter()
    child = subprocess.Popen([*MAILD, "-c", str(config), *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"maild {' '.join(words)}: exit {child.returncode}"
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 1024)


def timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def say(engine: str, what: str, value: float, unit: str, aim: str = "") -> None:
    shown = f"{value:.0f}" if value >= 100 else f"{value:.2f}"
    line = f"{engine:<11} {what:<54} {shown:>7} {unit}"
    if aim:
        better = value >= AIMS[aim] if aim == "import" else value <= AIMS[aim]
        sign = ">=" if aim == "import" else "<="
        verdict = "reached" if better else "NOT reached"
        line = f"{line:<78} {sign} {AIMS[aim]:.0f}  {verdict}"
    print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
