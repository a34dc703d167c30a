"""Reports recounted: by a program that shares no code with them, and by what must add up."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild.model.as_json import event_json
from maild.reports.history import History
from maild.reports.measure import measure
from maild.sla.hours import Calendar
from tests.diary import MADRID, NINE_TO_SIX, Diary, later, question

OFFICE = Calendar("office", MADRID, dict.fromkeys(range(5), NINE_TO_SIX))
FIRST, DAYS = date(2026, 3, 2), 90  #: summer time begins inside


def wild(seed: int, tickets: int = 300) -> Iterator[History]:
    """Ninety days in which everything happens that can, in any order."""
    dice = random.Random(seed)
    for number in range(1, tickets + 1):
        day = FIRST + timedelta(days=dice.randrange(DAYS))
        yield _life(dice, number, f"{day} {dice.randrange(24):02}:{dice.randrange(60):02}")


def _life(dice: random.Random, number: int, now: str) -> History:
    phone = dice.random() < 0.15
    level = dice.choice([1, 1, 1, 2])
    diary = Diary(number, now, by="agent:ana" if phone else None, level=level)
    for _ in range(dice.randrange(14)):
        now = later(now, minutes=1 + int(dice.expovariate(1 / 600)))
        done = diary.status in ("resolved", "closed")
        match dice.choice("answer ask pend hold solve solve up down rate thank bounce".split()):
            case "answer":
                diary.answers(now)
            case "ask":
                diary.asks(now) if diary.status != "closed" else None
            case "pend" | "hold" as what if not done:
                diary.becomes(now, "pending" if what == "pend" else "on_hold")
            case "solve" if done:
                diary.becomes(now, dice.choice(["open", "closed"]))
            case "solve":
                reason = "auto_closed" if dice.random() < 0.2 else None
                diary.answers(now) if dice.random() < 0.5 else None
                diary.solved(now, reason)
            case "up" if not done:
                diary.moves(now, min(3, diary.level + 1))
            case "down" if not done:
                diary.moves(now, max(1, diary.level - 1))
            case "rate":
                diary.rated(now, dice.randint(1, 5))
            case "thank" if diary.status == "resolved":
                diary.thanks(now)
            case "bounce" if diary.events[-1].detail.get("kind") == "agent":
                diary.fails(now)
    if dice.random() < 0.05:
        diary.merged(later(now, hours=1), 1)
    elif dice.random() < 0.05:
        diary.becomes(later(now, hours=1), "spam")
    return diary.history


def exported(histories: list[History]) -> str:
    lines = [{"events": [event_json(e) for e in history.events]} for history in histories]
    return "\n".join(json.dumps(line) for line in lines)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(1, 10))]
)
def test_backlog_adds_up_every_day(seed: int) -> None:
    """Start + created + reopened - solved = end, and today's start is yesterday's end."""
    histories, end = list(wild(seed, 150)), 0
    for n in range(DAYS + 20):
        day = (FIRST + timedelta(days=n)).isoformat()
        found = measure(histories, question(day, day, calendar=OFFICE))["kpis"]["backlog"]
        assert found["start"] == end, day
        end = found["start"] + found["created"] + found["reopened"] - found["resolved"]
        assert found["end"] == end == sum(found["ages"].values()), day
    assert end > 10


@pytest.mark.parametrize(
    ("seed", "first", "last"),
    [
        (1, "2026-03-02", "2026-05-30"),
        (2, "2026-03-23", "2026-03-29"),
        (3, "2026-04-01", "2026-04-30"),
        (4, "2026-04-15", "2026-04-15"),
    ],
)
def test_recount(seed: int, first: str, last: str) -> None:
    """Another program, reading the export, comes to the same figures."""
    histories = list(wild(seed))
    program = Path(__file__).parent / "recount.py"
    ran = subprocess.run(
        [sys.executable, program, first, last],
        input=exported(histories),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs: dict[str, Any] = json.loads(ran.stdout)
    kpis = measure(histories, question(first, last, calendar=OFFICE))["kpis"]
    ours = {
        "created": kpis["volume"]["created"],
        "start": kpis["backlog"]["start"],
        "end": kpis["backlog"]["end"],
        "solves": kpis["backlog"]["resolved"],
        "reopenings": kpis["backlog"]["reopened"],
        "solved": kpis["reopened"]["n"],
        "one_touch": kpis["one_touch"]["count"],
        "reopened": kpis["reopened"]["count"],
        "standing": kpis["resolved"]["n"],
        "auto": kpis["resolution"]["auto_closed"],
        "marks": kpis["csat"]["n"],
        "good": kpis["csat"]["count"],
        "fcr": kpis["fcr"]["count"],
    }
    assert ours == {name: theirs[name] for name in ours}
    for name, key in (
        ("first", "first_response"),
        ("next", "next_response"),
        ("net", "resolution"),
    ):
        mine = {k: kpis[key][k] for k in ("n", "mean", "median", "p90")}
        assert mine == pytest.approx(theirs[name]), key
    for level, spread in theirs["levels"].items():
        mine = kpis["time_in_level"][level]
        assert (mine["n"], mine["mean"], mine["median"]) == pytest.approx(
            (spread["n"], spread["mean"], spread["median"])
        ), level
    assert ours["created"] > 0
