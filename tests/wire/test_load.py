"""A busy hour in a minute: many mails, many connections, a backup in the middle of it."""

import resource
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.servers.sink import Sink
from tests.servers.talk import Talk
from tests.wire.desk import Desk, as_sent, mail, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.proof]

Record = Callable[[str, object], None]
PATIENT = """
max_connections = 100
max_per_address = 100
"""


def _resident(pid: int) -> float:
    """MB of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _send(desk: Desk, who: int, count: int) -> list[float]:
    """Mails over one connection; seconds from the final dot to its 250."""
    waits = []
    with Talk(desk.port, seconds=60) as talk:
        talk.say("EHLO c.test")
        for number in range(count):
            raw = as_sent(
                mail(f"c{who}.{number}@x.test", f"mark-{who}-{number}", "hola " * 300)
            )
            talk.say(f"MAIL FROM:<c{who}.{number}@x.test>")
            talk.say("RCPT TO:<soporte@acme.test>")
            assert talk.say("DATA").startswith("354")
            talk.raw(raw)
            begun = time.monotonic()
            talk.raw(b".\r\n")
            assert talk.hear().startswith("250")
            waits.append(time.monotonic() - begun)
    return waits


def _percentile(waits: list[float], share: float) -> float:
    return sorted(waits)[int(len(waits) * share)]


def test_four_thousand_mails(tmp_path: Path, sink: Sink, record_property: Record) -> None:
    """Over four connections: each is taken within a second and all are worked off soon; the
    store's log stays small."""
    connections, each = 4, 1000
    with Desk(tmp_path, sink=sink, forked=False) as desk:
        _warm_up(desk)
        begun = time.monotonic()
        with _watched(tmp_path / "var") as largest, ThreadPoolExecutor(connections) as pool:
            sent = pool.map(lambda who: _send(desk, who, each), range(connections))
            waits = [wait for some in sent for wait in some]
            took = time.monotonic() - begun
            wait_until(lambda: desk.json("list", "--limit", "1")["total"] >= 4300, seconds=180)
            worked_off = time.monotonic() - begun
        desk.await_quiet(seconds=180)
        assert desk.run("verify").returncode == 0
        letters = [letter.raw for letter in sink.letters]
        assert len(letters) == len(set(letters)) == 2 * 4300
    p99 = _percentile(waits, 0.99)
    record_property(
        "figure",
        f"{4000 / took:.0f}/s taken, p99 {p99 * 1000:.0f} ms, all done in {worked_off:.0f} s; "
        f"log ≤ {max(largest) / 1e6:.0f} MB",
    )
    record_property("target", "100/s on an idle machine, p99 < 1 s, < 180 s, < 64 MB")
    assert p99 < 1
    assert worked_off < 180
    assert max(largest) < 64e6


def test_nothing_grows_with_the_mails(
    tmp_path: Path, sink: Sink, postgres_url: str, record_property: Record
) -> None:
    """Three thousand mails and their letters, on PostgreSQL, for SQLite's page cache fills up
    to its limit: no part keeps more than a little of them."""
    with Desk(tmp_path, sink=sink, store=postgres_url, forked=False) as desk:
        _warm_up(desk)
        before = {part: _resident(pid) for part, pid in desk.parts().items()}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda who: _send(desk, who, 750), range(4)))
        desk.await_quiet(seconds=180)
        after = {part: _resident(pid) for part, pid in desk.parts().items()}
    slope = {part: (after[part] - before[part]) / 3 for part in before}
    worst = max(slope, key=lambda part: slope[part])
    record_property("figure", f"{worst} +{slope[worst]:.2f} MB per 1,000 mails")
    record_property("target", "1 MB per 1,000")
    assert slope[worst] < 1, slope


def _warm_up(desk: Desk) -> None:
    """So that what is loaded once is loaded."""
    for who in range(100, 103):
        _send(desk, who, 100)
    desk.await_quiet(seconds=60)


@contextmanager
def _watched(folder: Path) -> Iterator[list[int]]:
    """The sizes of the largest SQLite log in a folder, as they were."""
    sizes, stop = [0], threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            sizes.extend(p.stat().st_size for p in folder.glob("*-wal") if p.exists())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()


