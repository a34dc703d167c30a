"""What deadlines cost: reckoning and saving a case, and a ring of the timetable.

`python bench/sla.py [TICKETS …]`: a store of so many open tickets each (100 and 100000 by
default), four appointments a ticket, none of them due. Prints one line a figure.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from maild.app import App, build
from maild.config import load
from maild.desk.case import SYSTEM, Case
from maild.model.mail import Address
from maild.model.ticket import EventKind, Status, Ticket
from maild.store import Store

CONFIG = """
[desk]
name = "Bench"
address = "soporte@acme.test"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]
[store]
url = "sqlite:///maild.db"
[calendar.oficina]
mon-fri = "09:00-14:00, 16:00-19:00"
holidays = ["ES-MD"]
[agent.ana]
name = "Ana"
email = "ana@acme.test"
departments = ["soporte"]
[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
calendar = "oficina"
[[sla]]
name = "Estándar"
normal = { first_response = "4h", next_response = "1d", resolution = "2d" }
[[escalation]]
at = "80%"
notify = ["assignee"]
[[escalation]]
at = "100%"
notify = ["assignee"]
"""
NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)
BATCH = 500


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return time.monotonic()


def main(sizes: list[int]) -> None:
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.toml"
            path.write_text(CONFIG)
            app = build(load(path), clock=StoppedClock())
            store = app.open_store()
            measure(app, store, size)
            store.close()


def measure(app: App, store: Store, size: int) -> None:
    took = timed(lambda: fill(store, size))
    say(size, "open a ticket, with reckoning and appointments", took / size)
    case = store.cases.open_case(size // 2 or 1, NOW)
    assert case is not None
    say(size, "reckon a case", repeated(lambda: app.deadlines.reckon(case), 2000))
    say(size, "ask what is due (nothing is)", repeated(lambda: store.alarms.due(NOW), 2000))
    jobs = app.jobs(store)
    (plan,) = [job for job in jobs if job.name == "planning"]
    planning = timed(lambda: drain(plan.run))
    say(size, "work out everything anew, per ticket", planning / size)
    for job in jobs:
        drain(job.run)  # what is done once a day, or at the start
    say(size, "ring: all jobs, nothing due", repeated(lambda: [j.run(NOW) for j in jobs], 500))
    (tickets,) = [job for job in jobs if job.name == "tickets"]
    with store.write():
        store.engine.execute("UPDATE alarm SET at = at - ? WHERE ticket <= 100", [10**13])
    say(size, "look at a ticket by mistake", timed(lambda: tickets.run(NOW)) / min(size, 100))


def fill(store: Store, size: int) -> None:
    for start in range(0, size, BATCH):
        with store.write():
            for _ in range(min(BATCH, size - start)):
                store.cases.save(new_case(store))


def new_case(store: Store) -> Case:
    number = store.cases.new_ticket_number()
    requester = Address("Luis", f"luis{number}@x.test")
    case = Case(Ticket(number, "Hola", requester, "soporte", NOW, NOW), NOW, is_new=True)
    detail = {"channel": "email", "department": "soporte", "priority": "normal", "level": 1}
    case.record(EventKind.CREATED, f"customer:{requester.key}", detail)
    said = {"message": number, "kind": "customer", "public": True}
    case.record(EventKind.MESSAGE, f"customer:{requester.key}", said)
    case.assign("ana", SYSTEM, reason="least_busy")
    case.set_status(Status.OPEN, "agent:ana")
    return case


def drain(run: Callable[[datetime], bool]) -> None:
    while run(NOW + timedelta(0)):
        pass


def timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def repeated(what: Callable[[], object], times: int) -> float:
    """The median of many."""
    return median(timed(what) for _ in range(times))


def say(size: int, what: str, seconds: float) -> None:
    print(f"{size:>7} open tickets  {what:<50} {seconds * 1e6:>10.0f} µs", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [100, 100_000])
