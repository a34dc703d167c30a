"""A real Postfix before the daemon: SMTP and LMTP, and what comes back through it."""

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.postfix import Postfix
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, reply, text_of

pytestmark = pytest.mark.wire


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_mail_through_postfix(
    tmp_path: Path, sink: Sink, start_postfix: Callable[..., Postfix], protocol: str
) -> None:
    """A conversation; while the daemon is killed and started Postfix keeps what it has."""
    desk = Desk(tmp_path, sink=sink, protocol=protocol).start()
    postfix = start_postfix(desk.port, transport=protocol)

    def send(raw: bytes, sender: str, to: str) -> None:
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            client.sendmail(sender, [to], raw)

    try:
        send(as_sent(mail("luis@x.test")), "luis@x.test", "soporte@acme.test")
        notice = desk.letter("agent-new", "ana@acme.test")
        answer = reply(notice, "Ya puede entrar.", sender="ana@acme.test")
        send(as_sent(answer), "ana@acme.test", str(answer["To"]))
        assert text_of(desk.letter("reply", "luis@x.test")).startswith("Ya puede entrar.")
        desk.kill()
        for number in range(5):
            made = as_sent(mail(f"c{number}@x.test", f"n{number}"))
            send(made, f"c{number}@x.test", "soporte@acme.test")
        desk.start()
        postfix.await_empty()
        desk.await_quiet()
        assert desk.tickets()[0]["subject"] == "No puedo acceder"
        assert sorted(t["subject"] for t in desk.tickets())[1:] == [f"n{n}" for n in range(5)]
        letters = [m["Message-ID"] for m in desk.letters()]
        assert len(set(letters)) == 13 and len(letters) <= 14
        assert "Traceback" not in desk.log
    finally:
        desk.end()


def test_postfix_hears_of_unknown_recipients(
    tmp_path: Path, sink: Sink, start_postfix: Callable[..., Postfix]
) -> None:
    """LMTP with two recipients, one unknown: one ticket, and a bounce from Postfix only."""
    with Desk(tmp_path, sink=sink, protocol="lmtp") as desk:
        postfix = start_postfix(desk.port, transport="lmtp")
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            raw = as_sent(mail("luis@x.test"))
            client.sendmail("luis@x.test", ["soporte@acme.test", "nobody@acme.test"], raw)
        desk.letter("acknowledgement", "luis@x.test")
        assert len(desk.tickets()) == 1
        assert "status=bounced" in postfix.log or "550" in postfix.log
