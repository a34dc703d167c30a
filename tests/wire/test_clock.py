"""The machine's clock jumps under the running daemon (libfaketime): each report leaves once."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.programs import program
from tests.servers.sink import Sink
from tests.wire.desk import Desk, mail, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.proof]

REPORT = """
[report.diario]
to = ["jefa@acme.test"]
every = "day 08:00"
"""
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Clock:
    """What time the daemon believes it is; it goes on from there by itself."""

    def __init__(self, folder: Path) -> None:
        program("faketime", package="faketime")
        if not Path(LIBRARY).exists():
            pytest.skip("no libfaketime for this kind of machine")
        self._file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, to: str) -> None:
        """To this moment in Madrid's summer."""
        at = datetime.fromisoformat(f"{to}+02:00")
        offset = (at - datetime.now(UTC)) / timedelta(seconds=1)
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{offset:+.0f}\n")
        draft.rename(self._file)


def _reports(desk: Desk) -> int:
    """How many reports have left; a copy after a kill is the same letter."""
    return len({m["Message-ID"] for m in desk.letters() if m["X-Maild-Type"] == "report"})


def test_a_report_leaves_once_however_the_clock_jumps(
    tmp_path: Path, sink: Sink, record_property: Callable[[str, object], None]
) -> None:
    """Past its time, two hours back, past it again, thirty days on, and killed five times
    around it: one report for each time that came, none twice."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    clock = Clock(tmp_path)
    clock.set("2026-06-15 07:00:00")
    desk = Desk(tmp_path, sink=sink, more=REPORT, environment=clock.environment)
    try:
        desk.start()
        desk.send(mail("luis@x.test"))
        desk.await_log("deadlines are worked out anew", seconds=60)  # the timetable rings
        time.sleep(2)
        assert not _reports(desk)
        clock.set("2026-06-15 07:59:58")
        wait_until(lambda: _reports(desk) == 1, seconds=90)
        clock.set("2026-06-15 06:00:10")  # two hours back
        time.sleep(2)
        clock.set("2026-06-15 07:59:58")
        time.sleep(5)
        assert _reports(desk) == 1
        clock.set("2026-07-15 10:00:00")  # thirty days on: one, not thirty
        wait_until(lambda: _reports(desk) == 2, seconds=90)
        time.sleep(3)
        assert _reports(desk) == 2
        for _ in range(5):
            clock.set("2026-07-16 07:59:58")
            time.sleep(draw.uniform(0.5, 4.0))
            desk.kill()
            desk.start()
        clock.set("2026-07-16 08:00:10")
        wait_until(lambda: _reports(desk) == 3, seconds=90)
        desk.await_quiet()
        reports = _reports(desk)  # (a short sleep fails now and then under libfaketime)
    finally:
        desk.end()
    record_property("figure", f"{reports} reports for 3 due times, 5 kills, 4 jumps")
    record_property("target", "3")
    assert reports == 3
