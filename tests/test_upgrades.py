"""A store of an earlier version is brought up to date: at one stroke, after a copy, by one."""

import fcntl
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from maild import __version__
from maild.errors import StoreUnusable, Temporary
from maild.store import open_store
from maild.store.browse import Wanted
from maild.store.engine import Engine
from maild.store.ledger import verify
from maild.store.migrations import STEPS, STORE_VERSION, prepare
from tests.servers import commands
from tests.servers.programs import program

ROOT = Path(__file__).resolve().parent.parent
OLD = ROOT / "tests" / "stores" / "version-1.sql"
CONFIG = """
[desk]
name = "Soporte ACME"
tag = "ACME"
address = "soporte@acme.test"
admins = ["admin@acme.test"]
[store]
url = "sqlite:///maild.db"
[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store that the first version wrote: three requests, one answered, one solved."""
    path = tmp_path / "maild.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA journal_mode = wal;")
        database.executescript(OLD.read_text())
    path.chmod(0o600)
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@contextmanager
def engine_of(path: Path) -> Iterator[Engine]:
    engine = Engine(url(path))
    try:
        yield engine
    finally:
        engine.close()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the first version, less the version itself."""
    with closing(sqlite3.connect(path)) as database:
        names = [line.split('"')[1] for line in OLD.read_text().splitlines()
                 if line.startswith("CREATE TABLE \"")]  # fmt: skip
        names.append("number")
        there = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        rows = {
            name: sorted(database.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for name in names
            if name in there
        }
    rows["note"] = [row for row in rows["note"] if row[0] != "version"]
    return rows


def version_in(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        (row,) = database.execute("SELECT value FROM note WHERE name = 'version'")
        return str(row[0])


def schema(path: Path) -> list[str]:
    """Each table and index in one spelling; those of a full-text index are SQLite's own."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return sorted(" ".join(str(row[0]).split()) for row in rows)


# -- from the first version to this one --------------------------------------------------------


def test_a_store_of_the_first_version_is_a_desk_again(old: Path) -> None:
    """Tickets, answers and letters are there, words are found, the accounts balance."""
    store = open_store(url(old))
    try:
        tickets, total = store.browse.tickets(Wanted())
        assert total == 3 and {t.subject for t in tickets} >= {"La zanahoria", "Otra cosa"}
        assert [t.subject for t in store.browse.search("aplicacion")] == ["Aplicación caída"]
        accounts = verify(store.engine)
        assert accounts.faults == [] and accounts.messages["reply"] == 5
    finally:
        store.close()
    assert version_in(old) == str(STORE_VERSION)


def test_it_is_what_a_new_store_would_be(old: Path, tmp_path: Path) -> None:
    """Whoever changes the tables without a step up from the version before fails here."""
    for path in (old, tmp_path / "new.db"):
        open_store(url(path)).close()
    assert schema(old) == schema(tmp_path / "new.db")


def test_a_copy_of_the_store_before_lies_beside_it(old: Path) -> None:
    """Whole, of the version before, its owner's alone; put in its place it is the old desk."""
    before = contents(old)
    left = old.with_name(".maild.db.v1.4711")
    left.write_text("of a start that was killed")
    (old.with_name("maild.db.v1")).write_text("of an upgrade that was taken back")
    open_store(url(old)).close()
    copy = old.with_name("maild.db.v1")
    assert contents(copy) == before and version_in(copy) == "1"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not left.exists()
    shutil.move(copy, old)
    open_store(url(old)).close()
    assert version_in(old) == str(STORE_VERSION)


