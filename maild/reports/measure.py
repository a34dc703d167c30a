"""One pass over ticket histories, and the report they make (CONTRACT section 6)."""

from collections.abc import Iterable
from typing import Any, Protocol

from maild.model.as_json import timestamp
from maild.model.ticket import Status
from maild.reports.agents import Agents
from maild.reports.chapter import Chapter
from maild.reports.history import History, read
from maild.reports.kpi import GAUGES
from maild.reports.question import Question
from maild.reports.recurring import Recurring, Request


class Watcher(Protocol):
    """Whoever wants to see every ticket that had a part in the period."""

    def add(self, chapter: Chapter) -> None: ...


def measure(
    histories: Iterable[History],
    question: Question,
    *watchers: Watcher,
    requests: Iterable[Request] = (),
) -> dict[str, Any]:
    """The report as JSON (CONTRACT section 6).

    `histories`: every ticket created before the period's end that was open at its start,
    to which something happened since, or created in the weeks before (`reports.recurring`);
    in any order, each once. More do no harm. They are looked at one by one and not kept.
    `requests`: those of the weeks before may come as these instead; they count for what
    recurs.
    """
    gauges, people = [gauge(question) for gauge in GAUGES], Agents(question)
    everybody: list[Watcher] = [*gauges, people, *watchers]
    recurring = Recurring(question.period, question.articles)
    recurring.recall(requests)
    spam = 0
    for history in histories:
        story = read(history, question.rulebook, question.now)
        chapter = Chapter(story, question)
        if not chapter.concerns:
            continue
        if story.void:
            spam += story.void is Status.SPAM and chapter.was_created
            continue
        recurring.add(chapter)
        if chapter.touches:
            for watcher in everybody:
                watcher.add(chapter)
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
