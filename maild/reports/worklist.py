"""The tickets a report names: what ran out, what waits longest, who was unhappy; when things
were solved, at which level the others are. A few are kept of each, however many there are."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from maild.model.ticket import Clock, Status
from maild.reports.chapter import Chapter
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
    open_at: dict[int, int]  #: level -> tickets open at the period's end

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
        self._open_at: Counter[int] = Counter()

    def add(self, chapter: Chapter) -> None:
        self._add_breaches(chapter)
        story, number = chapter.story, chapter.story.ticket.id
        if chapter.is_open:
            self._open_at[chapter.at_end.facts.level] += 1
            key = -story.opened.timestamp(), -number
            self._oldest.offer(key, lambda: self._entry(chapter))
        given = chapter.rating
        if given and given.score <= LOW:
            entry = partial(self._entry, chapter, score=given.score, comment=given.comment)
            self._unhappy.offer((given.first.timestamp(), number), entry)
        if solve := chapter.standing_solve:
            self._solved[solve.at.astimezone(self.question.period.zone).date()] += 1

    def _add_breaches(self, chapter: Chapter) -> None:
        for decision in chapter.story.decisions(self.question.now):
            if decision.outcome is Outcome.MET or decision.clock is Clock.LEVEL:
                continue
            if not self.question.covers(decision.at):
                continue
            late = ((decision.stopped or self.question.end) - decision.at).total_seconds()
            key = chapter.is_open, late, -chapter.story.ticket.id
            entry = partial(
                self._entry,
                chapter,
                clock=decision.clock,
                due=decision.at,
                stopped=decision.stopped,
            )
            self._breaches.offer(key, entry)

    def _entry(
        self,
        chapter: Chapter,
        *,
        clock: Clock | None = None,
        due: datetime | None = None,
        stopped: datetime | None = None,
        score: int | None = None,
        comment: str = "",
    ) -> Entry:
        step, ticket = chapter.at_end, chapter.story.ticket
        return Entry(
            ticket.id,
            ticket.subject,
            ticket.requester.name or ticket.requester.email,
            step.facts.department,
            step.assignee,
            step.status,
            chapter.story.opened,
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
            open_at=dict(sorted(self._open_at.items())),
        )


class _Best:
    """The ten with the highest keys of all that are offered."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[float, ...], int, Entry]] = []
        self._offered = 0

    def offer(self, key: tuple[float, ...], entry: Callable[[], Entry]) -> None:
        """`entry` is made only where it is among them."""
        self._offered += 1
        if len(self._heap) < KEPT:
            heapq.heappush(self._heap, (key, -self._offered, entry()))
        elif (key, -self._offered) > self._heap[0][:2]:
            heapq.heapreplace(self._heap, (key, -self._offered, entry()))

    def entries(self) -> list[Entry]:
        """The highest first."""
        return [entry for _, _, entry in sorted(self._heap, key=lambda i: i[:2], reverse=True)]
