"""Gauges of how soon: first and next responses, and whether promises were kept."""

from collections import Counter, defaultdict

from maild.model.ticket import Clock, Priority
from maild.reports.chapter import Chapter
from maild.reports.gauge import Gauge, Json
from maild.reports.question import Question
from maild.reports.spread import Times, ratio
from maild.sla.stopwatch import Outcome


class FirstResponse(Gauge):
    """From creation to the first answer an agent wrote and the customer got."""

    # Date key: the answer. Not for tickets an agent opened. Reopening does not restart it.

    name = "first_response"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.times, self.calendar = Times(), Times()

    def add(self, chapter: Chapter) -> None:
        if answer := chapter.first_answer:
            self.times.add(chapter.first_response)
            self.calendar.add((answer.at - chapter.story.opened).total_seconds())

    def result(self) -> Json:
        target = self.question.targets.get("first_response")
        return self.times.spread() | {
            "within_target": self.times.within(target),
            "target": target,
            "calendar_mean": self.calendar.mean(),
        }


class NextResponse(Gauge):
    """From the oldest unanswered customer message to the agent's answer, first ones aside."""

    # Date key: the answer. One interval for each run of customer messages.

    name = "next_response"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.times = Times()

    def add(self, chapter: Chapter) -> None:
        story = chapter.story
        for asked, answered in story.waits():
            if self.question.covers(answered):
                self.times.add(story.worked(asked, answered).total_seconds())

    def result(self) -> Json:
        return self.times.spread()


class Attainment(Gauge):
    """Deadlines met among those decided, each once: met when answered, missed when passed."""

    # Date key: the decision. Time at a level is shown, but is no part of the totals.
    # Department and priority are those of the period's end.

    name = "sla"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.total: Counter[Outcome] = Counter()
        self.clocks: dict[Clock, Counter[Outcome]] = {clock: Counter() for clock in Clock}
        self._departments: dict[str, Counter[Outcome]] = defaultdict(Counter)
        self._priorities: dict[Priority, Counter[Outcome]] = defaultdict(Counter)

    def add(self, chapter: Chapter) -> None:
        for decision in chapter.story.decisions(self.question.now):
            if chapter.start <= decision.at < chapter.end:
                self.clocks[decision.clock][decision.outcome] += 1
                if decision.clock is not Clock.LEVEL:
                    facts = chapter.at_end.facts
                    self.total[decision.outcome] += 1
                    self._departments[facts.department][decision.outcome] += 1
                    self._priorities[facts.priority][decision.outcome] += 1

    def result(self) -> Json:
        return _attained(self.total) | {
            "by_clock": {clock.value: _attained(n) for clock, n in self.clocks.items()},
            "by_department": {
                key: _attained(n) for key, n in sorted(self._departments.items())
            },
            "by_priority": {
                priority.value: _attained(self._priorities[priority])
                for priority in reversed(Priority)
                if priority in self._priorities
            },
        }


def _attained(counts: Counter[Outcome]) -> Json:
    met, breached = counts[Outcome.MET], counts[Outcome.BREACHED]
    return {"met": met, "breached": breached, "rate": ratio(met, met + breached)}
