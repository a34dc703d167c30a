"""Child processes that work on hostile bytes under limits of time and memory.

A child is forked once and kept warm; it takes one job after the other over a pipe, several
waiting ahead so that it never idles. One that takes too long or dies costs only the job it
was at. Use it from a process with a single thread: it forks. Children die with their parent.
"""

import ctypes
import fcntl
import os
import pickle
import resource
import selectors
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 18
_AHEAD = 40  #: jobs sent to a child before it has answered
_AHEAD_BYTES = 1 << 20
_PIPE_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1

TIME = "time"  #: why a job has no answer
MEMORY = "memory"
DEATH = "death"

Work = Callable[[bytes], bytes]  #: its answers are never empty


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job."""

    result: bytes | memoryview | None
    lost: str = ""  #: TIME, MEMORY or DEATH where there is no result


@dataclass(slots=True)
class _Child:
    """One process and the two pipes to it."""

    pid: int
    requests: int
    answers: int
    sending: deque[memoryview] = field(default_factory=deque)
    received: bytearray = field(default_factory=bytearray)
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)  #: unanswered jobs
    since: float = 0.0  #: when the first of them got its turn


class Sandbox:
    """Runs `work` on jobs in `workers` children."""

    def __init__(
        self,
        work: Work,
        *,
        deadline: float = 10.0,
        memory: int = 1_200_000_000,
        workers: int = 1,
    ) -> None:
        """`deadline` is in seconds per job; `memory` in bytes on top of the parent's size."""
        self._work = work
        self._deadline = deadline
        self._memory = memory
        self._workers = workers
        self._children: list[_Child] = []

    def run(self, jobs: Iterable[bytes]) -> Iterator[Answer]:
        """The answers, in the order of the jobs. Finish one run before the next."""
        try:
            yield from self._run(enumerate(jobs))
        finally:  # a run that was broken off leaves no answers for the next one
            for child in [child for child in self._children if child.waiting]:
                self._end(child)

    def _run(self, source: Iterator[tuple[int, bytes]]) -> Iterator[Answer]:
        done: dict[int, Answer] = {}
        turn = 0
        more = True
        while True:
            while turn in done:
                yield done.pop(turn)
                turn += 1
            self._fill_up()
            more = more and self._hand_out(source)
            if not more and not any(child.waiting for child in self._children):
                if not done:
                    return
                continue
            self._exchange(done)

    def close(self) -> None:
        """End the children."""
        for child in list(self._children):
            self._end(child)

    # -- handing out ---------------------------------------------------------------------

    def _fill_up(self) -> None:
        while len(self._children) < self._workers:
            self._children.append(self._start())

    def _hand_out(self, source: Iterator[tuple[int, bytes]]) -> bool:
        """Give jobs to children that have room; False once there are no more."""
        for child in sorted(self._children, key=lambda c: len(c.waiting)):
            while _has_room(child):
                number, job = next(source, (-1, b""))
                if number < 0:
                    return False
                _send(child, number, job)
        return True

    def _exchange(self, done: dict[int, Answer]) -> None:
        """Wait for pipes to be ready, and move what they take and give."""
        with selectors.DefaultSelector() as selector:
            for child in self._children:
                selector.register(child.answers, selectors.EVENT_READ, child)
                if child.sending:
                    selector.register(child.requests, selectors.EVENT_WRITE, child)
            ready = selector.select(self._patience())
        for key, _ in ready:
            child = key.data
            if child not in self._children:
                continue
            if key.fd == child.answers:
                self._receive(child, done)
            else:
                _write(child)
        now = time.monotonic()
        for child in list(self._children):
            if child.waiting and now - child.since > self._deadline:
                self._give_up(child, TIME, done)

    def _patience(self) -> float:
        busy = [child.since for child in self._children if child.waiting]
        return max(0.0, min(busy) + self._deadline - time.monotonic()) + 0.01 if busy else 0.0

    def _receive(self, child: _Child, done: dict[int, Answer]) -> None:
        try:
            data = os.read(child.answers, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._give_up(child, DEATH, done)
            return
        child.received += data
        for frame in _frames(child):
            number, _ = child.waiting.popleft()
            child.since = time.monotonic()
            if not frame:
                done[number] = Answer(None, MEMORY)
                self._replace(child)
                return
            done[number] = Answer(frame)

    def _give_up(self, child: _Child, why: str, done: dict[int, Answer]) -> None:
        """The first unanswered job is lost."""
        if child.waiting:
            done[child.waiting.popleft()[0]] = Answer(None, why)
        self._replace(child)

    def _replace(self, child: _Child) -> None:
        """A new child does what this one has left undone."""
        self._end(child)
        heir = self._start()
        self._children.append(heir)
        for number, job in child.waiting:
            _send(heir, number, job)

    # -- processes -----------------------------------------------------------------------

    def _start(self) -> _Child:
        job_in, job_out = os.pipe()
        answer_in, answer_out = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                _live(self._work, job_in, answer_out, parent=parent, memory=self._memory)
            finally:
                os._exit(70)
        os.close(job_in)
        os.close(answer_out)
        for pipe in (job_out, answer_in):
            os.set_blocking(pipe, False)
            with suppress(OSError):  # a wide pipe lets the child work ahead of us
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return _Child(pid, job_out, answer_in)

    def _end(self, child: _Child) -> None:
        self._children.remove(child)
        os.close(child.requests)
        os.close(child.answers)
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child.pid, 0)


