"""Reports on time: each exactly once for its slot, whatever happens to the program."""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers import commands
from tests.stories.office import Office
from tests.stories.test_mornings import ring

REPORT = """
[report.semanal]
to = ["jefa@acme.test", "director@acme.test"]
every = "monday 08:00"
period = "last week"
"""
#: one look of the timetable at the reports, as a process of its own
LOOK = """
import sys
from datetime import datetime
from pathlib import Path
from maild.app import build
from maild.config import load
app = build(load(Path(sys.argv[1])))
now = datetime.fromisoformat(sys.argv[2])
with app.opened() as store:
    (job,) = [job for job in app.jobs(store) if job.name == "reports"]
    print("looking", flush=True)
    job.run(now)
"""


def reports(office: Office) -> Counter[tuple[str, str]]:
    """How many letters for each recipient and slot."""
    found = office.store.engine.rows(
        "SELECT recipient, cause FROM letter WHERE type = 'report'"
    )
    return Counter((recipient, cause.partition("semanal:")[2]) for recipient, cause in found)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-26 12:00", "2026-03-30 06:00"),  # summer time began on the 29th
        ("2026-10-22 12:00", "2026-10-26 07:00"),  # winter time began on the 25th
    ],
)
def test_mondays_after_the_clocks_change(tmp_path: Path, start: str, due: str) -> None:
    """Eight by the clock on the wall, not a minute before, once; the week is a whole one."""
    at = datetime.fromisoformat(due).replace(tzinfo=UTC)
    begun = datetime.fromisoformat(start).replace(tzinfo=UTC)
    office = Office(tmp_path, more=REPORT, start=begun)
    office.clock.set(at - timedelta(seconds=1))
    ring(office, "reports")
    assert not reports(office)
    for _ in range(120):
        office.clock.wind(minutes=1)
        ring(office, "reports")
    assert set(reports(office).values()) == {1} and len(reports(office)) == 2
    figures = office.store.histories.result_of("report:semanal", at)
    lasted = [datetime.fromisoformat(figures["period"][end]) for end in ("start", "end")]
    assert (lasted[1] - lasted[0]) / timedelta(hours=1) in (167, 169)


def test_after_weeks_of_standing_still_only_the_latest_comes(tmp_path: Path) -> None:
    """Three Mondays missed: one report, for the right week, and it says that it is late."""
    office = Office(tmp_path, more=REPORT)
    office.clock.set(datetime(2026, 6, 30, 10, tzinfo=UTC))
    office.configure()
    ring(office, "reports")
    ring(office, "reports")
    letters = office.letters()
    assert sorted(letter.to for letter in letters) == ["director@acme.test", "jefa@acme.test"]
    assert all("22–28 jun" in letter.subject for letter in letters)
    assert all("Enviado con retraso" in letter.text for letter in letters)


@pytest.mark.proof
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_killed_around_the_sending(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Twelve Mondays; on each, two nodes look again and again and are killed -9 at any
    moment: one report for each recipient, none missing, none twice."""
    url = "sqlite:///var/maild.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres").fresh()
    office = Office(tmp_path, more=REPORT, url=url)
    office.write("luis@x.test")
    dice, kills, mondays = random.Random(7), 0, 12
    for week in range(1, mondays + 1):
        now = datetime(2026, 6, 8, 6, 1, tzinfo=UTC) + timedelta(weeks=week)
        for _ in range(3):
            nodes = [look(tmp_path / "config.toml", now) for _ in range(2)]
            for node in nodes:
                assert node.stdout is not None
                node.stdout.readline()
                kills += killed(node, after=dice.uniform(0, 0.35))
        assert look(tmp_path / "config.toml", now).wait(60) == 0
    found = reports(office)
    record_property("figure", f"{sum(found.values())} letters, {kills} kills, {engine}")
    record_property("target", f"{2 * mondays} letters, none twice")
    assert len(found) == 2 * mondays and set(found.values()) == {1}
    assert kills > mondays


def look(config: Path, now: datetime) -> commands.Process:
    return commands.start([str(config), now.isoformat()], code=LOOK, cwd=config.parent)


def killed(node: commands.Process, *, after: float) -> bool:
    """Was it still at work when it was killed?"""
    try:
        node.wait(after)
    except subprocess.TimeoutExpired:
        node.send_signal(signal.SIGKILL)
    return node.wait(60) == -signal.SIGKILL
