"""`maild init`: a first config that works, asked for on a terminal and silent elsewhere."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from maild.config import load
from maild.config.fresh import Answers, filled_in, write
from maild.config.load import examine
from maild.config.shipped import shipped
from maild.errors import ConfigError

RUN = """
import sys, typer
from maild.cli.init import init
from maild.errors import MaildError
app = typer.Typer()
app.command()(init)
try:
    app()
except MaildError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """`maild init` as a program without a terminal."""
    command = [sys.executable, "-c", RUN, *words]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    """The shipped config and templates are there, valid, and name their schema first."""
    done = run(str(tmp_path / "desk"))
    assert done.returncode == 0, done.stderr
    config = tmp_path / "desk" / "config.toml"
    assert config.read_bytes() == shipped("config.toml").read_bytes()
    assert config.read_text("utf-8").startswith("#:schema ./config.schema.json\n")
    assert (tmp_path / "desk" / "config.schema.json").is_file()
    assert (tmp_path / "desk" / "templates").is_dir()
    assert load(config).desk.mode == "live"


@pytest.mark.parametrize("name", ["config.toml", "config.schema.json", "templates"])
def test_it_refuses_to_overwrite(tmp_path: Path, name: str) -> None:
    """One file of a config is there: status 2, the file untouched, nothing else written."""
    (tmp_path / name).write_text("mine")
    done = run("--yes", str(tmp_path))
    assert done.returncode == 2
    assert f"{name} is there already; nothing was written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_on_a_terminal_five_things_are_asked(tmp_path: Path) -> None:
    """A wrong answer is asked again; the desk written is the one described, in shadow mode."""
    answers = [
        "Taller Ñandú", "no address", "ayuda@nandu.test", "es", "Europe/Mardid",
        "Atlantic/Canary", "jefa@nandu.test",
    ]  # fmt: skip
    said, status = talk([sys.executable, "-c", RUN, str(tmp_path / "desk")], answers)
    assert status == 0, said
    assert '"no address" is no e-mail address' in said
    assert '(did you mean "Europe/Madrid"?)' in said
    desk = load(tmp_path / "desk" / "config.toml").desk
    assert (desk.name, desk.tag, desk.address) == ("Taller Ñandú", "TALLER", "ayuda@nandu.test")
    assert str(desk.timezone) == "Atlantic/Canary"
    assert desk.admins == ("jefa@nandu.test",)
    assert desk.mode == "shadow"


def talk(command: list[str], answers: list[str]) -> tuple[str, int]:
    """Run a command on a terminal and answer each prompt; what it said, and its status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, os.environ | {"LANG": "es_ES.UTF-8", "COLUMNS": "200"})
    said = bytearray()
    waiting = list(answers)
    answered = 0
    while select.select([terminal], [], [], 60)[0]:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # the terminal is gone: the program ended
            break
        if not chunk:
            break
        said += chunk
        if waiting and said[answered:].rstrip(b" ").endswith(b":"):
            answered = len(said)
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize(
    "name", ['Desk "quoted"', "back\\slash", r"\1 \g<0>", "new = 1 # x", "{braces}"]
)
def test_any_name_survives_the_file(tmp_path: Path, name: str) -> None:
    """Quotes, backslashes and other marks in an answer come back as they were given."""
    answers = Answers(name, "a@b.test", "en", "UTC", "c@b.test")
    write(tmp_path / "desk", answers)
    settings = load(tmp_path / "desk" / "config.toml")
    assert settings.desk.name == name
    assert settings.department["soporte"].address == "a@b.test"


def test_people_of_the_example_are_pointed_out(tmp_path: Path) -> None:
    """A desk with a real address whose agents, supervisors and second department are still
    those of the shipped file: a warning each; the shipped file by itself has none."""
    write(tmp_path / "desk", Answers("Otra", "ayuda@nandu.org", "en", "UTC", "ana@nandu.org"))
    told = [fault.message for fault in examine(tmp_path / "desk" / "config.toml").warnings]
    assert '"ana@acme.test" is an example, to which no mail goes' in told
    assert sum("jefa@acme.test" in message for message in told) == 3
    assert not any("nandu" in message for message in told)
    write(tmp_path / "shipped")
    assert examine(tmp_path / "shipped" / "config.toml").warnings == ()


def test_the_answers_leave_all_else_alone() -> None:
    """Only lines that hold an answer differ from the shipped file."""
    text = shipped("config.toml").read_text("utf-8")
    answers = Answers("Otra", "a@b.test", "en", "UTC", "c@b.test")
    pairs = zip(text.splitlines(), filled_in(text, answers).splitlines(), strict=True)
    changed = [old.partition("=")[0].strip() for old, new in pairs if old != new]
    assert changed == [
        "name", "tag", "address", "language", "timezone", "admins", "mode", "address",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file in the place of the folder: ConfigError, not a crash."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        write(tmp_path / "file" / "desk")
