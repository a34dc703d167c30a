"""Watches one mailbox: a thread that waits for mail, takes it, and never gives up.

Each mailbox has its own watcher, connection and back-off, so that one in trouble holds up
no other. What is done in the folder is `ingest.imap_folder`'s business.
"""

import imaplib
import logging
import random
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from imapclient.exceptions import LoginError

from maild.ingest.imap_client import BoundedClient, connect
from maild.ingest.imap_folder import Folder, Suspects
from maild.ingest.mailbox import MailboxLedger, MailboxSettings
from maild.interfaces import Clock

log = logging.getLogger(__name__)


@dataclass(slots=True)
class MailboxHealth:
    """How a watcher fares, for `/metrics`, `doctor` and the log."""

    connected: bool = False
    trouble: str | None = None  #: the last one, until it is over
    failures: int = 0  #: attempts in a row that failed
    taken: int = 0  #: mails since the start
    last_look: datetime | None = None


class Alarm:
    """A wait that ends early when it rings, or when a socket has something to read."""

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def ring(self) -> None:
        with suppress(OSError):  # full of rings: it will wake
            self._outer.send(b"!")

    def wait(self, seconds: float, also: socket.socket | None = None) -> str:
        """What ended the wait: "ring", "socket", or "" when the time was up."""
        poll = select.poll()
        poll.register(self._inner, select.POLLIN)
        if also is not None:
            poll.register(also, select.POLLIN)
        if not poll.poll(max(0.0, seconds) * 1000):
            return ""
        try:
            self._inner.recv(4096)
        except BlockingIOError:
            return "socket"
        return "ring"

    def close(self) -> None:
        self._inner.close()
        self._outer.close()


class Watcher:
    """The watcher of one mailbox.

    `tell(name, trouble)` is called from its thread when a trouble begins or changes, and
    with None when it is over. `tried` is set after the first attempt, however it ended.
    """

    def __init__(
        self,
        settings: MailboxSettings,
        ledger: MailboxLedger,
        *,
        clock: Clock,
        tell: Callable[[str, str | None], None] = lambda name, trouble: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.health = MailboxHealth()
        self.tried = threading.Event()
        self._ledger = ledger
        self._clock = clock
        self._tell = tell
        self._jitter = jitter
        self._stopping = threading.Event()
        self._alarm = Alarm()
        self._client: BoundedClient | None = None
        self._suspects = Suspects()
        self._thorough = True  #: the first scan of this process looks at everything
        self._thread = threading.Thread(
            target=self._run, name=f"maild-imap-{settings.name}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def look_now(self) -> None:
        """Do not wait any longer."""
        self._alarm.ring()

    def stop(self, *, grace: float = 5.0) -> bool:
        """Finish the batch in hand; after `grace` s cut the connection. Whether it ended."""
        self._stopping.set()
        self._alarm.ring()
        self._thread.join(grace)
        if self._thread.is_alive():
            if self._client is not None:
                self._client.cut()
            self._thread.join(2)
        return not self._thread.is_alive()

    # -- the thread --------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._attend()
            except Exception as error:
                # A server may say anything, and a parser may choke on it anywhere: whatever
                # it is, this mailbox tries again and the others never hear of it.
                self._in_trouble(error)
                pause = self._pause(error)
            else:
                pause = 0.0
            finally:
                self._let_go()
                self.tried.set()
            if not self._stopping.is_set():
                self._alarm.wait(pause)
        self._alarm.close()

    def _attend(self) -> None:
        """One connection, from signing in until it breaks or the watcher stops."""
        client = self._client = connect(self.settings)
        folder = Folder(
            client,
            self.settings,
            self._ledger,
            clock=self._clock,
            suspects=self._suspects,
            stopping=self._stopping,
        )
        next_scan = 0.0
        while not self._stopping.is_set():
            now = self._clock.monotonic()
            if now >= next_scan:
                self.health.taken += folder.scan(thorough=self._thorough)
                self._thorough = False
                next_scan = now + self.settings.scan
            else:
                self.health.taken += folder.look()
            self._is_well()
            if not folder.has_news():
                self._wait(folder, client)
        with suppress(Exception):
            client.logout()

    def _wait(self, folder: Folder, client: BoundedClient) -> None:
        if not folder.idles:
            self._alarm.wait(self.settings.poll)
            return
        until = self._clock.monotonic() + self.settings.idle
        while not self._stopping.is_set():
            quiet = folder.begin_idle()
            left = until - self._clock.monotonic()
            woken = "socket" if not quiet else self._alarm.wait(left, client.socket())
            if folder.end_idle() or woken != "socket":
                return
            # The server only cleared its throat; a chatty one shall not keep us spinning.
            if self._clock.monotonic() >= until or self._alarm.wait(0.05):
                return

    def _is_well(self) -> None:
        health = self.health
        health.last_look = self._clock.now()
        health.failures = 0
        health.connected = True
        self.tried.set()
        if health.trouble is not None:
            health.trouble = None
            log.info("mailbox %s is well again", self.settings.name)
            self._tell(self.settings.name, None)

    def _in_trouble(self, error: Exception) -> None:
        health = self.health
        health.failures += 1
        trouble = describe(error)
        log.warning("mailbox %s: %s", self.settings.name, trouble)
        log.debug("mailbox %s", self.settings.name, exc_info=error)
        if trouble != health.trouble:
            health.trouble = trouble
            self._tell(self.settings.name, trouble)

    def _pause(self, error: Exception) -> float:
        if refuses_sign_in(error):
            # Providers lock accounts that knock too often with a wrong password.
            longest, shortest = self.settings.refused_pause, 30.0
        else:
            longest, shortest = self.settings.longest_pause, 1.0
        pause = min(longest, shortest * 2.0 ** min(self.health.failures - 1, 20))
        return pause * (0.75 + self._jitter() / 2)

    def _let_go(self) -> None:
        client, self._client = self._client, None
        self.health.connected = False
        if client is not None:
            client.cut()
            with suppress(Exception):
                client.shutdown()


def refuses_sign_in(error: Exception) -> bool:
    """Whether the server said no to name and password, rather than broke while signing in."""
    if not isinstance(error, LoginError) or "UNAVAILABLE" in str(error):
        return False
    return not isinstance(error.__context__, imaplib.IMAP4.abort)


def describe(error: Exception) -> str:
    """A trouble in one line of plain text, without the server's control characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    if text[:2] in ("b'", 'b"'):  # imaplib's errors are made of bytes
        text = text[2:-1]
    kind = "sign-in refused: " if refuses_sign_in(error) else ""
    return kind + "".join(c if c.isprintable() else "?" for c in text)[:300]
