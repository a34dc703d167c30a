"""Reports recounted: by a program that shares no code with them, and by what must add up."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.model.as_json import event_json
from maild.reports.history import History
from maild.reports.measure import measure
from maild.sla.hours import Calendar
from tests import recount_promises
from tests.diary import MADRID, NINE_TO_SIX, Diary, later, question
from tests.recount import recount
from tests.stories.office import Office
from tests.wild_desk import AUTUMN, CONFIG, HOURS, PROMISED, SPRING, Season, lines

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
        assert mine == pytest.approx({k: theirs[name][k] for k in mine}), key
    for level, spread in theirs["levels"].items():
        mine = kpis["time_in_level"][level]
        assert (mine["n"], mine["mean"], mine["median"]) == pytest.approx(
            (spread["n"], spread["mean"], spread["median"])
        ), level
    assert ours["created"] > 0


@pytest.fixture(params=["sqlite", "postgres"])
def new_office(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Office]:
    """A desk with reports, on each engine, whose tickets come by `maild import`."""

    def make(more: str) -> Office:
        url = "sqlite:///var/maild.db"
        if request.param == "postgres":
            url = request.getfixturevalue("postgres").fresh()
        office = Office(tmp_path, more=more, url=url, start=datetime(2026, 12, 1, tzinfo=UTC))
        text = (tmp_path / "config.toml").read_text()
        text = text.replace('calendar = "oficina"', 'calendar = "madrid"')
        text = text.replace('assign = "none"\n\n', 'calendar = "nueva-york"\nassign = "none"\n')
        (tmp_path / "config.toml").write_text(text)
        return office

    return make


REPORTS = """
[report.todo]
to = ["jefa@acme.test"]
every = "monday 08:00"
targets = { first_response = "4h", level_1 = "2h", level_2 = "4h", level_3 = "8h" }
[report.ventas]
to = ["jefa@acme.test"]
every = "monday 08:00"
department = "ventas"
targets = { first_response = "4h", level_1 = "2h", level_2 = "4h", level_3 = "8h" }
"""
#: weeks of the change of clocks here and there, months, one day, the days before any ticket
PERIODS = {
    SPRING: "2026-03-02/2026-03-08 2026-03-09/2026-03-15 2026-03-23/2026-03-29 "
    "2026-03-30/2026-04-05 2026-04-01/2026-04-30 2026-04-18/2026-04-18 "
    "2026-01-05/2026-01-11 2026-06-01/2026-06-30",
    AUTUMN: "2025-09-29/2025-10-05 2025-10-13/2025-10-19 2025-10-20/2025-10-26 "
    "2025-10-27/2025-11-02 2025-10-01/2025-10-31 2025-10-26/2025-10-26 "
    "2025-11-10/2025-11-16 2025-12-01/2025-12-31",
}


def maild(office: Office, *words: str) -> str:
    """A command as anybody gives it."""
    ran = CliRunner().invoke(app, ["-c", str(office.folder / "config.toml"), *words])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.parametrize(
    ("seed", "zone", "season"),
    [
        (1, "Europe/Madrid", SPRING),
        (2, "Europe/Madrid", AUTUMN),
        *(
            pytest.param(seed, zone, season, marks=pytest.mark.proof)
            for seed in range(3, 7)
            for season in (SPRING, AUTUMN)
            for zone in ("Europe/Madrid", "America/New_York", "Pacific/Auckland")
        ),
    ],
)
def test_a_whole_desk_recounted(
    new_office: Callable[[str], Office], tmp_path: Path, seed: int, zone: str, season: Season
) -> None:
    """Hundreds of random tickets of three departments with hours in three zones, holidays and
    nights among them, imported, exported and reported by the commands: another program comes
    to the same figures, week by week."""
    office = stocked(new_office, tmp_path, list(lines(seed, 300, zone, season=season)), zone)
    text = maild(office, "export").splitlines()
    created, recurring = 0, 0
    for period in PERIODS[season].split():
        for name, department in (("todo", None), ("ventas", "ventas")):
            report, theirs = both(office, text, period, name, desk(zone, department))
            agree(report["kpis"], theirs, f"{name} {period}")
            created += theirs["created"]
            if theirs["recurring"] is not None:
                mine = [[problem["key"], problem["tickets"]] for problem in report["recurring"]]
                assert mine == theirs["recurring"], period
                recurring += len(mine)
    assert created > 250
    assert recurring > 0


@pytest.mark.parametrize(
    ("seed", "season"),
    [
        (1, SPRING),
        *(
            pytest.param(seed, season, marks=pytest.mark.proof)
            for seed in (2, 3)
            for season in (SPRING, AUTUMN)
        ),
    ],
)
def test_promises_recounted(
    new_office: Callable[[str], Office], tmp_path: Path, seed: int, season: Season
) -> None:
    """Promises of every kind kept and broken, due times worked out by the other program, each
    decided once: in the period in which it was done in time, or ran out."""
    zone = "Europe/Madrid"
    tickets = list(lines(seed, 250, zone, settled=True, season=season))
    office = stocked(new_office, tmp_path, tickets, zone)
    text = maild(office, "export").splitlines()
    seen: Counter[str] = Counter()
    for period in PERIODS[season].split():
        for name, department in (("todo", None), ("ventas", "ventas")):
            asked = desk(zone, department)
            sla = both(office, text, period, name, asked)[0]["kpis"]["sla"]
            theirs = recount_promises.recount(text, *period.split("/"), asked)
            for group, counts in theirs.items():
                mine = {
                    key: {what: part[what] for what in ("met", "breached") if part[what]}
                    for key, part in sla[group].items()
                }
                mine = {key: part for key, part in mine.items() if part}
                assert mine == {key: dict(n) for key, n in counts.items()}, (period, group)
            clocks = theirs["by_clock"]
            total = sum((clocks[c] for c in clocks if c != "level"), Counter[str]())
            assert {k: sla[k] for k in ("met", "breached")} == {
                k: total[k] for k in ("met", "breached")
            }, period
            seen += Counter({f"{c} {k}": n for c in clocks for k, n in clocks[c].items()})
    assert len(seen) == 8 and min(seen.values()) > 10, seen


def stocked(
    new_office: Callable[[str], Office], folder: Path, text: list[str], zone: str
) -> Office:
    """A desk of that zone with these tickets."""
    office = new_office(CONFIG + REPORTS)
    path = office.folder / "config.toml"
    here = 'timezone = "Europe/Madrid"\nadmins'
    assert here in path.read_text()
    path.write_text(path.read_text().replace(here, f'timezone = "{zone}"\nadmins'))
    (folder / "tickets.jsonl").write_text("\n".join(text))
    maild(office, "import", str(folder / "tickets.jsonl"))
    return office


def both(
    office: Office, text: list[str], period: str, name: str, desk: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same period by the command and by the other program."""
    said = json.loads(maild(office, "report", name, "--period", period, "--json"))
    return said, recount(text, *period.split("/"), desk)


