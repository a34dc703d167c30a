"""One desk under the same mail as the others: openers first, then replies with its own tag.

What a desk's program needs to start is not counted: a run with nothing to do is taken off.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from bench.corpus import Sample

WARM_UP = 25  #: messages before those that count
_MARKER = re.compile(r"MK\d+x\d{7}X")
_PARENT = re.compile(rb"(?m)^> (MK\d+x\d{7}X)")
DESK = "soporte@acme.test"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and of processor time of all processes."""

    wall: float
    cpu: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.wall - other.wall, self.cpu - other.cpu)


class Desk(Protocol):
    """A desk with an empty store."""

    def take(self, samples: Sequence[Sample]) -> Cost:
        """What it costs until tickets and acknowledgements of all of them are stored."""

    def texts(self) -> Iterable[tuple[int, str]]:
        """What it has stored: the ticket's number, and a message's words."""


class Peer(Protocol):
    """A kind of desk."""

    name: str
    tag: str  #: how its tickets are named in subjects: `[ACME #{}]`

    def fresh(self) -> AbstractContextManager[Desk]: ...


class Other(Peer, Protocol):
    """A desk of somebody else's."""

    aim: float  #: how often maild should do what it does once

    def lacks(self) -> str:
        """What is not installed; "" when all is there."""

    def install(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Played:
    """What a message cost (seconds), and how many that people wrote are not in the store."""

    wall: float
    cpu: float
    lost: int


def play(peer: Peer, samples: Sequence[Sample]) -> Played:
    """All of them, into a fresh store."""
    openers = [sample for sample in samples if sample.kind != "reply"]
    replies = [sample for sample in samples if sample.kind == "reply"]
    with peer.fresh() as desk:
        desk.take(openers[:WARM_UP])
        start = desk.take([])
        cost = desk.take(openers[WARM_UP:]) - start
        cost += desk.take(tagged(replies, peer.tag, numbers(desk))) - start
        lost = {marker_of(sample) for sample in samples} - numbers(desk).keys()
    count = len(samples) - WARM_UP
    return Played(cost.wall / count, cost.cpu / count, len(lost - {""}))


def marker_of(sample: Sample) -> str:
    """What a person's words can be known by; automatic mail may be dropped."""
    marker = _MARKER.search(sample.raw.decode(errors="replace"))
    return marker[0] if marker and sample.kind != "automatic" else ""


def numbers(desk: Desk) -> dict[str, int]:
    """By their markers: the ticket of each message that is stored."""
    found: dict[str, int] = {}
    for number, text in desk.texts():
        if marker := _MARKER.search(text):
            found.setdefault(marker[0], number)
    return found


def tagged(replies: Sequence[Sample], tag: str, known: Mapping[str, int]) -> list[Sample]:
    """As its customers would answer: each desk has put its own tag into the subject."""
    return [_tagged(reply, tag, known) for reply in replies]


def _tagged(reply: Sample, tag: str, known: Mapping[str, int]) -> Sample:
    parent = _PARENT.search(reply.raw)
    number = known.get(parent[1].decode()) if parent else None
    if number is None:
        return reply
    words = b"Subject: " + tag.format(number).encode() + b" "
    return replace(reply, raw=reply.raw.replace(b"Subject: ", words, 1))


# -- programs that are run ---------------------------------------------------------------------


def home(name: str) -> Path:
    """Where a desk is installed; kept, as it takes a while."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "maild-bench" / name


def install_with_pip(folder: Path, *packages: str) -> None:
    """Into a virtual environment of its own."""
    subprocess.run(["python3", "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *packages], check=True)


def run(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> Cost:
    """A program from start to end; it has to succeed."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    assert child.returncode == 0, f"{command[0]}: {said.decode(errors='replace')[-2000:]}"
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def plain(sample: Sample) -> bytes:
    """With the line ends of files."""
    return sample.raw.replace(b"\r\n", b"\n")
