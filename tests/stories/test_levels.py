"""Levels, deadlines and escalation, told by mail to the minute."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.stories.office import Office, kinds

MADRID = ZoneInfo("Europe/Madrid")
LUIS = "Luis Pérez <luis@x.test>"
PROMISES = """
[calendar.puente]
mon-fri = "09:00-18:00"
holidays = [2026-05-01]

[agent.pau]
name = "Pau Mir"
email = "pau@acme.test"
departments = ["soporte"]
level = 2

[levels]
1 = { name = "Nivel 1" }
2 = { name = "Nivel 2" }
3 = { name = "Nivel 3" }

[[sla]]
name = "Estándar"
calendar = "puente"
normal = { first_response = "4h", resolution = "16h" }
urgent = { first_response = "1h", resolution = "4h" }

[[escalation]]
at = "80%"
notify = ["assignee"]
[[escalation]]
at = "100%"
notify = ["assignee", "supervisors"]
"""
#: 15 minutes at level 1, then up; the others have no limit
RAISING = """
[levels]
1 = { name = "Nivel 1", time = "15m" }
2 = { name = "Nivel 2", time = "1h" }
3 = { name = "Nivel 3", time = "1h" }

[[escalation]]
clock = "level"
at = "100%"
notify = ["assignee"]
raise_level = true
"""
OFFICE_HOURS = (9, 18)


def at(text: str) -> datetime:
    """`2026-06-08 09:00` on the clock of Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


def ring(office: Office) -> None:
    """The timetable rings once."""
    for job in office.app.jobs(office.store):
        while job.run(office.clock.now()):
            pass


Arrivals = list[tuple[str, str, str]]


def wait_until(office: Office, text: str) -> Arrivals:
    """Minute by minute; what came when: (time in Madrid, type, to). Digests aside."""
    jobs = office.app.jobs(office.store)
    arrivals: Arrivals = []
    while office.clock.now() < at(text):
        office.clock.wind(minutes=1)
        for job in jobs:
            while job.run(office.clock.now()):
                pass
        now = office.clock.now().astimezone(MADRID)
        came = [(type, to) for type, to in kinds(office.letters()) if type != "digest"]
        arrivals += [(f"{now:%a %H:%M}", type, to) for type, to in came]
    return arrivals


def events(office: Office, kind: str, number: int = 1) -> list[dict[str, str]]:
    return [e["detail"] for e in office.ticket(number)["events"] if e["kind"] == kind]


@pytest.fixture
def open_office(tmp_path: Path) -> Callable[..., Office]:
    def start(when: str, more: str = PROMISES, assign: str = "least_busy") -> Office:
        return Office(tmp_path, more=more, assign=assign, start=at(when))

    return start


