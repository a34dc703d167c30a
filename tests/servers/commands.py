"""The command line, without loading it anew each time.

A command is a process of its own, as `maild` at a prompt is: `run` says which, in which
folder and environment, and gets its status and what it printed. But that process is forked
from one that has loaded maild already and has done nothing else, which saves the half second
that loading takes. Tests about the process itself (its start, limits, signals, encodings)
start `python -m maild` instead.

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
from functools import cache
from pathlib import Path
from typing import Any

Done = subprocess.CompletedProcess[bytes]

#: what Python, its libraries or the linker look at before our code runs
_AT_START = ("FAKETIME", "LANG", "LC_", "LD_", "PYTHON", "TZ")
_SECONDS = 120


def run(words: Sequence[str], *, given: bytes = b"", cwd: Path | str = "/") -> Done:
    """`maild` with these words, in this process's environment."""
    order = json.dumps([*words, str(cwd), dict(os.environ)]).encode()
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with ours, _file(given) as stdin, _file() as stdout, _file() as stderr:
        with theirs:
            handed = [one.fileno() for one in (stdin, stdout, stderr, theirs)]
            _line(_at_start(os.environ)).order(order, handed)
        status = _await(ours)
        said = [os.pread(one.fileno(), 2**30, 0) for one in (stdout, stderr)]
    return subprocess.CompletedProcess(["maild", *words], status, *said)


class _Line:
    """To the process that has loaded maild."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._turn = threading.Lock()  # one order at a time; the commands may overlap
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno())]
            nothing = subprocess.DEVNULL  # no terminal: its streams are its commands' later
            subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=nothing, stdout=nothing, cwd="/"
            )

    def order(self, order: bytes, handed: Sequence[int]) -> None:
        with self._turn:
            socket.send_fds(self._socket, [len(order).to_bytes(4, "big")], handed)
            self._socket.sendall(order)


@cache
def _line(at_start: frozenset[tuple[str, str]]) -> _Line:
    """One for each environment that has to be there from the start."""
    return _Line()


def _at_start(environment: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(one for one in environment.items() if one[0].startswith(_AT_START))


def _file(content: bytes = b"") -> Any:
    file = os.fdopen(os.memfd_create("maild"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return file


def _await(line: socket.socket) -> int:
    """The status, negative for a signal; what has not ended in time is killed."""
    line.settimeout(_SECONDS)
    pid = int(line.recv(20))
    try:
        return int(line.recv(20))
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise


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
    *words, cwd, environment = json.loads(_exactly(orders, int.from_bytes(head, "big")))
    if pid := os.fork():
        for file in files[:3]:
            os.close(file)
        with suppress(OSError):
            os.write(files[3], str(pid).encode())
        return os.pidfd_open(pid), files[3]
    orders.close()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    os.close(files[3])
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    os._exit(_run(words))


def _exactly(orders: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += orders.recv(size - len(got))
    return got


def _run(words: list[str]) -> int:
    """As Python runs a program to its end."""
    from maild.cli.main import main

    sys.argv = ["maild", *words]
    status = 0
    try:
        main()
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
