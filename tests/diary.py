"""Histories written down in a few words, in Madrid time, for the tests of the reports."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from maild.model.as_json import event_json, timestamp
from maild.model.mail import Address
from maild.model.ticket import Event, EventKind, Priority, Ticket
from maild.reports.history import History
from maild.reports.periods import Period
from maild.reports.question import Question
from maild.sla.hours import Calendar, always
from maild.sla.policy import Policy, Rulebook, Targets, WorkTime

MADRID = ZoneInfo("Europe/Madrid")
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in "2026-01-01 2026-01-06 2026-04-02 2026-04-03 2026-05-01 2026-05-02 2026-08-15 "
    "2026-10-12 2026-11-02 2026-12-07 2026-12-08 2026-12-25".split()
)
NINE_TO_SIX = ((540, 1080),)
OFFICE = Calendar("office", MADRID, dict.fromkeys(range(5), NINE_TO_SIX), HOLIDAYS)
SPLIT = Calendar(
    "split",
    MADRID,
    dict.fromkeys(range(4), ((540, 840), (960, 1140))) | {4: ((540, 900),)},
    HOLIDAYS,
)
ROUND = always(MADRID, "round")
FAR = datetime(2027, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """`2026-06-08 09:00` on the clock of Madrid, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


def hours(h: float = 0, m: float = 0) -> float:
    return h * 3600 + m * 60


def rulebook(calendar: Calendar = OFFICE, **targets: float) -> Rulebook:
    """One calendar for all; `first_response=3600` promises that much, for every priority."""
    promised = Targets(**{name: WorkTime(seconds=s) for name, s in targets.items()})
    policy = Policy("all", dict.fromkeys(Priority, promised))
    return Rulebook((policy,), {calendar.name: calendar}, {"soporte": calendar.name})


def question(
    first: str, last: str, *, calendar: Calendar = OFFICE, now: datetime = FAR, **more: Any
) -> Question:
    period = Period(date.fromisoformat(first), date.fromisoformat(last), MADRID)
    promised: Mapping[str, float] = more.pop("promised", {})
    return Question("semanal", period, rulebook(calendar, **promised), now, **more)


class Diary:
    """Writes one ticket's history; each word takes the instant it happens."""

    def __init__(
        self,
        number: int,
        opened: str,
        *,
        who: str = "luis@x.test",
        by: str | None = None,
        level: int = 1,
        channel: str = "email",
        department: str = "soporte",
        subject: str = "No puedo entrar",
        category: str | None = None,
    ) -> None:
        when = at(opened)
        self.ticket = Ticket(
            number, subject, Address("", who), department, when, when,
            channel=channel, category=category,
        )  # fmt: skip
        self.events: list[Event] = []
        self.status = "new"
        self.level = level
        self.numbers = 100 * number
        self.customer = f"customer:{who}"
        detail = {
            "channel": channel, "department": department, "priority": "normal", "level": level
        }  # fmt: skip
        self.note(when, EventKind.CREATED, by or self.customer, detail)
        self.asks(opened)

    def note(self, when: datetime, kind: EventKind, actor: str, detail: dict[str, Any]) -> None:
        number = len(self.events) + 1
        self.events.append(Event(self.ticket.id, when, kind, actor, detail, number))

    def _message(self, when: str, kind: str, actor: str, public: bool = True) -> int:
        self.numbers += 1
        detail = {"message": self.numbers, "kind": kind, "public": public}
        self.note(at(when), EventKind.MESSAGE, actor, detail)
        return self.numbers

    def asks(self, when: str) -> "Diary":
        """The customer writes; that ends waiting, and reopens what was solved."""
        self._message(when, "customer", self.customer)
        if self.status in ("pending", "resolved"):
            self.becomes(when, "open", self.customer)
        return self

    def thanks(self, when: str) -> "Diary":
        self._message(when, "customer", self.customer)
        return self

    def answers(self, when: str, agent: str = "ana") -> "Diary":
        self._message(when, "agent", f"agent:{agent}")
        if self.status == "new":
            self.becomes(when, "open", f"agent:{agent}")
        return self

    def fails(self, when: str, recipient: str | None = None) -> "Diary":
        """The last message could not be delivered."""
        detail: dict[str, Any] = {"message": self.numbers, "reason": "5.1.1"}
        if recipient:
            detail["recipient"] = recipient
        self.note(at(when), EventKind.DELIVERY_FAILED, "system", detail)
        return self

    def notes(self, when: str) -> "Diary":
        self._message(when, "note", "agent:ana", public=False)
        return self

    def robot(self, when: str) -> "Diary":
        self._message(when, "auto", "system", public=False)
        return self

    def becomes(
        self, when: str, status: str, actor: str = "agent:ana", reason: str | None = None
    ) -> "Diary":
        detail = {"from": self.status, "to": status, "reason": reason}
        self.note(at(when), EventKind.STATUS, actor, detail)
        self.status = status
        return self

    def solved(self, when: str, reason: str | None = None, actor: str = "agent:ana") -> "Diary":
        return self.becomes(when, "resolved", actor, reason)

    def moves(self, when: str, level: int) -> "Diary":
        detail = {"from": self.level, "to": level, "reason": None}
        self.note(at(when), EventKind.LEVEL, "agent:ana", detail)
        self.level = level
        return self

    def raised(self, when: str, priority: str) -> "Diary":
        detail = {"from": "normal", "to": priority, "reason": None}
        self.note(at(when), EventKind.PRIORITY, "agent:ana", detail)
        return self

    def rated(self, when: str, score: int, comment: str = "", actor: str = "") -> "Diary":
        detail = {"score": score, "comment": comment}
        self.note(at(when), EventKind.RATED, actor or self.customer, detail)
        return self

    def surveyed(self, when: str) -> "Diary":
        self.note(at(when), EventKind.SURVEY_SENT, "system", {})
        return self

    def suggested(self, when: str, *articles: str) -> "Diary":
        self.note(at(when), EventKind.SUGGESTED, "system", {"articles": list(articles)})
        return self

    def merged(self, when: str, into: int) -> "Diary":
        self.becomes(when, "merged")
        self.ticket = replace(self.ticket, merged_into=into)
        return self

    def line(self) -> dict[str, Any]:
        """The same as `maild import` takes it: events, and no messages."""
        ticket = self.ticket
        return {
            "id": ticket.id, "external_id": f"diary:{ticket.id}", "subject": ticket.subject,
            "requester": {"name": "", "email": ticket.requester.email},
            "created_at": timestamp(ticket.created_at), "category": ticket.category,
            "merged_into": ticket.merged_into, "messages": [],
            "events": [event_json(event) for event in self.events],
        }  # fmt: skip

    @property
    def history(self) -> History:
        return History(self.ticket, tuple(self.events))


def later(when: str, **more: float) -> str:
    """So much later, as text."""
    moved = datetime.fromisoformat(when) + timedelta(**more)
    return moved.isoformat(sep=" ", timespec="minutes")