def test_a_mail_another_process_has_just_taken_is_in_the_copy(old: Path) -> None:
    """What still lies in the write-ahead log, held open by others, belongs to the store."""
    with closing(sqlite3.connect(old)) as other:
        other.execute("INSERT INTO note VALUES ('late', 'x')")
        other.commit()
        other.execute("SELECT * FROM note").fetchone()
        open_store(url(old)).close()
        assert ("late", "x") in contents(old.with_name("maild.db.v1"))["note"]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_both_engines_go_the_same_way(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From each version to the last; a second time nothing happens."""
    where = url(tmp_path / "maild.db")
    if kind == "postgres":
        where = request.getfixturevalue("postgres_url")
    engine = Engine(where)
    for last in range(1, len(STEPS) + 1):
        prepare(engine, STEPS[:last])
        prepare(engine, STEPS[:last])
        (row,) = engine.rows("SELECT value FROM note WHERE name = 'version'")
        assert row[0] == str(last)
    engine.close()
    store = open_store(where)
    assert store.browse.tickets(Wanted()) == ([], 0)
    store.close()


# -- who may -----------------------------------------------------------------------------------


def test_not_under_a_running_daemon(old: Path, tmp_path: Path) -> None:
    """The new program is installed, the old daemon still runs: a command says 75 and changes
    nothing; a pipe from an MTA hears "later"; once it is stopped they work."""
    (tmp_path / "config.toml").write_text(CONFIG)
    before = contents(old)
    lock = os.open(tmp_path / "maild.db-lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the first version wrote no number into it
    listed = maild(tmp_path, "list")
    assert listed.returncode == 75 and b"stop that one first" in listed.stderr
    assert maild(tmp_path, "deliver", given=b"Subject: x\n\nx").returncode == 75
    assert contents(old) == before and version_in(old) == "1"
    assert not old.with_name("maild.db.v1").exists()
    os.close(lock)
    assert maild(tmp_path, "list").returncode == 0
    assert version_in(old) == str(STORE_VERSION)


def test_the_daemon_itself_may(old: Path) -> None:
    """It holds the lock already, and its number stands there."""
    lock = os.open(old.with_name("maild.db-lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with engine_of(old) as engine, pytest.raises(Temporary):
        prepare(engine)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    with engine_of(old) as engine:
        prepare(engine)
    os.close(lock)
    assert version_in(old) == str(STORE_VERSION)


def test_no_room_for_the_copy(old: Path, tmp_path: Path) -> None:
    """Then nothing is changed: 75, the store is as it was, and nothing is left beside it."""
    (tmp_path / "config.toml").write_text(CONFIG)
    before, small = contents(old), old.stat().st_size // 2
    limits = (small, small)
    done = subprocess.run(
        [sys.executable, "-m", "maild", "list"], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert contents(old) == before and version_in(old) == "1"
    assert not list(tmp_path.glob("*maild.db.v1*"))


def test_a_newer_store_is_refused_by_every_command(old: Path, tmp_path: Path) -> None:
    """Exit status 78, and not a byte is different."""
    (tmp_path / "config.toml").write_text(CONFIG)
    with closing(sqlite3.connect(old)) as database:
        newer = [str(STORE_VERSION + 1)]
        database.execute("UPDATE note SET value = ? WHERE name = 'version'", newer)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = old.read_bytes()
    for command in ("run", "list", "verify", "queue", "backup copy.db"):
        done = maild(tmp_path, *command.split())
        assert done.returncode == 78, (command, done.stderr)
        assert b"use the newer maild" in done.stderr
    assert old.read_bytes() == before
    with pytest.raises(StoreUnusable):
        open_store(url(old))


def test_the_versions_for_programs() -> None:
    """`maild --version --json`: the program, the store it writes, the contract it keeps."""
    done = maild(ROOT, "--version", "--json")
    said = json.loads(done.stdout)
    assert said == {"maild": __version__, "store": STORE_VERSION, "contract": 1}


def maild(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return commands.run(words, given=given, cwd=folder)


# -- killed on the way -------------------------------------------------------------------------


def pretended(engine: Engine) -> None:
    """A step as a later version may have one: a new table, a new column, a table made anew."""
    engine.execute("CREATE TABLE mood (ticket INTEGER PRIMARY KEY, word TEXT NOT NULL)")
    engine.execute("INSERT INTO mood SELECT id, lower(subject) FROM ticket")
    engine.execute("ALTER TABLE address ADD COLUMN calls INTEGER NOT NULL DEFAULT 0")
    engine.execute("CREATE TABLE fresh AS SELECT * FROM event")
    engine.execute("DROP TABLE event")
    engine.execute("ALTER TABLE fresh RENAME TO event")


UPGRADE = """
import sys
from maild.store.engine import Engine
from maild.store.migrations import STEPS, prepare
from tests.test_upgrades import pretended
prepare(Engine(sys.argv[1]), (*STEPS, pretended))
"""
#: what changes files; the process is killed on entering one of them
CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "link", "linkat", "unlink", "unlinkat")


def upgrade(path: Path, *before: str) -> int:
    """In a process of its own, with the pretended step as the last; its exit status."""
    command = [*before, sys.executable, "-c", UPGRADE, url(path)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=120
    ).returncode


def blows(folder: Path) -> list[tuple[str, int]]:
    """Every call of an upgrade that can be struck at, in their order: its name, and which of
    that name it is."""
    path, record = folder / "maild.db", folder / "calls"
    strace = program("strace", package="strace")
    upgrade(path, strace, "-f", "-qqq", "-e", f"trace={','.join(CALLS)}", "-o", str(record))
    seen: Counter[str] = Counter()
    order = []
    for line in record.read_text().splitlines():
        name = line.split(maxsplit=1)[1].partition("(")[0]
        seen[name] += 1
        order.append((name, seen[name]))
    return order


@pytest.mark.proof
def test_killed_at_twenty_points_of_an_upgrade(
    old: Path, tmp_path: Path, record_property: Any
) -> None:
    """Each time the store is wholly of the one version or of the other, with every row; a
    copy beside it is whole or not there; and the next start brings it to the end."""
    before = contents(old)
    for name in ("trial", "work"):
        (tmp_path / name).mkdir()
    shutil.copy(old, tmp_path / "trial" / "maild.db")
    points = blows(tmp_path / "trial")
    chosen = [points[len(points) * n // 20] for n in range(20)]
    assert len(set(chosen)) == 20 and len({name for name, _ in chosen}) > 2
    wanted, halfway = str(STORE_VERSION + 1), 0
    for name, count in chosen:
        shutil.rmtree(tmp_path / "work")
        (tmp_path / "work").mkdir()
        path = Path(shutil.copy(old, tmp_path / "work" / "maild.db"))
        strike = f"inject={name}:signal=SIGKILL:when={count}"
        strace = program("strace", package="strace")
        quiet = ("-f", "-qqq", "-e", f"trace={name}", "-e", strike, "-o", "/dev/null")
        assert upgrade(path, strace, *quiet) != 0, f"not killed at {name} {count}"
        assert version_in(path) in ("1", wanted)
        halfway += version_in(path) == "1"
        if version_in(path) == "1":
            assert contents(path) == before, (name, count)
        copy = path.with_name("maild.db.v1")
        if copy.exists():
            assert contents(copy) == before and version_in(copy) == "1"
        assert upgrade(path) == 0
        assert version_in(path) == wanted
        assert upgraded(contents(path)) == before, (name, count)
        assert contents(copy) == before
    assert halfway >= 10  # most blows fell before the end
    record_property("figure", "20 kills, 0 rows lost, 20 of 20 restarts finished the upgrade")
    record_property("target", "0 lost, all restart")


def upgraded(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Those rows without what the pretended step has added to them."""
    assert all(row[-1] == 0 for row in rows["address"])
    return {**rows, "address": [row[:-1] for row in rows["address"]]}
