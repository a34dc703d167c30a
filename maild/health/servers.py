"""When the certificates of servers end that the desk lives by: mailboxes, relays, its pages.

A look of its own, without a sign-in: a mailbox's line may stand for weeks, and the second way
out may not be used for months. Nothing that is read this way is believed but a date.
"""

import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BufferedReader
from queue import SimpleQueue
from typing import ClassVar, Protocol

import structlog

from maild.health.expiry import Life, der_life

log = structlog.get_logger("certificates")

LOOK_EVERY = timedelta(hours=12)
WAIT_S = 10.0
_LONGEST_LINE = 2000
_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Server:
    """Who shows a certificate, and how it is asked to."""

    host: str
    port: int
    speaks: str  #: "imap" | "smtp" | "https"
    security: str = "tls"  #: "tls" | "starttls"

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class Room(Protocol):
    """Where dates are kept, for other processes and the next start."""

    def note(self, place: str, life: Life) -> None: ...


@dataclass(slots=True)
class CertificateRounds:
    """A job: looks at each server at the start and twice a day, and notes what it has seen.

    The looking is done by a thread that nobody waits for: a server that does not answer shall
    not keep the desk from stopping. One that can't be reached is no news of a certificate's.
    """

    room: Room
    servers: Sequence[Server]
    _seen: "SimpleQueue[tuple[str, Life]]" = field(default_factory=SimpleQueue, init=False)
    _next: datetime | None = field(default=None, init=False)
    name: ClassVar[str] = "certificates"

    def run(self, now: datetime) -> bool:
        while not self._seen.empty():
            self.room.note(*self._seen.get())
        if self.servers and (self._next is None or not now < self._next <= now + LOOK_EVERY):
            self._next = now + LOOK_EVERY
            threading.Thread(target=self._look, name=self.name, daemon=True).start()
        return False

    def _look(self) -> None:
        for server in self.servers:
            try:
                self._seen.put((server.place, certificate_life(server)))
            except (OSError, ValueError) as error:
                log.debug("a certificate was not seen", server=server.place, error=str(error))


def certificate_life(server: Server) -> Life:
    """From when until when its certificate holds. Raises `OSError`, `ValueError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # one that has ended is to be seen, too
    with socket.create_connection((server.host, server.port), timeout=WAIT_S) as line:
        if server.security == "starttls":
            _agree(line, server.speaks)
        with context.wrap_socket(line, server_hostname=server.host) as tls:
            life = der_life(tls.getpeercert(binary_form=True) or b"")
    if life is None:
        raise ValueError("the server shows no certificate that can be read")
    return life


def _agree(line: socket.socket, speaks: str) -> None:
    """STARTTLS, as far as the server's yes."""
    with line.makefile("rb") as said:
        if speaks == "imap":
            _read(said)
            line.sendall(b"a STARTTLS\r\n")
            lines = (_read(said) for _ in range(_MOST_LINES))
            agreed = next((text for text in lines if text.startswith("a ")), "")
            yes = agreed.upper().startswith("A OK")
        else:
            agreed = _reply(said)
            for order in (b"EHLO localhost\r\n", b"STARTTLS\r\n"):
                line.sendall(order)
                agreed = _reply(said)
            yes = agreed.startswith("220")
    if not yes:
        raise ValueError(f"the server does not agree to STARTTLS: {agreed[:200]}")


def _reply(said: BufferedReader) -> str:
    """The last line of an SMTP server's answer (RFC 5321 section 4.2.1)."""
    for _ in range(_MOST_LINES):
        text = _read(said)
        if text[3:4] != "-":
            return text
    raise ValueError("the server's answer has no end")


def _read(said: BufferedReader) -> str:
    text = said.readline(_LONGEST_LINE)
    if not text:
        raise OSError("the server hung up")
    return text.decode("ascii", "replace").strip()
