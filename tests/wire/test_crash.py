"""kill -9 at any moment, while mail comes in by SMTP and IMAP: nothing lost, nothing twice."""

import random
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.checker import Checker, Sent
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, wait_until

pytestmark = pytest.mark.wire

SENDERS = 3
CARRIERS = 4  #: letters that delivery may have on their way at one instant
MAILBOX = """
[mailbox.main]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = "x"
after = "move:Processed"
"""


@dataclass
class Mta:
    """A mail system: keeps each mail until a door has said 250, and tries again till then."""

    port: int
    ledger: list[Sent] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def deliver(self, mails: Sequence[tuple[Sent, EmailMessage]], pause: float) -> None:
        for sent, made in mails:
            while not self.stop.is_set() and not self._try(sent, made):
                time.sleep(0.02)
            time.sleep(pause)

    def _try(self, sent: Sent, made: EmailMessage) -> bool:
        envelope = "" if sent.silent else sent.sender
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=15) as client:
                client.sendmail(envelope, ["soporte@acme.test"], as_sent(made))
                sent.acknowledged += 1  # only QUIT is left: whatever comes now, it was 250
        except smtplib.SMTPResponseException as error:
            assert error.smtp_code < 500, error
            return bool(sent.acknowledged)
        except (OSError, smtplib.SMTPException):
            return bool(sent.acknowledged)
        return True


def _write(number: int, via: str) -> tuple[Sent, EmailMessage]:
    sent = Sent(
        f"mark-{via}-{number:04d}",
        f"c{via}{number}@x.test",
        silent=via == "smtp" and number % 10 == 9,
    )
    return sent, mail(sent.sender, f"{sent.mark} no puedo acceder", f"{sent.mark}\nAyuda.")


def storm(desk: Desk, dovecot: Dovecot, *, mails: int, kills: int, seed: int) -> int:
    """Half of the mails by SMTP, half by IMAP; kills at moments drawn from the seed. How many
    letters left twice."""
    print(f"seed {seed}: {mails} mails, {kills} kills")
    draw = random.Random(seed)
    user = dovecot.user()
    desk.configure(more=MAILBOX.format(port=dovecot.port, user=user))
    desk.start()
    by_smtp = [_write(n, "smtp") for n in range(mails // 2)]
    by_imap = [_write(n, "imap") for n in range(mails - mails // 2)]
    mta = Mta(desk.port, [sent for sent, _ in (*by_smtp, *by_imap)])
    span = kills * 0.25  # so that mail comes in all the time
    threads = [
        threading.Thread(
            target=mta.deliver, args=(by_smtp[n::SENDERS], span * SENDERS / mails / 2)
        )
        for n in range(SENDERS)
    ]
    threads.append(threading.Thread(target=_drop, args=(dovecot, user, by_imap, span)))
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(draw.uniform(0.01, 0.4))
        desk.kill()
        desk.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    with dovecot.client(user) as client:
        wait_until(lambda: (client.noop(), not client.search())[1], seconds=60)
    queue = desk.await_quiet(seconds=90)
    assert all(sent.acknowledged for sent in mta.ledger)
    checker = Checker(
        mta.ledger, desk.tickets(), desk.show, queue, desk.letters(), desk.log, kills,
        carriers=CARRIERS, every=10,
    )  # fmt: skip
    copies = len(desk.letters()) - len({m["Message-ID"] for m in desk.letters()})
    print(f"{copies} letters twice")
    assert checker.faults() == []
    assert desk.run("verify").returncode == 0
    assert desk.stop() == 0
    return copies


def _drop(
    dovecot: Dovecot, user: str, mails: Sequence[tuple[Sent, EmailMessage]], span: float
) -> None:
    """Mails fall into the mailbox; a server's OK to APPEND is their acknowledgement."""
    with dovecot.client(user) as client:
        for sent, made in mails:
            client.append("INBOX", as_sent(made))
            sent.acknowledged += 1
            time.sleep(span / len(mails))


def test_five_kills(tmp_path: Path, sink: Sink, dovecot: Dovecot) -> None:
    """60 mails, five kill -9 of the main process."""
    desk = Desk(tmp_path, sink=sink)
    try:
        storm(desk, dovecot, mails=60, kills=5, seed=random.randrange(10**6))
    finally:
        desk.end()


@pytest.mark.proof
def test_fifty_kills(
    tmp_path: Path, sink: Sink, dovecot: Dovecot, record_property: Callable[[str, object], None]
) -> None:
    """500 mails, fifty kill -9 of the main process."""
    desk = Desk(tmp_path, sink=sink)
    try:
        copies = storm(desk, dovecot, mails=500, kills=50, seed=random.randrange(10**6))
    finally:
        desk.end()
    record_property("figure", f"0 lost of 500, 50 kills, {copies} letters twice")
    record_property("target", "0 lost, 0 tickets twice, a copy a kill at most")


# -- the checker itself -----------------------------------------------------------------------


def _letter(kind: str, to: str, ticket: int, id: str) -> EmailMessage:
    letter = EmailMessage()
    for name, value in {
        "To": to,
        "Message-ID": id,
        "X-Maild-Type": kind,
        "X-Maild-Ticket": str(ticket),
        "Auto-Submitted": "auto-generated",
    }.items():
        letter[name] = value
    return letter


def _checker() -> Checker:
    """A desk with two mails, one of them from a null sender, where all is well."""
    ledger = [Sent("mark-1", "a@x.test", 1), Sent("mark-2", "b@x.test", 1, silent=True)]
    tickets = [
        {"id": n, "subject": f"mark-{n} x", "created_at": "1", "updated_at": "1"}
        for n in (1, 2)
    ]
    letters = [
        _letter("acknowledgement", "a@x.test", 1, "<1>"),
        _letter("agent-new", "ana@acme.test", 1, "<2>"),
        _letter("agent-new", "ana@acme.test", 2, "<3>"),
    ]
    queue = {"intake": {"pending": 0}, "outgoing": {"failed": 0}}
    return Checker(
        ledger, tickets, lambda n: {"messages": [{"text": f"mark-{n} y"}]}, queue, letters,
        log="all well", kills=1,
    )  # fmt: skip


BROKEN: dict[str, Callable[[Checker], object]] = {
    "mark-3 was acknowledged and is lost": lambda c: c.ledger.append(Sent("mark-3", "c@x", 1)),
    "mark-1 stands there 2 times": lambda c: c.tickets.append(c.tickets[0]),
    "1 messages nobody sent: 'mark-2'": lambda c: c.ledger.pop(),
    "2 extra copies after 1 kills": lambda c: c.letters.extend(c.letters[:2]),
    "3 copies of <1>": lambda c: c.letters.extend(c.letters[:1] * 2),
    "2 different letters ('agent-new', '1', 'ana@acme.test')": lambda c: c.letters.append(
        _letter("agent-new", "ana@acme.test", 1, "<9>")
    ),
    "1 notices of 2 tickets": lambda c: c.letters.pop(),
    "0 acknowledgements of 1 tickets": lambda c: c.letters.pop(0),
    "acknowledgement to b@x.test, a null sender": lambda c: c.letters.append(
        _letter("acknowledgement", "b@x.test", 2, "<8>")
    ),
    "1 failed in outgoing": lambda c: c.queue["outgoing"].update(failed=1),
    "a traceback in the log": lambda c: setattr(c, "log", "Traceback (most recent"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_the_checker_sees_a_broken_promise(sentence: str) -> None:
    """All is well without it, and named with it."""
    checker = _checker()
    assert checker.faults() == []
    BROKEN[sentence](checker)
    assert sentence in checker.faults()
