"""One client's SMTP session: aiosmtpd's protocol, made strict, bounded and quick.

Replaced are the command loop (limits, bare line ends, half-closed clients), the reading of
DATA (in large pieces instead of line by line) and the address grammar. STARTTLS, AUTH and
the order of commands stay aiosmtpd's. What is done with a mail is the door's business.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, TLSSetupException, syntax
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Conversation

from maild.ingest.door_limits import Admission
from maild.ingest.smtp_content import BARE_LINE_END, END_OF_DATA, FULL, Content, objection

log = logging.getLogger(__name__)

TROUBLE = "451 4.3.0 Trouble on our side, please try again later"
DRAINING = "421 4.3.2 The help desk is closing for a moment, please come back"
UNKNOWN = "550 5.1.1 There is no such address at this help desk"
CONTROL = "553 5.1.7 Control characters have no place in an address"

_ATOM = r'[^\s<>()\[\],;:\\"@]+'
_DOT_ATOM = re.compile(r"[^\s<>()\[\],;:\\\"@.]+(?:\.[^\s<>()\[\],;:\\\"@.]+)*")
_MAILBOX = rf'(?:{_ATOM}|"(?:[^"\\]|\\.)*")(?:@(?:{_ATOM}|\[[^\s\[\]\\]*\]))?'
# RFC 5321 4.1.2: a source route is read and ignored; brackets may be missing.
_PATH = re.compile(rf"<\s*(?:@[^\s<>:]+:)?({_MAILBOX})?\s*>|({_MAILBOX})")


class Reception(Protocol):
    """What a session asks of its door."""

    admission: Admission
    users: Mapping[str, str]
    draining: bool

    def accepts(self, address: str) -> bool: ...

    async def receive(self, content: bytes, transaction: Transaction, remote: str) -> str:
        """Make the mail durable; the reply to the final dot. May raise: then it is 451."""
        ...

    def joined(self, session: "SmtpSession") -> None: ...

    def left(self, session: "SmtpSession") -> None: ...


class SmtpSession(SMTP):
    """The protocol of one connection. Built by the door for every client."""

    line_length_limit = 64 * 1024  # how much is read at once; lines of a mail have no limit
    lines_per_reply = False  # LMTP: one line for every recipient

    def __init__(self, door: Reception, **options: Any) -> None:
        self.door = door
        self.limits = door.admission.limits
        self.idle = asyncio.Event()  #: no mail is in hand: not between DATA and its reply
        self.idle.set()
        self.wrong_passwords = 0
        self._admitted: str | None = None
        self._deadline = 0.0
        self._fruitful_at = 0.0
        self._fruitless = 0
        super().__init__(
            Hooks(door),
            enable_SMTPUTF8=True,
            data_size_limit=self.limits.max_size,
            authenticator=_authenticator(door.users),
            auth_required=bool(door.users),
            auth_exclude_mechanism=() if door.users else ("PLAIN", "LOGIN"),
            **options,
        )

    # -- connection ------------------------------------------------------------------

    @property
    def remote(self) -> str:
        peer = self.session.peer if self.session else None
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def connection_made(self, transport: Any) -> None:
        """A client has come, or (second call) has finished its TLS handshake."""
        now = self.loop.time()
        if self._original_transport is None:
            self._fruitful_at = now
            self.door.joined(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.door.left(self)
        if self._admitted is not None:
            self.door.admission.leave(self._admitted)
            self._admitted = None

    def eof_received(self) -> bool:
        """A client that has said all may still listen: what it sent is answered."""
        self._reader.feed_eof()
        return self.session is None or self.session.ssl is None

    def _reset_timeout(self, duration: float | None = None) -> None:
        # One timer that looks again, instead of a new one for every command.
        now = self.loop.time()
        self._deadline = min(
            now + (duration or self.limits.command_wait),
            self._fruitful_at + self.limits.session,
        )
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        now = self.loop.time()
        if self._deadline > now:
            again = min(self._deadline, now + self.limits.command_wait)
            self._timeout_handle = self.loop.call_at(again, self._timeout_cb)
            return
        log.info("%s was too slow and is cut off", self.remote)
        self.hang_up("421 4.4.2 You took too long")

    def hang_up(self, sentence: str, *, patience: float = 2.0) -> None:
        """Say a last word and close; a client that does not read is cut off."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(sentence.encode() + b"\r\n")  # type: ignore[attr-defined]
        transport.close()
        raw = self._original_transport or transport
        self.loop.call_later(patience, raw.abort)  # type: ignore[attr-defined]

    # -- commands --------------------------------------------------------------------

    async def _handle_client(self) -> None:
        try:
            await self._converse()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone, and so is what it had not finished
        except Exception:
            log.exception("a session of %s ended unexpectedly", self.remote)
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _converse(self) -> None:
        refusal = DRAINING if self.door.draining else self.door.admission.enter(self.remote)
        if refusal:
            self.hang_up(refusal)
            return
        self._admitted = self.remote
        await self.push(f"220 {self.hostname} {self.greeting} maild")
        while self.transport is not None and not self.transport.is_closing():
            try:
                await self._obey(await self._read_command())
            except TLSSetupException:
                return
            except (ConnectionError, asyncio.IncompleteReadError):
                raise
            except Exception:
                log.exception("trouble in a session of %s", self.remote)
                await self.push(TROUBLE)

    greeting = "ESMTP"

    async def _read_command(self) -> bytes:
        """One command line without its end; b"" where a refusal has been said."""
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            line = b""
        if line.endswith(b"\r\n") and len(line) <= self.limits.max_command:
            return line[:-2]
        # What follows such a line can't be trusted to be where a command begins.
        long = not line or len(line) > self.limits.max_command
        self.hang_up("500 5.5.6 Command line too long" if long else "521" + BARE_LINE_END[3:])
        return b""

    async def _obey(self, line: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self.door.draining:
            self.hang_up(DRAINING)
            return
        self._fruitless += 1
        if self._fruitless > self.limits.max_fruitless:
            self.hang_up("421 4.7.0 Too many commands without a message")
            return
        word, _, rest = line.partition(b" ")
        arg = rest.strip().decode("utf-8", "surrogateescape") or None
        method = self._smtp_methods.get(word.decode("ascii", "replace").upper())
        if method is None:
            await self.push("500 5.5.1 Command not recognised")
        elif arg and not arg.isprintable():
            await self.push(CONTROL if word.upper() in _WITH_ADDRESS else "501 5.5.2 Not text")
        else:
            self._reset_timeout()
            await method(arg)

    async def push(self, status: str | bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            await super().push(status)  # type: ignore[type-var]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address in a MAIL or RCPT argument and what follows it; None if malformed."""
        found = _PATH.match(arg)
        if not found or arg[found.end() :][:1] not in ("", " "):
            return None, None
        address = found[1] or found[2] or "<>"
        return address, arg[found.end() :]

    @syntax("VRFY <address>")
    async def smtp_VRFY(self, arg: str | None) -> None:
        """Tells nobody which addresses exist (RFC 5321 section 7.3)."""
        await self.push("252 2.5.0 Send a message and see")

    # -- content ---------------------------------------------------------------------

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        """Take one mail: read it whole, look at its bytes, and reply once it is durable."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if arg:
            await self.push("501 Syntax: DATA")
        elif not self.envelope.rcpt_tos:  # type: ignore[union-attr]
            await self.push("503 5.5.1 Error: need RCPT command")
        else:
            self.idle.clear()
            try:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                await self._take(self.envelope)  # type: ignore[arg-type]
            finally:
                self.idle.set()
                self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def _take(self, transaction: Transaction) -> None:
        self._reset_timeout(self.limits.session)
        content = Content(self.door.admission)
        try:
            refusal = await self._read_content(content)
            reply = refusal or await self._receive(content.bytes(), transaction)
        finally:
            content.drop()
        self._count(reply)
        lines = len(transaction.rcpt_tos) if self.lines_per_reply else 1
        await self.push("\r\n".join([reply] * lines))

    async def _read_content(self, content: Content) -> str | None:
        """Read up to the final dot, whatever comes; a refusal if it can't be kept."""
        # The CR LF that ended the DATA command is the one before a mail that begins (or
        # consists) of a dot. aiosmtpd itself reaches for this buffer.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]
        while True:
            try:
                content.add(await self._reader.readuntil(END_OF_DATA))
            except asyncio.LimitOverrunError as more:
                content.add(await self._reader.read(more.consumed))
            else:
                return content.refusal

    async def _receive(self, content: bytes, transaction: Transaction) -> str:
        refusal = objection(content, max_hops=self.limits.max_hops)
        if refusal:
            return refusal
        try:
            return await self.door.receive(content, transaction, self.remote)
        except Exception:
            # Whatever it is, it is our fault and not the mail's: never 5xx.
            log.exception("a mail of %s could not be taken", self.remote)
            return TROUBLE

    def _count(self, reply: str) -> None:
        traffic = self.door.admission.traffic
        if reply.startswith("2"):
            traffic.taken += 1
            self._fruitless = 0
            self._fruitful_at = self.loop.time()
        elif reply.startswith("5"):
            traffic.refused += 1
        else:
            traffic.put_off += 1
        self._reset_timeout()


_WITH_ADDRESS = (b"MAIL", b"RCPT")


class Hooks:
    """The answers to MAIL, RCPT and EHLO that are the door's own."""

    def __init__(self, door: Reception) -> None:
        self._door = door

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Conversation,
        _: Transaction,
        hostname: str,
        lines: list[str],
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in lines[:-1] if self._door.users or "-AUTH" not in line]
        return [*offered, "250-PIPELINING", lines[-1]]

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Conversation,
        transaction: Transaction,
        address: str,
        options: list[str],
    ) -> str:
        if not self._door.admission.has_room():
            log.error("mail is put off: the disk is nearly full")
            return FULL
        transaction.mail_from = address
        transaction.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Conversation,
        transaction: Transaction,
        address: str,
        options: list[str],
    ) -> str:
        if len(transaction.rcpt_tos) >= self._door.admission.limits.max_recipients:
            return "452 4.5.3 Too many recipients, send the rest in another message"
        address = unquoted(address)
        if not self._door.accepts(address):
            return UNKNOWN
        transaction.rcpt_tos.append(address)
        return "250 2.1.5 OK"


def unquoted(address: str) -> str:
    """The address without quotation marks it does not need (RFC 5321 4.1.2: `"ana"@x.test` is
    `ana@x.test`)."""
    local, at, domain = address.rpartition("@")
    bare = re.sub(r"\\(.)", r"\1", local[1:-1])
    return f"{bare}{at}{domain}" if local[:1] == '"' and _DOT_ATOM.fullmatch(bare) else address


def _authenticator(users: Mapping[str, str]) -> Any:
    def authenticate(
        server: SmtpSession, session: Conversation, _: Transaction, mechanism: str, data: Any
    ) -> AuthResult:
        password = users.get(data.login.decode("utf-8", "replace"), "")
        right = compare_digest(data.password, password.encode()) and bool(password)
        if not right:
            log.warning("a wrong password from %s", server.remote)
            server.wrong_passwords += 1
            if server.wrong_passwords >= 3:
                server.hang_up("421 4.7.0 Too many wrong passwords")
        return AuthResult(success=right, handled=False)

    return authenticate
