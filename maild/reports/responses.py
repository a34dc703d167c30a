"""Gauges of how soon: first and next responses, and whether promises were kept."""

from collections import Counter
from collections.abc import Sequence

from maild.model.ticket import Clock
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

    # Date key: the decision. Time at a level is shown, but is no part of the total.

    name = "sla"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.counts: Counter[tuple[Clock, Outcome]] = Counter()

    def add(self, chapter: Chapter) -> None:
        for decision in chapter.story.decisions(self.question.now):
            if chapter.start <= decision.at < chapter.end:
                self.counts[decision.clock, decision.outcome] += 1

    def result(self) -> Json:
        promised = [clock for clock in Clock if clock is not Clock.LEVEL]
        by_clock = {clock.value: self._of([clock]) for clock in Clock}
        return self._of(promised) | {"by_clock": by_clock}

    def _of(self, clocks: Sequence[Clock]) -> Json:
        met = sum(self.counts[clock, Outcome.MET] for clock in clocks)
        breached = sum(self.counts[clock, Outcome.BREACHED] for clock in clocks)
        return {"met": met, "breached": breached, "rate": ratio(met, met + breached)}
