"""`maild list`, `show`, `search`, `queue` for people: a line an entry, in words."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from maild.cli import listing
from maild.cli.main import app
from maild.errors import NotFound
from tests.stories.office import Office

LUIS = "Luis Pérez <luis@x.test>"


def maild(office: Office, *words: str) -> str:
    config = str(office.folder / "config.toml")
    return CliRunner().invoke(app, ["-c", config, *words]).stdout


def test_an_empty_desk_says_so(tmp_path: Path) -> None:
    """No frame around nothing."""
    office = Office(tmp_path)
    assert maild(office, "list") == "No ticket fits.\n"
    assert maild(office, "search", "nada") == "No ticket fits.\n"
    assert maild(office, "queue").startswith("Nothing waits.\n")


def test_the_queue_says_who_gets_no_automatic_letters(tmp_path: Path) -> None:
    """An address that failed hard, until when and why; one command ends it."""
    office = Office(tmp_path)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    office.store.cases.mute("luis@x.test", later, "550 5.1.1 no such user")
    told = f"no automatic letters to luis@x.test until {later:%Y-%m-%d}: 550 5.1.1 no such user"
    assert told in maild(office, "queue").splitlines()
    assert json.loads(maild(office, "queue", "--json"))["muted"] == [
        {
            "email": "luis@x.test",
            "until": f"{later:%Y-%m-%dT%H:%M:%S}Z",
            "reason": "550 5.1.1 no such user",
        }
    ]
    config = ["-c", str(office.folder / "config.toml"), "queue", "unmute", "Luis@X.test"]
    assert CliRunner().invoke(app, config).exit_code == 0
    assert isinstance(CliRunner().invoke(app, config).exception, NotFound)
    assert "luis@x.test" not in maild(office, "queue")


def test_a_name_that_no_table_has(tmp_path: Path) -> None:
    """No error, for old tickets may bear it; but an empty list says what may be meant."""
    office = Office(tmp_path)
    config = ["-c", str(office.folder / "config.toml"), "list"]
    done = CliRunner().invoke(app, [*config, "--department", "sporte", "--assignee", "anna"])
    assert (done.exit_code, done.stdout) == (0, "No ticket fits.\n")
    assert done.stderr.splitlines() == [
        'there is no [department.sporte] (did you mean "soporte"?)',
        'there is no [agent.anna] (did you mean "ana"?)',
    ]


def test_a_terminal_that_knows_no_accents(tmp_path: Path) -> None:
    """What can't be shown there stands as an escape: no command fails of it, and JSON stays
    JSON."""
    office = Office(tmp_path)
    office.write(LUIS, "Año", "ñ → €")
    for words, said in (("list", "A\\u00f1o"), ("show 1 --json", "\\u20ac")):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "maild",
                "-c",
                office.folder / "config.toml",
                *words.split(),
            ],
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 and said in done.stdout, done.stderr


WRONG = {
    "list --status opne": 'unknown value "opne" (did you mean "open"?)',
    "list --since yesteryear": "no date (YYYY-MM-DD)",
    "--log-level wraning check": 'unknown value "wraning" (did you mean "warning"?)',
    "chek": "Did you mean 'check'",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_a_usage_error(tmp_path: Path, line: str) -> None:
    """Status 2, and the nearest right word."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, line.split())
    assert done.exit_code == 2 and WRONG[line] in done.output


def test_a_list_read_by_a_program_is_not_cut(tmp_path: Path) -> None:
    """Each ticket is one line with its whole subject, whatever control characters it bore."""
    office = Office(tmp_path)
    subject = "No puedo acceder a la aplicación de ventas desde que cambié la contraseña"
    office.write(LUIS, subject, "Hola.")
    office.write(LUIS, "\x1b[31mrojo\ttab", "Hola.")
    head, newest, oldest = maild(office, "list").splitlines()
    assert (
        head.split() == "# Status Priority Level Department Assignee Requester Subject".split()
    )
    assert oldest.endswith(subject)
    assert "\x1b" not in newest and "\t" not in newest


@pytest.mark.parametrize("columns", [60, 100])
def test_on_a_terminal_one_column_gives_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Lines fit, wide letters counted; every other column stays whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    rows = [(1, "luis@x.test", "发票金额错误" * 20), (1042, "eva@y.test", "corto")]
    listing.print_table(("#", "Who", "Subject"), rows, nothing="", gives_way="Subject")
    lines = capsys.readouterr().out.splitlines()
    assert all(cell_len(line) <= columns for line in lines)
    assert re.fullmatch(r"1     luis@x.test  .*…", lines[1])
    assert lines[2] == "1042  eva@y.test   corto"


def test_events_are_told_in_words(tmp_path: Path) -> None:
    """What changed stands as an arrow, lists as lists; no program's notation is shown."""
    office = Office(tmp_path)
    office.write(LUIS, "Impresora", "No va.")
    notice = office.letter("agent-new")
    office.answer(notice, "#tomar\n#prioridad alta\nYa lo miro.")
    told = maild(office, "show", "1")
    assert "normal → high" in told
    assert "channel email · department soporte" in told
    assert not re.search(r"[{}']", told.partition("created")[2])
