"""strace as a hand that strikes at a chosen system call, or that writes down their order.

A count is one thread's: `when=3` is the third such call of each thread. The tracer is no
parent of the traced, so that `kill` and `ps` see the daemon as they always do.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.programs import program

_QUIET = ("-f", "-qqq", "-e", "signal=none")


def strace() -> str:
    return program("strace", package="strace")


def meddling(call: str, how: str) -> tuple[str, ...]:
    """To put before a command: see `killing`."""
    trace = ("-e", f"trace={call}", "-e", f"inject={call}:{how}")
    return (strace(), "-DD", *_QUIET, *trace, "-o", "/dev/null")


def recording(calls: str, to: Path) -> tuple[str, ...]:
    """To put before a command: its calls are written down, with the files they mean."""
    return (
        strace(), "-DD", *_QUIET, "-yy", "-s", "100000", "-e", f"trace={calls}", "-o", str(to),
    )  # fmt: skip


class Hand:
    """Meddles with processes that run already: from now on, in each of their threads."""

    def __init__(self, pids: Iterable[int], call: str, how: str) -> None:
        at = [word for pid in pids for word in ("-p", str(pid))]
        trace = ("-e", f"trace={call}", "-e", f"inject={call}:{how}")
        self._strace = subprocess.Popen(
            [strace(), "-f", *trace, "-o", "/dev/null", *at], stderr=subprocess.PIPE
        )
        assert self._strace.stderr is not None
        for _ in range(len(at) // 2):
            line = self._strace.stderr.readline()
            assert b"attached" in line, f"strace could not attach: {line!r}"

    def let_go(self) -> None:
        """Leave them alone, if they live still."""
        try:
            self._strace.terminate()
            self._strace.wait(1)
        except subprocess.TimeoutExpired:  # busy with one that has died; the kernel lets go
            self._strace.kill()
            self._strace.wait(10)
        assert self._strace.stderr is not None
        self._strace.stderr.close()


def killing(when: int) -> str:
    """How: killed on entering the so-manieth call."""
    return f"signal=SIGKILL:when={when}"


def failing(error: str, first: int, step: int) -> str:
    """How: that call, and each so-manieth after it, does nothing and says `error`."""
    return f"error={error}:when={first}+{step}"


# -- what was written down ---------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """One call: from one line of the record to another (the same, if nothing came between)."""

    began: int
    ended: int
    name: str
    on: str  #: what its descriptor means: a path, or the two ends of a connection
    rest: str  #: the other arguments


_CALL = re.compile(r"\d+ +(\w+)\(\d+<(.*?)>(?:\(deleted\))?(?=[,) ])(.*)", re.S)
_RESUMED = re.compile(r"\d+ +<\.\.\. (\w+) resumed>(.*)", re.S)


def calls(record: Path) -> Iterator[Call]:
    """The calls on descriptors, in the order in which they ended."""
    open_calls: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(record.read_text(errors="replace").splitlines()):
        pid, began = line.partition(" ")[0], number
        if line.endswith("<unfinished ...>"):
            open_calls[pid] = number, line.removesuffix("<unfinished ...>")
            continue
        if (resumed := _RESUMED.match(line)) and pid in open_calls:
            began, first = open_calls.pop(pid)
            line = first + resumed[2]
        if found := _CALL.match(line):
            yield Call(began, number, found[1], found[2], found[3])
