"""One mail that comes again, by whatever door; and two that share a Message-ID."""

import smtplib
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, wait_until
from tests.wire.test_mailbox_journey import mailbox

pytestmark = pytest.mark.wire

TRACE = (
    b"Return-Path: <luis@x.test>\r\nReceived: from relay.test by mx.test;\r\n"
    b"\tMon, 08 Jun 2026 09:00:05 +0200\r\nDelivered-To: soporte@acme.test\r\n"
)


def _copies(desk: Desk, number: int) -> None:
    def known() -> bool:
        found: int = desk.json("verify")["messages"].get("duplicate", 0)
        return found == number

    wait_until(known, seconds=40, why=f"{number} copies\n{desk.log[-2000:]}")


@pytest.mark.proof
def test_a_mail_that_comes_by_every_door_is_taken_once(
    tmp_path: Path, sink: Sink, dovecot: Dovecot
) -> None:
    """SMTP, the pipe, IMAP and LMTP, with other trace headers and line ends: one ticket, one
    acknowledgement. Another text under the same Message-ID is another mail."""
    user = dovecot.user()
    desk = Desk(tmp_path, sink=sink, more=mailbox(dovecot, user, "flag"))
    first = mail("luis@x.test", body="No puedo entrar.")
    second = mail("luis@x.test", body="Tampoco puedo imprimir.")
    second.replace_header("Message-ID", first["Message-ID"])
    raw = as_sent(first)
    with desk:
        desk.send(raw)
        assert desk.run("deliver", given=raw.replace(b"\r\n", b"\n")).returncode == 0
        with dovecot.client(user) as client:
            client.append("INBOX", TRACE + raw)
        _copies(desk, 2)
        desk.send(TRACE + raw)
        _copies(desk, 3)
    desk.configure(protocol="lmtp")
    with desk:
        with smtplib.LMTP("127.0.0.1", desk.port, timeout=30) as client:
            client.sendmail("luis@x.test", ["soporte@acme.test"], TRACE + raw)
        _copies(desk, 4)
        with smtplib.LMTP("127.0.0.1", desk.port, timeout=30) as client:
            client.sendmail("luis@x.test", ["soporte@acme.test"], as_sent(second))
        desk.letter("agent-new", "ana@acme.test", number=2)
        assert desk.json("verify")["messages"]["duplicate"] == 4
        told = [
            m["text"].strip() for t in desk.tickets() for m in desk.show(t["id"])["messages"]
        ]
        assert sorted(told) == ["No puedo entrar.", "Tampoco puedo imprimir."]
        assert desk.kinds().count(("acknowledgement", "luis@x.test")) == 1