def desk(zone: str, department: str | None) -> dict[str, Any]:
    """What the other program is told. A calendar without a zone has the desk's."""
    hours = HOURS | {"soporte": [zone, *HOURS["soporte"][1:]]}
    return {"zone": zone, "department": department, "hours": hours, "main": "soporte",
            "promised": PROMISED}  # fmt: skip


def agree(kpis: dict[str, Any], theirs: dict[str, Any], where: str) -> None:
    """Every figure of one report against the recount."""
    counts = {
        "created": kpis["volume"]["created"],
        "spam": kpis["volume"]["spam"],
        "channels": kpis["volume"]["by_channel"],
        "departments": kpis["volume"]["by_department"],
        "priorities": kpis["volume"]["by_priority"],
        "start": kpis["backlog"]["start"],
        "end": kpis["backlog"]["end"],
        "waiting_customer": kpis["backlog"]["waiting_customer"],
        "ages": {group: n for group, n in kpis["backlog"]["ages"].items() if n},
        "solves": kpis["backlog"]["resolved"],
        "reopenings": kpis["backlog"]["reopened"],
        "solved": kpis["reopened"]["n"],
        "reopened": kpis["reopened"]["count"],
        "fcr_n": kpis["fcr"]["n"],
        "fcr": kpis["fcr"]["count"],
        "one_touch": kpis["one_touch"]["count"],
        "up_n": kpis["escalated"]["n"],
        "straight": kpis["fcr"]["straight"],
        "standing": kpis["resolved"]["n"],
        "days": kpis["resolved"]["business_days"],
        "top": {level: n for level, n in kpis["resolved"]["by_level"].items() if n},
        "auto": kpis["resolution"]["auto_closed"],
        "marks": kpis["csat"]["n"],
        "good": kpis["csat"]["count"],
        "sent": kpis["csat"]["sent"],
        "suggested": kpis["kb"]["suggested"],
        "self_service": kpis["kb"]["self_service"],
    }
    theirs["straight"] = theirs["solved"] - theirs["fcr_n"]
    assert counts == {name: theirs[name] for name in counts}, where
    for name, key in (
        ("first", "first_response"),
        ("next", "next_response"),
        ("net", "resolution"),
    ):
        mine = {k: kpis[key][k] for k in ("n", "mean", "median", "p90")}
        assert mine == pytest.approx({k: theirs[name][k] for k in mine}), (where, key)
    for value, name in (
        (kpis["first_response"]["calendar_mean"], "first_calendar"),
        (kpis["resolution"]["gross_mean"], "gross"),
        (kpis["resolution"]["calendar_mean"], "calendar"),
        (kpis["resolution"]["first_mean"], "firsts"),
    ):
        assert value == pytest.approx(theirs[name]["mean"]), (where, name)
    for level, spread in theirs["levels"].items():
        mine = kpis["time_in_level"][str(level)]
        assert {k: mine[k] for k in ("n", "mean", "median")} == pytest.approx(
            {k: spread[k] for k in ("n", "mean", "median")}
        ), (where, level)
        assert mine["within_target"] == spread["within"], (where, level)
    assert kpis["first_response"]["within_target"] == theirs["first"]["within"], where
    assert (kpis["csat"]["low"], kpis["csat"]["high"]) == pytest.approx(
        (theirs["low"], theirs["high"])
    ), where
    shares = (
        (kpis["fcr"]["rate"], theirs["fcr"], theirs["fcr_n"]),
        (kpis["one_touch"]["rate"], theirs["one_touch"], theirs["solved"]),
        (kpis["reopened"]["rate"], theirs["reopened"], theirs["solved"]),
        (kpis["csat"]["rate"], theirs["good"], theirs["marks"]),
        (kpis["kb"]["rate"], theirs["self_service"], theirs["suggested"]),
        (kpis["csat"]["mean"], theirs["points"], theirs["marks"]),
        (kpis["csat"]["response_rate"], theirs["marks"], theirs["sent"]),
        (kpis["escalated"]["level_2"], theirs["up2"], theirs["up_n"]),
        (kpis["escalated"]["level_3"], theirs["up3"], theirs["up_n"]),
    )
    for value, part, whole in shares:
        assert value == (pytest.approx(part / whole) if whole else None), where


def test_an_update_time_that_lags_behind_misleads_no_report(
    new_office: Callable[[str], Office], tmp_path: Path
) -> None:
    """A file that says a ticket was last touched before its own events were."""
    told = [json.loads(line) for line in lines(9, 120, "Europe/Madrid")]
    text = [json.dumps(ticket | {"updated_at": ticket["created_at"]}) for ticket in told]
    office = stocked(new_office, tmp_path, text, "Europe/Madrid")
    for period in PERIODS[SPRING].split():
        report, theirs = both(office, text, period, "todo", desk("Europe/Madrid", None))
        agree(report["kpis"], theirs, period)