def test_up_two_levels_and_back_solved_and_open_again(
    open_office: Callable[..., Office],
) -> None:
    """Level 1, 2, 3, back to 2 for checking, solved there, and reopened: one number."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    first = office.letter("agent-new")
    assert first.to == "ana@acme.test"

    office.clock.wind(minutes=10)
    office.answer(first, "#escalate Hay que mirar el servidor")
    up = [letter for letter in office.letters() if letter.type == "escalation"]
    assert {letter.to for letter in up} == {"ana@acme.test", "pau@acme.test"}
    assert "Hay que mirar el servidor" in up[0].text
    to_pau = next(letter for letter in up if letter.to == "pau@acme.test")

    office.clock.wind(minutes=10)
    office.answer(to_pau, "#tomar\n#escalar 3 Es cosa de la base de datos")
    to_leo = next(letter for letter in office.letters() if letter.type == "escalation")
    assert (to_leo.to, office.ticket()["level"]) == ("leo@acme.test", 3)

    office.clock.wind(minutes=10)
    office.answer(to_leo, "#devolver Reiniciada; comprobadlo")
    back = next(letter for letter in office.letters() if letter.type == "returned")
    assert (back.to, office.ticket()["level"]) == ("pau@acme.test", 2)
    assert "Reiniciada; comprobadlo" in back.text

    office.clock.wind(minutes=10)
    office.answer(back, "#resuelto\nYa puede entrar.")
    solved = office.letter("resolved")
    assert (solved.to, office.ticket()["status"]) == ("luis@x.test", "resolved")
    assert "Ya puede entrar." in solved.text

    office.clock.wind(days=1)
    office.answer(solved, "Gracias, pero sigue igual.")
    ticket = office.ticket()
    assert (ticket["status"], ticket["id"]) == ("open", 1)
    assert ("agent-message", "pau@acme.test") in kinds(office.letters())
    levels = [(d["from"], d["to"]) for d in events(office, "level")]
    assert levels == [(1, 2), (2, 3), (3, 2)]


def test_warned_at_four_fifths_and_breached_at_the_end(
    open_office: Callable[..., Office],
) -> None:
    """E1: Thursday 17:00, holiday, weekend: warned Monday 11:12, breached at 12:00."""
    office = open_office("2026-04-30 17:00")
    office.write(LUIS)
    assert office.ticket()["due"]["first_response"] == "2026-05-04T10:00:00Z"
    acknowledged = next(le for le in office.letters() if le.type == "acknowledgement")
    assert "12:00" in acknowledged.text
    assert wait_until(office, "2026-05-04 17:00") == [
        ("Mon 11:12", "sla-warning", "ana@acme.test"),
        ("Mon 12:00", "sla-breach", "ana@acme.test"),
        ("Mon 12:00", "sla-breach", "jefa@acme.test"),
    ]
    due = {"clock": "first_response", "due": "2026-05-04T10:00:00Z"}
    assert events(office, "sla_warning") == [due | {"step": "80%"}]
    assert events(office, "sla_breach") == [due | {"step": "100%"}]


def test_a_warning_says_what_and_how_long(open_office: Callable[..., Office]) -> None:
    """The letter names the clock and the working time left, and answers to the ticket."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS, body="No puedo entrar desde ayer.")
    office.letters()
    office.clock.set(at("2026-06-08 12:12"))
    ring(office)
    warning = office.letter("sla-warning")
    assert warning.to == "ana@acme.test"
    assert "13:00" in warning.text
    assert "48 min" in warning.text
    assert "No puedo entrar desde ayer." in warning.text
    office.answer(warning, "Lo miro ahora mismo.")
    assert office.letter("reply").to == "luis@x.test"
    assert office.ticket()["due"]["first_response"] is None


def test_nobody_has_it_so_the_level_is_warned(open_office: Callable[..., Office]) -> None:
    """Without an assignee the agents of its department and level hear of it."""
    office = open_office("2026-06-08 09:00", assign="none")
    office.write(LUIS)
    office.letters()
    assert wait_until(office, "2026-06-08 12:30") == [
        ("Mon 12:12", "sla-warning", "ana@acme.test")
    ]


def test_both_in_downtime_only_the_breach(open_office: Callable[..., Office]) -> None:
    """Down from before the warning until after the breach: one letter each, the breach."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    office.letters()
    office.clock.set(at("2026-06-08 15:00"))
    office.configure()
    ring(office)
    assert kinds(office.letters()) == [
        ("sla-breach", "ana@acme.test"),
        ("sla-breach", "jefa@acme.test"),
    ]
    assert not [x for x in wait_until(office, "2026-06-08 18:00") if x[1] == "sla-warning"]
    assert events(office, "sla_warning") == []


def test_nothing_leaves_at_night(open_office: Callable[..., Office]) -> None:
    """Back at midnight after a day down: the letters wait for the morning."""
    office = open_office("2026-06-08 14:30")
    office.write(LUIS)
    office.letters()
    office.clock.set(at("2026-06-09 00:30"))
    assert wait_until(office, "2026-06-09 09:29") == [
        ("Tue 09:00", "sla-warning", "ana@acme.test")
    ]
    arrivals = wait_until(office, "2026-06-13 00:00")
    assert arrivals
    for when, type, to in arrivals:
        hour = int(when[4:6])
        assert OFFICE_HOURS[0] <= hour < OFFICE_HOURS[1], (when, type, to)


def test_waiting_for_the_customer_stops_the_clock(open_office: Callable[..., Office]) -> None:
    """16 h from Monday 9:00, 8 h of them waiting for an answer: due Wednesday 15:00 (E11)."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.clock.set(at("2026-06-08 10:00"))
    office.answer(notice, "#pending\n¿Qué ve en la pantalla?")
    asked = office.letter("reply")
    assert office.ticket()["due"]["resolution"] is None
    assert wait_until(office, "2026-06-09 09:00") == []
    office.answer(asked, "Una página en blanco.")
    assert office.ticket()["due"]["resolution"] == "2026-06-10T13:00:00Z"


