"""How long a customer of an idle desk waits: from his mail to the acknowledgement at the relay.

By SMTP the clock starts with the first word of the connection. By IMAP it starts when a bare
client in IDLE hears of the mail: what lies before is the server's.
"""

import random
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP

from bench.daemon import running
from bench.figures import Figure, at_most, percentile
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink

MAILS = 50
BY_IMAP = 30
#: Dovecot tells of changes half a second after the first; each mail has a time of its own
APART_S = 1.2
PATIENCE_S = 10.0
MAILBOX = """
[mailbox.main]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = "x"
after = "move:Processed"
"""


def latency() -> Iterator[Figure]:
    """Both ways in, one mail at a time."""
    dovecot = Dovecot()
    user = dovecot.user()
    desk = Acknowledged()
    more = MAILBOX.format(port=dovecot.port, user=user)
    try:
        with running(mode="live", relay=desk.sink.port, more=more) as daemon:
            chance = random.Random(3)
            by_smtp = [
                desk.waits(number, lambda mail: _send(daemon.port, mail), chance)
                for number in range(MAILS)
            ]
            ear = Ear(dovecot, user)
            drop = _dropper(dovecot, user, ear)
            by_imap = []
            for number in range(MAILS, MAILS + BY_IMAP):
                time.sleep(APART_S)
                by_imap.append(desk.waits(number, drop, chance))
            ear.stop()
    finally:
        desk.sink.stop()
        dovecot.close()
    for way, took in (("SMTP", by_smtp), ("IMAP, after IDLE", by_imap)):
        what = f"mail in by {way} -> acknowledgement out, {len(took)} mails"
        yield at_most(f"{what}: median", percentile(took, 0.5) * 1000, 100, " ms")
        yield at_most(f"{what}: p99", percentile(took, 0.99) * 1000, 1000, " ms")


class Acknowledged:
    """A relay that notes when the letter to each customer came."""

    def __init__(self) -> None:
        self.sink = Sink()
        self.sink.answer["DATA"] = self._note
        self._came: dict[int, float] = {}
        self._any = threading.Condition()

    def _note(self, raw: bytes) -> None:
        head = raw.partition(b"\r\n\r\n")[0]
        _, found, rest = head.partition(b"To: customer")
        if found:
            with self._any:
                self._came[int(rest.partition(b"@")[0])] = time.perf_counter()
                self._any.notify_all()

    def waits(
        self, number: int, post: Callable[[bytes], float], chance: random.Random
    ) -> float:
        """Seconds from the instant that `post` gives to the letter."""
        time.sleep(chance.uniform(0.1, 0.4))
        mail = EmailMessage()
        mail["From"], mail["To"] = f"customer{number}@x.test", "soporte@acme.test"
        mail["Subject"], mail["Message-ID"] = f"Consulta {number}", f"<latency{number}@x.test>"
        mail.set_content(f"Hola:\n\nno puedo entrar, prueba {number}.\n" * 5)
        started = post(mail.as_bytes(policy=SMTP))
        with self._any:
            assert self._any.wait_for(lambda: number in self._came, PATIENCE_S), number
        return self._came[number] - started


def _send(port: int, mail: bytes) -> float:
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "bench.example", PATIENCE_S) as client:
        client.sendmail("customer@x.test", "soporte@acme.test", mail)
    return started


def _dropper(dovecot: Dovecot, user: str, ear: "Ear") -> Callable[[bytes], float]:
    """Drops mails into the mailbox, and says when the ear heard of each."""
    client = dovecot.client(user)

    def drop(mail: bytes) -> float:
        ear.listen()
        client.append("INBOX", mail)
        return ear.heard()

    return drop


class Ear:
    """A bare client in IDLE."""

    def __init__(self, dovecot: Dovecot, user: str) -> None:
        self._client = dovecot.client(user)
        self._heard = threading.Event()
        self._at = 0.0
        self._done = False
        self._thread = threading.Thread(target=self._idle, daemon=True)
        self._thread.start()

    def _idle(self) -> None:
        self._client.idle()
        while not self._done:
            remarks = self._client.idle_check(timeout=0.5)
            now = time.perf_counter()
            if any(b"EXISTS" in remark for remark in remarks) and not self._heard.is_set():
                self._at = now
                self._heard.set()

    def listen(self) -> None:
        self._heard.clear()

    def heard(self) -> float:
        assert self._heard.wait(PATIENCE_S)
        return self._at

    def stop(self) -> None:
        self._done = True
        self._thread.join()
        self._client.shutdown()
