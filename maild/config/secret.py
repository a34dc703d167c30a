"""Passwords and keys: where they are, never what they are until somebody needs them.

Read anew at each `reveal`, so a rotated file or variable is seen without a reload.
"""

import os
import shlex
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from maild.config.faults import did_you_mean
from maild.errors import ConfigError

_KINDS = ("env", "file", "command", "credential")
_COMMAND_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Secret:
    """`{ env = "…" }`, `{ file = "…" }`, `{ command = "…" }`, `{ credential = "…" }` (a name
    in systemd's `$CREDENTIALS_DIRECTORY`), or the thing itself."""

    kind: Literal["env", "file", "command", "credential", "plain"]
    source: str = field(repr=False)
    base: Path = field(default=Path(), repr=False)  #: where a command runs

    def reveal(self) -> str:
        """The secret. Raises ConfigError, which says what is missing but no secret."""
        match self.kind:
            case "env":
                found = os.environ.get(self.source, "")
                problem = f"the environment variable {self.source} is not set"
            case "file":
                found, problem = _from_file(Path(self.source))
            case "command":
                found, problem = _from_command(self.source, self.base)
            case "credential":
                found, problem = _from_credential(self.source)
            case "plain":
                found, problem = self.source, "is empty"
        if not found:
            raise ConfigError(problem)
        return found

    def __str__(self) -> str:
        return "********"


def parse(value: object, base: Path) -> Secret | None:
    """A secret as the file names it; "" is none. ValueError says what is wrong."""
    if isinstance(value, str):
        return Secret("plain", value) if value else None
    if not isinstance(value, dict) or len(value) != 1:
        kinds = " or ".join(f'{{ {kind} = "…" }}' for kind in _KINDS)
        raise ValueError(f"must be {kinds}")
    kind, source = next(iter(value.items()))
    if kind not in _KINDS:
        raise ValueError(
            f'a secret comes from env, file, command or credential, not "{kind}"'
            f"{did_you_mean(str(kind), _KINDS)}"
        )
    if not isinstance(source, str) or not source.strip():
        raise ValueError(f"{kind} must be text in quotes that is not empty")
    return Secret(kind, str(base / source) if kind == "file" else source, base)


def _from_file(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_mode & stat.S_IROTH:
            return "", f"{path} can be read by everybody on this machine: chmod o-r it"
        return path.read_text("utf-8").strip(), f"{path} is empty"
    except UnicodeDecodeError:
        return "", f"{path} is not UTF-8 text"
    except OSError as error:
        return "", f"{path} can't be read: {error.strerror}"


def _from_credential(name: str) -> tuple[str, str]:
    """What LoadCredential= of a unit hands over (systemd.exec(5))."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        return "", f"{name}: systemd has given no credentials (LoadCredential={name}:…)"
    if not name.strip(".") or "/" in name:
        return "", f"{name} is no name of a credential"
    return _from_file(Path(folder, name))


def _from_command(command: str, base: Path) -> tuple[str, str]:
    """First line of what the command prints. It runs without a shell, in the file's folder."""
    try:
        done = subprocess.run(  # noqa: S603 -- the admin's own words, split, no shell
            shlex.split(command), cwd=base, capture_output=True, text=True,
            timeout=_COMMAND_SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f'the command "{command}" gave nothing within {_COMMAND_SECONDS} s'
    except (OSError, ValueError) as error:
        return "", f'the command "{command}" can\'t be run: {error}'
    if done.returncode:
        return "", f'the command "{command}" failed with exit status {done.returncode}'
    first, _, _ = done.stdout.partition("\n")
    return first.strip(), f'the command "{command}" printed nothing'
