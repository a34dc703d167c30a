"""The questions that pages ask, on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.desk.case import Case
from maild.model.mail import Address
from maild.model.ticket import EventKind, Status, Ticket
from maild.store import Store, open_store

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/maild.db"
    else:
        url = request.getfixturevalue("postgres_url")
    opened = open_store(url)
    yield opened
    opened.close()


def solved(store: Store, number: int, at: datetime, *, asked: datetime | None = None) -> None:
    """A ticket of luis@x.test (odd) or eva@y.test (even), solved then."""
    who = Address("", "luis@x.test" if number % 2 else "eva@y.test")
    ticket = Ticket(number, f"Asunto {number}", who, "soporte", at, at, cc=("bea@z.test",))
    case = Case(ticket, at, is_new=True)
    case.change_readers("system", add=["bea@z.test"])
    case.set_status(Status.RESOLVED, "agent:ana")
    if asked is not None:
        case.now = asked
        case.record(EventKind.SURVEY_SENT, "system", {"solve": 1})
    with store.write():
        store.cases.save(case)


def test_who_takes_part_finds_his_tickets(store: Store) -> None:
    """As requester or reader, the latest first, whatever the case of the address."""
    for number in (1, 2, 3):
        solved(store, number, NOW + number * DAY)
    portal = store.portal
    assert [t.id for t in portal.tickets_of("Luis@X.test")] == [3, 1]
    assert [t.id for t in portal.tickets_of("bea@z.test")] == [3, 2, 1]
    assert portal.knows("BEA@z.test")
    assert not portal.knows("eve@z.test")


def test_a_link_is_used_once(store: Store) -> None:
    """And forgotten once it has expired anyway."""
    with store.write():
        assert store.portal.use("abc", NOW, NOW + DAY)
        assert not store.portal.use("abc", NOW, NOW + DAY)
    assert store.portal.is_used("abc")
    with store.write():
        store.portal.use("def", NOW + 2 * DAY, NOW + 3 * DAY)
    assert not store.portal.is_used("abc")


def test_a_readers_last_word_counts(store: Store) -> None:
    """One vote for each reader and article."""
    with store.write():
        for voter, useful in (("a", True), ("b", False), ("a", False), ("c", True)):
            store.portal.vote("es/clave", voter, useful=useful)
    assert store.portal.usefulness("es/clave") == (1, 3)
    assert store.portal.usefulness("es/nada") == (0, 0)


def test_a_name_of_a_program_is_noted_once(store: Store) -> None:
    """It leads to the intake number it had first."""
    assert store.portal.submission("bot:1") is None
    with store.write():
        store.portal.note_submission("bot:1", 17)
    assert store.portal.submission("bot:1") == 17


def test_surveys_fall_due_once_and_apart(store: Store) -> None:
    """A day after the solve, not asked yet, and nobody twice in a week."""
    solved(store, 1, NOW - DAY)
    solved(store, 2, NOW - timedelta(hours=1))
    solved(store, 3, NOW - DAY)
    week = 7 * DAY
    assert list(store.portal.surveys_due(NOW, DAY, week)) == [1, 3]
    solved(store, 5, NOW - 2 * DAY, asked=NOW - 2 * DAY)
    assert list(store.portal.surveys_due(NOW, DAY, week)) == []
    assert store.portal.surveyed_since("luis@x.test", NOW - week, 1)
    assert not store.portal.surveyed_since("luis@x.test", NOW - week, 5)
    assert not store.portal.surveyed_since("luis@x.test", NOW - DAY, 1)


def test_reminders_fall_due_once(store: Store) -> None:
    """Three days after a survey that nobody has answered."""
    solved(store, 1, NOW - 3 * DAY, asked=NOW - 3 * DAY)
    solved(store, 2, NOW - DAY, asked=NOW - DAY)
    assert list(store.portal.reminders_due(NOW, 3 * DAY)) == [1]
    with store.write():
        case = store.cases.open_case(1, NOW)
        assert case is not None
        case.record(EventKind.REMINDED, "system", {"survey": 1})
        store.cases.save(case)
    assert list(store.portal.reminders_due(NOW, 3 * DAY)) == []


def test_a_webhook_begins_where_it_is_set_up(store: Store) -> None:
    """Events before are no news; each later one is told once, and again where it must."""
    solved(store, 1, NOW)
    assert store.hooks.reached("crm") > 0
    reached = store.hooks.reached("crm")
    solved(store, 2, NOW)
    untold = store.hooks.untold("crm", ["status"], reached, NOW - DAY)
    assert [event.ticket for event in untold] == [2]
    with store.write():
        store.hooks.post("crm", untold[0].id, "{}", NOW)
        store.hooks.note_reached("crm", untold[0].id)
    reached = store.hooks.reached("crm")
    assert store.hooks.untold("crm", ["status"], reached, NOW - DAY) == []
    (call,) = store.hooks.due("crm", NOW)
    with store.write():
        store.hooks.defer(call, NOW + DAY, "it answered 500")
    assert store.hooks.due("crm", NOW) == []
    (again,) = store.hooks.due("crm", NOW + DAY)
    assert again.attempts == 1
    with store.write():
        store.hooks.settle(again, "sent")
    assert store.hooks.due("crm", NOW + 2 * DAY) == []
