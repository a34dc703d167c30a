"""A backup, made while mail goes on coming in, is the desk again."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.errors import ConfigError, MaildError
from maild.model.mail import Envelope
from maild.store import open_store
from maild.store.backup import back_up
from maild.store.browse import Wanted
from maild.store.ledger import verify
from tests.servers.postgres import Postgres
from tests.stories.office import Office


def run(office: Office, *words: str) -> int:
    config = str(office.folder / "config.toml")
    done = CliRunner().invoke(app, ["-c", config, *words])
    fault = done.exception
    return fault.exit_code if isinstance(fault, MaildError) else done.exit_code


def desk_in(folder: Path) -> Office:
    folder.mkdir()
    return Office(folder)


def told_story(office: Office) -> None:
    """Some requests, answered."""
    for number in range(5):
        office.write(f"c{number}@x.test", f"Asunto {number}")
        notice = next(n for n in office.letters() if n.to == "ana@acme.test")
        office.answer(notice, "#tomar\nHola.")
    office.letters()


@contextmanager
def mail_coming_in(office: Office) -> Iterator[list[int]]:
    """Mail is taken all the while, as fast as it goes; at least twenty before the start."""
    stop, enough = threading.Event(), threading.Event()
    taken: list[int] = []

    def keep_taking() -> None:
        while not stop.is_set():
            raw = f"Message-ID: <n{len(taken)}@x.test>\r\nFrom: n@x.test\r\n\r\nHola".encode()
            taken.append(office.store.intake.take(raw, Envelope("pipe")))
            if len(taken) == 20:
                enough.set()
        office.store.close()

    writer = threading.Thread(target=keep_taking, daemon=True)
    writer.start()
    assert enough.wait(20)
    try:
        yield taken
    finally:
        stop.set()
        writer.join()


def test_a_copy_in_the_stores_place_is_the_desk(tmp_path: Path) -> None:
    """Made during writes: whole, balanced, with the same tickets; and mail goes on there."""
    office = desk_in(tmp_path / "old")
    told_story(office)
    office.store.close()
    copy = tmp_path / "copy.db"
    with mail_coming_in(office) as taken:
        before = len(taken)
        assert run(office, "backup", str(copy)) == 0
        after = len(taken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "old"]

    restored = desk_in(tmp_path / "new")
    restored.store.close()
    for left in (tmp_path / "new/var").iterdir():
        left.unlink()
    shutil.copy(copy, tmp_path / "new/var/maild.db")
    restored.configure()
    assert verify(restored.store.engine).faults == []
    assert 20 <= before <= restored.store.intake.waiting() <= after + 1
    old = office.store.browse.tickets(Wanted(limit=5))
    assert restored.store.browse.tickets(Wanted(limit=5)) == old
    assert restored.store.secret() == office.store.secret()
    restored.write("eva@y.test", "Nueva")
    assert not restored.troubles


def test_what_was_sent_is_not_sent_again(tmp_path: Path) -> None:
    """Letters that had left before the copy have left in it, too."""
    office = Office(tmp_path)
    told_story(office)
    back_up(office.store.engine, tmp_path / "copy.db")
    store = open_store(f"sqlite:///{tmp_path}/copy.db", office.clock)
    assert store.outbox.claim(office.clock.now(), 10) == []


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """A file that is there stays as it is; exit status 2."""
    office = Office(tmp_path)
    there = tmp_path / "there"
    there.write_text("mine")
    assert run(office, "backup", str(there)) == 2
    assert there.read_text() == "mine"
    assert run(office, "backup", str(tmp_path / "no/such/folder")) == 2


def test_a_damaged_copy_is_no_backup(tmp_path: Path) -> None:
    """What could not be copied whole leaves no file under its name."""
    office = Office(tmp_path)
    engine = office.store.engine
    told_story(office)
    engine.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.close()
    with engine.path.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(MaildError):
        back_up(engine, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Mail is nobody else's business."""
    office = Office(tmp_path)
    back_up(office.store.engine, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_postgres_is_dumped_and_restored(tmp_path: Path, postgres: Postgres) -> None:
    """pg_dump's custom format, whole again in an empty database."""
    office = Office(tmp_path, url=postgres.fresh())
    told_story(office)
    assert run(office, "backup", str(tmp_path / "copy")) == 0
    empty = postgres.fresh()
    restore = [postgres.program("pg_restore"), "--dbname", empty, str(tmp_path / "copy")]
    subprocess.run(restore, check=True)
    store = open_store(empty, office.clock)
    assert verify(store.engine).faults == []
    assert store.browse.tickets(Wanted()) == office.store.browse.tickets(Wanted())
    store.close()
    with pytest.raises(ConfigError, match="exists already"):
        back_up(office.store.engine, tmp_path / "copy")


def test_the_copy_is_an_ordinary_sqlite_file(tmp_path: Path) -> None:
    """Nothing but one file: no journal has to travel with it."""
    office = Office(tmp_path)
    told_story(office)
    back_up(office.store.engine, tmp_path / "copy.db")
    (tmp_path / "away").mkdir()
    shutil.copy(tmp_path / "copy.db", tmp_path / "away/c.db")
    copy = sqlite3.connect(f"file:{tmp_path}/away/c.db?immutable=1", uri=True)
    assert copy.execute("SELECT count(*) FROM ticket").fetchone() == (5,)
    copy.close()
