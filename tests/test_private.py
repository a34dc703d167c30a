"""Who owns what lies beside the store: the daemon's user, whoever ran the first command."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.errors import Temporary
from maild.store import open_store
from maild.store.engine import Engine
from maild.store.migrations import STEPS, prepare
from maild.store.private import make_folder, open_private
from tests.servers.programs import needs_root

NOBODY = 65534


@pytest.fixture
def house() -> Iterator[Path]:
    """A folder of an ordinary user's, where he can get to it."""
    needs_root("a file of somebody else")
    with tempfile.TemporaryDirectory(prefix="maild-own-", dir="/tmp") as name:
        Path(name).chmod(0o700)
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


def test_what_root_makes_belongs_to_the_folders_owner(house: Path) -> None:
    """`maild doctor` as root before the service's first start: its user can work with all
    of it, a new folder too."""
    store = open_store(f"sqlite:///{house}/var/maild.db")
    store.secret()
    os.close(open_private(house / "var" / "maild.db-lock"))
    owners = {path.name: path.stat().st_uid for path in house.rglob("*")}
    store.close()
    assert {"var", "maild.db", "maild.db-wal", "maild.db-turn", "maild.db-lock"} <= set(owners)
    assert set(owners.values()) == {NOBODY}


def test_the_copy_that_an_upgrade_makes(house: Path) -> None:
    """An admin's `maild list` was the first command of the new version: the copy is as much the
    daemon's as the store is."""
    engine = Engine(f"sqlite:///{house}/maild.db")
    prepare(engine, STEPS[:1])
    prepare(engine, STEPS[:2])
    engine.close()
    assert (house / "maild.db.v1").stat().st_uid == NOBODY


def test_what_is_there_keeps_its_owner(house: Path) -> None:
    """An admin may have arranged it otherwise."""
    (house / "maild.db-lock").touch()
    make_folder(house)
    os.close(open_private(house / "maild.db-lock"))
    assert (house / "maild.db-lock").stat().st_uid == 0


def test_a_store_of_somebody_else_is_named(house: Path) -> None:
    """Not "unable to open database file": which file, and that it is a matter of rights."""
    open_store(f"sqlite:///{house}/maild.db").close()
    os.chown(house / "maild.db", 0, 0)
    assert f"this user may not read and write {house}/maild.db" in as_nobody(house)


def as_nobody(house: Path) -> str:
    """What an ordinary user is told who opens the store."""
    end, begin = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            open_store(f"sqlite:///{house}/maild.db")
        except Temporary as error:
            os.write(begin, str(error).encode())
        finally:
            os._exit(0)
    os.close(begin)
    os.wait()
    with os.fdopen(end) as said:
        return said.read()