def _has_room(child: _Child) -> bool:
    if not child.waiting:
        return True
    return len(child.waiting) < _AHEAD and sum(len(m) for m in child.sending) < _AHEAD_BYTES


def _send(child: _Child, number: int, job: bytes) -> None:
    if not child.waiting:
        child.since = time.monotonic()
    child.waiting.append((number, job))
    child.sending.append(memoryview(_LENGTH.pack(len(job))))
    child.sending.append(memoryview(job))
    _write(child)


def _write(child: _Child) -> None:
    """As much as the pipe takes now."""
    while child.sending:
        try:
            sent = os.write(child.requests, child.sending[0][: 1 << 20])
        except BlockingIOError:
            return
        except BrokenPipeError:
            child.sending.clear()  # its end shows on the other pipe
            return
        if sent < len(child.sending[0]):
            child.sending[0] = child.sending[0][sent:]
        else:
            child.sending.popleft()


def _frames(child: _Child) -> Iterator[bytes | memoryview]:
    """The complete answers received, which are taken out of the buffer; one that is large and
    alone there is not copied."""
    while len(child.received) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(child.received)
        end = _LENGTH.size + length
        if len(child.received) < end:
            return
        whole = memoryview(child.received)
        if length > _CHUNK and len(whole) == end:
            child.received = bytearray()
            yield whole[_LENGTH.size :]
        else:
            frame = bytes(whole[_LENGTH.size : end])
            whole.release()
            del child.received[:end]
            yield frame


# -- the child ---------------------------------------------------------------------------


def _live(work: Work, jobs: int, answers: int, *, parent: int, memory: int) -> None:
    """Answer jobs until there are no more, or memory runs out."""
    _settle(jobs, answers, parent=parent, memory=memory)
    try:
        while (job := _read_frame(jobs)) is not None:
            _write_frame(answers, work(job))
    except MemoryError:
        job = None
        _write_frame(answers, b"")  # says so; what is left of us is not worth keeping
    os._exit(0)


def _settle(jobs: int, answers: int, *, parent: int, memory: int) -> None:
    """Leave the parent's things alone, and accept limits."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    low, high = sorted((jobs, answers))
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(3, low)
    os.closerange(low + 1, high)
    os.closerange(high + 1, min(highest, 65_536))
    limit = _own_size() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _own_size() -> int:
    """Bytes of address space in use."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        return int(statm.read().split()[0]) * resource.getpagesize()


def _read_frame(fd: int) -> bytes | None:
    head = _read_exactly(fd, _LENGTH.size)
    return None if head is None else _read_exactly(fd, _LENGTH.unpack(head)[0])


def _read_exactly(fd: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = os.read(fd, min(size - len(data), _CHUNK))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _write_frame(fd: int, data: bytes) -> None:
    for piece in (_LENGTH.pack(len(data)), data):
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(fd, rest) :]


def pack(value: object) -> bytes:
    """A value as a job or an answer. Only for values of our own making."""
    return pickle.dumps(value, protocol=5)
