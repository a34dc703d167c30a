"""An archive of mail becomes history: tickets with the mails' own times, and no letter."""

import json
import mailbox
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.errors import ConfigError
from maild.model.mail import Envelope
from maild.store import Store
from maild.store.ledger import verify
from tests.stories.office import Office


def mail(number: int, sender: str, subject: str, day: int, **headers: str) -> EmailMessage:
    """A mail of January 2025."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = headers.pop("To", "soporte@acme.test")
    made["Subject"] = subject
    made["Date"] = f"{day:02} Jan 2025 10:00:00 +0100"
    made["Message-ID"] = f"<old{number}@x.test>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(f"Texto {number}.")
    return made


def archive() -> list[EmailMessage]:
    """A talk, out of order; a robot's out-of-office; another request."""
    return [
        mail(3, "luis@x.test", "Re: No va", 4, In_Reply_To="<old2@acme.test>",
             References="<old1@x.test> <old2@x.test>"),
        mail(1, "Luis <luis@x.test>", "No va", 2),
        mail(2, "Ana <ana@acme.test>", "Re: No va", 3, To="luis@x.test",
             In_Reply_To="<old1@x.test>"),
        mail(4, "luis@x.test", "Fuera de la oficina", 5, Auto_Submitted="auto-replied"),
        mail(5, "eva@y.test", "Otra cosa", 6),
    ]  # fmt: skip


def run(office: Office, *words: str) -> dict[str, int]:
    config = str(office.folder / "config.toml")
    done = CliRunner().invoke(app, ["-c", config, *words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    report: dict[str, int] = json.loads(done.stdout)
    return report


def an_mbox(folder: Path) -> Path:
    box = mailbox.mbox(folder / "old.mbox")
    for message in archive():
        box.add(message)
    box.close()
    return folder / "old.mbox"


def a_maildir(folder: Path) -> Path:
    box = mailbox.Maildir(folder / "Maildir")
    for message in archive():
        box.add(message)
    return folder / "Maildir"


def files(folder: Path) -> Path:
    (folder / "mails/more").mkdir(parents=True)
    for number, message in enumerate(archive()):
        where = "more/" if number % 2 else ""
        (folder / f"mails/{where}{number}.eml").write_bytes(message.as_bytes())
    return folder / "mails"


def open_letters(store: Store) -> int:
    row = store.engine.one("SELECT count(*) FROM letter")
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("kind", [an_mbox, a_maildir, files])
def test_an_archive_becomes_history(tmp_path: Path, kind: object) -> None:
    """By date, threaded, with its own times and authors; nobody gets a letter."""
    office = Office(tmp_path)
    assert callable(kind)
    report = run(office, "import-mail", str(kind(tmp_path)))
    assert report == {"imported": 5, "known": 0, "closed": 2}
    first, second = office.ticket(1), office.ticket(2)
    assert [(m["kind"], m["at"], m["text"].strip()) for m in first["messages"]] == [
        ("customer", "2025-01-02T09:00:00Z", "Texto 1."),
        ("agent", "2025-01-03T09:00:00Z", "Texto 2."),
        ("customer", "2025-01-04T09:00:00Z", "Texto 3."),
    ]
    actors = [e["actor"] for e in first["events"] if e["kind"] == "message"]
    assert actors == ["customer:luis@x.test", "agent:ana", "customer:luis@x.test"]
    assert first["created_at"] == "2025-01-02T09:00:00Z"
    assert (first["status"], first["closed_at"]) == ("closed", "2025-01-18T09:00:00Z")
    assert (first["assignee"], second["requester"]["email"]) == ("ana", "eva@y.test")
    assert open_letters(office.store) == 0
    accounts = verify(office.store.engine)
    assert accounts.faults == []
    assert accounts.messages == {"ticket": 2, "reply": 2, "automatic": 1}


def test_the_same_archive_again_changes_nothing(tmp_path: Path) -> None:
    """Nor does the same mail, found in a mailbox later."""
    office = Office(tmp_path)
    box = an_mbox(tmp_path)
    run(office, "import-mail", str(box), "--keep-open")
    before = office.ticket(1)
    report = run(office, "import-mail", str(box), "--keep-open")
    assert report == {"imported": 0, "known": 5, "closed": 0}
    office.receive(archive()[1], Envelope("imap:main"))
    assert office.ticket(1) == before
    assert before["status"] == "open"


def test_what_an_mbox_escapes_is_read_as_it_was_written(tmp_path: Path) -> None:
    """`>From ` is `From ` again, and the same mail found in a mailbox later is known."""
    office = Office(tmp_path)
    message = mail(1, "Luis <luis@x.test>", "No va", 2)
    message.set_content("Hola:\n\nFrom hoy no imprime.\n")
    box = mailbox.mbox(tmp_path / "old.mbox")
    box.add(message)
    box.close()
    assert b"\n>From hoy" in (tmp_path / "old.mbox").read_bytes()
    run(office, "import-mail", str(tmp_path / "old.mbox"))
    office.receive(message, Envelope("imap:main"))
    texts = [m["text"] for m in office.ticket(1)["messages"]]
    assert [text.strip() for text in texts] == ["Hola:\n\nFrom hoy no imprime."]


def test_the_talk_goes_on_where_the_archive_ends(tmp_path: Path) -> None:
    """An answer to an old mail joins the old ticket, and is told to the agent as ever; the
    deadlines of the past stay silent."""
    more = '[[sla]]\nname = "S"\nnormal = { first_response = "1h", resolution = "2h" }\n'
    more += '[[escalation]]\nat = "100%"\nnotify = ["supervisors"]\n'
    office = Office(tmp_path, more=more)
    run(office, "import-mail", str(an_mbox(tmp_path)), "--keep-open")
    office.write("luis@x.test", "Re: No va", "Sigo igual.", In_Reply_To="<old3@x.test>")
    assert office.ticket(1)["messages"][-1]["text"].strip() == "Sigo igual."
    rounds = office.app.rounds(office.store)
    for number in office.store.alarms.due(office.clock.now() + timedelta(minutes=1)):
        with office.store.write():
            case = office.store.cases.open_case(number, office.clock.now())
            assert case is not None
            rounds.visit(case)
            office.store.cases.save(case)
    assert {letter.type for letter in office.letters()} == {"agent-message"}


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    """A config by mistake: said, not "0 mails imported"; an empty mbox is an mbox."""
    office = Office(tmp_path)
    (empty := tmp_path / "empty").touch()
    assert run(office, "import-mail", str(empty))["imported"] == 0
    with pytest.raises(ConfigError, match="is no mbox"):
        run(office, "import-mail", str(office.folder / "config.toml"))
