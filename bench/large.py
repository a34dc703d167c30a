"""One mail of 50 MB: what door, worker and parser hold, and whether other clients wait."""

import base64
import random
import smtplib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.daemon import Daemon, family, running
from bench.figures import Figure, at_most

MB = 1024 * 1024
SIZE = 50 * MB
DESK = "soporte@acme.test"


def large_mail() -> Iterator[Figure]:
    """Looked at every 10 ms, from before it comes until its ticket stands."""
    with running(max_size="60MB") as daemon:
        _post(daemon.port, _mail(20_000, 1))  # all that is loaded once is loaded
        daemon.await_done(1)
        watch = Watch(daemon)
        waits = Waits(daemon.port)
        watch.begin()
        waits.start()
        _post(daemon.port, _mail(SIZE, 2))
        while daemon.done() < 2 + waits.taken:
            time.sleep(0.05)
        waits.stop()
        watch.stop()
    times = (watch.peak - watch.idle) / SIZE
    yield at_most("door and worker for a mail of 50 MB, above idle ÷ its size", times, 4)
    yield at_most("its parsing child, highest", watch.child / 1e9, 1.2, " GB")
    yield at_most("longest that another client waits meanwhile", max(waits.took), 1, " s")


def _mail(size: int, number: int) -> bytes:
    """An attachment that makes it so large."""
    head = (
        f"Message-ID: <large{number}@x.test>\r\nFrom: large@x.test\r\nTo: {DESK}\r\n"
        f"Subject: large {number}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_x"\r\n\r\n'
        "--=_x\r\nContent-Type: text/plain\r\n\r\nHola\r\n"
        "--=_x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="a.pdf"\r\n\r\n'
    ).encode()
    content = random.Random(number).randbytes(int(size * 57 / 78))
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--=_x--\r\n"


def _post(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("large@x.test", [DESK], raw)


class Waits:
    """Another client: one small mail after the other, each timed whole."""

    def __init__(self, port: int) -> None:
        self.took: list[float] = []
        self.taken = 0
        self._port = port
        self._done = False
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._done:
            mail = _mail(1000, 1000 + self.taken)
            started = time.perf_counter()
            _post(self._port, mail)
            self.took.append(time.perf_counter() - started)
            self.taken += 1
            time.sleep(0.05)

    def stop(self) -> None:
        self._done = True
        self._thread.join()


class Watch:
    """The memory of door and worker (as a sum of PSS), and of the worker's child."""

    def __init__(self, daemon: Daemon) -> None:
        names = {pid: _name(pid) for pid in family(daemon.pid)}
        door = next(pid for pid, name in names.items() if name == "maild-door")
        self._worker = next(pid for pid, name in names.items() if name == "maild-worker")
        self._pids = (door, self._worker)
        self.idle = self.peak = self.child = 0.0
        self._done = False
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        self.idle = self.peak = self._held()
        self._thread.start()

    def _run(self) -> None:
        while not self._done:
            self.peak = max(self.peak, self._held())
            for pid in family(self._worker)[1:]:
                self.child = max(self.child, _bytes(pid, "status", "VmHWM:"))
            time.sleep(0.01)

    def _held(self) -> float:
        return sum(_bytes(pid, "smaps_rollup", "Pss:") for pid in self._pids)

    def stop(self) -> None:
        self._done = True
        self._thread.join()


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _bytes(pid: int, file: str, key: str) -> float:
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0.0
    lines = (line.split() for line in text.splitlines() if line.startswith(key))
    return next((int(words[1]) * 1024.0 for words in lines), 0.0)
