"""Where the programs are that tests start, and what to say when one is missing."""

import os
import shutil
from pathlib import Path

import pytest

_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/dovecot"


def program(name: str, *, package: str, places: str = _PLACES) -> str:
    """The path of a program. Missing: root can install it, so the test fails; others skip."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + places)
    if found:
        return found
    line = f"{name} is missing: apt-get install {package}"
    if os.geteuid() == 0:
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


def needs_root(what: str) -> None:
    """Skip, in one line, what only root can start."""
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root here")


def newest(pattern: str) -> str:
    """The folder with the highest version among those a pattern names; "" if none."""
    found = sorted(Path("/").glob(pattern.lstrip("/")), key=lambda p: p.parent.name.zfill(4))
    return str(found[-1]) if found else ""
