"""Mail between door and inbox: durable, numbered, entered once, and gone without a trace."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from maild.cli.main import app
from maild.errors import StoreUnusable, Temporary
from maild.ingest.mailbox import MailboxItem, Place
from maild.jobs import Arrivals as Entering
from maild.model.mail import Envelope
from maild.store import Store, open_store
from maild.store.ledger import verify
from tests.stories.office import Office

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SMTP = Envelope("smtp", "luis@x.test", ("soporte@acme.test", "ñ@acme.test"), "192.0.2.1")
PIPE = Envelope("pipe")
NOWHERE = Envelope(None)  # type: ignore[arg-type]  # no such row can be stored


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store in a file."""
    opened = open_store(f"sqlite:///{tmp_path}/maild.db", StoppedClock())
    yield opened
    opened.close()


def raw(number: int, *, body: str = "Hola") -> bytes:
    head = f"Message-ID: <m{number}@x.test>\r\nFrom: luis@x.test\r\nSubject: n{number}\r\n"
    return f"{head}\r\n{body}\r\n".encode()


def inbox(store: Store) -> list[tuple[int, str, str | None, int | None]]:
    """Number, state, outcome and first copy of every row."""
    return store.engine.rows("SELECT id, state, outcome, same_as FROM intake ORDER BY id")


def test_a_mail_keeps_the_number_the_door_was_given(store: Store) -> None:
    """Out of the inbox until it is entered; then whole, with its envelope and its time."""
    assert store.doorstep.take_many([(raw(1), SMTP), (raw(2), SMTP)]) == [1, 2]
    assert inbox(store) == []
    assert store.intake.enter() == 2
    item = store.intake.item(2)
    assert item is not None
    assert (item.raw, item.envelope, item.received) == (raw(2), SMTP, NOW)
    assert [item.id for item in store.intake.claim(10)] == [1, 2]


def test_entering_again_changes_nothing(store: Store) -> None:
    """As after a crash between the commit in the store and the removal from the arrivals."""
    store.doorstep.take_many([(raw(1), SMTP), (raw(2), SMTP)])
    store.intake.enter_all()
    before = inbox(store)
    assert store.arrivals is not None
    assert store.arrivals.has_any()  # not removed yet
    again = open_store(store.engine.url, StoppedClock())
    assert again.intake.enter() == 0
    assert inbox(again) == before
    assert again.doorstep.take(raw(3), SMTP) == 3
    assert again.intake.enter() == 1
    assert [row[0] for row in inbox(again)] == [1, 2, 3]
    assert verify(again.engine).balanced
    again.close()


def test_all_doors_give_numbers_in_one_row(store: Store) -> None:
    """The order of arrival is the order of the inbox, whoever took a mail, without a gap."""
    assert store.doorstep.take(raw(1), SMTP) == 1
    assert store.intake.take(raw(2), PIPE) == 2
    assert store.doorstep.take(raw(3), SMTP) == 3
    assert store.doorstep.take(raw(4), SMTP) == 4
    assert store.intake.take_many([(raw(5), PIPE), (raw(6), PIPE)]) == [5, 6]
    assert [row[0] for row in inbox(store)] == [1, 2, 3, 4, 5, 6]
    assert verify(store.engine).balanced


def test_a_copy_is_known_when_it_is_entered(store: Store) -> None:
    """Of a mail in the inbox, of one that arrived before, and of both again."""
    store.intake.take(raw(1), PIPE)
    store.doorstep.take_many([(raw(1), SMTP), (raw(2), SMTP), (raw(2), SMTP)])
    store.intake.enter_all()
    store.doorstep.take(raw(2), SMTP)
    assert store.intake.take(raw(2), PIPE) == 3
    assert inbox(store) == [
        (1, "new", None, None),
        (2, "done", "duplicate", 1),
        (3, "new", None, None),
        (4, "done", "duplicate", 3),
        (5, "done", "duplicate", 3),
        (6, "done", "duplicate", 3),
    ]
    assert verify(store.engine).balanced


BOX = Place("main", "INBOX", 7)


def in_mailbox(*uids: int) -> list[MailboxItem]:
    envelope = Envelope("imap:main", department="soporte")
    return [MailboxItem(BOX, uid, raw(uid), envelope) for uid in uids]


