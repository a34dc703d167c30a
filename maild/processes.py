"""Child processes of the daemon: one trade each, so that none of them stops the others.

The parent stays single-threaded and opens nothing, so forking is always safe. A child that
dies is started again; when the parent dies, the kernel ends the children at once, so a
restarted daemon never meets its forerunner's.
"""

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger("daemon")

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
RESTART_AFTER_S = (0.1, 1.0, 5.0, 30.0)
#: so long a life makes the next death a first one again
STEADY_S = 60.0


class Stop:
    """Whether the parent has asked us to stop; also closes what has to be closed for it."""

    def __init__(self, deaths: int = 0) -> None:
        """`deaths`: how often this part has died lately under the parent that asks."""
        self.deaths = deaths
        self.asked = False
        self._event = threading.Event()
        self._calls: list[Callable[[], None]] = []

    def call(self, what: Callable[[], None]) -> None:
        """To be called when the time comes (from a signal handler: be quick)."""
        self._calls.append(what)

    def wait(self) -> None:
        """Sleep until asked."""
        while not self.rest(3600):
            pass

    def rest(self, seconds: float) -> bool:
        """Sleep so long, or until asked; whether asked."""
        return self.asked or self._event.wait(seconds)

    def ask(self, *_: object) -> None:
        self.asked = True
        self._event.set()
        for what in self._calls:
            what()


Main = Callable[[Stop, Callable[[], None]], None]


@dataclass(slots=True)
class Role:
    """One trade: `main(stop, ready)` runs until `stop.asked`, and calls `ready` once."""

    name: str
    main: Main
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    again_at: float | None = None
    ready: bool = False
    _ready_pipe: int = field(default=-1)

    def start(self) -> None:
        hear, tell = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(hear)
            _live(self, tell)
        os.close(tell)
        os.set_blocking(hear, False)
        self._close_pipe()
        self._ready_pipe, self.ready = hear, False
        self.started, self.again_at = time.monotonic(), None

    def is_ready(self) -> bool:
        """Whether its work has begun."""
        if not self.ready:
            try:
                self.ready = bool(os.read(self._ready_pipe, 1))
            except BlockingIOError:
                return False
        return self.ready

    def note_death(self, status: int) -> None:
        """It ended by itself: start again, later each time."""
        lived = time.monotonic() - self.started
        self.deaths = 1 if lived > STEADY_S else self.deaths + 1
        wait = RESTART_AFTER_S[min(self.deaths, len(RESTART_AFTER_S)) - 1]
        self.again_at = time.monotonic() + wait
        log.error("a part died", part=self.name, status=status, again_in=wait)
        self.pid = 0

    def signal(self, number: int) -> None:
        if self.pid:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                self.pid = 0

    def _close_pipe(self) -> None:
        if self._ready_pipe >= 0:
            os.close(self._ready_pipe)
            self._ready_pipe = -1


def _live(role: Role, tell: int) -> None:
    """The child's whole life."""
    status = 1
    try:
        die_with_parent()
        show_name(f"maild-{role.name}")
        stop = Stop(role.deaths)
        signal.signal(signal.SIGTERM, stop.ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent passes it on
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        gc.freeze()  # what the parent built is no garbage: not looked through, and shared
        role.main(stop, lambda: _tell(tell))
        status = 0
    except BaseException:
        log.exception("a part failed", part=role.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _tell(pipe: int) -> None:
    try:
        os.write(pipe, b".")
    except OSError:
        log.warning("the parent is gone")


def show_name(name: str) -> None:
    """What `ps` and `top` call this process (Linux; the first 15 characters count)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def die_with_parent() -> None:
    """Ask the kernel to kill us when our parent ends (Linux; elsewhere we live on)."""
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)  # it ended between the fork and the request
