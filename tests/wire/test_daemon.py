"""The daemon's own conduct: starting, stopping, reloading, and what it does in trouble."""

import errno
import os
import smtplib
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.servers.programs import needs_root
from tests.servers.sink import Sink
from tests.servers.talk import Talk
from tests.wire.desk import Desk, as_sent, is_letter, mail, wait_until

pytestmark = pytest.mark.wire

LUIS = "Luis Pérez <luis@x.test>"


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Iterator[Desk]:
    """A desk that runs."""
    with Desk(tmp_path, sink=sink, forked=False) as desk:
        yield desk


# -- starting ---------------------------------------------------------------------------------


def test_a_second_daemon_on_the_store_leaves_with_75(desk: Desk) -> None:
    """It says why in one line; the first one goes on."""
    second = desk.run("run")
    assert second.returncode == 75
    assert second.stdout == b""
    (line,) = second.stderr.decode().splitlines()
    assert "another maild" in line and str(desk.folder) in line
    desk.send(mail(LUIS))
    assert desk.letter("acknowledgement", "luis@x.test")


def test_a_taken_port_is_named(tmp_path: Path, sink: Sink) -> None:
    """Exit 2 and a line that says which address can't be had."""
    desk = Desk(tmp_path, sink=sink, port=sink.port, forked=False)
    done = desk.run("run")
    assert done.returncode == 2
    assert f"127.0.0.1:{sink.port}" in done.stderr.decode().splitlines()[-1]
    assert b"Traceback" not in done.stderr


def _damage(store: Path) -> None:
    with sqlite3.connect(store) as database:  # what waits in the log would heal the file
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = bytearray(store.read_bytes())
    content[4096 : 4096 * 6] = os.urandom(4096 * 5)
    store.write_bytes(content)


def _age_backwards(store: Path) -> None:
    with sqlite3.connect(store) as database:
        database.execute("UPDATE note SET value = '999' WHERE name = 'version'")
    database.close()


@pytest.mark.parametrize("harm", [_damage, _age_backwards])
def test_an_unusable_store_opens_no_door(tmp_path: Path, harm: object) -> None:
    """Exit 78 and one line; nothing listens at any time, and the file stays as it was."""
    desk = Desk(tmp_path, forked=False)
    assert desk.start().stop() == 0
    store = tmp_path / "var/maild.db"
    harm(store)  # type: ignore[operator]
    before = store.read_bytes()
    answered = False
    desk.spawn()
    while desk.daemon and desk.daemon.poll() is None:
        with socket.socket() as client:
            answered |= client.connect_ex(("127.0.0.1", desk.port)) == 0
    assert desk.wait() == 78
    assert not answered
    assert store.read_bytes() == before
    assert "Traceback" not in desk.log
    assert desk.run("list").returncode == 78


# -- stopping ---------------------------------------------------------------------------------


def test_sigterm_with_work_in_hand(tmp_path: Path, sink: Sink) -> None:
    """Exit 0 within ten seconds; a mail half-way through DATA is taken, letters are kept."""
    sink.delay = 0.2
    desk = Desk(tmp_path, sink=sink, forked=False).start()
    for number in range(12):
        desk.send(mail(f"c{number}@x.test", f"n{number}"))
    with Talk(desk.port) as talk:
        talk.begin()
        talk.raw(b"From: late@x.test\r\nSubject: late\r\n\r\nhalf of it")
        assert desk.daemon
        desk.daemon.terminate()
        desk.await_log("stopping")
        assert talk.say(b"\r\n.").startswith("250")
        assert desk.wait(seconds=10) == 0
    assert "Traceback" not in desk.log
    sink.delay = 0
    with desk:
        desk.await_quiet()
        assert len(desk.tickets()) == 13
    copies = [m["Message-ID"] for m in desk.letters()]
    assert len(copies) == len(set(copies)) == 26


# -- reloading --------------------------------------------------------------------------------


def test_a_changed_config_is_active_within_two_seconds(desk: Desk) -> None:
    """No signal needed; connections are accepted all the while."""
    refused, stop = [], threading.Event()

    def knock() -> None:
        while not stop.is_set():
            try:
                Talk(desk.port).close()
            except OSError as error:
                refused.append(error)

    thread = threading.Thread(target=knock)
    thread.start()
    desk.configure(more='[[rule]]\nname = "x"\nwhen = {}\nthen.tags = ["changed"]\n')
    begun = time.monotonic()
    desk.await_log("reloaded")
    took = time.monotonic() - begun
    desk.send(mail(LUIS))
    wait_until(desk.tickets)
    stop.set()
    thread.join()
    assert desk.tickets()[0]["tags"] == ["changed"]
    assert refused == []
    assert took < 2, f"{took:.1f} s"