def test_mail_of_a_mailbox_arrives_with_its_place(store: Store) -> None:
    """Its UID is known as soon as it is asked for, and once more after it was entered twice."""
    store.mailboxes.open_mailbox(BOX, NOW)
    assert store.mailboxes.take_from_mailbox(in_mailbox(41, 42)) == [1, 2]
    assert inbox(store) == []  # not entered yet
    assert store.mailboxes.known(BOX, [41, 42, 43]) == {41, 42}
    store.mailboxes.take_from_mailbox(in_mailbox(42, 43))  # by a watcher that did not ask
    assert store.mailboxes.highest(BOX) == 43
    assert [row[1:] for row in inbox(store)] == [
        ("new", None, None),
        ("new", None, None),
        ("done", "duplicate", 2),
        ("new", None, None),
    ]


def test_marks_are_remembered_of_mail_not_entered(store: Store) -> None:
    """The server was told of two; the third is still to be moved."""
    store.mailboxes.open_mailbox(BOX, NOW)
    store.mailboxes.take_from_mailbox(in_mailbox(41, 42, 43))
    store.mailboxes.mark_done(BOX, [41, 43])
    assert store.mailboxes.unmarked(BOX) == [42]


def test_a_place_moves_with_its_mail(store: Store) -> None:
    """A backup in the store's place gives what waits another number, and the same UID."""
    store.mailboxes.take_from_mailbox(in_mailbox(41))
    assert store.arrivals is not None
    with sqlite3.connect(store.arrivals.path) as file:
        file.execute("PRAGMA foreign_keys=on")
        file.execute("UPDATE mail SET id = 9")
    assert store.intake.settle()
    assert store.mailboxes.known(BOX, [41]) == {41}
    assert [row[0] for row in inbox(store)] == [1]


def test_a_door_waits_for_no_writer(store: Store) -> None:
    """While somebody decides, and for as long as he likes, mail is taken."""
    with store.write():
        took = []

        def door() -> None:
            began = time.monotonic()
            store.doorstep.take(raw(1), SMTP)
            took.append(time.monotonic() - began)
            store.close()

        thread = threading.Thread(target=door)
        thread.start()
        thread.join(20)
        assert took
        assert took[0] < 2


def test_a_large_mail_is_entered_alone(store: Store) -> None:
    """What is entered at once is bounded in bytes."""
    large = raw(1, body="x" * 9_000_000)
    store.doorstep.take_many([(large, SMTP), (raw(2), SMTP), (raw(3), SMTP)])
    assert store.intake.enter() == 1
    assert store.intake.enter() == 2
    assert store.intake.enter() == 0


def test_large_and_small_come_out_as_they_went_in(store: Store) -> None:
    """What is written into its row piece by piece, and what goes with its statement."""
    bodies = ["Hola", "x" * 999_000, "y" * 1_000_000, "ñ" * 2_000_000]
    mails = [raw(number, body=body) for number, body in enumerate(bodies)]
    store.doorstep.take_many([(mail, SMTP) for mail in mails])
    store.intake.enter_all()
    assert [item.raw for item in store.intake.claim(10)] == mails
    assert store.intake.take(mails[3], PIPE) == 4  # known again
    store.intake.take(raw(9, body=bodies[2]), PIPE)
    last = store.intake.item(6)
    assert last is not None
    assert last.raw == raw(9, body=bodies[2])


def test_a_failure_takes_none(store: Store) -> None:
    """All of a batch or nothing, and the numbers go on where they were."""
    with pytest.raises(sqlite3.IntegrityError):
        store.doorstep.take_many([(raw(1), SMTP), (raw(2), NOWHERE)])
    assert store.doorstep.take(raw(1), SMTP) == 1


def test_locked_arrivals_mean_later(store: Store) -> None:
    """`Temporary` (451 at the door) while somebody holds the file, then it works again."""
    store.doorstep.take(raw(1), SMTP)
    assert store.arrivals is not None
    other = sqlite3.connect(store.arrivals.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Temporary, match=r"db-arrivals can't be used now"):
        store.doorstep.take(raw(2), SMTP)
    other.execute("ROLLBACK")
    other.close()
    assert store.doorstep.take(raw(2), SMTP) == 2


