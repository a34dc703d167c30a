"""`/metrics` and `/healthz`: figures from the store, and the truth about the daemon."""

import json
import os
import signal
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from maild.clock import SystemClock
from maild.health.expiry import Expiring
from maild.health.metrics import DeskCollector, page
from maild.health.parts import living, missing
from maild.health.state import HealthCheck
from maild.store import Store, open_store
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.wire.desk import Desk, mail, wait_until

METRICS = '\n[metrics]\nlisten = "127.0.0.1:{port}"\n'


def get(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read as Prometheus reads it: values by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def every_name(folder: Path) -> set[str]:
    """The names of all metrics a desk can show."""
    store = open_store(f"sqlite:///{folder}/names.db")
    end = Expiring("sign-in", "x", datetime(2030, 1, 1, tzinfo=UTC))
    collector = DeskCollector(
        store,
        clock=SystemClock(),
        parts=["worker"],
        mailboxes=["main"],
        expiring=lambda: [end],
        free_disk=lambda: 1,
    )
    names = set()
    for family in collector.collect():
        names.add(family.name + ("_total" if family.type == "counter" else ""))
    store.close()
    return names


@pytest.mark.wire
def test_a_desk_at_work(tmp_path: Path, sink: Sink, dovecot: Dovecot) -> None:
    """Three mails: received, tickets, letters, a mailbox's lag; a dead part and a mailbox
    in trouble are seen; other paths are none; HEAD has no body."""
    port = free_port()
    mailbox = (
        f'[mailbox.main]\nhost = "127.0.0.1"\nport = {dovecot.port}\nsecurity = "none"\n'
        f'user = "{dovecot.user()}"\npassword = "x"\nafter = "delete"\n'
    )
    desk = Desk(tmp_path, sink=sink, more=METRICS.format(port=port) + mailbox, forked=False)
    with desk:
        for number in range(3):
            desk.send(mail(f"c{number}@x.test", f"asunto {number}"))
        desk.await_quiet()
        found = samples(get(port, "/metrics")[1])
        assert found["maild_received_total", (("outcome", "ticket"),)] == 3
        assert found["maild_letters_sent_total", (("type", "acknowledgement"),)] == 3
        key = (("department", "soporte"), ("priority", "normal"), ("status", "new"))
        assert found["maild_tickets", key] == 3
        assert found["maild_queue_oldest_seconds", (("queue", "intake"),)] == 0
        assert found["maild_mailbox_up", (("mailbox", "main"),)] == 1
        wait_until(lambda: b"maild_mailbox_lag_seconds{" in get(port, "/metrics")[1])
        assert found["maild_store_up", ()] == 1
        parts = {k[1][0][1]: v for k, v in found.items() if k[0] == "maild_part_up"}
        assert set(parts) >= {"worker", "delivery", "timetable", "door", "mailboxes", "metrics"}
        assert set(parts.values()) == {1.0}
        assert get(port, "/healthz") == (
            200,
            b'{"ok": true, "broken": [], "troubles": []}\n',
        )
        assert get(port, "/healthz", "HEAD") == (200, b"")
        assert get(port, "/")[0] == 404 and get(port, "/metrics/../x")[0] == 404
        assert get(port, "/metrics", "POST")[0] == 501
        os.kill(desk.parts()["worker"], signal.SIGSTOP)  # it lives, but does nothing
        os.kill(desk.parts()["door"], signal.SIGKILL)
        wait_until(lambda: get(port, "/healthz")[0] == 200, why="the door comes back")
        os.kill(desk.parts()["worker"], signal.SIGCONT)
        assert "Traceback" not in desk.log


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    yield store
    store.close()


class Wound(SystemClock):
    """A clock that is ahead."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


def test_the_truth_about_a_daemon(store: Store, tmp_path: Path) -> None:
    """A part that is dead, a store that can't be written, a mailbox in trouble for long:
    each is said; a short trouble is not."""
    alive: set[str] | None = {"maild-worker", "maild-mailboxes"}
    clock = Wound()
    check = HealthCheck(store, ["worker", "mailboxes"], clock=clock, alive=lambda: alive)
    assert check.look().ok
    clock.ahead += timedelta(seconds=2)
    alive = {"maild-worker"}
    assert check.look().broken == ("part mailboxes",)
    alive = {"maild-worker", "maild-mailboxes"}
    store.troubles.begin("mailbox:main", "no", clock.now())
    clock.ahead += timedelta(minutes=9)
    assert check.look().ok
    clock.ahead += timedelta(minutes=2)
    health = check.look()
    assert health.troubles == ("mailbox:main",) and not health.broken and not health.ok
    clock.ahead += timedelta(seconds=2)
    other = sqlite3.connect(tmp_path / "maild.db")
    other.execute("PRAGMA query_only = 0")
    store.engine.execute("PRAGMA query_only = 1")
    assert check.look().broken == ("store",)
    other.close()


def test_a_store_that_is_away(tmp_path: Path) -> None:
    """Still a page, which says so."""
    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    store.engine.execute("DROP TABLE letter")
    collector = DeskCollector(
        store,
        clock=SystemClock(),
        parts=["worker"],
        mailboxes=[],
        expiring=list,
        free_disk=lambda: 7,
        alive=lambda: set(),
    )
    found = samples(page(collector))
    assert found["maild_store_up", ()] == 0
    assert found["maild_part_up", (("part", "worker"),)] == 0
    assert found["maild_disk_free_bytes", ()] == 7
    store.close()


def test_names_that_would_break_the_page(store: Store) -> None:
    """What outsiders can write (an outcome, an error) never makes a line of its own."""
    store.troubles.begin('mailbox:ev"il\n} 1', "x", SystemClock().now())
    collector = DeskCollector(
        store,
        clock=SystemClock(),
        parts=[],
        mailboxes=[],
        expiring=list,
        free_disk=lambda: 7,
    )
    found = samples(page(collector))
    assert ("maild_trouble_seconds", (("name", 'mailbox:ev"il\n} 1'),)) in found


def test_siblings_are_asked_of_the_kernel() -> None:
    """Children of a process by name; names are cut at 15 characters; nobody: unknown."""
    import subprocess

    with subprocess.Popen(["sleep", "30"]) as child:
        wait_until(lambda: "sleep" in (living(os.getpid()) or ()))
        child.kill()
    assert missing(["a-very-long-name-indeed"], {"maild-a-very-lo"}) == []
    assert missing(["worker"], set()) == ["worker"]
    assert missing(["worker"], None) == [] and living(2**22 + 1) is None


def test_health_is_json(store: Store) -> None:
    """For programs and people alike."""
    from maild.health.server import _told
    from maild.health.state import Health

    told = json.loads(_told(Health(("store",), ("relay",))))
    assert told == {"ok": False, "broken": ["store"], "troubles": ["relay"]}
