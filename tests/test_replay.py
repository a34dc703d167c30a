"""`maild rules replay`: past mail under other rules, and what is kept of it for that."""

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.clock import SystemClock
from maild.model.mail import Envelope
from maild.model.ticket import Priority
from maild.rules import Facts, RuleSpec, compile_rules, differences
from maild.store import Store, open_store
from maild.store.replay import pack, unpack
from tests.wire.desk import Desk

AT = datetime(2026, 6, 8, 9, tzinfo=UTC)
BOOK = compile_rules([RuleSpec("vpn", ("new",), {"text_has": "vpn"}, {"tags": ["vpn"]})])


def mail(number: int, body: str = "la vpn no va") -> bytes:
    return (
        f"From: c{number}@x.test\r\nTo: soporte@acme.test\r\nSubject: n{number}\r\n"
        f"Message-ID: <{number}@x.test>\r\n\r\n{body}\r\n"
    ).encode()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on either engine."""
    url = f"sqlite:///{tmp_path}/m.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = open_store(url, SystemClock())
    yield store
    store.close()


def put(store: Store, number: int, facts: Facts, on: str = "new") -> int:
    """A mail, and what the rules said about it."""
    intake = store.intake.take(mail(number), Envelope("pipe"))
    with store.write():
        store.sightings.keep(intake, BOOK.decide(facts, on=on))
    return intake


def test_what_is_kept_is_what_the_rules_saw() -> None:
    """Every fact survives, odd characters and long texts included."""
    facts = Facts(
        "asunto € \udc80",
        "x" * 300_000,
        "ana@x.test",
        ("a@b.test",),
        ("c@d.test",),
        (("X-A", "1"), ("X-A", "2")),
        "ventas",
        Priority.HIGH,
        2,
        "web",
        "en",
        "c",
        ("t",),
        ("a.pdf",),
        12345,
        True,
        False,
    )
    stored = unpack(3, 4, pack(BOOK.decide(facts, on="reply")))
    assert (stored.ticket, stored.message, stored.on) == (3, 4, "reply")
    assert stored.facts.body == "x" * 100_000
    for name in Facts.__slots__:
        if name != "body":
            assert getattr(stored.facts, name) == getattr(facts, name)


def test_replay_names_what_differs(store: Store) -> None:
    """Before and after, and which message; the store stays as it was."""
    for number, body in enumerate(["la vpn", "hola", "vpn y wifi"]):
        put(store, number, Facts("s", body))
    other = compile_rules([RuleSpec("wifi", ("new",), {"text_has": "wifi"}, {"level": 2})])
    found = differences(store.sightings.since(AT.replace(year=2020)), BOOK, other)
    assert found.messages == 3
    assert [d.fields() for d in found.differ] == [["tags"], ["level", "tags"]]
    assert found.differ[1].as_json()["after"]["matched"] == ["wifi"]
    assert found.differ[1].as_json()["before"]["tags"] == ["vpn"]
    again = differences(store.sightings.since(AT.replace(year=2020)), None, BOOK)
    assert again.differ == ()


def test_replay_looks_back_no_further_than_asked(store: Store) -> None:
    """By the instant of arrival."""
    put(store, 1, Facts("s", "vpn"))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(store.sightings.since(tomorrow)) == []


def test_what_the_rules_saw_goes_with_the_raw_mail(store: Store) -> None:
    """Erasing a mail leaves nothing of it here; a mail that is gone already leaves none."""
    first, second = put(store, 1, Facts("s", "vpn")), put(store, 2, Facts("s", "vpn"))
    with store.write():
        store.engine.execute("DELETE FROM raw WHERE intake = ?", [first])
    assert store.engine.rows("SELECT intake FROM sighting") == [(second,)]
    with store.write():
        store.sightings.keep(first, BOOK.decide(Facts("s", "vpn")))
    assert store.engine.rows("SELECT intake FROM sighting") == [(second,)]


def test_decided_again_is_kept_once(store: Store) -> None:
    """A stub that is read anew replaces what was seen first."""
    intake = put(store, 1, Facts("s", "?"))
    with store.write():
        store.sightings.keep(intake, BOOK.decide(Facts("s", "vpn")))
    (stored,) = store.sightings.since(AT.replace(year=2020))
    assert stored.facts.body == "vpn"


# -- a year of mail ---------------------------------------------------------------------------

YEAR = 50_000
TEXT = "Buenos días: desde esta mañana no consigo entrar en la aplicación de ventas. " * 12
HEADERS = tuple((f"X-Header-{n}", f"value {n} " * 12) for n in range(25))


def _fill(store: Store) -> None:
    words = "vpn factura acceso lento correo disco usb red nómina teclado".split()
    with store.write():
        for number in range(YEAR):
            store.engine.execute(
                "INSERT INTO intake (id, received, source, recipients, remote, silent, size, "
                "state, attempts, confirmed, ticket, message) VALUES "
                "(?, ?, 'pipe', '[]', '', FALSE, 1, 'done', 0, FALSE, ?, ?)",
                [number + 1, number, number, number],
            )
            store.engine.execute(
                "INSERT INTO raw (intake, content) VALUES (?, ?)", [number + 1, b"."]
            )
            body = f"{TEXT} {words[number % 10]} {number}"
            facts = Facts(f"n{number}", body, f"c{number % 700}@x.test", headers=HEADERS)
            store.sightings.keep(number + 1, BOOK.decide(facts))


@pytest.mark.proof
def test_a_year_of_mail_takes_less_than_a_minute(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`maild rules replay` over 50,000 mails of 1 kB text and 3 kB headers, under two books
    of 200 rules; and memory does not grow with their number."""
    rules = "".join(
        f'[[rule]]\nname = "r{n}"\nwhen.text_has = ["w{n}", "x{n}"]\nthen.tags = ["t{n}"]\n'
        for n in range(200)
    )
    desk = Desk(tmp_path, more=rules)
    store = open_store(f"sqlite:///{tmp_path}/var/maild.db", SystemClock())
    _fill(store)
    other = tmp_path / "new.toml"
    other.write_text(desk.config.read_text().replace('"w7"', '"vpn"'))

    begun = time.monotonic()
    done = desk.run("rules", "replay", "--since", "1970-01-01", "--with", str(other), "--json")
    took = time.monotonic() - begun
    found = json.loads(done.stdout)
    assert (done.returncode, found["messages"]) == (1, YEAR)
    assert len(found["differ"]) == YEAR // 10
    record_property("figure", f"{YEAR:,} mails in {took:.0f} s")
    record_property("target", "60 s")
    assert took < 60

    tracemalloc.start()
    for _ in store.sightings.since(datetime(1970, 1, 1, tzinfo=UTC)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    store.close()
    assert peak < 40_000_000
