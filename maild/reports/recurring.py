"""Problems that come back: many requests of one kind in a week, or one person's over and over.

A kind is the department with the category a rule gave, else with the words of the subject
(kpi.md 1.14).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from maild.reports.chapter import Chapter
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


class Request(NamedTuple):
    """A ticket, as far as it matters here."""

    ticket: int
    at: datetime  #: of its creation
    department: str
    category: str | None
    subject: str
    requester: str

    @property
    def name(self) -> str:
        """What readers call it: the category, else the subject."""
        return self.category or " ".join(self.subject.split())


class Recurring:
    """Watches what is created in the period and the five weeks before its end."""

    def __init__(self, period: Period, articles: Mapping[str, str]) -> None:
        self.period, self.articles = period, articles
        self.since = since(period)
        self.requests: dict[int, Request] = {}  #: by ticket
        self._keys: dict[tuple[str, str | None, str], str] = {}

    def add(self, chapter: Chapter) -> None:
        story, ticket = chapter.story, chapter.story.ticket
        if self.since <= story.opened < self.period.end:
            department, who = chapter.at_end.facts.department, ticket.requester.key
            about = ticket.category, ticket.subject, who
            request = Request(ticket.id, story.opened, department, *about)
            self.requests[ticket.id] = request

    def recall(self, requests: Iterable[Request]) -> None:
        """What is known from elsewhere, in few words; what is added later counts instead."""
        self.requests |= {r.ticket: r for r in requests if self.since <= r.at < self.period.end}

    def result(self) -> dict[str, Any]:
        """`recurring` and `repeat_contacts`, the five most frequent of each."""
        problems = [
            found
            for key, requests in self._frequent().items()
            if (found := self._problem(key, requests))
        ]
        repeats = [
            _repeat(key, who, them)
            for (key, who), them in self._repeated().items()
            if len(them) >= REPEATED
        ]
        return {"recurring": _top(problems), "repeat_contacts": _top(repeats)}

    def _key(self, request: Request) -> str:
        """Taking a subject apart is dear, and many are alike."""
        about = request.department, request.category, request.subject
        if (key := self._keys.get(about)) is None:
            key = self._keys[about] = key_of(*about)
        return key

    def _frequent(self) -> dict[str, list[Request]]:
        """By key, those of which the looked-at weeks bring enough to be worth a closer look."""
        recent = days_before(self.period, max(_weeks(self.period)) + WEEK)
        counts = Counter(self._key(r) for r in self.requests.values() if r.at >= recent)
        found: dict[str, list[Request]] = {
            key: [] for key, n in counts.items() if n >= ENOUGH_TICKETS
        }
        if found:
            for request in self.requests.values():
                if (mine := found.get(self._key(request))) is not None:
                    mine.append(request)
        return found

    def _problem(self, key: str, requests: list[Request]) -> dict[str, Any] | None:
        """The last flagged week of the period, if any week of it is."""
        for back in _weeks(self.period):
            if found := self._week(key, requests, back):
                return found
        return None

    def _week(self, key: str, requests: list[Request], back: int) -> dict[str, Any] | None:
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

    def _repeated(self) -> dict[tuple[str, str], list[Request]]:
        """By key and person, of people who wrote three times or more in the last 30 days."""
        lately = days_before(self.period, REPEAT_DAYS)
        recent = [request for request in self.requests.values() if request.at >= lately]
        busy = Counter(request.requester for request in recent)
        found: dict[tuple[str, str], list[Request]] = {}
        for request in recent:
            if busy[request.requester] >= REPEATED:
                who = self._key(request), request.requester
                found.setdefault(who, []).append(request)
        return found


def _repeat(key: str, who: str, them: list[Request]) -> dict[str, Any]:
    return {
        "key": key,
        "requester": who,
        "count": len(them),
        "tickets": sorted(request.ticket for request in them),
        "name": _newest(them).name,
    }


def since(period: Period) -> datetime:
    """From when on requests matter: what comes back is compared with the weeks before."""
    days = max(WEEK * (WEEKS_BEFORE + 1), REPEAT_DAYS, len(period.days) + WEEK * WEEKS_BEFORE)
    return days_before(period, days)


def _weeks(period: Period) -> range:
    """The weeks that are looked at, by how many days before the period's end they end."""
    return range(0, max(len(period.days) - WEEK, 0) + 1, WEEK)


def _newest(requests: list[Request]) -> Request:
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
    return sorted(found, key=lambda e: (-e["count"], e["key"], e["tickets"]))[:TOP]