def test_a_thousand_connections(tmp_path: Path, sink: Sink, record_property: Record) -> None:
    """1,000 idle clients and 20 at work: no more than the cap get in, the others hear 421,
    those at work are not slowed, and afterwards nothing of it is left."""
    desk = Desk(tmp_path, sink=sink, forked=False)
    text = desk.config.read_text().replace("max_per_address = 50", PATIENT.strip())
    desk.write_config(text)
    with desk, ExitStack() as stack:
        door = desk.parts()["door"]
        files = _open_files(door)
        working = [stack.enter_context(Talk(desk.port)) for _ in range(20)]
        idle = [stack.enter_context(Talk(desk.port)) for _ in range(1000)]
        greeted = sum(talk.greeting.startswith("220") for talk in idle)
        refused = sum(talk.greeting.startswith("421") for talk in idle)
        waits = []
        for number in range(400):
            talk = working[number % 20]
            begun = time.monotonic()
            talk.begin(sender=f"c{number}@x.test")
            raw = as_sent(mail(f"c{number}@x.test", f"n{number}"))
            talk.raw(raw + b".\r\n")
            assert talk.hear().startswith("250")
            waits.append(time.monotonic() - begun)
        largest = _resident(door)
        stack.close()
        wait_until(lambda: _open_files(door) <= files + 4, why="files stay open")
        desk.await_quiet(seconds=60)
        assert len(desk.tickets()) == 400
    p99 = _percentile(waits, 0.99)
    record_property(
        "figure",
        f"{greeted + 20} in, {refused} × 421, p99 {p99 * 1000:.0f} ms, door {largest:.0f} MB",
    )
    record_property("target", "100 in, the others 421, p99 < 2 s, < 250 MB")
    assert (greeted, refused) == (80, 920)
    assert p99 < 2
    assert largest < 250


def test_a_backup_in_the_middle_of_it(
    tmp_path: Path, sink: Sink, record_property: Record
) -> None:
    """`maild backup` while mail comes in: put into a store's place it has every mail that was
    answered before it began, and sends nothing that had left before."""
    with Desk(tmp_path / "old", sink=sink, forked=False) as desk, ThreadPoolExecutor(2) as pool:
        _send(desk, 9, 300)
        sending = [pool.submit(_send, desk, who, 400) for who in range(2)]
        time.sleep(1.0)
        had = {t["subject"] for t in desk.tickets()}
        left = {str(m["Message-ID"]) for m in desk.letters()}
        time.sleep(0.5)  # what had left is marked as such
        copy = tmp_path / "copy.db"
        assert desk.run("backup", str(copy)).returncode == 0
        for each in sending:
            each.result()
    other = Sink()
    restored = Desk(tmp_path / "new", sink=other, forked=False)
    (tmp_path / "new/var").mkdir()
    copy.rename(tmp_path / "new/var/maild.db")
    with restored:
        restored.await_quiet(seconds=90)
        has = {t["subject"] for t in restored.tickets()}
        again = {str(m["Message-ID"]) for m in restored.letters()}
        assert restored.run("verify").returncode == 0
    other.close()
    record_property(
        "figure", f"{len(had - has)} of {len(had)} missing, {len(again & left)} letters again"
    )
    record_property("target", "0 missing, 0 again")
    assert len(had) > 300
    assert had <= has
    assert not again & left


def test_slow_clients_and_a_good_one(
    tmp_path: Path, sink: Sink, record_property: Record
) -> None:
    """Sixty clients that trickle a byte now and then, in commands and in DATA, and never read:
    the good one's mail takes no longer than two seconds."""
    desk = Desk(tmp_path, sink=sink, forked=False)
    desk.write_config(desk.config.read_text().replace("max_per_address = 50", PATIENT.strip()))
    with desk, ExitStack() as stack:
        slow = [stack.enter_context(Talk(desk.port)) for _ in range(60)]
        for talk in slow[::2]:
            talk.begin()
        waits = []
        for number in range(60):
            for talk in slow:
                talk.raw(b"x")
            begun = time.monotonic()
            with smtplib.SMTP("127.0.0.1", desk.port, socket.getfqdn(), timeout=30) as client:
                made = mail(f"c{number}@x.test", f"n{number}")
                client.sendmail(f"c{number}@x.test", ["soporte@acme.test"], as_sent(made))
            waits.append(time.monotonic() - begun)
    p99 = _percentile(waits, 0.99)
    record_property("figure", f"60 slow ones: p99 of the good {p99 * 1000:.0f} ms")
    record_property("target", "2 s")
    assert p99 < 2
