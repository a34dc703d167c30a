"""`maild run` under measurement: its own folder, ports and store, and what it costs."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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
        store = open_store(f"sqlite:///{self.folder / 'var' / 'maild.db'}")
        query = "SELECT count(*) FILTER (WHERE state = 'done'), "
        query += "count(*) FILTER (WHERE state NOT IN ('new', 'done')) FROM intake"
        deadline = time.perf_counter() + seconds
        try:
            while (row := store.engine.one(query) or (0, 0)) != (total, 0):
                late = time.perf_counter() > deadline
                assert row[1] == 0 and not late, (
                    f"{row[0]} of {total} done, {row[1]} set aside: "
                    f"{(self.folder / 'log').read_text(errors='replace')[-2000:]}"
                )
                time.sleep(0.01)
            return time.perf_counter()
        finally:
            store.close()

    def letters(self) -> int:
        """How many it has written (and kept)."""
        store = open_store(f"sqlite:///{self.folder / 'var' / 'maild.db'}")
        try:
            row = store.engine.one("SELECT count(*) FROM letter")
            assert row is not None
            return int(row[0])
        finally:
            store.close()

    def cpu(self) -> float:
        """Seconds of processor time so far, of all its processes."""
        ticks = 0
        for pid in _family(self.pid):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, stat[11:15]))  # own, and of children that ended
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> tuple[float, float, int]:
        """MB: resident size of the main process, sum of PSS of all; number of processes."""
        pids = _family(self.pid)
        return _kb(self.pid, "Rss:") / 1024, sum(_kb(p, "Pss:") for p in pids) / 1024, len(pids)


@contextmanager
def running(*, mode: str = "shadow") -> Iterator[Daemon]:
    """The shipped config on free ports; in shadow mode every letter is written and kept."""
    with tempfile.TemporaryDirectory(prefix="maild-bench-") as name:
        folder = Path(name)
        port = free_port()
        text = shipped("config.toml").read_text("utf-8")
        for old, new in (
            ('"127.0.0.1:8025"', f'"127.0.0.1:{port}"'),
            ('"127.0.0.1:8080"', f'"127.0.0.1:{free_port()}"'),
            ('= "live" ', f'= "{mode}" '),
        ):
            assert text.count(old) == 1, f"the shipped config says {old} no longer once"
            text = text.replace(old, new)
        (folder / "config.toml").write_text(text, "utf-8")
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


def _family(root: int) -> list[int]:
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


def _kb(pid: int, key: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(key))