def test_a_broken_config_changes_nothing(desk: Desk) -> None:
    """It is logged with its line and mailed to the admins; the next good one is taken."""
    good = desk.config.read_text()
    desk.write_config(good + "\n[[rule]]\nname = 3\nwen.from = 'x'\n")
    letter = desk.letter("admin", "admin@acme.test")
    assert "wen" in str(letter.get_body(("plain",)))
    assert "wen" in desk.log
    desk.send(mail(LUIS))
    assert desk.letter("acknowledgement", "luis@x.test")
    desk.write_config(good)
    desk.await_log("reloaded")
    assert [m for m in desk.letters() if is_letter(m, "admin", "")][1:] == []


def test_a_reload_that_cannot_have_its_port(desk: Desk, sink: Sink) -> None:
    """The old door stays open; a good port then replaces it, and the old one is closed."""
    old = desk.port
    desk.configure(port=sink.port)
    desk.await_log("is not used")
    Talk(old).close()
    desk.configure(port=free_port())
    desk.await_log("reloaded")
    assert Talk(desk.port).greeting.startswith("220")
    wait_until(lambda: _refuses(old), seconds=10)


def _refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_another_store_needs_a_restart(desk: Desk) -> None:
    """A reload can't change the store under a running desk."""
    desk.configure(store="sqlite:///var/other.db")
    desk.await_log("needs a restart")
    desk.send(mail(LUIS))
    assert desk.letter("acknowledgement", "luis@x.test")


def test_sighup_reloads(desk: Desk) -> None:
    """Also where the file has not changed (but a template has)."""
    assert desk.daemon
    desk.daemon.send_signal(1)
    desk.await_log("reloaded")
    desk.send(mail(LUIS))
    assert desk.letter("agent-new", "ana@acme.test")


# -- a part that dies -------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["door", "worker", "delivery"])
def test_a_part_that_is_killed_is_started_again(desk: Desk, part: str) -> None:
    """kill -9 of one part: mail goes on, nothing is lost, nobody is told twice."""
    for number in range(10):
        desk.send(mail(f"c{number}@x.test", f"n{number}"))
    before = desk.parts()[part]
    os.kill(before, 9)
    wait_until(lambda: desk.parts().get(part, before) != before)
    for number in range(10, 20):
        desk.send(mail(f"c{number}@x.test", f"n{number}"))
    desk.await_quiet()
    assert {t["subject"] for t in desk.tickets()} == {f"n{n}" for n in range(20)}
    letters = desk.letters()
    assert len({m["Message-ID"] for m in letters}) == 40
    assert len(letters) <= 40 + (4 if part == "delivery" else 0)


def test_parts_die_with_the_main_process(desk: Desk) -> None:
    """After kill -9 nobody keeps the port or the store; a new daemon starts at once."""
    parts = desk.parts()
    assert set(parts) >= {"door", "worker", "delivery"}
    desk.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts.values()))
    desk.start()


# -- a store in trouble -----------------------------------------------------------------------


def _send(desk: Desk, number: int) -> int:
    """One SMTP transaction; the code of the refusal, or 250."""
    try:
        desk.send(mail(f"c{number}@x.test", f"n{number}", "x" * 20_000))
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    return 250


def test_a_locked_store_stops_no_door(desk: Desk) -> None:
    """What comes meanwhile is durable at once, and a ticket as soon as that is possible."""
    store = sqlite3.connect(desk.folder / "var/maild.db", isolation_level=None)
    store.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    assert [_send(desk, number) for number in range(3)] == [250, 250, 250]
    assert time.monotonic() - begun < 2
    desk.await_log("can't be used now", seconds=30)
    store.execute("ROLLBACK")
    store.close()
    assert desk.letter("acknowledgement", "c2@x.test")
    assert len(desk.tickets()) == 3
    assert "Traceback" not in desk.log


