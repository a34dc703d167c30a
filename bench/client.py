"""The client that loads both servers alike: processes that speak SMTP over plain sockets.

One connection per process, one mail after the other, answers read before the next word; so
that what is measured is the server.
"""

import multiprocessing
import re
import socket
import time
from collections.abc import Sequence

from bench.corpus import Sample

_FORK = multiprocessing.get_context("fork")
_DOT = re.compile(rb"(?m)^\.")


def send(port: int, samples: Sequence[Sample], *, connections: int, to: str) -> float:
    """Send them all; `time.perf_counter()` of the start, once every connection stood."""
    gate = _FORK.Barrier(connections + 1)
    clients = [
        _FORK.Process(target=_client, args=(port, samples[part::connections], to, gate))
        for part in range(connections)
    ]
    for client in clients:
        client.start()
    gate.wait(30)
    started = time.perf_counter()
    for client in clients:
        client.join()
        assert client.exitcode == 0, "a client was refused"
    return started


def _client(port: int, samples: Sequence[Sample], to: str, gate: object) -> None:
    mails = [(sample.sender, _DOT.sub(b"..", sample.raw) + b".\r\n") for sample in samples]
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answers = line.makefile("rb")
    _expect(answers, b"220")
    _say(line, answers, b"EHLO bench.example\r\n", b"250")
    gate.wait(30)  # type: ignore[attr-defined]
    for sender, data in mails:
        _say(line, answers, f"MAIL FROM:<{sender}>\r\n".encode(), b"250")
        _say(line, answers, f"RCPT TO:<{to}>\r\n".encode(), b"250")
        _say(line, answers, b"DATA\r\n", b"354")
        _say(line, answers, data, b"250")
    line.sendall(b"QUIT\r\n")
    line.close()


def _say(line: socket.socket, answers: object, words: bytes, wanted: bytes) -> None:
    line.sendall(words)
    _expect(answers, wanted)


def _expect(answers: object, wanted: bytes) -> None:
    """The last line of an answer, with the code we want."""
    while True:
        answer: bytes = answers.readline()  # type: ignore[attr-defined]
        assert answer.startswith(wanted), answer
        if answer[3:4] == b" ":
            return
