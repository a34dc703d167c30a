"""The tickets a report names: what ran out, what waits longest, who was unhappy; and when
things were solved. A few are kept of each, however many there are."""

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from maild.model.ticket import Clock, Status
from maild.reports.history import Story
from maild.reports.question import Question
from maild.sla.stopwatch import Outcome

KEPT: Final = 10
#: marks of 1 and 2 are read one by one
LOW: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket as the report shows it, how it stood at the period's end."""

    number: int
    subject: str
    requester: str
    department: str
    assignee: str | None
    status: Status
    opened: datetime
    clock: Clock | None = None  #: the deadline missed
    due: datetime | None = None
    stopped: datetime | None = None  #: when it was done after all
    score: int | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Worklist:
    breaches: list[Entry]  #: those of open tickets first, the longest overdue first
    oldest: list[Entry]  #: open ones
    unhappy: list[Entry]  #: the newest first
    solved_on: dict[date, int]  #: each day of the period

    def to_act_on(self, limit: int = 3) -> list[Entry]:
        """What a supervisor can still change: overdue, unhappy, then waiting longest for us."""
        overdue = [entry for entry in self.breaches if not entry.status.done]
        waiting = [entry for entry in self.oldest if entry.status is not Status.PENDING]
        chosen: dict[int, Entry] = {}
        for entry in (
            *overdue[:2],
            *self.unhappy[:1],
            *overdue[2:],
            *self.unhappy[1:],
            *waiting,
        ):
            chosen.setdefault(entry.number, entry)
        return list(chosen.values())[:limit]


class Lookout:
    """Watches for the tickets worth naming."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._breaches, self._oldest, self._unhappy = _Best(), _Best(), _Best()
        self._solved: Counter[date] = Counter()

    def add(self, story: Story) -> None:
        self._add_breaches(story)
        number = story.ticket.id
        if story.is_open(self.question.period.end):
            self._oldest.offer((-story.opened.timestamp(), -number), self._entry(story))
        given = story.rating
        if given and given.score <= LOW and self.question.covers(given.first):
            entry = self._entry(story, score=given.score, comment=given.comment)
            self._unhappy.offer((given.first.timestamp(), number), entry)
        if solve := self.question.standing_solve_of(story):
            self._solved[solve.at.astimezone(self.question.period.zone).date()] += 1

    def _add_breaches(self, story: Story) -> None:
        for decision in story.decisions(self.question.now):
            missed = decision.outcome is Outcome.BREACHED
            if not missed or not self.question.covers(decision.at):
                continue
            if decision.clock is Clock.LEVEL:
                continue
            entry = self._entry(
                story, clock=decision.clock, due=decision.at, stopped=decision.state.stopped
            )
            late = ((entry.stopped or self.question.end) - decision.at).total_seconds()
            self._breaches.offer((not entry.status.done, late, -story.ticket.id), entry)

    def _entry(
        self,
        story: Story,
        *,
        clock: Clock | None = None,
        due: datetime | None = None,
        stopped: datetime | None = None,
        score: int | None = None,
        comment: str = "",
    ) -> Entry:
        step = story.at_end(self.question.period.end)
        assert step is not None
        ticket = story.ticket
        return Entry(
            ticket.id,
            ticket.subject,
            ticket.requester.name or ticket.requester.email,
            step.facts.department,
            step.assignee,
            step.status,
            story.opened,
            clock=clock,
            due=due,
            stopped=stopped,
            score=score,
            comment=comment,
        )

    def worklist(self) -> Worklist:
        days = self.question.period.days
        return Worklist(
            breaches=self._breaches.entries(),
            oldest=self._oldest.entries(),
            unhappy=self._unhappy.entries(),
            solved_on={day: self._solved[day] for day in days},
        )


class _Best:
    """The ten with the highest keys of all that are offered."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[float, ...], int, Entry]] = []
        self._offered = 0

    def offer(self, key: tuple[float, ...], entry: Entry) -> None:
        self._offered += 1
        item = (key, -self._offered, entry)
        if len(self._heap) < KEPT:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def entries(self) -> list[Entry]:
        """The highest first."""
        return [entry for _, _, entry in sorted(self._heap, key=lambda i: i[:2], reverse=True)]
