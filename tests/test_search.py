"""`maild search` and `#search`: words find tickets, on both engines, by an index."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.store.erasure import scour
from maild.store.oblivion import forget
from maild.store.search import Search, SearchRounds
from tests.stories.office import Office

LUIS = "Luis Pérez <luis@x.test>"
EVA = "Eva <eva@y.test>"
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """A desk on each engine, with two tickets."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    office = Office(tmp_path, url=url) if url else Office(tmp_path)
    office.write(LUIS, "No va la impresora", "Desde AYER no imprime la máquina de Logroño.")
    office.write(EVA, "发票金额错误", "Please look at invoice 2026/117 (50% too much).")
    return office


def found(office: Office, words: str) -> list[int]:
    return [ticket.id for ticket in office.store.browse.search(words)]


@pytest.mark.parametrize(
    ("words", "tickets"),
    [
        ("maquina", [1]),
        ("LOGRONO ayer", [1]),
        ("impresora máquina", [1]),
        ("impres", [1]),
        ("luis@x.test", [1]),
        ("perez impresora", [1]),
        ("invoice 117", [2]),
        ("金额", [2]),
        ("impresora invoice", []),
        ("presora", []),
    ],
)
def test_words_are_found_however_they_are_written(
    office: Office, words: str, tickets: list[int]
) -> None:
    """Case and accents do not count, beginnings do; all words must stand in one message."""
    assert found(office, words) == tickets


@pytest.mark.parametrize(
    "words", ['"', "'", "*", "a* OR b", "NEAR(a b)", "-", "'; DROP TABLE ticket; --", "()", "%"]
)
def test_no_word_is_taken_for_a_query(office: Office, words: str) -> None:
    """What a query language would understand is a word like others, or nothing."""
    assert found(office, words) == []
    assert found(office, "impresora") == [1]


def test_what_came_since_is_found_at_once(office: Office) -> None:
    """Nobody waits for the timetable: who searches takes in the rest first."""
    assert found(office, "zanahoria") == []
    office.write(EVA, "Otra", "Una zanahoria.")
    assert found(office, "zanahoria") == [3]


def test_the_timetable_takes_in_what_is_new_each_minute(office: Office) -> None:
    """After its round nothing is left to do, and none comes before the minute is over."""
    search = Search(office.store.engine)
    rounds = SearchRounds(search)
    assert rounds.run(NOW) is False
    assert search.catch_up() == 0
    office.write(EVA, "Otra", "Una zanahoria.")
    rounds.run(NOW + timedelta(seconds=59))
    assert search.tickets("zanahoria", 9) == []
    rounds.run(NOW + timedelta(seconds=61))
    assert search.tickets("zanahoria", 9) == [3]


def test_who_is_forgotten_is_found_no_more(office: Office) -> None:
    """Neither by his words nor by his name; and the index holds no word of his."""
    assert found(office, "maquina") == found(office, "luis") == [1]
    forget(office.store.engine, "luis@x.test")
    scour(office.store.engine)
    assert found(office, "maquina") == found(office, "luis") == found(office, "ayer") == []
    assert found(office, "invoice") == [2]
    assert "maquina" not in terms(office)


def terms(office: Office) -> str:
    """Every word that the index knows."""
    engine = office.store.engine
    if engine.postgres:
        return " ".join(row[0] for row in engine.rows("SELECT words::text FROM search"))
    engine.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search, row)")
    return " ".join(row[0] for row in engine.rows("SELECT term FROM temp.terms"))
