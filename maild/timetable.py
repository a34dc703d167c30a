"""The timetable: rings once a second, and each job looks whether anything is due.

What is due is found in the store, never remembered here, so nothing is lost by a restart
or a clock that jumps. Each job has a thread of its own: one that is slow or fails holds up no
other. Where several nodes share a store, only the one that holds the lease rings.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import schedule
import structlog

from maild.bell import Bell
from maild.errors import Temporary
from maild.interfaces import Clock

log = structlog.get_logger("timetable")

RING_EVERY_S = 1
MAX_REST_S = 30.0


class Job(Protocol):
    """Something done when its time comes."""

    @property
    def name(self) -> str: ...

    def run(self, now: datetime) -> bool:
        """Do a piece of what is due; whether there may be more. Safe to do twice."""
        ...


class Permit(Protocol):
    """Whether this node may ring."""

    def hold(self, now: datetime) -> bool: ...

    def let_go(self) -> None: ...


class Always:
    """The permit of the only node there is."""

    def hold(self, now: datetime) -> bool:
        return True

    def let_go(self) -> None:
        pass


@dataclass(slots=True)
class _Lane:
    """A job with its thread, and how it fares."""

    job: Job
    rung: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    rests_until: float = 0.0


class Timetable:
    """Runs jobs until it is stopped."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        clock: Clock,
        permit: Permit,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """`close` is called at the end of each thread, for its database connection."""
        self._lanes = [_Lane(job) for job in jobs]
        self._clock = clock
        self._permit = permit
        self._close = close
        self._wake = Bell()
        self._stopping = False

    def stop(self) -> None:
        """Finish what is in hand, and no more. May be called by a signal handler."""
        self._stopping = True
        self._wake.ring()

    def run(self) -> None:
        """Until `stop`."""
        threads = [
            threading.Thread(target=self._work, args=(lane,), name=lane.job.name)
            for lane in self._lanes
        ]
        for thread in threads:
            thread.start()
        self._ring()
        scheduler = self._scheduler()
        while not self._stopping:
            self._wake.wait(RING_EVERY_S / 2)
            if (scheduler.idle_seconds or 0) > RING_EVERY_S:
                scheduler = self._scheduler()  # the machine's clock was set back
            scheduler.run_pending()
        for lane in self._lanes:
            lane.rung.set()
        for thread in threads:
            thread.join()
        self._permit.let_go()

    def _scheduler(self) -> schedule.Scheduler:
        scheduler = schedule.Scheduler()
        scheduler.every(RING_EVERY_S).seconds.do(self._ring)
        return scheduler

    def _ring(self) -> None:
        try:
            if not self._permit.hold(self._clock.now()):
                return
        except Exception as error:
            log.warning("the timetable could not ring", error=str(error))
            return
        for lane in self._lanes:
            lane.rung.set()

    def _work(self, lane: _Lane) -> None:
        try:
            while True:
                lane.rung.wait()
                if self._stopping:
                    return
                lane.rung.clear()
                self._do(lane)
        finally:
            self._close()

    def _do(self, lane: _Lane) -> None:
        """One ring: all that is due, unless the job has just failed."""
        if self._clock.monotonic() < lane.rests_until:
            return
        try:
            while lane.job.run(self._clock.now()) and not self._stopping:
                pass
            lane.failures = 0
        except Exception as error:
            ours = not isinstance(error, Temporary)  # a busy store is no fault of the job's
            log.error("a job failed", job=lane.job.name, error=str(error), exc_info=ours)
            rest = min(2.0**lane.failures, MAX_REST_S)
            lane.failures += 1
            lane.rests_until = self._clock.monotonic() + rest