def test_locked_arrivals_put_mail_off(desk: Desk) -> None:
    """451 after the busy time, other clients are greeted meanwhile; then it works again."""
    store = sqlite3.connect(desk.folder / "var/maild.db-arrivals", isolation_level=None)
    store.execute("BEGIN EXCLUSIVE")
    codes: list[int] = []
    sender = threading.Thread(target=lambda: codes.append(_send(desk, 1)))
    begun = time.monotonic()
    sender.start()
    while sender.is_alive():
        knocked = time.monotonic()
        with Talk(desk.port) as talk:
            assert talk.greeting.startswith("220")
        assert time.monotonic() - knocked < 1
        sender.join(0.5)
    assert codes == [451]
    assert time.monotonic() - begun < 25
    store.execute("ROLLBACK")
    store.close()
    assert _send(desk, 1) == 250
    assert desk.letter("acknowledgement", "c1@x.test")
    assert "Traceback" not in desk.log


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 80 MB: the door asks for 64 MB of room before it takes anything."""
    needs_root("mounting a tmpfs")
    folder = Path(tempfile.mkdtemp(prefix="maild-small-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no tmpfs here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_puts_mail_off(tmp_path: Path, sink: Sink, small_disk: Path) -> None:
    """Only 4xx, no acknowledged mail is lost, and it works again without a restart."""
    sink.delay = 0.5  # letters are on their way while the disk is full
    more = 'max_size = "1MB"'
    desk = Desk(tmp_path, sink=sink, store=f"sqlite:///{small_disk}/maild.db", forked=False)
    desk.write_config(desk.config.read_text().replace("[smtp]", f"[smtp]\n{more}"))
    with desk:
        codes = [_send(desk, number) for number in range(20)]
        ballast = small_disk / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"x" * 100_000)
        codes += [_send(desk, number) for number in range(20, 30)]
        assert set(codes) == {250, 452}
        desk.await_log("can't be used now", seconds=30)
        assert (
            desk.run("deliver", given=as_sent(mail(LUIS, "y", "x" * 500_000))).returncode == 75
        )
        ballast.unlink()
        wait_until(lambda: _send(desk, 100) == 250, seconds=30)
        desk.await_quiet()
        taken = {f"n{n}" for n, code in enumerate(codes) if code == 250} | {"n100"}
        assert {t["subject"] for t in desk.tickets()} == taken
        assert "Traceback" not in desk.log
        letters = [m["Message-ID"] for m in desk.letters()]
        assert len(letters) == len(set(letters)) == 2 * len(taken)


def test_a_database_server_that_goes_and_comes(
    tmp_path: Path, sink: Sink, postgres: Postgres
) -> None:
    """PostgreSQL crashes under the desk: 451 meanwhile, then on without a restart."""
    with Desk(tmp_path, sink=sink, store=postgres.fresh(), forked=False) as desk:
        codes = [_send(desk, number) for number in range(10)]
        parts = desk.parts()
        postgres.stop()
        try:
            codes += [_send(desk, number) for number in range(10, 13)]
            assert desk.run("deliver", given=as_sent(mail(LUIS))).returncode == 75
        finally:
            postgres.start()
        wait_until(lambda: _send(desk, 100) == 250, seconds=30)
        assert codes == [250] * 10 + [451] * 3
        desk.await_quiet()
        assert {t["subject"] for t in desk.tickets()} == {f"n{n}" for n in (*range(10), 100)}
        assert len({m["Message-ID"] for m in desk.letters()}) == 22
        assert desk.parts() == parts
        assert "Traceback" not in desk.log


# -- maild deliver ----------------------------------------------------------------------------


def test_deliver_with_and_without_a_daemon(tmp_path: Path, sink: Sink) -> None:
    """A pipe's mail is durable at exit 0 and worked on by whichever daemon runs next."""
    desk = Desk(tmp_path, sink=sink, forked=False)
    first = as_sent(mail(LUIS, "primero"))
    assert desk.run("deliver", given=first).returncode == 0
    with desk:
        assert desk.letter("acknowledgement", "luis@x.test")
        path = tmp_path / "second.eml"
        path.write_bytes(as_sent(mail("eva@x.test", "segundo")))
        assert desk.run("deliver", "--sender", "eva@x.test", str(path)).returncode == 0
        assert desk.letter("acknowledgement", "eva@x.test")
        assert desk.run("deliver", given=first).returncode == 0
        desk.await_quiet()
        assert [t["subject"] for t in desk.tickets()] == ["primero", "segundo"]


def test_deliver_that_cannot_be_durable_says_75(tmp_path: Path) -> None:
    """A store locked by somebody else: try again later, and in a line why."""
    desk = Desk(tmp_path, forked=False)
    assert desk.run("deliver", given=as_sent(mail(LUIS))).returncode == 0
    store = sqlite3.connect(tmp_path / "var/maild.db", isolation_level=None)
    store.execute("BEGIN EXCLUSIVE")
    done = desk.run("deliver", given=as_sent(mail(LUIS, "zwei")))
    store.execute("ROLLBACK")
    store.close()
    assert done.returncode == 75
    assert len(done.stderr.decode().splitlines()) == 1
    assert desk.run("deliver", str(tmp_path / "no such file")).returncode == 75
    assert desk.run("deliver", given=b"").returncode == 2
