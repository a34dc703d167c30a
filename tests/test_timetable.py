"""The timetable: one thread a job, one node at a time, and nothing kept in memory."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from maild.clock import SystemClock
from maild.store import open_store
from maild.store.leases import Hold
from maild.timetable import Always, Timetable

NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)


class Counted:
    """A job that says when it was run."""

    def __init__(self, name: str, run: Callable[[], bool] = lambda: False) -> None:
        self.name = name
        self.ran = threading.Semaphore(0)
        self._run = run

    def run(self, now: datetime) -> bool:
        try:
            return self._run()
        finally:
            self.ran.release()

    def runs(self, times: int, within: float) -> bool:
        until = time.monotonic() + within
        return all(
            self.ran.acquire(timeout=max(0.0, until - time.monotonic())) for _ in range(times)
        )


@pytest.fixture
def running() -> object:
    """Start a timetable of these jobs; it is stopped at the end."""
    started: list[tuple[Timetable, threading.Thread]] = []

    def start(*jobs: Counted, permit: object = None) -> Timetable:
        timetable = Timetable(jobs, clock=SystemClock(), permit=permit or Always())  # type: ignore[arg-type]
        thread = threading.Thread(target=timetable.run)
        thread.start()
        started.append((timetable, thread))
        return timetable

    yield start
    for timetable, thread in started:
        timetable.stop()
        thread.join(10)
        assert not thread.is_alive()


Start = Callable[..., Timetable]


def test_it_rings_at_once_and_every_second(running: Start) -> None:
    """Three runs within four seconds."""
    job = Counted("tickets")
    running(job)
    assert job.runs(1, within=0.9)
    assert job.runs(2, within=3.0)


def test_a_failing_job_holds_up_no_other(running: Start) -> None:
    """One raises each time; the other is run each second all the same, and the failing one
    is tried again."""

    def fail() -> bool:
        raise RuntimeError("no luck")

    failing, other = Counted("failing", fail), Counted("tickets")
    running(failing, other)
    assert other.runs(3, within=4.0)
    assert failing.runs(2, within=3.0)


def test_a_slow_job_holds_up_no_other(running: Start) -> None:
    """A report that takes long does not delay a deadline."""
    go_on = threading.Event()
    slow, other = Counted("report", lambda: not go_on.wait(20)), Counted("tickets")
    running(slow, other)
    assert other.runs(3, within=4.0)
    go_on.set()


def test_what_has_more_to_do_is_run_again_at_once(running: Start) -> None:
    """Ten pieces do not take ten seconds."""
    left = iter([True] * 9)
    job = Counted("planning", lambda: next(left, False))
    running(job)
    assert job.runs(10, within=0.9)


def test_a_clock_that_is_set_back_stops_no_ringing(running: Start) -> None:
    """An hour back, as local time in autumn: it rings on."""
    job = Counted("tickets")
    running(job)
    assert job.runs(1, within=0.9)
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1), tick=True):
        assert job.runs(2, within=4.0)


def test_a_node_without_the_lease_is_silent(running: Start) -> None:
    """Its jobs are not run."""

    class Never(Always):
        def hold(self, now: datetime) -> bool:
            return False

    job = Counted("tickets")
    running(job, permit=Never())
    assert not job.runs(1, within=1.5)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_one_node_at_a_time(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    """The second node takes over within a minute of the first one's last sign of life."""
    url = f"sqlite:///{tmp_path}/maild.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = open_store(url)
    first = Hold(store.leases, "timetable", "node a")
    second = Hold(store.leases, "timetable", "node b")
    assert first.hold(NOW)
    assert not second.hold(NOW)
    for seconds in range(1, 31):  # the first one lives
        assert first.hold(NOW + timedelta(seconds=seconds))
        assert not second.hold(NOW + timedelta(seconds=seconds))
    dead = NOW + timedelta(seconds=30)
    taken = next(s for s in range(1, 90) if second.hold(dead + timedelta(seconds=s)))
    assert taken <= 60
    assert not first.hold(dead + timedelta(seconds=taken + 1))
    second.let_go()
    assert first.hold(dead + timedelta(seconds=taken + 10))
    store.close()


def test_the_same_node_goes_on_at_once_after_a_crash(tmp_path: Path) -> None:
    """A part that was started again has its node's name, and need not wait."""
    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    assert Hold(store.leases, "timetable", "node a").hold(NOW)
    assert Hold(store.leases, "timetable", "node a").hold(NOW + timedelta(seconds=1))
    store.close()