def test_damaged_arrivals_are_not_overlooked(store: Store) -> None:
    """There may be mail in there: nobody opens such a desk as if nothing were wrong."""
    store.doorstep.take_many([(raw(n, body="x" * 9000), SMTP) for n in range(50)])
    assert store.arrivals is not None
    store.arrivals.scour()  # all of it stands in the file itself
    store.close()
    with store.arrivals.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)
    with pytest.raises(StoreUnusable, match="arrivals is damaged"):
        open_store(store.engine.url)


def test_a_moment_of_rest_leaves_no_byte(store: Store, tmp_path: Path) -> None:
    """What was entered is in the store and nowhere else; what was not stays."""
    secret = b"zanahoria" * 5
    store.doorstep.take(raw(1, body=secret.decode()), SMTP)
    assert store.arrivals is not None
    store.arrivals.tidy()
    assert store.intake.enter() == 1
    assert any(secret in path.read_bytes() for path in tmp_path.glob("*-arrivals*"))
    store.arrivals.tidy()
    assert not any(secret in path.read_bytes() for path in tmp_path.glob("*-arrivals*"))
    assert not store.arrivals.has_any()
    assert store.doorstep.take(raw(2), SMTP) == 2


def test_the_timetable_enters_it_too(store: Store) -> None:
    """Even while no worker lives, whoever looks into the inbox finds it."""
    store.doorstep.take(raw(1), SMTP)
    assert Entering(store).run(NOW)
    assert not Entering(store).run(NOW)
    assert store.gauges.oldest_intake() == NOW


# -- another store in its place ---------------------------------------------------------------


def test_an_older_store_in_its_place_loses_nothing(store: Store, tmp_path: Path) -> None:
    """A backup is put back while mail waits: it gets the numbers that are free there."""
    store.intake.take_many([(raw(n), PIPE) for n in range(3)])
    copy = sqlite3.connect(tmp_path / "copy.db")
    with sqlite3.connect(store.engine.path) as source:
        source.backup(copy)
    copy.close()
    source.close()
    store.intake.take_many([(raw(n), PIPE) for n in range(3, 8)])
    assert store.doorstep.take_many([(raw(8), SMTP), (raw(9), SMTP)]) == [9, 10]
    _replace(store, tmp_path / "copy.db")
    restored = open_store(store.engine.url, StoppedClock())
    assert [row[0] for row in inbox(restored)] == [1, 2, 3, 4, 5]
    assert restored.browse.raw(4) == raw(8)
    assert restored.doorstep.take(raw(10), SMTP) == 6
    restored.intake.enter_all()
    assert verify(restored.engine).balanced
    restored.close()


def test_a_store_of_another_desk_loses_nothing(store: Store, tmp_path: Path) -> None:
    """Its numbers are taken by other mail: what waits comes after them."""
    other = open_store(f"sqlite:///{tmp_path}/other.db", StoppedClock())
    other.intake.take_many([(raw(n), PIPE) for n in range(20, 25)])
    other.close()
    assert store.doorstep.take_many([(raw(1, body="Hola!"), SMTP), (raw(2), SMTP)]) == [1, 2]
    _replace(store, tmp_path / "other.db")
    restored = open_store(store.engine.url, StoppedClock())
    assert [row[0] for row in inbox(restored)] == [1, 2, 3, 4, 5, 6, 7]
    assert restored.browse.raw(7) == raw(2)
    restored.close()


def _replace(store: Store, file: Path) -> None:
    """As an operator does it."""
    store.close()
    for left in ("-wal", "-shm"):
        store.engine.path.with_name(store.engine.path.name + left).unlink(missing_ok=True)
    file.replace(store.engine.path)


# -- killed at any moment ---------------------------------------------------------------------


def test_killed_at_any_moment_nothing_is_lost_or_entered_twice(tmp_path: Path) -> None:
    """A process that takes, enters and tidies is killed 30 times: every number it has named
    leads to its mail, and no number is missing."""
    url, draw = f"sqlite:///{tmp_path}/maild.db", Random(5)
    open_store(url).close()
    named: dict[int, int] = {}
    for life in range(30):
        hear, tell = os.pipe()
        if (pid := os.fork()) == 0:
            _live_until_killed(url, life, tell)
        os.close(tell)
        first = os.read(hear, 1)  # it lives
        time.sleep(draw.uniform(0.0, 0.08))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(hear, "rb") as told:
            lines = (first + told.read()).splitlines(keepends=True)
        for line in lines:
            if line.endswith(b"\n"):
                mail, number = map(int, line.split())
                named[number] = mail
    store = open_store(url)
    assert len(named) > 30
    for number, mail in named.items():
        assert store.browse.raw(number) == raw(mail), f"in{number}"
    assert verify(store.engine).balanced
    store.close()


