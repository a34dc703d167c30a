"""A relay that keeps every letter it is given, and misbehaves when told to."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.servers.ports import free_port


@dataclass(frozen=True)
class Caught:
    """One letter as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class Sink:
    """An SMTP server for letters.

    `answer[stage]` is a reply to give in place of 250, at "MAIL", "RCPT" or "DATA"; a
    callable is asked with the address (MAIL, RCPT) or the bytes (DATA) and may return None
    for "as usual". `drop` is the stage at which the connection is cut without a word, a
    letter dropped at "DATA" is kept all the same (the lost 250). `delay` holds DATA back.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        users: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port or free_port()
        self.letters: list[Caught] = []
        self.answer: dict[str, str | Callable[[Any], str | None]] = {}
        self.drop: str | None = None
        self.delay = 0.0
        self._arrived = threading.Condition()
        self._options: dict[str, Any] = {"enable_SMTPUTF8": True, "data_size_limit": 2**27}
        self._options["tls_context"] = tls
        if users is not None:
            self._options |= {"auth_required": True, "auth_require_tls": tls is not None}
            self._options["authenticator"] = _checks(users)
        self.start()

    def start(self) -> None:
        """Listen (again, on the same port)."""
        self._server = Controller(
            _Hooks(self), hostname="127.0.0.1", port=self.port, **self._options
        )
        self._server.start()

    def stop(self) -> None:
        """Be down, until `start`."""
        self._server.stop(no_assert=True)

    close = stop

    def wait_for(self, count: int, *, seconds: float = 20.0) -> list[Caught]:
        """The letters, once there are `count` of them."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.letters) >= count, seconds)
        assert enough, f"{len(self.letters)} letters of {count} after {seconds:.0f} s"
        return list(self.letters)

    def keep(self, letter: Caught) -> None:
        with self._arrived:
            self.letters.append(letter)
            self._arrived.notify_all()

    def reply(self, stage: str, to: Any) -> str | None:
        answer = self.answer.get(stage)
        return answer(to) if callable(answer) else answer


class _Hooks:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def _drops(self, server: Any, stage: str) -> bool:
        if self._sink.drop == stage:
            server.transport.abort()
        return self._sink.drop == stage

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        reply = self._sink.reply("MAIL", address)
        if self._drops(server, "MAIL") or reply:
            return reply or "421 dropped"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        reply = self._sink.reply("RCPT", address)
        if self._drops(server, "RCPT") or reply:
            return reply or "421 dropped"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self._sink.delay:
            await asyncio.sleep(self._sink.delay)
        reply = self._sink.reply("DATA", envelope.content)
        if reply:
            return reply
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        self._sink.keep(Caught(sender, tuple(envelope.rcpt_tos), envelope.content))
        self._drops(server, "DATA")
        return "250 OK"


def _checks(users: dict[str, str]) -> Any:
    def check(
        server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        right = users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=right, handled=False)

    return check
