"""One pass over ticket histories, and the report they make (CONTRACT section 6)."""

from collections.abc import Iterable
from typing import Any, Protocol

from maild.model.as_json import timestamp
from maild.model.ticket import Status
from maild.reports.agents import Agents
from maild.reports.history import History, Story, read
from maild.reports.kpi import GAUGES
from maild.reports.question import Question
from maild.reports.recurring import Recurring


class Watcher(Protocol):
    """Whoever wants to see every ticket that had a part in the period."""

    def add(self, story: Story) -> None: ...


def measure(
    histories: Iterable[History], question: Question, *watchers: Watcher
) -> dict[str, Any]:
    """The report as JSON (CONTRACT section 6).

    `histories`: every ticket created before the period's end that was open at its start,
    or to which something happened since `question.needed_since`; in any order, each once.
    More do no harm. They are looked at one by one and not kept.
    """
    gauges = [gauge(question) for gauge in GAUGES]
    recurring = Recurring(question.period, question.articles)
    people = Agents(question)
    everybody: list[Watcher] = [*gauges, people, *watchers]
    spam = 0
    for history in histories:
        story = read(history, question.rulebook, question.now)
        if not question.concerns(story):
            continue
        if story.void:
            spam += story.void is Status.SPAM and question.covers(story.opened)
            continue
        recurring.add(story)
        if question.touches(story):
            for watcher in everybody:
                watcher.add(story)
    kpis = {gauge.name: gauge.result() for gauge in gauges}
    kpis["volume"]["spam"] = spam
    found = _heading(question) | {"kpis": kpis} | recurring.result()
    return found | {"agents": people.result()} if question.agents else found


def _heading(question: Question) -> dict[str, Any]:
    period = question.period
    return {
        "report": question.report,
        "period": {
            "start": timestamp(period.start),
            "end": timestamp(period.end),
            "label": period.label(question.language),
        },
        "timezone": period.zone.key,
        "department": question.department,
    }
