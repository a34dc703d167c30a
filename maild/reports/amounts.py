"""Gauges of how much: what came in, what is left, who was content, who helped himself."""

from collections import Counter
from datetime import timedelta
from typing import Final

from maild.model.ticket import EventKind, Status
from maild.reports.chapter import Chapter
from maild.reports.gauge import Gauge, Json
from maild.reports.question import Question
from maild.reports.spread import ratio, wilson
from maild.reports.story import SELF_SERVICE

#: the lowest mark, of 5, that is satisfied
SATISFIED: Final = 4
_DAY: Final = timedelta(days=1)
_AGES: Final = (("<1d", _DAY), ("1-3d", 3 * _DAY), ("3-7d", 7 * _DAY))


class Volume(Gauge):
    """Tickets created in the period; department and priority as at its end."""

    name = "volume"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.channels: Counter[str] = Counter()
        self.departments: Counter[str] = Counter()
        self.priorities: Counter[str] = Counter()

    def add(self, chapter: Chapter) -> None:
        if chapter.was_created:
            facts = chapter.at_end.facts
            self.channels[facts.channel] += 1
            self.departments[facts.department] += 1
            self.priorities[facts.priority.value] += 1

    def result(self) -> Json:
        return {
            "created": self.channels.total(),
            "by_channel": dict(self.channels.most_common()),
            "by_department": dict(self.departments.most_common()),
            "by_priority": dict(self.priorities.most_common()),
        }


class Backlog(Gauge):
    """What is not solved at the end of the period; ages by the calendar, since creation."""

    # start + created + reopened - resolved = end; the last two count events.

    name = "backlog"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.counts: Counter[str] = Counter()
        self.ages: Counter[str] = Counter()

    def add(self, chapter: Chapter) -> None:
        covers, story = self.question.covers, chapter.story
        self.counts["start"] += chapter.was_open
        self.counts["created"] += chapter.was_created
        self.counts["reopened"] += sum(covers(turn.at) for turn in story.reopenings)
        self.counts["resolved"] += sum(covers(solve.at) for solve in story.solves)
        if chapter.is_open:
            self.counts["end"] += 1
            waits = chapter.at_end.status is Status.PENDING
            self.counts["waiting_customer" if waits else "waiting_us"] += 1
            self.ages[age_group(self.question.end - story.opened)] += 1

    def result(self) -> Json:
        names = "start created reopened resolved end waiting_us waiting_customer".split()
        groups = [*(name for name, _ in _AGES), "7-30d", ">30d"]
        ages = {name: self.ages[name] for name in groups}
        return {name: self.counts[name] for name in names} | {"ages": ages}


class Satisfaction(Gauge):
    """Ratings of 4 or 5 among those given; no rating counts only in the response rate."""

    # Date key: the first answer to the survey; of several, the last value holds.

    name = "csat"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.scores: Counter[int] = Counter()
        self.sent = 0

    def add(self, chapter: Chapter) -> None:
        sent = chapter.story.of(EventKind.SURVEY_SENT)
        self.sent += sum(self.question.covers(event.at) for event in sent)
        if given := chapter.rating:
            self.scores[given.score] += 1

    def result(self) -> Json:
        n = self.scores.total()
        good = sum(count for score, count in self.scores.items() if score >= SATISFIED)
        points = sum(score * count for score, count in self.scores.items())
        low, high = wilson(good, n)
        return {
            "n": n,
            "count": good,
            "rate": ratio(good, n),
            "mean": ratio(points, n),
            "sent": self.sent,
            "response_rate": ratio(n, self.sent),
            "low": low,
            "high": high,
        }


class SelfService(Gauge):
    """Requests answered with articles that the customer then closed, and did not reopen."""

    # Date key: the suggestion, for both numbers.

    name = "kb"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.suggested = self.solved = 0

    def add(self, chapter: Chapter) -> None:
        story = chapter.story
        offers = (e for e in story.of(EventKind.SUGGESTED) if e.detail.get("articles", True))
        if any(self.question.covers(event.at) for event in offers):
            self.suggested += 1
            reasons = [solve.reason for solve in story.solves]
            self.solved += reasons == [SELF_SERVICE] and not story.reopenings

    def result(self) -> Json:
        return {
            "suggested": self.suggested,
            "self_service": self.solved,
            "rate": ratio(self.solved, self.suggested),
        }


def age_group(age: timedelta) -> str:
    """`<1d` `1-3d` `3-7d` `7-30d` `>30d`; each but the last ends before its upper bound."""
    for name, bound in _AGES:
        if age < bound:
            return name
    return "7-30d" if age <= 30 * _DAY else ">30d"
