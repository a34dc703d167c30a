"""The door for mail: SMTP and LMTP on one port, answering 250 only for what is durable.

A door runs on an event loop in a thread of its own; the daemon gives it a process of its
own. It reads no mail: bytes and envelope go to the intake as they came. No Received line
is put on top, for the envelope is kept beside the mail and says what that line would say.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import Envelope as Transaction

from maild.errors import ConfigError, Temporary
from maild.ingest.door_limits import Admission, DoorLimits, Traffic
from maild.ingest.group_commit import GroupCommit
from maild.ingest.lmtp import LmtpSession
from maild.ingest.smtp_session import DRAINING, SmtpSession
from maild.interfaces import Intake
from maild.model.mail import Envelope

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Where a door stands and how it speaks (CONTRACT section 2, `[smtp]`)."""

    host: str = "127.0.0.1"
    port: int = 8025  #: 0 takes a free one; `Door.port` says which
    protocol: str = "smtp"  #: "smtp" | "lmtp"
    hostname: str = "localhost"
    tls_cert: Path | None = None  #: with tls_key: STARTTLS
    tls_key: Path | None = None
    users: Mapping[str, str] = field(default_factory=dict)  #: name -> password; AUTH required
    limits: DoorLimits = field(default_factory=DoorLimits)


class Door:
    """Listens, takes mail for the addresses `accepts` knows, and commits it in groups.

    `accepts` and `free_disk` are called on the door's loop and must be quick;
    `intake.take_many` is called from one thread that belongs to the door.
    """

    def __init__(
        self,
        settings: DoorSettings,
        intake: Intake,
        *,
        accepts: Callable[[str], bool],
        free_disk: Callable[[], int] = lambda: 1 << 62,
        listening: socket.socket | None = None,
    ) -> None:
        """`listening`: a socket that listens already; it stays the caller's."""
        if settings.users and not settings.tls_cert:
            raise ConfigError("[smtp] users: passwords need tls_cert and tls_key")
        self.settings = settings
        self.users = settings.users
        self.accepts = accepts
        self.admission = Admission(settings.limits, free_disk)
        self.draining = False
        self._intake = intake
        self._listening = listening
        self._tls = _tls_context(settings)
        self._sessions: set[SmtpSession] = set()
        self._commit: GroupCommit
        self._port = settings.port
        self._runner: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._grace = 8.0

    @property
    def port(self) -> int:
        return self._port

    @property
    def traffic(self) -> Traffic:
        return self.admission.traffic

    def start(self) -> None:
        """Open the door; returns once it accepts. Raises `OSError` if it can't listen."""
        opened: list[BaseException | None] = []
        ready = threading.Event()

        def tell(error: BaseException | None = None) -> None:
            opened.append(error)
            ready.set()

        self._runner = threading.Thread(target=self._run, args=(tell,), name="maild-door")
        self._runner.start()
        ready.wait()
        if opened[0] is not None:
            self._runner.join()
            raise opened[0]

    def stop(self, *, grace: float = 8.0) -> None:
        """Let nobody in any more, finish the mails in hand, and return within `grace` s."""
        if self._runner is None:
            return
        self._grace = grace
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._closing.set)
        self._runner.join()
        self._runner = None

    # -- on the loop -----------------------------------------------------------------

    def _run(self, tell: Callable[..., None]) -> None:
        try:
            asyncio.run(self._serve(tell))
        except BaseException as error:  # the caller of start() raises it
            tell(error)

    async def _serve(self, tell: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self.draining = False
        limits = self.settings.limits
        self._commit = GroupCommit(
            self._intake, batch_count=limits.batch_count, batch_bytes=limits.batch_bytes
        )
        server = await self._listen()
        self._port = server.sockets[0].getsockname()[1]
        tell()
        await self._closing.wait()
        server.close()
        await self._drain()

    async def _listen(self) -> asyncio.Server:
        if self._listening is not None:
            return await self._loop.create_server(self._session, sock=self._listening.dup())
        return await self._loop.create_server(
            self._session, self.settings.host, self.settings.port, backlog=512
        )

    def _session(self) -> SmtpSession:
        kind = LmtpSession if self.settings.protocol == "lmtp" else SmtpSession
        return kind(self, hostname=self.settings.hostname, tls_context=self._tls)

    async def _drain(self) -> None:
        self.draining = True
        deadline = self._loop.time() + self._grace
        busy = [s for s in self._sessions if not s.idle.is_set()]
        for session in self._sessions - set(busy):
            session.hang_up(DRAINING)
        if busy:
            waits = [asyncio.create_task(s.idle.wait()) for s in busy]
            await asyncio.wait(waits, timeout=self._grace)
        for session in list(self._sessions):
            session.hang_up(DRAINING, patience=0.1)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._commit.finish(), deadline + 0.5 - self._loop.time())

    def joined(self, session: SmtpSession) -> None:
        self._sessions.add(session)

    def left(self, session: SmtpSession) -> None:
        self._sessions.discard(session)

    async def receive(self, content: bytes, transaction: Transaction, remote: str) -> str:
        """Commit one mail; the reply to its final dot (RFC 5321 section 6.1)."""
        sender = transaction.mail_from or ""
        envelope = Envelope(
            source=self.settings.protocol,
            sender="" if sender == "<>" else sender,
            recipients=tuple(transaction.rcpt_tos),
            remote=remote,
        )
        try:
            number = await self._commit.take(content, envelope)
        except Temporary:
            return "451 4.3.0 The help desk can't store it just now, please try again later"
        log.info("taken in%d: %d bytes from %r at %s", number, len(content), sender, remote)
        return f"250 2.0.0 Taken as in{number}"


def _tls_context(settings: DoorSettings) -> ssl.SSLContext | None:
    if not settings.tls_cert or not settings.tls_key:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise ConfigError(f"[smtp] tls_cert, tls_key: {error}") from error
    return context
