"""The worked examples of kpi.md as a user would check them: imported, and asked for by command.

E1-E16, the ten tickets and the other numbers of section 1, each on a desk of its own.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from tests.diary import Diary, hours, later
from tests.test_kpi import nine, ten_tickets

#: the calendars A, B and C of kpi.md, a department each, with what is promised there
CONFIG = """
[desk]
name = "Soporte ACME"
tag = "ACME"
address = "soporte@acme.test"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]

[store]
url = "sqlite:///var/maild.db"

[calendar.a]
mon-fri = "09:00-18:00"
holidays = ["ES-MD"]

[calendar.b]
mon-thu = "09:00-14:00, 16:00-19:00"
fri = "09:00-15:00"
holidays = ["ES-MD"]

[calendar.c]
mon-sun = "00:00-24:00"

[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
calendar = "a"

[department.partido]
name = "Partido"
address = "partido@acme.test"
calendar = "b"

[department.guardia]
name = "Guardia"
address = "guardia@acme.test"
calendar = "c"

[levels]
1 = { name = "N1", time = "15m" }
2 = { name = "N2", time = "2h" }
3 = { name = "N3", time = "2d" }

[[sla]]
name = "partido"
when = { department = ["partido"] }
normal = { first_response = "2h" }

[[sla]]
name = "guardia"
when = { department = ["guardia"] }
normal = { first_response = "8h" }

[[sla]]
name = "todo"
urgent = { first_response = "1h", next_response = "1h", resolution = "4h" }
normal = { first_response = "4h", next_response = "1d", resolution = "16h" }

[report.r]
to = ["jefa@acme.test"]
every = "monday 08:00"
targets = { first_response = "4h", level_1 = "15m", level_2 = "2h", level_3 = "2d" }
"""
NONE = {"n": 0, "mean": None, "median": None, "p90": None}
JUNE = "2026-06-01/2026-06-30"


class Desk:
    """A folder with a config, and the commands as anybody gives them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config.toml").write_text(CONFIG)

    def run(self, *words: str) -> Any:
        ran = CliRunner().invoke(app, ["-c", str(self.folder / "config.toml"), *words])
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def take_in(self, diaries: list[Diary]) -> None:
        path = self.folder / "tickets.jsonl"
        path.write_text("\n".join(json.dumps(diary.line()) for diary in diaries))
        done = self.run("import", str(path), "--json")
        assert done == {"imported": len(diaries), "known": 0, "bad": []}

    def report(self, period: str) -> Any:
        return self.run("report", "r", "--period", period, "--json")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@dataclass(frozen=True)
class Example:
    """Tickets, a period, and what must stand at these places of the report."""

    name: str
    diaries: list[Diary]
    period: str
    wanted: dict[str, Any] = field(hash=False)


def answered(name: str, place: str, opened: str, at: str, work: float, whole: float) -> Example:
    """One ticket with one answer."""
    day = at[:10]
    return Example(
        name,
        [Diary(1, opened, department=place).answers(at)],
        f"{day}/{day}",
        {
            "first_response.n": 1,
            "first_response.mean": work,
            "first_response.median": work,
            "first_response.p90": work,
            "first_response.calendar_mean": whole,
            "first_response.within_target": work <= hours(4),
            "next_response": NONE,
        },
    )


def waited_twice() -> Diary:
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00")
    diary.asks("2026-06-08 17:30").asks("2026-06-08 17:50")
    return diary.answers("2026-06-09 09:45")


def through_the_levels() -> Diary:
    diary = Diary(1, "2026-06-08 09:00").moves("2026-06-08 09:20", 2)
    diary.becomes("2026-06-08 10:00", "pending").asks("2026-06-08 11:00")
    diary.moves("2026-06-08 12:00", 3).moves("2026-06-09 15:00", 2)
    return diary.solved("2026-06-09 15:30")


def of_ten_lengths() -> list[Diary]:
    minutes = (10, 12, 15, 20, 25, 30, 45, 60, 90, 600)
    opened = "2026-06-08 01:00"
    return [
        Diary(n, opened, department="guardia").answers(later(opened, minutes=m))
        for n, m in enumerate(minutes, 1)
    ]


def surveyed() -> list[Diary]:
    scores = [5] * 6 + [4] * 3 + [3, 2, 1] + [0] * 26
    diaries = []
    for number, score in enumerate(scores, 1):
        diary = Diary(number, "2026-06-08 09:00").solved("2026-06-08 10:00")
        diary.surveyed("2026-06-08 10:00")
        diaries.append(diary.rated("2026-06-09 10:00", score) if score else diary)
    return diaries


def solved_on(day: str, count: int) -> list[Diary]:
    return [Diary(n, f"{day} 09:00").solved(f"{day} 10:00") for n in range(1, count + 1)]


def a_moving_backlog() -> list[Diary]:
    """20 open, 48 new, 3 come back, 47 solved."""
    old = [Diary(n, "2026-06-05 09:00") for n in range(1, 21)]
    back = [Diary(n, "2026-06-04 09:00").solved("2026-06-05 10:00") for n in (21, 22, 23)]
    new = [Diary(n, "2026-06-08 09:00") for n in range(24, 72)]
    for diary in back:
        diary.asks("2026-06-08 11:00")
    for diary in new[:47]:
        diary.solved("2026-06-09 12:00")
    return old + back + new


def self_served() -> list[Diary]:
    diaries = []
    for n in range(1, 121):
        diary = Diary(n, "2026-06-08 09:00").suggested("2026-06-08 09:00", "clave")
        if n <= 18:
            diary.solved("2026-06-08 10:00", "self_service", diary.customer)
        if n <= 2:
            diary.asks("2026-06-09 10:00")
        diaries.append(diary)
    return diaries


EXAMPLES = [
    answered("E1", "soporte", "2026-04-30 17:00", "2026-05-04 10:30",
             hours(2, 30), hours(89, 30)),
    answered("E2", "soporte", "2026-06-13 11:00", "2026-06-15 09:20",
             hours(0, 20), hours(46, 20)),
    answered("E3", "soporte", "2026-06-12 19:00", "2026-06-12 21:00", 0, hours(2)),
    answered("E4", "partido", "2026-06-10 13:30", "2026-06-10 16:45",
             hours(1, 15), hours(3, 15)),
    answered("E5", "guardia", "2026-10-24 22:00", "2026-10-25 08:00", hours(11), hours(11)),
    answered("E6", "guardia", "2026-03-28 22:00", "2026-03-29 08:00", hours(9), hours(9)),
    answered("E7", "soporte", "2026-10-23 17:00", "2026-10-26 10:00", hours(2), hours(66)),
    Example("E8", [waited_twice()], JUNE, {
        "next_response": {"n": 1, **dict.fromkeys(("mean", "median", "p90"), hours(1, 15))},
        "first_response.n": 1,
    }),
    Example("E9", [nine().solved("2026-06-09 16:00")], JUNE, {
        "resolution": {
            "n": 1, "mean": hours(8), "median": hours(8), "p90": hours(8),
            "gross_mean": hours(16), "calendar_mean": hours(31),
            "auto_closed": 0, "first_n": 1, "first_mean": hours(8),
        },
    }),
    Example(
        "E10",
        [nine().solved("2026-06-09 16:00").asks("2026-06-10 10:00").solved("2026-06-10 12:30")],
        JUNE,
        {
            "resolution": {
                "n": 1, "mean": hours(10, 30), "median": hours(10, 30), "p90": hours(10, 30),
                "gross_mean": hours(21, 30), "calendar_mean": hours(51, 30),
                "auto_closed": 0, "first_n": 1, "first_mean": hours(8),
            },
        },
    ),
    Example("E13", [through_the_levels()], JUNE, {
        f"time_in_level.{level}": {
            "n": 1, "mean": mean, "median": mean, "within_target": within, "target": target,
        }
        for level, mean, within, target in (
            (1, hours(0, 20), 0, hours(0, 15)),
            (2, hours(2, 10), 0, hours(2)),
            (3, hours(12), 1, hours(18)),
        )
    }),
    Example("E14", of_ten_lengths(), JUNE, {
        "first_response.n": 10,
        "first_response.mean": 5442,  # 90.7 minutes
        "first_response.median": 1650,
        "first_response.p90": 5400,
        "first_response.within_target": 0.9,
    }),
    Example("E15", surveyed(), JUNE, {
        "csat.n": 12, "csat.rate": 0.75, "csat.mean": 4, "csat.sent": 38,
        "csat.response_rate": 12 / 38,
        "csat.low": pytest.approx(0.468, abs=5e-4), "csat.high": pytest.approx(0.911, abs=5e-4),
    }),
    Example("E16, with a holiday", solved_on("2026-04-27", 12), "2026-04-27/2026-05-03", {
        "resolved.n": 12, "resolved.business_days": 4, "resolved.per_business_day": 3,
    }),
    Example("E16, without", solved_on("2026-05-04", 47), "2026-05-04/2026-05-10", {
        "resolved.n": 47, "resolved.business_days": 5, "resolved.per_business_day": 9.4,
    }),
    Example("backlog", a_moving_backlog(), "2026-06-08/2026-06-14", {
        "backlog.start": 20, "backlog.created": 48, "backlog.reopened": 3,
        "backlog.resolved": 47, "backlog.end": 24,
        "backlog.ages": {"<1d": 0, "1-3d": 0, "3-7d": 1, "7-30d": 23, ">30d": 0},
    }),
    Example("self-service", self_served(), JUNE, {
        "kb": {"suggested": 120, "self_service": 16, "rate": 16 / 120},
    }),
]  # fmt: skip


def at_place(kpis: Any, path: str) -> Any:
    for name in path.split("."):
        kpis = kpis[name]
    return kpis


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(desk: Desk, example: Example) -> None:
    """Imported and reported by the commands, every figure is what was worked out by hand."""
    desk.take_in(example.diaries)
    kpis = desk.report(example.period)["kpis"]
    assert {path: at_place(kpis, path) for path in example.wanted} == example.wanted


TEN = {
    "first_response": {
        "n": 9, "mean": 3600, "median": 3600, "p90": 3600, "calendar_mean": 3600,
        "target": hours(4), "within_target": 1,
    },
    "next_response": {"n": 2, "mean": 3600, "median": 3600, "p90": 3600},
    "resolution": {
        "n": 9, "mean": 5600, "median": 7200, "p90": hours(3), "gross_mean": 12800,
        "calendar_mean": 24800, "auto_closed": 1, "first_n": 9, "first_mean": 5200,
    },
    "fcr": {"n": 10, "count": 5, "rate": 0.5, "straight": 0, "provisional": 0},
    "one_touch": {"n": 10, "count": 4, "rate": 0.4},
    "reopened": {"n": 10, "count": 1, "rate": 0.1},
    "csat": {
        "n": 0, "count": 0, "rate": None, "mean": None, "sent": 0, "response_rate": None,
        "low": None, "high": None,
    },
    "resolved": {
        "n": 10, "per_business_day": 2, "business_days": 5, "by_level": {"1": 8, "2": 1, "3": 1}
    },
    "escalated": {"n": 10, "level_2": 0.2, "level_3": 0.1},
    "time_in_level": {
        "1": {"n": 10, "mean": 4080, "median": 3600, "within_target": 0.3, "target": 900},
        "2": {"n": 2, "mean": 2700, "median": 2700, "within_target": 1, "target": 7200},
        "3": {"n": 1, "mean": 7800, "median": 7800, "within_target": 1, "target": hours(18)},
    },
    "backlog": {
        "start": 0, "created": 10, "reopened": 1, "resolved": 11, "end": 0,
        "waiting_us": 0, "waiting_customer": 0,
        "ages": {"<1d": 0, "1-3d": 0, "3-7d": 0, "7-30d": 0, ">30d": 0},
    },
    "sla": {
        "met": 21, "breached": 0, "rate": 1,
        "by_clock": {
            "first_response": {"met": 9, "breached": 0, "rate": 1},
            "next_response": {"met": 2, "breached": 0, "rate": 1},
            "resolution": {"met": 10, "breached": 0, "rate": 1},
            "level": {"met": 6, "breached": 7, "rate": 6 / 13},
        },
        "by_department": {"soporte": {"met": 21, "breached": 0, "rate": 1}},
        "by_priority": {"normal": {"met": 21, "breached": 0, "rate": 1}},
    },
    "volume": {
        "created": 10, "spam": 0, "by_channel": {"email": 9, "phone": 1},
        "by_department": {"soporte": 10}, "by_priority": {"normal": 10},
    },
    "kb": {"suggested": 0, "self_service": 0, "rate": None},
}  # fmt: skip


def test_the_ten_tickets(desk: Desk) -> None:
    """The dataset of 4-7, figure by figure: none of the report is left out."""
    desk.take_in(ten_tickets())
    found = desk.report("2026-06-08/2026-06-14")
    assert found["kpis"] == TEN
    assert found["period"] == {
        "start": "2026-06-07T22:00:00Z", "end": "2026-06-14T22:00:00Z",
        "label": "8–14 jun 2026",
    }  # fmt: skip
    assert found["recurring"] == [], "all of one person"
    assert [r["count"] for r in found["repeat_contacts"]] == [10]


def due(desk: Desk, diary: Diary, clock: str) -> str:
    desk.take_in([diary])
    (found,) = [c for c in desk.run("sla", "1", "--json")["clocks"] if c["clock"] == clock]
    assert desk.run("show", "1", "--json")["due"][clock] == found["due"]
    return str(found["due"])


@pytest.mark.parametrize(
    ("name", "place", "opened", "wanted"),
    [
        ("E1", "soporte", "2026-04-30 17:00", "2026-05-04T10:00:00Z"),  # 12:00 in Madrid
        ("E4", "partido", "2026-06-10 13:30", "2026-06-10T15:30:00Z"),
        ("E5", "guardia", "2026-10-24 22:00", "2026-10-25T04:00:00Z"),  # 05:00, in winter time
    ],
)
def test_due(desk: Desk, name: str, place: str, opened: str, wanted: str) -> None:
    """When the first response is due, over a holiday, a midday break, a change of clocks."""
    assert due(desk, Diary(1, opened, department=place), "first_response") == wanted


def test_due_after_waiting(desk: Desk) -> None:
    """E11: sixteen hours from Monday morning end on Tuesday; eight of waiting come on top."""
    diary = Diary(1, "2026-06-08 09:00")
    assert due(desk, diary, "resolution") == "2026-06-09T14:00:00Z"
    (other := desk.folder / "other").mkdir()
    assert due(Desk(other), nine(), "resolution") == "2026-06-10T13:00:00Z"


def test_due_of_another_priority(desk: Desk) -> None:
    """E12: urgent two hours later: fifteen minutes of grace for the answer, four hours from
    creation for the solution."""
    diary = Diary(1, "2026-06-08 09:00").raised("2026-06-08 11:00", "urgent")
    assert due(desk, diary, "first_response") == "2026-06-08T09:15:00Z"
    assert desk.run("show", "1", "--json")["due"]["resolution"] == "2026-06-08T11:00:00Z"


def test_attainment(desk: Desk) -> None:
    """Eight in time, one late, one never answered: 80 %, and each is decided once only. The
    three that may still be answered lie in a period that is not over, which no import can
    bring: they are test_kpi's."""
    good = [Diary(n, "2026-06-08 09:00").answers("2026-06-08 10:00") for n in range(1, 9)]
    late = Diary(9, "2026-06-08 09:00").answers("2026-06-15 15:00")
    desk.take_in([*good, late, Diary(10, "2026-06-08 09:00")])
    first = desk.report("2026-06-08/2026-06-14")["kpis"]["sla"]["by_clock"]["first_response"]
    assert first == {"met": 8, "breached": 2, "rate": 0.8}
    first = desk.report("2026-06-15/2026-06-21")["kpis"]["sla"]["by_clock"]["first_response"]
    assert first == {"met": 0, "breached": 0, "rate": None}


@pytest.mark.parametrize(("people", "flagged"), [(4, True), (2, False)])
def test_recurring(desk: Desk, people: int, flagged: bool) -> None:
    """Weeks of 2, 1, 3, 2 and now 6 are a problem that comes back if four people have it."""
    diaries: list[Diary] = []
    for week, count in enumerate((2, 1, 3, 2, 6)):
        for n in range(count):
            opened = later("2026-05-11 09:00", days=7 * week, hours=n)
            who = f"p{n % people}@x.test"
            diaries.append(Diary(len(diaries) + 1, opened, who=who, subject="Sin contraseña"))
    desk.take_in(diaries)
    found = desk.report("2026-06-08/2026-06-14")["recurring"]
    if not flagged:
        assert found == []
        return
    (problem,) = found
    assert (problem["count"], problem["requesters"], problem["article"]) == (6, 4, None)
    assert problem["tickets"] == [9, 10, 11, 12, 13, 14]
