"""Couriers: how one composed letter leaves. By SMTP to the relay, or as a file.

A courier answers one question about any failure: will trying again help?
"""

import os
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maild.errors import MaildError, Permanent, Temporary
from maild.interfaces import Clock

#: RFC 5321 4.5.3.2.6: the client waits ten minutes for the answer to its final dot; giving
#: up earlier makes duplicates
TIMEOUT_S = 600.0
CONNECT_TIMEOUT_S = 30.0
IDLE_S = 20.0
QUIET_S = 1.0  #: after so long without a letter the relay may have hung up
LETTERS_PER_CONNECTION = 200


@dataclass(frozen=True, slots=True)
class Relay:
    """Where letters go, and how."""

    host: str
    port: int
    security: str = "none"  #: none | starttls | tls
    user: str = ""
    password: Callable[[], str] = lambda: ""
    helo: str = ""
    token: Callable[..., str] | None = None  #: an access token in place of a password


class RelayDown(Temporary):
    """The relay itself can't be used; nothing is said against the letter."""


class SmtpCourier:
    """One connection to a relay, kept open between letters. Not shared between threads."""

    def __init__(self, relay: Relay, clock: Clock) -> None:
        self._relay = relay
        self._clock = clock
        self._smtp: smtplib.SMTP | None = None
        self._used = 0.0
        self._count = 0

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand one message over; returns after the relay's 250.

        Raises `Temporary` (4xx, no connection, no answer) or `Permanent` (5xx).
        """
        smtp = self._connected()
        try:
            self._transfer(smtp, sender, recipient, message)
        except smtplib.SMTPDataError as error:  # it refuses the very word DATA
            self._reset(smtp)
            raise _failure(error.smtp_code, _bytes(error.smtp_error)) from error
        except OSError as error:  # smtplib's own errors are of this kind, too
            self._drop()
            raise RelayDown(f"{self._relay.host}: {_text(error)}") from error
        self._used = self._clock.monotonic()
        self._count += 1

    def _transfer(
        self, smtp: smtplib.SMTP, sender: str, recipient: str, message: bytes
    ) -> None:
        wide = not (sender + recipient).isascii()
        options = ["SMTPUTF8"] if wide and smtp.has_extn("smtputf8") else []
        for code, answer in (
            smtp.mail(sender, options),
            smtp.rcpt(recipient),
        ):
            if code not in (250, 251):
                self._reset(smtp)
                raise _failure(code, answer)
        code, answer = smtp.data(message)
        if code != 250:
            self._reset(smtp)
            raise _failure(code, answer)

    def connected(self, *, patience_s: float) -> smtplib.SMTP:
        """The line itself, signed in, for who wants to try it. Raises `RelayDown`."""
        smtp = self._connected()
        if smtp.sock is not None:
            smtp.sock.settimeout(patience_s)
        return smtp

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _connected(self) -> smtplib.SMTP:
        idle = self._clock.monotonic() - self._used
        if self._smtp is not None and (idle > IDLE_S or self._count >= LETTERS_PER_CONNECTION):
            self.close()
        if self._smtp is not None and idle > QUIET_S and not self._answers(self._smtp):
            self._drop()
        if self._smtp is None:
            self._smtp = self._connect()
            self._count = 0
        return self._smtp

    def _answers(self, smtp: smtplib.SMTP) -> bool:
        """Whether the relay still keeps its end of the line."""
        try:
            return smtp.noop()[0] == 250
        except OSError:
            return False

    def _connect(self) -> smtplib.SMTP:
        relay = self._relay
        try:
            smtp = self._open(relay)
            smtp.ehlo_or_helo_if_needed()
            if relay.token:
                sign_in_by_token(smtp, relay.user, relay.token)
            elif relay.user:
                smtp.login(relay.user, relay.password())
        except smtplib.SMTPAuthenticationError as error:
            what = "token" if relay.token else "password"
            raise RelayDown(f"{relay.host} refuses the {what}: {_text(error)}") from None
        except (smtplib.SMTPException, OSError, MaildError) as error:
            raise RelayDown(f"{relay.host}:{relay.port}: {_text(error)}") from None
        if smtp.sock is not None:
            smtp.sock.settimeout(TIMEOUT_S)
        return smtp

    def _open(self, relay: Relay) -> smtplib.SMTP:
        local = relay.helo or socket.getfqdn()
        if relay.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                relay.host, relay.port, local, timeout=CONNECT_TIMEOUT_S, context=context
            )
        smtp = smtplib.SMTP(relay.host, relay.port, local, timeout=CONNECT_TIMEOUT_S)
        if relay.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        return smtp

    def _drop(self) -> None:
        """Without goodbye: the line is dead or in an unknown state."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def close(self) -> None:
        """Say goodbye."""
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._smtp.close()
            self._smtp = None


def sign_in_by_token(smtp: smtplib.SMTP, user: str, token: Callable[..., str]) -> None:
    """XOAUTH2 (Google, Microsoft 365), or OAUTHBEARER (RFC 7628) where only that is offered.

    A token that is refused is exchanged once. Raises what smtplib raises.
    """
    offered = smtp.esmtp_features.get("auth", "").split()
    newer = "OAUTHBEARER" in offered and "XOAUTH2" not in offered
    access = token()
    try:
        _auth(smtp, user, access, newer=newer)
    except smtplib.SMTPAuthenticationError:
        other = token(refused=access)
        if other == access:
            raise
        _auth(smtp, user, other, newer=newer)


def _auth(smtp: smtplib.SMTP, user: str, access: str, *, newer: bool) -> None:
    if newer:
        name = user.replace("=", "=3D").replace(",", "=2C")
        mechanism, first = "OAUTHBEARER", f"n,a={name},\1auth=Bearer {access}\1\1"
    else:
        mechanism, first = "XOAUTH2", f"user={user}\1auth=Bearer {access}\1\1"

    def answer(challenge: bytes | None = None) -> str:
        """A challenge holds the reason for a no; the no itself comes after our answer."""
        return first if challenge is None else "\1" if newer else ""

    smtp.auth(mechanism, answer)


def _failure(code: int, answer: bytes) -> Temporary | Permanent:
    text = f"{code} {answer.decode('utf-8', 'replace')}"[:500]
    return Permanent(text) if 500 <= code < 600 else Temporary(text)


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode("utf-8", "replace")


def _text(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {error.smtp_error!r}"
    return str(error)


class FileCourier:
    """Keeps letters as `.eml` files: for a desk that is only being looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Write the file whole or not at all; the same letter again is the same file."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / f"{_file_name(message)}.eml"
        draft = target.with_suffix(".part")
        try:
            with draft.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
        except OSError as error:
            raise Temporary(f"{target}: {error}") from error

    def close(self) -> None:
        """Nothing is open."""


def _file_name(message: bytes) -> str:
    """From the letter's own id, which a resend keeps."""
    for line in message.split(b"\n", 60)[:60]:
        if line.lower().startswith(b"message-id:"):
            name = line.split(b":", 1)[1].strip().strip(b"<>").decode("ascii", "replace")
            return "".join(c if c.isalnum() or c in "._-@" else "_" for c in name)[:120]
    raise Permanent("a letter without Message-ID")
