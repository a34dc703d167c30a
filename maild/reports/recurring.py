"""Problems that come back: many requests of one kind in a week, or one person's over and over.

A kind is the department with the category a rule gave, else with the words of the subject
(kpi.md 1.14).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from maild.reports.history import Story
from maild.reports.periods import Period
from maild.rules.folding import fold_words, split

WEEK: Final = 7
WEEKS_BEFORE: Final = 4
ENOUGH_TICKETS: Final = 5
ENOUGH_PEOPLE: Final = 3
GROWTH: Final = 2
REPEAT_DAYS: Final = 30
REPEATED: Final = 3
TOP: Final = 5

_MARK: Final = re.compile(
    r"\s*(?:(?:re|rv|fw|fwd|rif|aw|wg|tr|sv)\s*(?:\[\d+\])?\s*:|\[[^\]]*\])", re.I
)
_STOP: Final = frozenset(
    "a al ante con de del desde e el ella en entre es esta este esto fue ha hay la las le lo "
    "los me mi mis muy nada ni nos o para pero por q que se si sin sobre son su sus te tengo "
    "tiene tienen todo tu un una unas uno unos y ya yo hola buenos buenas dias tardes favor "
    "urgente ayuda consulta solicitud "
    "an and are at be by can cannot could do does for from have hello hi how i in is it my of "
    "on or our please that the this to urgent us we when with you your help request".split()
)
_MAX_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class _Request:
    at: datetime
    ticket: int
    requester: str
    name: str  #: what readers call it: the category, else the subject


class Recurring:
    """Watches what is created in the period and the five weeks before its end."""

    def __init__(self, period: Period, articles: Mapping[str, str]) -> None:
        self.period, self.articles = period, articles
        days = max(WEEK * (WEEKS_BEFORE + 1), REPEAT_DAYS, len(period.days) + WEEK * 4)
        self.since = days_before(period, days)
        self.requests: dict[str, list[_Request]] = {}

    def add(self, story: Story) -> None:
        if self.since <= story.opened < self.period.end:
            step = story.at_end(self.period.end)
            department = step.facts.department if step else story.ticket.department
            key = key_of(department, story.ticket.category, story.ticket.subject)
            ticket = story.ticket
            name = ticket.category or " ".join(ticket.subject.split())
            request = _Request(story.opened, ticket.id, ticket.requester.key, name)
            self.requests.setdefault(key, []).append(request)

    def result(self) -> dict[str, Any]:
        """`recurring` and `repeat_contacts`, the five most frequent of each."""
        problems = [found for key in self.requests if (found := self._problem(key))]
        repeats = [found for key in self.requests for found in self._repeats(key)]
        return {"recurring": _top(problems), "repeat_contacts": _top(repeats)}

    def _problem(self, key: str) -> dict[str, Any] | None:
        """The last flagged week of the period, if any week of it is."""
        requests = self.requests[key]
        for back in range(0, max(len(self.period.days) - WEEK, 0) + 1, WEEK):
            if found := self._week(key, requests, back):
                return found
        return None

    def _week(self, key: str, requests: list[_Request], back: int) -> dict[str, Any] | None:
        """Five or more from three people or more, twice the mean of the four weeks before."""
        bounds = [days_before(self.period, back + WEEK * n) for n in range(WEEKS_BEFORE + 2)]
        end, start, oldest = bounds[0], bounds[1], bounds[-1]
        now = [request for request in requests if start <= request.at < end]
        people = {request.requester for request in now}
        usual = sum(oldest <= request.at < start for request in requests) / WEEKS_BEFORE
        if len(now) < ENOUGH_TICKETS or len(people) < ENOUGH_PEOPLE:
            return None
        if len(now) < GROWTH * usual:
            return None
        return {
            "key": key,
            "count": len(now),
            "requesters": len(people),
            "tickets": sorted(request.ticket for request in now),
            "usual": usual,
            "article": self.articles.get(key),
            "name": _newest(now).name,
        }

    def _repeats(self, key: str) -> list[dict[str, Any]]:
        """People who asked the same three times or more in the last 30 days."""
        since = days_before(self.period, REPEAT_DAYS)
        people: dict[str, list[_Request]] = {}
        for request in self.requests[key]:
            if request.at >= since:
                people.setdefault(request.requester, []).append(request)
        return [
            {
                "key": key,
                "requester": who,
                "count": len(them),
                "tickets": sorted(request.ticket for request in them),
                "name": _newest(them).name,
            }
            for who, them in people.items()
            if len(them) >= REPEATED
        ]


def _newest(requests: list[_Request]) -> _Request:
    return max(requests, key=lambda request: request.at)


def days_before(period: Period, days: int) -> datetime:
    """Local midnight so many days before the period's end."""
    last = period.last - timedelta(days=days)
    return Period(min(last, period.last), last, period.zone).end if days else period.end


def key_of(department: str, category: str | None, subject: str) -> str:
    """`soporte/Acceso al sistema de ventas`, else `soporte/acceder sistema venta`."""
    return f"{department}/{category or ' '.join(subject_words(subject)) or '—'}"


def subject_words(subject: str) -> list[str]:
    """Its words, folded and sorted: no Re:, tag, digits, little words or plurals."""
    text = subject[:1000]
    while found := _MARK.match(text):
        text = text[found.end() :]
    words = {_singular(word) for word in fold_words(split(text)) if _means(word)}
    return sorted(words)[:_MAX_WORDS]


def _means(word: str) -> bool:
    return len(word) > 1 and word not in _STOP and not any(c.isdigit() for c in word)


def _singular(word: str) -> str:
    """Lightly: `impresoras` -> `impresora`, `errores` -> `error`, `passwords` -> `password`."""
    if len(word) > 5 and word.endswith("es") and word[-3] in "dlnrz":
        return word[:-2]
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "su" else word


def _top(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda entry: (-entry["count"], entry["key"]))[:TOP]
