"""Random tickets as lines for `maild import`: departments with hours of their own, all that
can happen to a ticket, and instants that fall on the very bounds of days and weeks."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CONFIG = """
[calendar.nueva-york]
timezone = "America/New_York"
tue-sat = "08:00-17:00"
[calendar.madrid]
mon-thu = "09:00-14:00, 16:00-19:00"
fri = "09:00-15:00"
holidays = ["2026-03-19", "2026-04-02", "2026-04-03", "2026-05-01", "2025-10-13", "2025-11-10"]
short = { 2026-04-01 = "09:00-12:00", 2025-10-31 = "09:00-12:00" }
[calendar.noche]
timezone = "Atlantic/Canary"
mon-sun = "00:00-06:00, 22:00-24:00"
[department.noche]
name = "Guardia"
address = "noche@acme.test"
calendar = "noche"
[levels]
1 = { name = "N1", time = "2h" }
2 = { name = "N2", time = "4h" }
3 = { name = "N3", time = "8h" }
[[sla]]
name = "S"
low = { first_response = "4h", next_response = "6h", resolution = "20h" }
normal = { first_response = "4h", next_response = "6h", resolution = "20h" }
high = { first_response = "4h", next_response = "6h", resolution = "20h" }
urgent = { first_response = "4h", next_response = "6h", resolution = "20h" }
"""
#: the same for the other program. Hours: zone, minutes of the day for each weekday (Monday
#: first), the days that are closed, and the days with hours of their own
HOURS: dict[str, list[Any]] = {
    "soporte": [
        "Europe/Madrid",
        [[[540, 840], [960, 1140]]] * 4 + [[[540, 900]], [], []],
        "2026-03-19 2026-04-02 2026-04-03 2026-05-01 2025-10-13 2025-11-10".split(),
        {"2026-04-01": [[540, 720]], "2025-10-31": [[540, 720]]},
    ],
    "ventas": ["America/New_York", [[], *[[[480, 1020]]] * 5, []], [], {}],
    "noche": ["Atlantic/Canary", [[[0, 360], [1320, 1440]]] * 7, [], {}],
}
PROMISED = {"first_response": 4 * 3600, "next_response": 6 * 3600, "resolution": 20 * 3600,
            "level": [2 * 3600, 4 * 3600, 8 * 3600]}  # fmt: skip


@dataclass(frozen=True)
class Season:
    """When tickets come: in each, all zones change their clocks."""

    first: datetime
    days: int


SPRING = Season(datetime(2026, 3, 1, tzinfo=UTC), 70)
AUTUMN = Season(datetime(2025, 9, 28, tzinfo=UTC), 60)
WORDS = (
    "answer answer answer ask ask pend hold solve solve close up down move rank rate survey "
    "thank bounce suggest note robot stranger"
).split()


def lines(
    seed: int, count: int, zone: str, *, settled: bool = False, season: Season = SPRING
) -> Iterator[str]:
    """`settled`: none changes its department or priority, and no two things happen at once."""
    dice = random.Random(seed)
    words = [word for word in WORDS if not (settled and word in ("move", "rank"))]
    for number in range(1, count + 1):
        life = _Life(dice, number, ZoneInfo(zone), words, season, at_once=not settled)
        yield json.dumps(life.line())


class _Life:
    def __init__(
        self,
        dice: random.Random,
        number: int,
        zone: ZoneInfo,
        words: list[str],
        season: Season,
        *,
        at_once: bool,
    ) -> None:
        self.dice, self.number, self.zone, self.words = dice, number, zone, words
        self.season, self.at_once = season, at_once
        self.now = self._edge() if dice.random() < 0.3 else self._somewhen()
        self.status, self.messages = "new", 100 * number
        self.level = dice.choice([1, 1, 1, 2])
        self.department = dice.choice(list(HOURS))
        self.rank = dice.choice(["low", "normal", "normal", "high", "urgent"])
        self.channel = dice.choice(["email", "email", "web", "phone", "agent"])
        self.category = dice.choice(["Acceso", "Impresoras", None])
        self.customer = f"customer:p{dice.randrange(dice.choice([2, 40]))}@x.test"
        self.events: list[dict[str, Any]] = []

    def _somewhen(self) -> datetime:
        into = timedelta(seconds=self.dice.randrange(self.season.days * 86_400))
        return self.season.first + into

    def _edge(self) -> datetime:
        """Local midnight of the report's zone, a second before, or a second after."""
        into = timedelta(days=self.dice.randrange(self.season.days))
        day = (self.season.first + into).date()
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return local.astimezone(UTC) + timedelta(seconds=self.dice.choice([-1, 0, 1]))

    def line(self) -> dict[str, Any]:
        by = "agent:ana" if self.channel in ("phone", "agent") else self.customer
        self.note("created", by, channel=self.channel, department=self.department,
                  priority=self.rank, level=self.level)  # fmt: skip
        self.says("customer", self.customer)
        for _ in range(self.dice.randrange(13)):
            self.pass_time()
            self.happen(self.dice.choice(self.words))
        self.end()
        return {
            "id": self.number, "tag": f"[OLD #{self.number}]", "messages": [],
            "external_id": f"old:{self.number}", "subject": f"Re: Pedido {self.number}",
            "category": self.category,
            "requester": {"name": "", "email": self.customer.partition(":")[2]},
            "created_at": self.events[0]["at"], "status": self.status,
            "department": self.department, "priority": self.rank, "level": self.level,
            "channel": self.channel, "events": self.events,
        }  # fmt: skip

    def pass_time(self) -> None:
        """Some minutes, mostly; nothing at all, a day, or up to the next local midnight."""
        match self.dice.randrange(8):
            case 0:
                self.now += timedelta(seconds=0 if self.at_once else 1)
            case 1:
                day = self.now.astimezone(self.zone).date() + timedelta(days=1)
                midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
                self.now = midnight.astimezone(UTC)
            case 2:
                self.now += timedelta(seconds=self.dice.randrange(9 * 86_400))
            case _:
                self.now += timedelta(seconds=1 + int(self.dice.expovariate(1 / 9_000)))

    @property
    def done(self) -> bool:
        return self.status in ("resolved", "closed")

    def happen(self, what: str) -> None:
        match what:
            case "answer":
                self.says("agent", "agent:ana")
                if self.status == "new":
                    self.becomes("open", "agent:ana")
            case "ask" if self.status != "closed":
                self.says("customer", self.customer)
                if self.status in ("pending", "resolved"):
                    self.becomes("open", self.customer)
            case "thank":
                self.says("customer", self.customer, thanks=True)
            case "stranger":
                self.says("customer", "customer:otro@y.test", public=False)
            case "pend" | "hold" if not self.done:
                self.becomes("pending" if what == "pend" else "on_hold", "agent:ana")
            case "solve" if self.done:
                self.becomes("open", self.dice.choice([self.customer, "agent:ana"]))
            case "solve":
                reasons = [None, None, None, "auto_closed", "self_service", "customer"]
                self.becomes("resolved", "agent:ana", self.dice.choice(reasons))
            case "close" if self.status != "closed":
                self.becomes("closed", "system")
            case "up" | "down" if not self.done:
                self.level_to(self.level + (1 if what == "up" else -1))
            case "move":
                self.department = self.change("department", self.department, list(HOURS))
            case "rank":
                self.rank = self.change("priority", self.rank, ["low", "normal", "urgent"])
            case "rate":
                by = self.dice.choice([self.customer] * 4 + ["agent:ana"])
                self.note("rated", by, score=self.dice.randint(1, 5), comment="")
            case "survey":
                self.note("survey_sent", "system", solve=1)
            case "suggest":
                self.note("suggested", "system", articles=["a"])
            case "note" | "robot":
                kind, by = ("note", "agent:ana") if what == "note" else ("auto", "system")
                self.says(kind, by, public=False)
            case "bounce" if self.events[-1]["detail"].get("kind") == "agent":
                self.note("delivery_failed", "system", message=self.messages, reason="5.1.1")

    def end(self) -> None:
        """Some are spam or part of another in the end."""
        self.pass_time()
        if self.dice.random() < 0.1:
            self.becomes(self.dice.choice(["spam", "merged"]), "agent:ana")

    def level_to(self, level: int) -> None:
        if 1 <= level <= 3:
            self.note("level", "agent:ana", to=level, reason=None, **{"from": self.level})
            self.level = level

    def change(self, kind: str, was: str, words: list[str]) -> str:
        now = self.dice.choice([word for word in words if word != was])
        self.note(kind, "agent:ana", to=now, reason=None, **{"from": was})
        return now

    def says(self, kind: str, actor: str, *, public: bool = True, **more: Any) -> None:
        self.messages += 1
        said = {"message": self.messages, "kind": kind, "public": public, **more}
        self.note("message", actor, **said)

    def becomes(self, status: str, actor: str, reason: str | None = None) -> None:
        self.note("status", actor, to=status, reason=reason, **{"from": self.status})
        self.status = status

    def note(self, what: str, by: str, /, **detail: Any) -> None:
        at = self.now.isoformat().replace("+00:00", "Z")
        self.events.append({"at": at, "kind": what, "actor": by, "detail": detail})
