"""`maild verify`: nothing is missing that was ever taken in or written, on both engines."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.model.mail import Envelope
from maild.store.ledger import balance, verify
from tests.stories.office import Office


@pytest.fixture(params=["sqlite", "postgres"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """A desk after an ordinary morning: a request with a file, answers, a copy, a wait."""
    url = "sqlite:///var/maild.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    office = Office(tmp_path, url=url)
    mail = office.mail("luis@x.test", "No va", "No va nada.", to="soporte@acme.test")
    mail.add_attachment(b"PDF", maintype="application", subtype="pdf", filename="a.pdf")
    office.receive(mail, Envelope("imap:main"))
    office.receive(mail, Envelope("pipe"))
    notice = next(n for n in office.letters() if n.to == "ana@acme.test")
    office.answer(notice, "#tomar\n#copia bea@x.test\nHola.")
    office.answer(next(n for n in office.letters() if n.type == "reply"), "Gracias, ya va.")
    office.write("jefe <ana@acme.test>", "#resuelto", "#resuelto")
    waiting = office.mail("b@x.test", "Más", "Otra.", to="soporte@acme.test")
    office.store.intake.take(waiting.as_bytes(), Envelope("pipe"))
    return office


def run(office: Office, *words: str) -> tuple[int, str]:
    """A command, as a person types it; status and what it prints."""
    config = str(office.folder / "config.toml")
    done = CliRunner().invoke(app, ["-c", config, *words])
    return done.exit_code, done.stdout


def test_an_ordinary_morning_balances(office: Office) -> None:
    """Every mail under its heading, every letter too; exit status 0."""
    status, said = run(office, "verify")
    assert status == 0, said
    first, second = said.splitlines()
    assert first.startswith("arrived 6 = ")
    assert "1 duplicate" in first
    assert "1 waiting" in first
    assert first.endswith("unaccounted 0")
    assert second.endswith("unaccounted 0")


BROKEN = {
    "an intake row": ("DELETE FROM intake WHERE id = 1", "in1"),
    "a duplicate's first copy": (
        "UPDATE intake SET same_as = 99 WHERE same_as = 1",
        "is a duplicate without",
    ),
    "raw mail": ("DELETE FROM raw WHERE intake = 1", "in1"),
    "raw mail that waits": ("DELETE FROM raw WHERE intake = 6", "in6"),
    "an outcome": ("UPDATE intake SET outcome = 'lost' WHERE id = 1", "in1"),
    "a state": ("UPDATE intake SET state = 'busy', outcome = NULL WHERE id = 1", "in1"),
    "a ticket": ("DELETE FROM ticket WHERE id = 1", "ticket 1"),
    "a message": ("DELETE FROM message WHERE id = 1", "message 1"),
    "the event of a message": (
        "DELETE FROM event WHERE kind = 'message' AND id = "
        "(SELECT min(id) FROM event WHERE kind = 'message')",
        "message 1",
    ),
    "the creation": ("DELETE FROM event WHERE kind = 'created' AND ticket = 1", "ticket 1"),
    "a status event": ("DELETE FROM event WHERE kind = 'status'", "ticket 1"),
    "the ticket's status": ("UPDATE ticket SET status = 'closed' WHERE id = 1", "ticket 1"),
    "a letter": ("DELETE FROM letter WHERE id = 2", "out2"),
    "a letter's time": ("UPDATE letter SET sent_at = NULL WHERE id = 1", "out1"),
    "a letter's state": ("UPDATE letter SET state = 'gone' WHERE id = 1", "out1"),
    "a letter's words": (
        "UPDATE letter SET state = 'queued', body = NULL WHERE id = 1",
        "out1",
    ),
    "a letter's lease": ("UPDATE letter SET lease_until = 1 WHERE id = 1", "out1"),
    "a letter's reference": ("DELETE FROM reference WHERE letter = 1", "out1"),
    "a customer's reference": ("DELETE FROM reference WHERE address = ''", "message 1"),
    "an attachment": ("DELETE FROM blob", "message 1"),
    "where a ticket went": ("UPDATE ticket SET merged_into = 99 WHERE id = 1", "99"),
    "a mailbox's intake row": (
        "INSERT INTO seen VALUES ('main', 'INBOX', 1, 7, 99, TRUE)",
        "in99",
    ),
    "a reader's ticket": ("INSERT INTO reader VALUES ('a@x.test', 99)", "ticket 99"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_is_missing_is_named(office: Office, what: str) -> None:
    """One thing is taken away by hand: exit status 1, and a line that names it."""
    sql, named = BROKEN[what]
    with office.store.write():
        office.store.engine.execute(sql)
    status, said = run(office, "verify", "--json")
    report = json.loads(said)
    assert (status, report["ok"]) == (1, False)
    told = [f"{fault['where']}: {fault['what']}" for fault in report["faults"]]
    assert any(named in line for line in told), told


def test_the_balance_of_a_period(office: Office) -> None:
    """Only what arrived in it counts."""
    engine = office.store.engine
    day = datetime(2026, 6, 8, tzinfo=UTC)
    whole = balance(engine, day, datetime(2026, 6, 9, tzinfo=UTC))
    assert (whole["arrived"], whole["unaccounted"]) == (6, {"messages": 0, "letters": 0})
    assert balance(engine, datetime(2026, 6, 9, tzinfo=UTC))["arrived"] == 0


def test_a_damaged_index_is_found(tmp_path: Path) -> None:
    """What the database itself says is wrong is said, too."""
    office = Office(tmp_path)
    office.write("luis@x.test")
    engine = office.store.engine
    engine.execute("PRAGMA writable_schema = 1")
    engine.execute("UPDATE sqlite_master SET sql = replace(sql, '\"requester_email\"', "
                   "'\"department\"') WHERE name = 'ticket_requester_email'")  # fmt: skip
    engine.close()
    assert any(fault.where == "the store" for fault in verify(engine).faults)
