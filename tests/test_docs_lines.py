"""Every `maild` line of the documents, run as it stands on a desk that has what it names."""

import mailbox
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from tests.stories.office import Office
from tests.test_docs import SPOKEN

#: what needs a person at a browser; `tests/test_oauth.py` plays that person
BY_HAND = {"oauth"}
LINES = [(page, words[1:]) for page, words in SPOKEN if words[0] == "maild"]
TOLD = [(page, words) for page, words in LINES if words[0] not in BY_HAND]


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk in the working folder with tickets up to 1042 (`in17`, `out23` among its mails
    and letters) and an address that failed, two configs to move between, an mbox, and
    stand-ins for /etc and /backup."""
    monkeypatch.chdir(tmp_path)
    office = Office(tmp_path)
    for number in range(16):
        office.write(f"Luis <luis{number}@x.test>", f"Avería {number}", "No va.")
    office.store.engine.raise_number("ticket", 1041)
    office.write("Luis <luis@x.test>", "No puedo acceder", "No puedo acceder.")
    office.store.engine.execute("UPDATE letter SET state = 'deferred' WHERE id = 23")
    office.store.cases.mute("luis@x.test", office.clock.now() + timedelta(days=60), "5.1.1")
    text = (tmp_path / "config.toml").read_text()
    here = str(office.store.engine.path)
    (tmp_path / "old.toml").write_text(text)
    (tmp_path / "new.toml").write_text(text.replace(here, str(tmp_path / "new.db")))
    box = mailbox.mbox(tmp_path / "old.mbox")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "luis@x.test", "soporte@acme.test", "Antes"
    mail["Date"], mail["Message-ID"] = "02 Jan 2025 10:00:00 +0100", "<old1@x.test>"
    mail.set_content("Hola.")
    box.add(mail)
    box.close()
    (tmp_path / "backup").mkdir()
    return tmp_path


def there(word: str, home: Path) -> str:
    """A path of the whole machine's, below the test's own folder."""
    for top in ("/etc/", "/backup/"):
        if word.startswith(top):
            return f"{home}{word}"
    return word


def test_there_are_lines() -> None:
    """And the only ones left out are those that wait for a person."""
    assert len(TOLD) >= 15
    assert {words[0] for _, words in LINES} >= BY_HAND


@pytest.mark.parametrize("page", sorted({page for page, _ in TOLD}))
def test_the_lines_of_a_page(at_home: Path, page: str) -> None:
    """In their order, one after the other: each ends with 0."""
    for words in [words for where, words in TOLD if where == page]:
        done = CliRunner().invoke(app, [there(word, at_home) for word in words])
        assert done.exit_code == 0, f"maild {' '.join(words)}\n{done.output}\n{done.exception}"
