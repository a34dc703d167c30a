"""`maild sla`: a ticket's clocks as a timeline, and a past period under other rules."""

import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner, Result

from maild.cli.main import app
from maild.errors import NotFound
from tests.stories.office import Office
from tests.stories.test_levels import LUIS, PROMISES, at, ring


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Monday 9:00: a ticket, answered at 12:30, half an hour before its time."""
    office = Office(tmp_path, more=PROMISES, assign="least_busy", start=at("2026-06-08 09:00"))
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.clock.set(at("2026-06-08 12:12"))
    ring(office)
    office.clock.set(at("2026-06-08 12:30"))
    office.answer(notice, "Ya va.")
    return office


def maild(office: Office, *words: str, now: str = "2026-06-15 12:00") -> Result:
    with time_machine.travel(at(now), tick=False):
        config = str(office.folder / "config.toml")
        return CliRunner().invoke(app, ["-c", config, "sla", *words])


def clocks(office: Office, now: str) -> dict[str, dict[str, Any]]:
    told = json.loads(maild(office, "1", "--json", now=now).stdout)
    assert told["ticket"] == 1
    return {clock["clock"]: clock for clock in told["clocks"]}


def test_a_tickets_clocks_as_json(office: Office) -> None:
    """Seconds and UTC instants, as the contract names them."""
    found = clocks(office, "2026-06-08 13:30")
    first = found["first_response"]
    assert (
        first
        | {
            "target": 4 * 3600,
            "calendar": "puente",
            "started": "2026-06-08T07:00:00Z",
            "due": None,
            "used": 12600,
            "paused": 0,
            "stopped": "2026-06-08T10:30:00Z",
            "breached": None,
            "warned": "2026-06-08T10:12:00Z",
        }
        == first
    )
    assert found["resolution"]["due"] == "2026-06-09T14:00:00Z"


def test_a_tickets_clocks_as_a_timeline(office: Office) -> None:
    """In the desk's language and time."""
    told = maild(office, "1").stdout
    assert "Primera respuesta: plazo 4 h, calendario puente" in told
    assert "respondida por un agente; usado 3 h 30 min" in told


def test_no_such_ticket(office: Office) -> None:
    """It is said, as of every command."""
    assert isinstance(maild(office, "99").exception, NotFound)


@pytest.mark.parametrize("words", [["nope"], ["what-if"], ["what-if", "--period", "soon"]])
def test_a_wrong_word_is_a_usage_error(office: Office, words: list[str]) -> None:
    """Exit 2, with what was expected."""
    assert maild(office, *words).exit_code == 2


def test_what_if_it_had_been_three_hours(office: Office, tmp_path: Path) -> None:
    """Met under four hours, breached under three: counted and named, nothing is changed."""
    new = tmp_path / "new.toml"
    text = (office.folder / "config.toml").read_text()
    new.write_text(text.replace('first_response = "4h"', 'first_response = "3h"'))
    before = office.ticket()
    period = ("--period", "2026-06-08/2026-06-14")
    result = maild(office, "what-if", "--with", str(new), *period, "--json")
    told = json.loads(result.stdout)
    assert told["period"]["start"] == "2026-06-07T22:00:00Z"
    assert told["before"]["first_response"] == {"met": 1, "breached": 0}
    assert told["after"]["first_response"] == {"met": 0, "breached": 1}
    (line,) = told["tickets"]
    assert (line["ticket"], line["clock"]) == (1, "first_response")
    assert (line["before"], line["after"]) == ("met", "breached")
    assert office.ticket() == before
    people = maild(office, "what-if", "--with", str(new), "--period", "last week")
    assert "#1 first_response: met → breached" in people.stdout


def test_what_if_of_another_week(office: Office, tmp_path: Path) -> None:
    """What was decided before or after the period does not count in it."""
    period = ("--period", "2026-06-01/2026-06-07")
    config = str(office.folder / "config.toml")
    told = json.loads(maild(office, "what-if", "--with", config, *period, "--json").stdout)
    assert told["before"]["first_response"] == {"met": 0, "breached": 0}
