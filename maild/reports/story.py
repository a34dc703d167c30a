"""What a ticket's history says, once it is read: how it stood when, and what happened to it.

`reports.history` reads it, `reports.chapter` says what of it falls into a period.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from maild.model.ticket import Event, EventKind, Status, Ticket
from maild.sla.clocks import Decision, decided
from maild.sla.hours import Calendar
from maild.sla.policy import Facts, Rulebook

AUTO_CLOSED: Final = "auto_closed"
SELF_SERVICE: Final = "self_service"
_NOTHING: Final = timedelta(0)
_AT: Final = attrgetter("at")


@dataclass(frozen=True, slots=True)
class Step:
    """How the ticket stood from `at` on, until the next step."""

    at: datetime
    status: Status
    facts: Facts  #: department, priority, channel, level, tags
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Solve:
    """From work to be done to none: `resolved`, or `closed` without it."""

    at: datetime
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Reopening:
    at: datetime
    by_customer: bool
    solved: datetime  #: the solve it takes back


@dataclass(frozen=True, slots=True)
class Answer:
    at: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class Given:
    """A customer's mark: its last value, the date of the first."""

    score: int
    comment: str
    first: datetime


@dataclass(slots=True)
class Story:
    """What a history says. `opened` is when the ticket was created."""

    ticket: Ticket
    rulebook: Rulebook
    events: list[Event]  #: in order of time
    opened: datetime
    by_agent: bool  #: an agent opened it: nobody waited for a first answer
    steps: list[Step] = field(default_factory=list)  #: one for each change
    solves: list[Solve] = field(default_factory=list)
    reopenings: list[Reopening] = field(default_factory=list)
    questions: list[datetime] = field(default_factory=list)  #: customer's, after the first
    answers: list[Answer] = field(default_factory=list)
    void: Status | None = None  #: spam or merged, as known now: in no figure
    _decided: list[Decision] | None = None
    _calendars: list[Calendar] | None = None

    def at_end(self, end: datetime) -> Step | None:
        """How it stood just before `end`; None before it was created."""
        index = bisect_left(self.steps, end, key=_AT) - 1
        return self.steps[index] if index >= 0 else None

    def last_solve(self, before: datetime) -> Solve | None:
        return next((solve for solve in reversed(self.solves) if solve.at < before), None)

    def highest_level(self, until: datetime) -> int:
        """The highest level it had reached at an instant."""
        return max((step.facts.level for step in self.steps if step.at <= until), default=1)

    @property
    def first_level(self) -> int:
        """Where it was put when it was created."""
        return self.steps[0].facts.level

    @property
    def first_answer(self) -> Answer | None:
        """The first agent response (KPI 1); None where an agent opened it, or a solve came
        first."""
        if self.by_agent or not self.answers:
            return None
        answer = self.answers[0]
        unanswered = self.solves and self.solves[0].at < answer.at
        return None if unanswered else answer

    def waits(self) -> Iterator[tuple[datetime, datetime]]:
        """From the oldest unanswered customer message to the answer, the first response
        left out (KPI 2). A solve ends a wait without an answer."""
        if not self.questions:
            return
        happened = sorted(
            [(at, 0) for at in self.questions]
            + [(answer.at, 1) for answer in self.answers]
            + [(solve.at, 2) for solve in self.solves]
        )
        first, since = not self.by_agent, None
        for at, what in happened:
            if what == 0:
                since = since or (None if first else at)
                continue
            if what == 1 and since:
                yield since, at
            first, since = False, None

    def worked(
        self,
        start: datetime,
        end: datetime,
        *,
        counts: Callable[[Step], bool] | None = None,
    ) -> timedelta:
        """Working time between two instants in the calendars then in force, of the steps
        that count."""
        total, since, hours = _NOTHING, start, None  #: of the stretch that runs
        for step, calendar in zip(self.steps, self.calendars, strict=True):
            if step.at >= end:
                break
            own = calendar if counts is None or counts(step) else None
            if own is hours:
                continue
            if hours is not None and step.at > since:
                total += hours.elapsed(since, step.at)
            since, hours = max(step.at, start), own
        return total if hours is None else total + hours.elapsed(since, end)

    @property
    def calendars(self) -> list[Calendar]:
        """The hours that count during each step."""
        if self._calendars is None:
            self._calendars, facts = [], None
            for step in self.steps:
                if step.facts is not facts:
                    facts = step.facts
                    calendar = self.rulebook.terms(facts).calendar
                self._calendars.append(calendar)
        return self._calendars

    def decisions(self, now: datetime) -> list[Decision]:
        """Each deadline that was met or missed, as known at `now` (KPI 12)."""
        if self._decided is None:
            self._decided = decided(self.events, self.rulebook, now, ticket=self.ticket)
        return self._decided

    @property
    def rating(self) -> Given | None:
        """Agents have no vote."""
        marks = [e for e in self.of(EventKind.RATED) if not e.actor.startswith("agent:")]
        if not marks:
            return None
        last = marks[-1].detail
        return Given(int(last["score"]), str(last.get("comment") or ""), marks[0].at)

    def of(self, kind: EventKind) -> Iterator[Event]:
        return (event for event in self.events if event.kind is kind)


def is_worked_on(step: Step) -> bool:
    """Not done, and not waiting for the customer. Waiting for a third party is our time."""
    return step.status is not Status.PENDING and not step.status.done


def at_level(level: int) -> Callable[[Step], bool]:
    return lambda step: step.facts.level == level and is_worked_on(step)
