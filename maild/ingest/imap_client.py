"""IMAPClient within bounds: whatever a server sends, memory and time have a limit.

imaplib reads what it is told to read: a literal of 4 GiB, lines without end, a server that
drips. Here every command has a budget of bytes and of time, and `abort` ends the connection.
"""

import imaplib
import ipaddress
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS, create_default_context

from maild.errors import ConfigError
from maild.ingest.mailbox import MB, MailboxSettings

LONGEST_LINE = 16 * MB  # a SEARCH over some two million mails answers in one line
COMMAND_TIME = 900.0  # seconds; longer than any IDLE


class LineTrouble(imaplib.IMAP4.abort):
    """The connection failed; nothing is said against what was being read."""


class _Bounded(imaplib.IMAP4):
    """Reads from the socket itself, counting."""

    largest_literal = 64 * MB
    largest_answer = 128 * MB
    _spent = 0
    _deadline = float("inf")

    def open(self, *args: Any, **kwargs: Any) -> None:
        self._received = bytearray()
        self._deadline = time.monotonic() + COMMAND_TIME
        super().open(*args, **kwargs)

    def _new_tag(self) -> Any:
        # Every command takes a tag: here its budget begins.
        self._spent = 0
        self._deadline = time.monotonic() + COMMAND_TIME
        return super()._new_tag()  # type: ignore[misc]

    def readline(self) -> bytes:
        looked = 0
        while (end := self._received.find(b"\n", looked)) < 0:
            looked = len(self._received)
            if looked > LONGEST_LINE:
                raise self.abort("the server sent a line without end")
            self._receive()
        return self._cut(end + 1)

    def read(self, size: int) -> bytes:
        if size > self.largest_literal:
            raise self.abort(f"the server announced a literal of {size} bytes")
        while len(self._received) < size:
            self._receive()
        return self._cut(size)

    def _cut(self, size: int) -> bytes:
        piece = bytes(self._received[:size])
        del self._received[:size]
        return piece

    def _receive(self) -> None:
        if time.monotonic() > self._deadline:
            raise LineTrouble("the server took too long over one answer")
        chunk = self.sock.recv(262_144)
        if not chunk:
            raise LineTrouble("the server hung up")
        self._spent += len(chunk)
        if self._spent > self.largest_answer:
            raise self.abort("the server sent more than was asked for")
        self._received += chunk

    def holds_more(self) -> bool:
        """Whether something received has not been read, so that no socket would wake us."""
        pending = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(self._received or pending)

    def forget_received(self) -> None:
        self._received.clear()


class _BoundedPlain(_Bounded, IMAP4WithTimeout):  # type: ignore[misc]
    pass


class _BoundedTls(_Bounded, IMAP4_TLS):  # type: ignore[misc]
    pass


class BoundedClient(IMAPClient):  # type: ignore[misc]
    """An `IMAPClient` whose connection has limits and can be cut from another thread."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._bounds = settings
        super().__init__(
            settings.host,
            settings.port,
            ssl=settings.security == "tls",
            ssl_context=settings.tls or create_default_context(),
            timeout=SocketTimeout(settings.connect_wait, settings.read_wait),
        )
        self.normalise_times = False  # INTERNALDATE stays an aware instant
        self._imap.debug = 0  # at 5, as given, each answer is turned into text for a log
        self.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def _create_IMAP4(self) -> _Bounded:
        bounds, timeout = self._bounds, self._bounds.connect_wait
        connection: _Bounded
        if self.ssl:
            connection = _BoundedTls(self.host, self.port, self.ssl_context, timeout)  # type: ignore[call-arg]
        else:
            connection = _BoundedPlain(self.host, self.port, timeout)
        connection.largest_literal = 2 * bounds.max_size + MB
        connection.largest_answer = 2 * bounds.max_size + 2 * bounds.batch_bytes + 8 * MB
        return connection

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        answer = super().starttls(ssl_context)
        # Whatever came in clear behind the answer was not said by the server we now trust.
        self._imap.forget_received()
        return answer

    def holds_more(self) -> bool:
        return bool(self._imap.holds_more())

    def idle(self) -> None:
        """Enter IDLE; the server may have something else to say first."""
        self._idle_tag = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            if self._imap.tagged_commands[self._idle_tag]:
                raise self._imap.abort("the server refuses to IDLE")

    def idle_done(self) -> Any:
        """Leave IDLE. Here a server that is gone, or says good-bye, is noticed."""
        answer = super().idle_done()
        if "BYE" in self._imap.untagged_responses:
            raise LineTrouble("the server said good-bye")
        return answer

    def forget_remarks(self) -> None:
        """Drop what the server said unasked, which imaplib piles up."""
        self._imap.untagged_responses.clear()

    def heard_of_mail(self) -> bool:
        """Whether the server spoke of new mail, in whatever answer, since `forget_remarks`."""
        return "EXISTS" in self._imap.untagged_responses

    def cut(self) -> None:
        """End the connection at once; safe from any thread."""
        with suppress(OSError, AttributeError):  # it had ended
            self.socket().shutdown(socket.SHUT_RDWR)


def connect(settings: MailboxSettings) -> BoundedClient:
    """A client that is signed in. Raises what imapclient, sockets and TLS raise."""
    if settings.security == "none" and not _is_loopback(settings.host):
        raise ConfigError(f'[mailbox.{settings.name}] security "none" is for loopback only')
    client = BoundedClient(settings)
    try:
        if settings.security == "starttls":
            client.starttls(settings.tls or create_default_context())
        settings.sign_in(client)
    except BaseException:
        client.cut()
        raise
    return client


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
