"""Mail that comes by IMAP, through the running daemon and a real Dovecot."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, reply, text_of, wait_until

pytestmark = pytest.mark.wire

MAILBOX = """
[mailbox.{name}]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = "x"
after = "{after}"
"""


def mailbox(dovecot: Dovecot, user: str, after: str, name: str = "main") -> str:
    return MAILBOX.format(name=name, port=dovecot.port, user=user, after=after)


def _left(dovecot: Dovecot, user: str, folder: str = "INBOX") -> int:
    with dovecot.client(user, folder) as client:
        return len(client.search())


@pytest.mark.parametrize("after", ["move:Processed", "flag", "delete"])
def test_a_mailbox(tmp_path: Path, sink: Sink, dovecot: Dovecot, after: str) -> None:
    """A ticket each, once, over a restart too; nobody is told of what lay there before."""
    user = dovecot.user()
    with dovecot.client(user) as client:
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        client.append("INBOX", as_sent(mail("eva@y.test", "primero")), msg_time=long_ago)
    desk = Desk(tmp_path, sink=sink, protocol=None, more=mailbox(dovecot, user, after))
    with desk:
        with dovecot.client(user) as client:
            client.append("INBOX", as_sent(mail("luis@x.test", "segundo")))
            notice = desk.letter("agent-new", "ana@acme.test")
            answer = reply(notice, "Ya puede entrar.", sender="ana@acme.test")
            client.append("INBOX", as_sent(answer))
        assert text_of(desk.letter("reply", "luis@x.test")).startswith("Ya puede entrar.")
    with desk:
        desk.await_quiet()
        assert [t["subject"] for t in desk.tickets()] == ["primero", "segundo"]
        assert desk.kinds() == [
            ("acknowledgement", "luis@x.test"),
            ("agent-new", "ana@acme.test"),
            ("reply", "luis@x.test"),
        ]
        assert "Traceback" not in desk.log
        inbox = 3 if after == "flag" else 0
        wait_until(lambda: _left(dovecot, user) == inbox)
    if after.startswith("move"):
        assert _left(dovecot, user, "Processed") == 3


def test_a_mailbox_that_is_down_holds_up_nobody(
    tmp_path: Path, sink: Sink, dovecot: Dovecot
) -> None:
    """`maild ready` comes within five seconds or so; the other mailbox and the door work."""
    user = dovecot.user()
    dead = mailbox(dovecot, user, "flag", "dead").replace(
        f"port = {dovecot.port}", f"port = {sink.port}"
    )  # it speaks SMTP there, not IMAP
    desk = Desk(tmp_path, sink=sink, more=dead + mailbox(dovecot, user, "delete"))
    with desk:
        with dovecot.client(user) as client:
            client.append("INBOX", as_sent(mail("luis@x.test", "primero")))
        desk.send(mail("eva@y.test", "segundo"))
        desk.letter("acknowledgement", "eva@y.test")
        desk.letter("acknowledgement", "luis@x.test")


def test_the_mailboxes_part_is_started_again(
    tmp_path: Path, sink: Sink, dovecot: Dovecot
) -> None:
    """kill -9 while it fetches: every mail opens one ticket."""
    user = dovecot.user()
    desk = Desk(tmp_path, sink=sink, protocol=None, more=mailbox(dovecot, user, "move:Done"))
    with desk:
        dovecot.fill(user, [as_sent(mail(f"c{n}@x.test", f"n{n}")) for n in range(60)])
        for _ in range(2):
            before = desk.parts()["mailboxes"]
            os.kill(before, 9)
            wait_until(lambda b=before: desk.parts().get("mailboxes", b) != b)  # type: ignore[misc]
        wait_until(lambda: _left(dovecot, user) == 0)
        desk.await_quiet()
        assert sorted(t["subject"] for t in desk.tickets()) == sorted(
            f"n{n}" for n in range(60)
        )
        letters = [m["Message-ID"] for m in desk.letters()]
        assert len(letters) == len(set(letters)) == 120
    assert _left(dovecot, user, "Done") == 60


@pytest.mark.proof
def test_a_mailbox_that_is_built_anew(
    tmp_path: Path,
    sink: Sink,
    dovecot: Dovecot,
    record_property: Callable[[str, object], None],
) -> None:
    """1,000 mails that were answered get new numbers (UIDVALIDITY), as after a move to another
    server: no new ticket, and not one letter."""
    user = dovecot.user()
    desk = Desk(tmp_path, sink=sink, protocol=None, more=mailbox(dovecot, user, "flag"))
    with desk:
        dovecot.fill(user, [as_sent(mail(f"c{n}@x.test", f"n{n}")) for n in range(1000)])
        wait_until(lambda: desk.json("list", "--limit", "1")["total"] == 1000, seconds=120)
        desk.await_quiet(seconds=120)
    before = _validity(dovecot, user)
    for path in (dovecot.folder / "mail" / user).glob("dovecot*"):
        path.unlink()
    assert _validity(dovecot, user) != before
    letters = len(desk.letters())
    with desk:
        wait_until(lambda: _looked_at(desk) == 1000, seconds=120)
        desk.await_quiet(seconds=120)
        assert desk.json("list", "--limit", "1")["total"] == 1000
        assert desk.run("verify").returncode == 0
    new = len(desk.letters()) - letters
    record_property("figure", f"1,000 mails with new numbers: 0 tickets, {new} letters")
    record_property("target", "0 and 0")
    assert (letters, new) == (2000, 0)


def _validity(dovecot: Dovecot, user: str) -> int:
    with dovecot.client(user) as client:
        return int(client.select_folder("INBOX", readonly=True)[b"UIDVALIDITY"])


def _looked_at(desk: Desk) -> int:
    """How many mails were found to be known."""
    found: int = desk.json("verify")["messages"].get("duplicate", 0)
    return found
