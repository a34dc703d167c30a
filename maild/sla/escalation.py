"""Which steps lie ahead of a clock, and when: warnings, the breach, and what comes after.

The instants are working time, and letters leave only in working time: a step that falls due
when its calendar is closed waits for the next opening. Who is told is left to the desk.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from maild.model.ticket import Clock
from maild.sla.hours import NeverOpen
from maild.sla.policy import Budget
from maild.sla.stopwatch import ClockState

_NOTHING = timedelta(0)


class Kind(StrEnum):
    WARNING = "warning"  #: before the target is used up
    BREACH = "breach"  #: at its end
    AFTER = "after"  #: later


@dataclass(frozen=True, slots=True)
class Step:
    """What is done when `share` of a clock's budget is used up, and `offset` more.

    `clock`: which one; None is every clock but the stay at a level (CONTRACT section 2).
    `notify` and `raise_level` are for the desk; here they only travel along.
    """

    share: float
    offset: Budget | None = None
    clock: Clock | None = None
    notify: tuple[str, ...] = ()
    raise_level: bool = False

    @property
    def kind(self) -> Kind:
        if self.share < 1:
            return Kind.WARNING
        return Kind.BREACH if self.share == 1 and self.offset is None else Kind.AFTER

    @property
    def label(self) -> str:
        """A name that outlives a change of the steps around it: `80%`, `100%+3600s`."""
        offset = self.offset.of(timedelta(days=1)).total_seconds() if self.offset else 0
        return f"{self.share * 100:g}%" + (f"+{offset:g}s" if offset else "")

    def concerns(self, clock: Clock) -> bool:
        return clock is self.clock or (self.clock is None and clock is not Clock.LEVEL)


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """A step that falls due at `at` unless something happens to the ticket before.

    `step` is its place among the steps; `label` its name for the event's `step`, by which a
    history says that it was taken.
    """

    at: datetime
    clock: Clock
    visit: int
    step: int
    kind: Kind
    label: str


def alarms(states: Iterable[ClockState], steps: Sequence[Step]) -> list[Alarm]:
    """Every step not yet taken of the clocks that run, the earliest first.

    Some may lie in the past: the daemon was away. Clocks that are paused, stopped or without
    a deadline have none.
    """
    return sorted(alarm for state in states for alarm in _alarms_of(state, steps))


def next_alarm(states: Iterable[ClockState], steps: Sequence[Step]) -> Alarm | None:
    """The earliest step not yet taken."""
    return min(alarms(states, steps), default=None)


def send_time(
    alarm: Alarm, states: Sequence[ClockState], *, steps: Sequence[Step], now: datetime
) -> datetime | None:
    """When the letters of an alarm that was planned earlier may leave; None: not any more.

    `states` are the ticket's clocks at `now`. The answer is `now` when they may leave at
    once, and later when the due time has moved or nobody is at work. A warning that is
    overtaken by the breach (the daemon was away) is dropped.
    """
    state = next((s for s in states if (s.clock, s.visit) == (alarm.clock, alarm.visit)), None)
    if state is None:
        return None
    present = next((a for a in _alarms_of(state, steps) if a.step == alarm.step), None)
    if present is None or (present.kind is Kind.WARNING and _overtaken(state, steps, now)):
        return None
    return state.calendar.next_open(max(present.at, now))


def still_wanted(
    alarm: Alarm, states: Sequence[ClockState], *, steps: Sequence[Step], now: datetime
) -> bool:
    """May the letters of this alarm leave now?"""
    return send_time(alarm, states, steps=steps, now=now) == now


def _overtaken(state: ClockState, steps: Iterable[Step], now: datetime) -> bool:
    """Has the time run out, and is there a step that says so, taken or not?"""
    told = any(step.kind is not Kind.WARNING and step.concerns(state.clock) for step in steps)
    return told and state.due is not None and state.due <= now


def _alarms_of(state: ClockState, steps: Sequence[Step]) -> Iterator[Alarm]:
    if not state.running or state.due is None:
        return
    for index, (step, label) in enumerate(zip(steps, _labels(tuple(steps)), strict=True)):
        if step.concerns(state.clock) and label not in state.fired:
            try:
                at = state.calendar.next_open(_instant(state, step))
            except NeverOpen:
                continue
            yield Alarm(at, state.clock, state.visit, index, step.kind, label)


def _instant(state: ClockState, step: Step) -> datetime:
    """When the step's share of the budget is used up, in working time."""
    assert state.since and state.due and state.budget is not None
    offset = step.offset.of(state.calendar.day) if step.offset else _NOTHING
    if step.share < 1:
        left = state.budget * step.share + offset - state.before
        return state.calendar.due(state.since, left)
    return state.calendar.due(state.due, state.budget * (step.share - 1) + offset)


@lru_cache(maxsize=16)
def _labels(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Each step's label, numbered where several clocks or people share one."""
    seen: Counter[str] = Counter()
    found = []
    for step in steps:
        seen[step.label] += 1
        place = seen[step.label]
        found.append(step.label if place == 1 else f"{step.label} #{place}")
    return tuple(found)
