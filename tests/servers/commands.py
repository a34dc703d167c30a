"""The command line, without loading it anew each time.

A command is a process of its own, as `maild` at a prompt is: `run` says which, in which
folder and environment, and gets its status and what it printed; `start` is for those that last.
But that process is forked from one that has loaded maild already and has done nothing else,
which saves the half second that loading takes. Tests about the process itself (its start,
limits, signals, encodings) start `python -m maild` instead.

Run as a program, this file is the process that has loaded maild. It ends with the test
process it serves.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TextIO

#: what Python, its libraries or the linker look at before our code runs
_AT_START = ("FAKETIME", "LANG", "LC_", "LD_", "PYTHON", "TZ")


class Process:
    """One that was forked: what `subprocess.Popen` is for one that was started."""

    def __init__(self, line: socket.socket, stdout: IO[bytes] | None) -> None:
        self._line = line
        self._ended = threading.Event()
        self.stdout = stdout
        self.pid = int(line.recv(20))
        self.returncode: int | None = None  #: negative for a signal
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._line:
            self.returncode = int(self._line.recv(20) or -signal.SIGKILL)
        self._ended.set()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("maild", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    words: Sequence[str], *, given: bytes = b"", cwd: Path | str = "/"
) -> subprocess.CompletedProcess[bytes]:
    """`maild` with these words, in this process's environment, to its end."""
    with _file(given) as stdin, _file() as stdout, _file() as stderr:
        process = _fork(words, "", cwd, [one.fileno() for one in (stdin, stdout, stderr)])
        try:
            status = process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        said = [os.pread(one.fileno(), 2**30, 0) for one in (stdout, stderr)]
    return subprocess.CompletedProcess(["maild", *words], status, *said)


def start(
    words: Sequence[str],
    *,
    code: str = "",
    stderr: IO[Any] | None = None,
    cwd: Path | str = "/",
) -> Process:
    """The same without waiting for it; its stdout is a pipe. `code` runs in place of `maild`,
    as after `python -c`."""
    read, write = os.pipe()
    with Path(os.devnull).open("rb") as nothing, os.fdopen(write, "wb") as stdout:
        errors = stderr.fileno() if stderr else 2
        return _fork(words, code, cwd, [nothing.fileno(), stdout.fileno(), errors], read)


def _fork(
    words: Sequence[str], code: str, cwd: Path | str, streams: list[int], said: int = -1
) -> Process:
    order = json.dumps([list(words), code, str(cwd), dict(os.environ)]).encode()
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        _line(_at_start(os.environ)).order(order, [*streams, theirs.fileno()])
        return Process(ours, os.fdopen(said, "rb") if said >= 0 else None)


def _file(content: bytes = b"") -> Any:
    file = os.fdopen(os.memfd_create("maild"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


class _Line:
    """To the process that has loaded maild."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._turn = threading.Lock()  # one order at a time; the commands may overlap
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd="/")

    def order(self, order: bytes, handed: Sequence[int]) -> None:
        with self._turn:
            socket.send_fds(self._socket, [len(order).to_bytes(4, "big")], handed)
            self._socket.sendall(order)

    def close(self) -> None:
        """The end of orders is its end, and whoever waits for it is told what it all cost."""
        self._socket.close()
        self._process.wait(20)


_lines: dict[frozenset[tuple[str, str]], _Line] = {}


def _line(at_start: frozenset[tuple[str, str]]) -> _Line:
    """One for each environment that has to be there from the start."""
    with _opening:
        if at_start not in _lines:
            _lines[at_start] = _Line()
        return _lines[at_start]


_opening = threading.Lock()


def close() -> None:
    """No more commands."""
    while _lines:
        _lines.popitem()[1].close()


def _at_start(environment: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(one for one in environment.items() if one[0].startswith(_AT_START))


# -- the process that has loaded maild ---------------------------------------------------------


def serve(orders: socket.socket) -> None:
    """Start what is ordered and report how it ended, until the test process has gone."""
    running = selectors.DefaultSelector()
    running.register(orders, selectors.EVENT_READ)
    while True:
        for key, _ in running.select():
            if key.fileobj is not orders:
                running.unregister(key.fileobj)
                _report(key.fd, key.data)
            elif (started := _start(orders)) is None:
                return
            else:
                running.register(started[0], selectors.EVENT_READ, started[1])


def _load() -> None:
    import maild

    for module in pkgutil.walk_packages(maild.__path__, "maild."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a fork would keep one thread only"
    gc.collect()
    gc.freeze()


def _start(orders: socket.socket) -> tuple[int, int] | None:
    """A command's process and the descriptor that wants its status; None at the end."""
    head, files, _, _ = socket.recv_fds(orders, 4, 4)
    if not head:
        return None
    order = json.loads(_exactly(orders, int.from_bytes(head, "big")))
    words, code, cwd, environment = order
    if pid := os.fork():
        for file in files[:3]:
            os.close(file)
        with suppress(OSError):
            os.write(files[3], str(pid).encode())
        return os.pidfd_open(pid), files[3]
    orders.close()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(files[number], number)
        os.close(files[number])
        setattr(sys, name, _opened(number, getattr(sys, name)))
    os.close(files[3])
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    os._exit(_to_its_end(words, code))


def _opened(number: int, before: TextIO) -> TextIO:
    """As Python opens it, which looks at what it is: a file, a pipe."""
    stream = open(  # noqa: SIM115
        number, "w" if number else "r", encoding=before.encoding, errors=before.errors,
        newline="\n" if number else None, closefd=False,
    )  # fmt: skip
    if number:
        unbuffered = before.write_through
        stream.reconfigure(line_buffering=number == 2 or unbuffered, write_through=unbuffered)
    return stream


def _exactly(orders: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += orders.recv(size - len(got))
    return got


def _to_its_end(words: list[str], code: str) -> int:
    """As Python runs a program."""
    from maild.cli.main import main

    sys.argv = ["-c" if code else "maild", *words]
    status = 0
    try:
        exec(code, {"__name__": "__main__"}) if code else main()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        status = 120
    return status


def _report(process: int, line: int) -> None:
    ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
    assert ended is not None
    status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    with suppress(OSError):  # who asked has gone
        os.write(line, str(status).encode())
    os.close(line)
    os.close(process)


if __name__ == "__main__":
    _load()
    serve(socket.socket(fileno=int(sys.argv[1])))
