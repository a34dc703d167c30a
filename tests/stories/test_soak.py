"""A long day at a busy desk, in minutes: nothing grows, nothing is left over, all adds up."""

import gc
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.store.ledger import verify
from tests.stories.office import Office, Received

Record = Callable[[str, object], None]

DESK = """
[levels]
1 = { name = "Nivel 1", time = "15m" }
2 = { name = "Nivel 2", time = "2h" }
3 = { name = "Nivel 3", time = "2d" }
[[sla]]
name = "S"
normal = { first_response = "1h", next_response = "2h", resolution = "8h" }
[[escalation]]
at = "80%"
notify = ["assignee"]
[[escalation]]
at = "100%"
notify = ["assignee", "supervisors"]
[report.diario]
to = ["jefa@acme.test"]
every = "day 08:00"
[limits]
automatic_letters = "100000/10m"
"""
STEP_MIN = 10


class Day:
    """Customers, agents and the timetable take turns; now and then the desk is started anew."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.chance = random.Random(seed)
        self.requests = self.restarts = 0
        self.letters = 0

    def pass_minutes(self, requests: int) -> None:
        """One step of the clock, with so many new requests in it."""
        office = self.office
        for _ in range(requests):
            self.requests += 1
            office.write(f"c{self.requests}@x.test", f"Asunto {self.requests}", "No funciona.")
        for letter in office.letters():
            self.letters += 1
            self.react(letter)
        office.clock.wind(minutes=STEP_MIN)
        for job in office.app.jobs(office.store):
            while job.run(office.clock.now()):
                pass

    def react(self, letter: Received) -> None:
        """What somebody does who gets it."""
        if letter.type == "agent-new":
            words = (
                "Pruebe a reiniciar.",
                "#resuelto\nListo.",
                "#escalar",
                "#pendiente\n¿Cuál?",
                "",
            )
            text = self.chance.choice(words)
            if text:
                self.office.answer(letter, text)
        elif letter.type == "escalation" and "leo" in letter.to:
            self.office.answer(letter, self.chance.choice(("#resuelto\nHecho.", "#devolver")))
        elif letter.type == "reply" and self.chance.random() < 0.4:
            self.office.answer(letter, self.chance.choice(("Gracias, ya va.", "Sigue igual.")))

    def start_anew(self) -> None:
        self.restarts += 1
        self.office.store.close()
        self.office.configure()


def _resident() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _warm_up(folder: Path, seed: int) -> None:
    """A whole day with its report at another desk: what a process loads or remembers once
    does not grow after it."""
    folder.mkdir()
    office = Office(folder, more=DESK)
    day = Day(office, seed)
    for _ in range(24 * 60 // STEP_MIN):
        day.pass_minutes(4)
    office.store.close()


@pytest.mark.proof
def test_a_day_at_a_busy_desk(tmp_path: Path, record_property: Record) -> None:
    """24 hours by the desk's clock, 800 requests through all levels, warnings, breaches, a
    report, four restarts: the books balance, memory and the store's log stay as they were."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    begun = time.monotonic()
    _warm_up(tmp_path / "warm", seed)
    office = Office(tmp_path, more=DESK)
    day = Day(office, seed)
    steps, log = 24 * 60 // STEP_MIN, 0
    half = 0.0
    for step in range(steps):
        day.pass_minutes(800 * (step + 1) // steps - 800 * step // steps)
        if step % 30 == 29:
            day.start_anew()
        if step == steps // 2:
            half, at_half = _resident(), day.requests
        log = max(log, *(p.stat().st_size for p in (tmp_path / "var").glob("*-wal")), 0)
    slope = (_resident() - half) / (day.requests - at_half) * 1000
    accounts = verify(office.store.engine)
    assert accounts.balanced, accounts.faults
    assert not office.troubles
    assert accounts.messages.get("failed", 0) == accounts.letters.get("failed", 0) == 0
    took = time.monotonic() - begun
    record_property(
        "figure",
        f"{day.requests} requests, {day.letters} letters in {took:.0f} s: balanced; "
        f"{slope:+.1f} MB per 1,000; log ≤ {log / 1e6:.1f} MB",
    )
    record_property(
        "target", "balanced, 12 MB per 1,000 (SQLite's page cache fills up, too), 64 MB"
    )
    assert log < 64e6
    assert slope < 12