def _live_until_killed(url: str, life: int, tell: int) -> None:
    try:
        store = open_store(url)
        assert store.arrivals is not None
        mail = life * 1_000_000
        while True:
            mail += 1
            door = store.intake if mail % 5 == 0 else store.doorstep
            number = door.take(raw(mail), SMTP)
            os.write(tell, f"{mail} {number}\n".encode())
            if mail % 3 == 0:
                store.intake.enter()
            if mail % 7 == 0:
                store.arrivals.tidy()
    finally:
        os._exit(1)


def test_doors_and_workers_at_once(tmp_path: Path) -> None:
    """Two doors, a pipe and two who enter, all at the same time: each mail once, no gap."""
    url = f"sqlite:///{tmp_path}/maild.db"
    stores = [open_store(url) for _ in range(5)]
    done = threading.Event()
    named: list[tuple[int, int]] = []

    def take(store: Store, part: int) -> None:
        door = store.intake if part == 2 else store.doorstep
        for mail in range(part, 150, 3):
            named.append((door.take(raw(mail), SMTP), mail))
        store.close()

    def enter(store: Store) -> None:
        assert store.arrivals is not None
        while not done.is_set():
            store.intake.enter()
            store.arrivals.tidy()
        store.close()

    doors = [threading.Thread(target=take, args=(stores[n], n)) for n in range(3)]
    enterers = [threading.Thread(target=enter, args=(stores[n],)) for n in (3, 4)]
    for thread in (*doors, *enterers):
        thread.start()
    for thread in doors:
        thread.join(60)
    done.set()
    for thread in enterers:
        thread.join(60)
    store = open_store(url)
    assert sorted(number for number, _ in named) == list(range(1, 151))
    assert all(store.browse.raw(number) == raw(mail) for number, mail in named)
    assert verify(store.engine).balanced
    store.close()


# -- commands ---------------------------------------------------------------------------------


def maild(office: Office, *words: str) -> str:
    done = CliRunner().invoke(app, ["-c", str(office.folder / "config.toml"), *words])
    assert done.exit_code == 0, done.output
    return done.output


def arrive(office: Office, number: int = 1, *, body: str = "Hola") -> None:
    """A mail that only the arrivals hold."""
    office.store.doorstep.take(raw(number, body=body), SMTP)
    assert office.store.engine.one("SELECT count(*) FROM intake") == (number - 1,)


def test_the_queue_shows_what_has_just_arrived(tmp_path: Path) -> None:
    """`maild queue` and `queue raw` find it."""
    office = Office(tmp_path)
    arrive(office)
    assert "in1" in maild(office, "queue")
    assert "n1" in maild(office, "queue", "raw", "in1")


def test_verify_accounts_for_it(tmp_path: Path) -> None:
    """It waits, as any mail that nobody has looked at yet."""
    office = Office(tmp_path)
    arrive(office)
    assert "arrived 1 = 1 waiting" in maild(office, "verify")


def test_a_backup_holds_it(tmp_path: Path) -> None:
    """The copy alone is the whole desk."""
    office = Office(tmp_path)
    arrive(office)
    maild(office, "backup", str(tmp_path / "copy.db"))
    copy = open_store(f"sqlite:///{tmp_path}/copy.db")
    assert copy.browse.raw(1) == raw(1)
    assert copy.intake.waiting() == 1
    copy.close()


def test_a_person_is_forgotten_there_too(tmp_path: Path) -> None:
    """Mail of his that has only just arrived opens nothing, and no file holds a word of it."""
    office = Office(tmp_path)
    word = "berenjena"
    arrive(office, body=word)
    maild(office, "forget", "luis@x.test")
    assert office.worker.work() == 0
    assert verify(office.store.engine).messages == {"forgotten": 1}
    office.store.close()
    for path in (tmp_path / "var").rglob("*"):
        assert path.is_dir() or word.encode() not in path.read_bytes(), path
