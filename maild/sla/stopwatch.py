"""One clock against one target: runs, pauses, is given a new target, stops, may run out.

Knows nothing of tickets: what starts and stops it is told by `maild.sla.clocks`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from maild.model.ticket import Clock
from maild.sla.hours import Calendar, NeverOpen

_NOTHING = timedelta(0)


class What(StrEnum):
    """What can happen to a clock: the lines of its timeline."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    RETARGETED = "retargeted"
    WARNED = "warned"
    BREACHED = "breached"
    ANSWERED = "answered"  #: stopped by an agent's answer
    SOLVED = "solved"  #: stopped by the solve
    LEFT = "left"  #: stopped: the ticket went to another level
    CANCELLED = "cancelled"  #: merged or spam: it never counted


class Outcome(StrEnum):
    MET = "met"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline: what happened, and how the clock stood just after."""

    at: datetime
    what: What
    used: timedelta
    target: timedelta | None
    due: datetime | None
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class ClockState:
    """How one clock stands at an instant.

    `visit` counts the runs of a clock: the customer's waits (next response), the stays at a
    level. `target` is what was promised, `budget` what the clock really has: more than the
    target where a change of it left no grace. `used` and `paused` (waiting for the customer)
    are working time. `due` is None where the clock is stopped, is paused or has no target.
    `decided` says once and for all whether the target was met, and since when that is known.
    """

    clock: Clock
    visit: int
    level: int
    started: datetime
    calendar: Calendar
    target: timedelta | None
    budget: timedelta | None
    used: timedelta
    paused: timedelta
    due: datetime | None
    stopped: datetime | None
    ended: What | None
    breached: datetime | None
    warned: datetime | None
    decided: tuple[Outcome, datetime] | None
    since: datetime | None  #: when the present stretch began; None: does not run
    before: timedelta  #: what had been used before that
    fired: frozenset[str]  #: labels of the escalation steps that have been taken
    moments: tuple[Moment, ...]

    @property
    def running(self) -> bool:
        return self.since is not None

    @property
    def remaining(self) -> timedelta | None:
        """What is left of the budget; 0 once it has run out, None without one."""
        return None if self.budget is None else max(self.budget - self.used, _NOTHING)


@dataclass(slots=True)
class Stopwatch:
    """A clock on its way through a history; `state` takes its picture."""

    clock: Clock
    visit: int
    level: int
    started: datetime
    calendar: Calendar
    target: timedelta | None
    budget: timedelta | None = None
    due: datetime | None = None  #: of the stretch that runs
    used: timedelta = _NOTHING
    paused: timedelta = _NOTHING
    since: datetime | None = None
    waiting_since: datetime | None = None
    stopped: datetime | None = None
    ended: What | None = None
    breached: datetime | None = None
    recorded: bool = False  #: the breach stands in the history
    warned: datetime | None = None
    decided: tuple[Outcome, datetime] | None = None
    fired: set[str] = field(default_factory=set)
    moments: list[Moment] = field(default_factory=list)
    timeline: bool = True  #: keep `moments`

    def __post_init__(self) -> None:
        self.budget = self.target
        self._run(self.started)
        self._note(self.started, What.STARTED)

    def pass_to(self, at: datetime) -> None:
        """Time goes by up to `at`; a due time in between is a breach."""
        if self.running_on and not self.breached and self.due and self.due < at:
            self.breach(self.due)

    def breach(self, due: datetime) -> None:
        """The target was missed; a decision once taken stays."""
        self._note(due, What.BREACHED)
        self.breached = due
        self.decided = self.decided or (Outcome.BREACHED, due)

    def record_breach(self, due: datetime) -> None:
        """A breach noted when it happened outranks the computed one; the first one stays."""
        if self.recorded:
            return
        self.recorded = True
        if self.breached != due:
            self.moments = [m for m in self.moments if m.what is not What.BREACHED]
            if self.decided and self.decided[0] is Outcome.BREACHED:
                self.decided = None
            self.breach(due)

    def warn(self, at: datetime) -> None:
        self.warned = self.warned or at
        self._note(at, What.WARNED)

    def pause(self, at: datetime) -> None:
        """The customer is asked: no time is used until he answers."""
        if self.since and not self.stopped:
            self._bank(at)
            self.waiting_since = at
            self._note(at, What.PAUSED)

    def resume(self, at: datetime) -> None:
        """Run on after a pause or a stop; what was cancelled runs as if it never had been."""
        if self.running_on:
            return
        if self.ended is not What.CANCELLED or not self.since:
            if self.stopped:
                self._bank(self.stopped)
            self._end_pause(at)
            self._run(at)
        self.stopped = self.ended = None
        self._note(at, What.RESUMED)

    @property
    def running_on(self) -> bool:
        return self.since is not None and self.stopped is None

    def stop(self, at: datetime, why: What) -> None:
        """The work is done: in time, unless the due time has passed."""
        if self.stopped:
            return
        self._end_pause(at)
        self.stopped, self.ended = at, why  # what was used is banked if it runs on
        if self.target is not None and self.decided is None:
            self.decided = (Outcome.MET, at)
        self._note(at, why)

    def cancel(self, at: datetime) -> None:
        """The ticket turns out to be none; nothing is decided by that."""
        if not self.stopped:
            self.stopped, self.ended = at, What.CANCELLED
            self._note(at, What.CANCELLED)

    def retarget(
        self, at: datetime, target: timedelta | None, calendar: Calendar, grace: timedelta
    ) -> None:
        """Another target or calendar from now on; the time used is kept.

        The new due time is max(computed, min(old due, change + grace)), the grace in working
        time of the new calendar. A change in the instant of the start is no change.
        """
        if target == self.target and calendar == self.calendar:
            return
        old_due, old_left = self.due, self._left()
        ran = self.running_on
        self._bank(at)
        if waits := self.waiting_since is not None:
            self._end_pause(at)
        self.target, self.calendar = target, calendar
        if target is None:
            self.budget = None
        elif at == self.started:
            self.budget = target
        else:
            floor = grace if old_left is None else min(old_left, grace)
            self.budget = max(target, self.used + floor)
        if waits:
            self.waiting_since = at
        if ran:
            self._run(at)
            if target is not None and at != self.started:
                self._keep_grace(at, target, old_due, grace)
        self._note(at, What.RETARGETED)

    def state(self, now: datetime) -> ClockState:
        until = self.stopped or now
        runs = self.running_on
        used, paused = self.used, self.paused
        if self.since:
            used += self.calendar.elapsed(self.since, until)
        if self.waiting_since:
            paused += self.calendar.elapsed(self.waiting_since, until)
        return ClockState(
            clock=self.clock,
            visit=self.visit,
            level=self.level,
            started=self.started,
            calendar=self.calendar,
            target=self.target,
            budget=self.budget,
            used=used,
            paused=paused,
            due=self.due if runs else None,
            stopped=self.stopped,
            ended=self.ended,
            breached=self.breached,
            warned=self.warned,
            decided=self.decided,
            since=self.since if runs else None,
            before=self.used,
            fired=frozenset(self.fired),
            moments=tuple(sorted(self.moments, key=lambda moment: moment.at)),
        )

    def _keep_grace(
        self, at: datetime, target: timedelta, old_due: datetime | None, grace: timedelta
    ) -> None:
        """The due time by instants: the old one may stem from another calendar."""
        floor = self._due(at, grace)
        if old_due is not None and (floor is None or old_due < floor):
            floor = old_due
        computed = self._due(at, target - self.used) if target > self.used else None
        self.due = max(filter(None, (computed, floor)), default=None)
        if self.due is not None:
            self.budget = self.used + self.calendar.elapsed(at, self.due)

    def _run(self, at: datetime) -> None:
        left = self._left()
        self.since, self.due = at, None if left is None else self._due(at, left)

    def _due(self, at: datetime, left: timedelta) -> datetime | None:
        """When that much more is used up; a target nobody can reach is no deadline."""
        try:
            return self.calendar.due(at, left)
        except NeverOpen:
            return None

    def _left(self) -> timedelta | None:
        return None if self.budget is None else self.budget - self.used

    def _bank(self, at: datetime) -> None:
        """The stretch that runs ends here; what it used is kept."""
        if self.since:
            self.used += self.calendar.elapsed(self.since, at)
        self.since = self.due = None

    def _end_pause(self, at: datetime) -> None:
        if self.waiting_since:
            self.paused += self.calendar.elapsed(self.waiting_since, at)
        self.waiting_since = None

    def _note(self, at: datetime, what: What) -> None:
        if not self.timeline:
            return
        used = self.used
        if self.since:
            used += self.calendar.elapsed(self.since, at)
        due = self.due if self.running_on else None
        self.moments.append(Moment(at, what, used, self.target, due, self.calendar))
