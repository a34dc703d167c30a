"""Deadlines in the store: reckoned with every save, and each step taken exactly once."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild.app import build
from maild.desk.case import Case
from maild.desk.deadlines import Deadlines, present
from maild.desk.lifecycle import Lifecycle
from maild.errors import Temporary
from maild.model.mail import Address
from maild.model.ticket import Clock, Event, EventKind, Ticket
from maild.sla.escalation import Kind
from maild.sla.policy import Rulebook
from maild.wiring.desk import DeskAtWork
from maild.worker import Worker
from tests.stories.office import Here, Office, kinds
from tests.stories.test_levels import LUIS, PROMISES, at, ring

ANA, JEFA = "ana@acme.test", "jefa@acme.test"
WARNING = at("2026-06-08 12:12")
BREACH = at("2026-06-08 13:00")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A ticket of Monday 9:00, promised an answer by 13:00; nobody has looked yet."""
    office = Office(tmp_path, more=PROMISES, assign="least_busy", start=at("2026-06-08 09:00"))
    office.write(LUIS)
    office.letters()
    ring(office)
    return office


def alarm_letters(office: Office) -> list[tuple[str, str]]:
    return [(type, to) for type, to in kinds(office.letters()) if type.startswith("sla-")]


def rebuild(office: Office, **tables: Any) -> None:
    """The same office with other tables in its config."""
    office.app = build(office.app.settings.model_copy(update=tables), clock=office.clock)
    office.store = office.app.open_store()
    office.worker = Worker(
        office.store,
        Here(),
        DeskAtWork(office.app.desk(office.store), office.clock),
        clock=office.clock,
        done=lambda: None,
        trouble=lambda item, reason: office.troubles.append(reason),
    )


class Killed:
    """An engine's `execute` that ends the process at a chosen statement."""

    def __init__(self, execute: Callable[..., Any], at: int) -> None:
        self._execute, self._left = execute, at

    def __call__(self, sql: str, values: Sequence[Any] = ()) -> Any:
        if self._left == 0:
            os._exit(9)
        self._left -= 1
        return self._execute(sql, values)


def ring_and_die(office: Office, at: int) -> bool:
    """The timetable rings in a process that is killed at its nth statement; did it live?"""
    pid = os.fork()
    if pid == 0:
        try:
            office.store.forget_inherited()
            engine: Any = office.store.engine
            engine.execute = Killed(engine.execute, at)
            ring(office)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (WARNING, [("sla-warning", ANA)]),
        (BREACH, [("sla-breach", ANA), ("sla-breach", JEFA)]),
    ],
    ids=["warning", "breach"],
)
def test_killed_at_every_statement_one_letter_each(
    office: Office, moment: datetime, expected: list[tuple[str, str]]
) -> None:
    """However often the timetable dies on the way, each step is taken once."""
    if moment is BREACH:
        office.clock.set(WARNING)
        ring(office)
        assert alarm_letters(office) == [("sla-warning", ANA)]
    office.clock.set(moment)
    deaths = 0
    while not ring_and_die(office, deaths):
        deaths += 1
    assert deaths > 10
    office.clock.wind(minutes=1)
    office.configure()
    ring(office)
    assert alarm_letters(office) == expected


@pytest.mark.parametrize("minutes", range(-2, 3))
@pytest.mark.parametrize("moment", [WARNING, BREACH], ids=["warning", "breach"])
def test_restarted_at_any_minute_nothing_is_told_twice(
    office: Office, moment: datetime, minutes: int
) -> None:
    """Stopped and started again around a step: by 13:30 one warning and one breach."""
    told = []
    office.clock.set(moment + timedelta(minutes=minutes))
    ring(office)
    told += alarm_letters(office)
    office.configure()
    for later in (moment, moment + timedelta(minutes=5), at("2026-06-08 13:30")):
        if later > office.clock.now():
            office.clock.set(later)
        ring(office)
        told += alarm_letters(office)
    breaches = [("sla-breach", ANA), ("sla-breach", JEFA)]
    missed = moment is BREACH and minutes >= 0  # the warning was overtaken in the downtime
    assert told == ([] if missed else [("sla-warning", ANA)]) + breaches


