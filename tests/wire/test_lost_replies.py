"""Answers that never arrive, either way: the mail is taken once, the letter is one letter."""

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.fault_proxy import FaultProxy
from tests.servers.sink import Sink
from tests.servers.talk import Talk
from tests.wire.desk import Desk, as_sent, mail, wait_until

pytestmark = pytest.mark.wire

LUIS = "luis@x.test"


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Iterator[Desk]:
    with Desk(tmp_path, sink=sink) as desk:
        yield desk


def _through(port: int, raw: bytes) -> bool:
    """One SMTP transaction; whether the client heard 250 to its mail."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=15) as client:
            client.sendmail(LUIS, ["soporte@acme.test"], raw)
            return True
    except (OSError, smtplib.SMTPException):
        return False


def _one_ticket(desk: Desk) -> None:
    desk.await_quiet()
    assert [t["subject"] for t in desk.tickets()] == ["No puedo acceder"]
    assert len({m["Message-ID"] for m in desk.letters()}) == len(desk.letters()) == 2
    done = desk.run("verify")
    assert done.returncode == 0, done.stdout


def test_a_250_that_is_lost_three_times(desk: Desk) -> None:
    """The line breaks before the last answer; the client tries again: there is one ticket."""
    raw = as_sent(mail(LUIS))
    proxy = FaultProxy(desk.port)
    with Talk(proxy.port) as talk:  # how many bytes come before the answer to the dot
        talk.say("ehlo " + socket.getfqdn())
        talk.say(f"mail FROM:<{LUIS}> size={len(raw)}")
        talk.say("rcpt TO:<soporte@acme.test>")
        talk.say("data")
        before = proxy.sent
    proxy.plan("reset", before)
    heard = [_through(proxy.port, raw) for _ in range(3)]
    proxy.plan("pass")
    heard.append(_through(proxy.port, raw))
    assert heard == [False, False, False, True]
    proxy.close()
    _one_ticket(desk)


@pytest.mark.parametrize("end", ["half-close", "reset", "close"])
def test_a_client_that_leaves_after_the_dot(desk: Desk, end: str) -> None:
    """It shuts its side, resets or hangs up without waiting; its retry hears 250."""
    raw = as_sent(mail(LUIS))
    for _ in range(2):
        with Talk(desk.port) as talk:
            talk.begin(sender=LUIS)
            talk.raw(raw + b".\r\n")
            if end == "half-close":
                talk.socket.shutdown(socket.SHUT_WR)
                assert talk.hears_all().startswith("250")
            elif end == "reset":
                talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert _through(desk.port, raw)
    _one_ticket(desk)


def test_a_relay_that_loses_its_250(desk: Desk, sink: Sink) -> None:
    """It has the letter and hangs up before saying so: the copy bears the same Message-ID and
    is the same to the byte."""
    sink.drop = "DATA"
    desk.send(mail(LUIS))
    wait_until(lambda: desk.queue()["outgoing"]["deferred"] == 2)
    first = list(sink.letters)
    sink.drop = None
    for item in desk.queue()["items"]:
        assert desk.run("queue", "retry", item["id"]).returncode == 0
    desk.await_quiet()
    again = list(sink.letters)[len(first) :]
    assert sorted(a.raw for a in again) == sorted({f.raw for f in first})
    assert len(again) == 2
