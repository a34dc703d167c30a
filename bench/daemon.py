"""`maild run` under measurement: its own folder, ports and store, and what it costs."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maild.config.shipped import shipped
from maild.store import open_store

MAILD = [sys.executable, "-m", "maild"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class Daemon:
    """One that runs, in `folder`."""

    folder: Path
    port: int
    pid: int
    ready_after: float  #: seconds from the start to `maild ready`

    def await_done(self, total: int, *, seconds: float = 120.0) -> float:
        """`time.perf_counter()` when every one of `total` messages has been worked off."""
        store = open_store(self.url)
        waits = "SELECT 1 FROM intake WHERE state = 'new' LIMIT 1"  # cheap to ask often
        query = "SELECT count(*) FILTER (WHERE state = 'done'), "
        query += "count(*) FILTER (WHERE state NOT IN ('new', 'done')) FROM intake"
        deadline = time.perf_counter() + seconds
        try:
            row: tuple[int, ...] = (0, 0)
            while store.engine.one(waits) or (row := store.engine.one(query) or row) != (
                total,
                0,
            ):
                late = time.perf_counter() > deadline
                assert row[1] == 0 and not late, (
                    f"{row[0]} of {total} done, {row[1]} set aside: "
                    f"{(self.folder / 'log').read_text(errors='replace')[-2000:]}"
                )
                time.sleep(0.01)
            return time.perf_counter()
        finally:
            store.close()

    def done(self) -> int:
        """How many messages have been worked off."""
        store = open_store(self.url)
        try:
            row = store.engine.one("SELECT count(*) FROM intake WHERE state = 'done'")
            return int(row[0]) if row else 0
        finally:
            store.close()

    def letters(self) -> int:
        """How many it has written (and kept)."""
        store = open_store(self.url)
        try:
            row = store.engine.one("SELECT count(*) FROM letter")
            assert row is not None
            return int(row[0])
        finally:
            store.close()

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'var' / 'maild.db'}"

    def cpu(self) -> float:
        """Seconds of processor time so far, of all its processes."""
        return sum(map(cpu_of, family(self.pid)))

    def memory(self) -> tuple[float, float, int]:
        """MB: resident size of the main process, sum of PSS of all; number of processes."""
        pids = family(self.pid)
        return _kb(self.pid, "Rss:") / 1024, sum(_kb(p, "Pss:") for p in pids) / 1024, len(pids)


@contextmanager
def running(
    *,
    mode: str = "shadow",
    relay: int = 0,
    max_size: str = "25MB",
    more: str = "",
    folder: Path | None = None,
    store: str = "sqlite:///var/maild.db",
    changes: Sequence[tuple[str, str]] = (),
) -> Iterator[Daemon]:
    """The shipped config on free ports; in shadow mode every letter is written and kept.

    `relay`: the port of one on this machine; `more`: further tables; `folder`: where it has
    lived before, to go on there; `changes`: other lines of the config, old and new.
    """
    with tempfile.TemporaryDirectory(prefix="maild-bench-") as name:
        folder = folder or Path(name)
        port = free_port()
        (folder / "config.toml").write_text(
            _config(port, mode, relay, max_size, store, changes) + more, "utf-8"
        )
        started = time.perf_counter()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*MAILD, "-c", str(folder / "config.toml"), "run"],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.perf_counter() - started
        try:
            assert line == b"maild ready\n", (folder / "log").read_text()
            yield Daemon(folder, port, process.pid, took)
        finally:
            process.terminate()
            process.wait(20)


def _config(
    port: int,
    mode: str,
    relay: int,
    max_size: str,
    store: str,
    changes: Sequence[tuple[str, str]],
) -> str:
    text = shipped("config.toml").read_text("utf-8")
    for old, new in (
        ('"127.0.0.1:8025"', f'"127.0.0.1:{port}"'),
        ('"127.0.0.1:8080"', f'"127.0.0.1:{free_port()}"'),
        ('= "live" ', f'= "{mode}" '),
        ('max_size  = "25MB"', f'max_size  = "{max_size}"'),
        ('url = "sqlite:///var/maild.db"', f'url = "{store}"'),
        ('\nhost = "" ', f'\nhost = "{"127.0.0.1" if relay else ""}" '),
        ("pilot_for = []", f"pilot_for = {['nobody@bench.test'] if mode == 'pilot' else []}"),
        ("\nport = 25\n", f"\nport = {relay or 25}\n"),
        ('automatic_letters = "500/10m"', 'automatic_letters = "1000000/10m"'),
        *changes,
    ):
        assert text.count(old) == 1, f"the shipped config says {old} no longer once"
        text = text.replace(old, new)
    return text


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_of(pid: int) -> float:
    """Seconds of processor time of a process, and of its children that ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # just ended: its parent has its time
        return 0.0
    return sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")


def _kb(pid: int, key: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(key))
