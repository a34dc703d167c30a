"""The manual page says what `--help` says, and groff finds no fault in it."""

import shutil
import subprocess

import pytest
import typer

from maild.cli.main import app
from maild.cli.man import page

COMMAND = typer.main.get_command(app)
ROFF = "\n".join(page(COMMAND, "1.2.3"))


@pytest.fixture(scope="module")
def shown() -> str:
    """The page as `man` shows it, in one line."""
    groff = shutil.which("groff") or pytest.skip("groff is missing: apt-get install groff")
    command = [groff, "-man", "-Tutf8", "-ww", "-b", "-P-cbou", "-rLL=200n"]
    done = subprocess.run(command, input=ROFF, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(done.stdout.split())


def test_it_has_the_usual_sections() -> None:
    """In the usual order."""
    titles = [line.removeprefix(".SH ") for line in ROFF.splitlines() if line.startswith(".SH")]
    assert titles == [
        "NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES",
    ]  # fmt: skip


def test_every_command_and_option_is_in_it(shown: str) -> None:
    """With the words of its help."""
    for name, command in COMMAND.commands.items():  # type: ignore[attr-defined]
        assert f"maild {name}" in shown
        for words in [command.help, *(getattr(p, "help", None) for p in command.params)]:
            assert not words or _plain(words)[:50] in _plain(shown), words
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.opts[0] in shown


def _plain(words: str) -> str:
    """Typography aside."""
    for fancy, plain in {"’": "'", "‘": "`", "−": "-", "‐": "-", "“": '"', "”": '"'}.items():
        words = words.replace(fancy, plain)
    return " ".join(words.split())


def test_words_are_no_requests() -> None:
    """A help text that begins with a dot or holds a backslash stays text."""
    from maild.cli.man import _text

    assert _text(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert _text("a\\fBb --c") == "a\\efBb \\-\\-c"
