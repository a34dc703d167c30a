"""Completion in the shells people use, asked as each shell asks."""

import pytest

from tests.servers import commands

#: how a shell hands over what has been typed
ASKS = {
    "bash": {"COMP_WORDS": "maild {}", "COMP_CWORD": "{n}"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "maild {}"},
    "fish": {"_TYPER_COMPLETE_ARGS": "maild {}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}


@pytest.mark.parametrize("shell", ASKS)
@pytest.mark.parametrize(
    ("typed", "offered"),
    [("ch", "check"), ("queue re", "retry"), ("rules rep", "replay"), ("list --dep", "--dep")],
)
def test_what_a_shell_is_offered(
    monkeypatch: pytest.MonkeyPatch, shell: str, typed: str, offered: str
) -> None:
    """Commands, commands of commands, options."""
    words = {
        name: value.format(typed, n=len(typed.split())) for name, value in ASKS[shell].items()
    }
    for name, value in {**words, "_MAILD_COMPLETE": f"complete_{shell}"}.items():
        monkeypatch.setenv(name, value)
    done = commands.run([])
    assert offered in done.stdout.decode(), done.stderr.decode()