def test_urgent_half_way_leaves_fifteen_minutes(open_office: Callable[..., Office]) -> None:
    """E12: urgent at 11:00 with one hour from 9:00: due 11:15, the solve at 13:00."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.clock.set(at("2026-06-08 11:00"))
    office.answer(notice, "#prioridad urgente")
    due = office.ticket()["due"]
    assert due["first_response"] == "2026-06-08T09:15:00Z"
    assert due["resolution"] == "2026-06-08T11:00:00Z"
    arrivals = [x for x in wait_until(office, "2026-06-08 11:20") if x[1] == "sla-breach"]
    assert arrivals[0] == ("Mon 11:15", "sla-breach", "ana@acme.test")


def test_time_at_a_level_hands_it_up(open_office: Callable[..., Office]) -> None:
    """After 15 minutes level 2 has it; after one hour level 3; there the supervisors hear."""
    office = open_office("2026-06-08 09:00", more=RAISING)
    office.write(LUIS)
    office.letters()
    assert wait_until(office, "2026-06-08 12:00") == [
        ("Mon 09:15", "escalation", "ana@acme.test"),
        ("Mon 09:15", "sla-breach", "ana@acme.test"),
        ("Mon 10:15", "escalation", "leo@acme.test"),
        ("Mon 10:15", "sla-breach", "ana@acme.test"),
        ("Mon 11:15", "sla-breach", "jefa@acme.test"),
        ("Mon 11:15", "sla-breach", "leo@acme.test"),
    ]
    ticket = office.ticket()
    assert (ticket["level"], ticket["assignee"]) == (3, None)
    actors = [e["actor"] for e in ticket["events"] if e["kind"] == "level"]
    assert actors == ["system", "system"]


def test_nobody_serves_the_next_level(open_office: Callable[..., Office]) -> None:
    """A ticket of sales stays where it is, and its supervisors (here the admins) are told."""
    office = open_office("2026-06-08 09:00", more=RAISING)
    office.write("Sam <sam@y.test>", to="sales@acme.test")
    office.letters()
    assert wait_until(office, "2026-06-08 09:30") == [
        ("Mon 09:15", "sla-breach", "admin@acme.test"),
        ("Mon 09:15", "sla-breach", "eva@acme.test"),
    ]
    assert office.ticket()["level"] == 1


def test_an_agent_asks_how_the_clocks_stand(open_office: Callable[..., Office]) -> None:
    """`#sla` is answered with the ticket's clocks, line by line."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#sla")
    answer = office.letter("answer")
    assert "Primera respuesta" in answer.text
    assert "13:00" in answer.text


def test_a_changed_config_moves_the_deadlines(open_office: Callable[..., Office]) -> None:
    """Two hours in place of four: the open ticket is warned by the new rule."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    office.letters()
    ring(office)
    office.configure(more=PROMISES.replace('first_response = "4h"', 'first_response = "2h"'))
    arrivals = wait_until(office, "2026-06-08 11:30")
    assert office.ticket()["due"]["first_response"] == "2026-06-08T09:00:00Z"
    assert [x[:2] for x in arrivals] == [
        ("Mon 10:36", "sla-warning"),
        ("Mon 11:00", "sla-breach"),
        ("Mon 11:00", "sla-breach"),
    ]


def test_steps_outside_any_calendar_never_come(open_office: Callable[..., Office]) -> None:
    """After the solve nothing is due and nothing is planned but the closing."""
    office = open_office("2026-06-08 09:00")
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resolve\nHecho.")
    assert office.ticket()["due"] == dict.fromkeys(office.ticket()["due"])
    (closing,) = office.store.alarms.of(1)
    assert (closing.kind, closing.at) == ("close", office.clock.now() + timedelta(days=14))
