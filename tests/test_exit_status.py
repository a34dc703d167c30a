"""Exit statuses as the contract has them, whatever goes wrong: 1 is never a crash."""

import errno
from pathlib import Path
from typing import NoReturn

import pytest

from maild.cli.main import main
from maild.errors import StoreUnusable
from tests.wire.desk import Desk


def status(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """That of `maild` with these words."""
    monkeypatch.setattr("sys.argv", ["maild", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "words",
    [
        "init {}/config.toml/x",
        "backup {}/config.toml/x",
        "import-mail {}/config.toml/x",
        "export --out {}/config.toml/x",
        "report semanal --out {}/config.toml/x",
        "demo --folder {}/config.toml/x",
    ],
)
def test_a_path_that_cannot_be(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: str,
) -> None:
    """A folder below a file: one line that names it, a usage error."""
    report = "[report.semanal]\nto = ['jefa@acme.test']\nevery = 'monday 08:00'"
    desk = Desk(tmp_path, more=report + "\nperiod = 'last week'\n")
    named = words.format(tmp_path).split()
    assert status(monkeypatch, "-c", str(desk.config), *named) == 2
    said = capfd.readouterr().err
    assert said.startswith(f"maild: {tmp_path}/config.toml/x") and said.count("\n") == 1


FAULTS: dict[int, Exception] = {
    70: ZeroDivisionError("never divide"),
    75: OSError(errno.ENOSPC, "No space left on device", "var/maild.db"),
    78: StoreUnusable(),
}


@pytest.mark.parametrize("expected", FAULTS)
def test_what_nobody_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    expected: int,
) -> None:
    """A fault of ours is 70, with its traceback; a full disk says try again."""

    def breaks(*_: object) -> NoReturn:
        raise FAULTS[expected]

    monkeypatch.setattr("maild.config.schema.json_schema", breaks)
    assert status(monkeypatch, "schema") == expected
    said = capfd.readouterr().err
    assert ("Traceback" in said and "please report it" in said) == (expected == 70)
