"""Gauges of what was solved: how long it took, at which level, at which attempt."""

from collections import Counter
from datetime import timedelta
from typing import Final

from maild.reports.chapter import Chapter
from maild.reports.gauge import Gauge, Json
from maild.reports.question import Question
from maild.reports.spread import Times, ratio
from maild.reports.story import AUTO_CLOSED, Solve, Story, at_level, is_worked_on

#: a reopening later than this is a new question
REOPENED_WITHIN: Final = timedelta(days=7)


class Resolution(Gauge):
    """From creation to the last solve that stands, less waiting for the customer and solved."""

    # Date key: that solve. Tickets closed because nobody answered are counted apart.

    name = "resolution"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.net, self.gross, self.calendar = Times(), Times(), Times()
        self.first, self.auto_closed = Times(), 0

    def add(self, chapter: Chapter) -> None:
        self._add_first(chapter)
        solve = chapter.standing_solve
        if solve and solve.reason == AUTO_CLOSED:
            self.auto_closed += 1
        elif solve:
            self.net.add(chapter.net)
            self.gross.add(chapter.gross)
            self.calendar.add((solve.at - chapter.story.opened).total_seconds())

    def _add_first(self, chapter: Chapter) -> None:
        """To the first solve: reopening does not change it (KPI 3)."""
        story = chapter.story
        if not story.solves:
            return
        first = story.solves[0]
        if first.reason == AUTO_CLOSED or not self.question.covers(first.at):
            return
        if first is chapter.solve:
            self.first.add(chapter.net)
        else:
            worked = story.worked(story.opened, first.at, counts=is_worked_on)
            self.first.add(worked.total_seconds())

    def result(self) -> Json:
        return self.net.spread() | {
            "gross_mean": self.gross.mean(),
            "calendar_mean": self.calendar.mean(),
            "auto_closed": self.auto_closed,
            "first_n": len(self.first),
            "first_mean": self.first.mean(),
        }


class Share(Gauge):
    """How many of the tickets solved in the period are of some kind."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.n = self.count = 0

    def holds(self, chapter: Chapter, solve: Solve) -> bool:
        raise NotImplementedError

    def add(self, chapter: Chapter) -> None:
        if solve := chapter.solve:
            self.n += 1
            self.count += self.holds(chapter, solve)

    def was_reopened(self, story: Story, *, by_customer: bool = False) -> bool:
        """Within 7 days after any of its solves, as known now."""
        return any(
            reopening.at - reopening.solved <= REOPENED_WITHIN
            and reopening.solved < self.question.period.end
            and (reopening.by_customer or not by_customer)
            for reopening in story.reopenings
        )

    def result(self) -> Json:
        return {"n": self.n, "count": self.count, "rate": ratio(self.count, self.n)}


class FirstContact(Share):
    """Solved at level 1 with no customer message after the first and not reopened in 7 days."""

    # Net FCR: tickets routed straight to a higher level are left out, and counted apart.

    name = "fcr"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.straight = self.provisional = 0

    def add(self, chapter: Chapter) -> None:
        solve = chapter.solve
        if solve and chapter.story.first_level > 1:
            self.straight += 1
        elif solve:
            super().add(chapter)
            self.provisional += self.question.now - solve.at < REOPENED_WITHIN

    def holds(self, chapter: Chapter, solve: Solve) -> bool:
        story = chapter.story
        return (
            solve.reason != AUTO_CLOSED
            and story.highest_level(solve.at) == 1
            and not any(asked < solve.at for asked in story.questions)
            and not self.was_reopened(story)
        )

    def result(self) -> Json:
        apart = {"straight": self.straight, "provisional": self.provisional}
        return super().result() | apart


class OneTouch(Share):
    """Solved with at most one answer, not reopened in 7 days, at whatever level."""

    name = "one_touch"

    def holds(self, chapter: Chapter, solve: Solve) -> bool:
        story = chapter.story
        answers = sum(answer.at <= solve.at for answer in story.answers)
        return answers <= 1 and solve.reason != AUTO_CLOSED and not self.was_reopened(story)


class Reopened(Share):
    """Reopened by the customer within 7 days of being solved."""

    name = "reopened"

    def holds(self, chapter: Chapter, solve: Solve) -> bool:
        return self.was_reopened(chapter.story, by_customer=True)


class Resolved(Gauge):
    """Solved in the period and still solved at its end; per working day."""

    name = "resolved"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.levels: Counter[int] = Counter({1: 0, 2: 0, 3: 0})

    def add(self, chapter: Chapter) -> None:
        if solve := chapter.standing_solve:
            self.levels[chapter.story.highest_level(solve.at)] += 1

    def result(self) -> Json:
        n, period = self.levels.total(), self.question.period
        calendar = self.question.rulebook.calendar_of(self.question.department or "")
        days = calendar.business_days(period.first, period.last)
        return {
            "n": n,
            "per_business_day": ratio(n, days) if n else None,
            "business_days": days,
            "by_level": {str(level): self.levels[level] for level in sorted(self.levels)},
        }


class Escalated(Gauge):
    """Tickets that went up to level 2 or higher (level 3: or higher) of those solved."""

    # Tickets routed straight to a higher level are left out, as for fcr.

    name = "escalated"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.n = self.second = self.third = 0

    def add(self, chapter: Chapter) -> None:
        story, solve = chapter.story, chapter.solve
        if solve and story.first_level == 1:
            highest = story.highest_level(solve.at)
            self.n += 1
            self.second += highest >= 2
            self.third += highest >= 3

    def result(self) -> Json:
        return {
            "n": self.n,
            "level_2": ratio(self.second, self.n),
            "level_3": ratio(self.third, self.n),
        }


class TimeInLevel(Gauge):
    """Time at a level, all visits together, less waiting for the customer and solved time."""

    # Date key: the last solve.

    name = "time_in_level"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.levels: dict[int, Times] = {level: Times() for level in (1, 2, 3)}

    def add(self, chapter: Chapter) -> None:
        story, solve = chapter.story, chapter.standing_solve
        if solve is None:
            return
        visited = {step.facts.level for step in story.steps if step.at <= solve.at}
        if len(visited) == 1:
            self._times(*visited).add(chapter.net)
            return
        for level in visited:
            worked = story.worked(story.opened, solve.at, counts=at_level(level))
            self._times(level).add(worked.total_seconds())

    def _times(self, level: int) -> Times:
        return self.levels.setdefault(level, Times())

    def result(self) -> Json:
        return {str(level): self._of(level) for level in sorted(self.levels)}

    def _of(self, level: int) -> Json:
        times, target = self.levels[level], self.question.targets.get(f"level_{level}")
        spread = times.spread()
        del spread["p90"]
        return spread | {"within_target": times.within(target), "target": target}