def test_two_timetables_at_once_tell_it_once(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two nodes on one PostgreSQL, both ringing for forty tickets: one letter for each."""
    url = request.getfixturevalue("postgres_url")
    start = at("2026-06-08 09:00")
    office = Office(tmp_path, more=PROMISES, assign="least_busy", start=start)
    store = office.app.settings.store.model_copy(update={"url": url})
    rebuild(office, store=store)
    for number in range(40):
        office.write(f"luis{number}@x.test", f"Problema {number}")
    office.letters()
    office.clock.set(WARNING)
    both = threading.Barrier(2)

    def node() -> int:
        """As the timetable does: again while there is more, and where the store was busy."""
        store, busy = office.app.open_store(), 0
        try:
            (job,) = [job for job in office.app.jobs(store) if job.name == "tickets"]
            both.wait(60)
            while busy < 10:
                try:
                    if not job.run(office.clock.now()):
                        break
                except Temporary:
                    busy += 1
        except BaseException:
            both.abort()
            raise
        finally:
            store.close()
        return busy

    with ThreadPoolExecutor(2) as nodes:
        rung = [nodes.submit(node) for _ in range(2)]
    assert max(node.result() for node in rung) < 10
    told = [le.posted.letter.ticket for le in office.letters() if le.type == "sla-warning"]
    assert sorted(filter(None, told)) == list(range(1, 41))
    office.store.close()


def test_a_ticket_in_trouble_holds_up_no_other(office: Office) -> None:
    """One history can't be read; its neighbour is warned in time, and the admins are told."""
    office.write("eva@y.test", "Otro problema")
    office.letters()
    office.store.engine.execute(
        "INSERT INTO event (ticket, at, kind, actor, detail) "
        "VALUES (1, 0, 'nonsense', '', '{}')"
    )
    office.clock.set(WARNING)
    ring(office)
    assert kinds(office.letters()) == [
        ("admin", "admin@acme.test"),
        ("sla-warning", ANA),
    ]
    office.store.engine.execute("DELETE FROM event WHERE kind = 'nonsense'")
    office.clock.wind(minutes=2)
    ring(office)
    assert alarm_letters(office) == [("sla-warning", ANA)]


def test_a_tick_with_nothing_due_asks_one_indexed_question(office: Office) -> None:
    """The plan of the query uses the index on the instant."""
    plan = office.store.engine.rows(
        "EXPLAIN QUERY PLAN SELECT ticket FROM alarm WHERE at <= 0 ORDER BY at LIMIT 200"
    )
    assert "USING INDEX alarm_at" in str(plan)
    assert office.store.alarms.due(office.clock.now()) == []


def test_away_means_not_told_alone(tmp_path: Path) -> None:
    """The assignee is on leave: the others of the level hear of it too."""
    more = PROMISES.replace("level = 2", "level = [1, 2]")
    office = Office(tmp_path, more=more, assign="least_busy", start=at("2026-06-08 09:00"))
    office.write(LUIS)
    assert office.letter("agent-new").to == ANA
    agents = office.app.settings.agent
    today = WARNING.date()
    ana = agents["ana"].model_copy(update={"away": ((today, today),)})
    rebuild(office, agent=agents | {"ana": ana})
    office.clock.set(WARNING)
    ring(office)
    assert alarm_letters(office) == [("sla-warning", ANA), ("sla-warning", "pau@acme.test")]


def test_a_policy_may_ask_for_the_category(office: Office) -> None:
    """It stands in no event, and is asked of the ticket."""
    more = PROMISES.replace('name = "Estándar"', 'name = "A"\nwhen = { category = ["Acceso"] }')
    office.configure(
        more=more + '\n[[rule]]\nname = "Acceso"\nwhen.text_has = ["contraseña"]\n'
        'then.category = "Acceso"\n'
    )
    office.write("eva@y.test", "Mi contraseña", "No va.")
    office.write("eva@y.test", "Otra cosa", "No va.")
    assert office.ticket(2)["due"]["first_response"] is not None
    assert office.ticket(3)["due"]["first_response"] is None


# -- reckoning --------------------------------------------------------------------------------


NOON = datetime(2026, 6, 8, 12, 0, tzinfo=UTC)


def case_of(*events: Event, now: datetime = NOON) -> Case:
    ticket = Ticket(1, "Hola", Address("", "luis@x.test"), "soporte", NOON, NOON)
    return Case(ticket, now, history=list(events))


def test_a_mail_that_waited_never_turns_time_back() -> None:
    """Decided at its arrival, but after what has happened since: a breach once told is told."""
    told = Event(1, NOON + timedelta(seconds=5), EventKind.SLA_BREACH, "system", {})
    assert present(case_of(told)) == NOON + timedelta(seconds=5)
    assert present(case_of()) == NOON


def test_a_case_without_promises_has_no_appointments() -> None:
    """No policy, no level times: nothing is due, nothing planned."""
    deadlines = Deadlines(Rulebook(), life=Lifecycle())
    created = Event(1, NOON, EventKind.CREATED, "customer:luis@x.test", {"department": "x"})
    case = case_of(created)
    deadlines.reckon(case)
    assert case.appointments == []
    assert case.ticket.due.first_response is None


def test_what_is_planned_can_be_read(office: Office) -> None:
    """The store holds every step ahead, one row each, in order."""
    planned = [(a.clock, a.kind, a.at) for a in office.store.alarms.of(1)]
    assert planned[:2] == [
        (Clock.FIRST_RESPONSE, Kind.WARNING, WARNING),
        (Clock.FIRST_RESPONSE, Kind.BREACH, BREACH),
    ]
    assert [clock for clock, _, _ in planned[2:]] == [Clock.RESOLUTION, Clock.RESOLUTION]


def test_a_spam_ticket_has_nothing_ahead(office: Office) -> None:
    """Marked as spam, all is cancelled in the same breath."""
    office.clock.set(WARNING)
    ring(office)
    office.answer(office.letter("sla-warning"), "#spam")
    assert office.store.alarms.of(1) == []


def test_what_old_workers_saved_is_planned_again(office: Office) -> None:
    """During a reload a worker still decides by the old rules; a moment later that is made
    good."""
    old = office.app.open_store()
    office.configure(more=PROMISES.replace('first_response = "4h"', 'first_response = "2h"'))
    jobs = office.app.jobs(office.store)
    for job in jobs:
        while job.run(office.clock.now()):
            pass
    office.clock.wind(seconds=3)
    with old.write():
        case = old.cases.open_case(1, office.clock.now())
        assert case is not None
        case.change_tags("agent:ana", add=["vip"])
        old.cases.save(case)
    assert office.ticket()["due"]["first_response"] == "2026-06-08T11:00:00Z"
    office.clock.wind(seconds=20)
    for job in jobs:
        job.run(office.clock.now())
    assert office.ticket()["due"]["first_response"] == "2026-06-08T09:00:00Z"
    old.close()
