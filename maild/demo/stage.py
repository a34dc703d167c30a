"""The stage of the demo: a throw-away desk that really runs, and a mailbox for everybody.

A daemon is started on free ports, its relay is a catcher of ours; people write to it and
read their letters as any mail program would.
"""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from smtplib import SMTP
from socket import socket
from typing import Any
from zoneinfo import ZoneInfo

from aiosmtpd.controller import Controller

from maild.clock import SystemClock
from maild.demo.imap import PASSWORD, USER, Dovecot
from maild.errors import Temporary

PATIENCE_S = 15.0
ZONE = ZoneInfo("Europe/Madrid")
MAILBOX = f"""
[mailbox.main]
host = "127.0.0.1"
port = {{imap}}
security = "none"
user = "{USER}"
password = "{PASSWORD}"
"""


@dataclass(frozen=True, slots=True)
class Caught:
    """A letter as it arrived."""

    to: str
    mail: EmailMessage

    @property
    def type(self) -> str:
        return str(self.mail["X-Maild-Type"])

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        return str(part.get_content()) if part is not None else ""


class Mailboxes:
    """Everybody's mailbox: an SMTP server that keeps what it gets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._letters: list[Caught] = []
        self._arrived = threading.Condition()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        caught = Caught(envelope.rcpt_tos[0], mail)
        with self._arrived:
            self._letters.append(caught)
            number = len(self._letters)
            name = f"{number:02}-{caught.type}-{caught.to.partition('@')[0]}.eml"
            (self._folder / name).write_bytes(envelope.content)
            self._arrived.notify_all()
        return "250 kept"

    def wait(self, type: str, to: str, *, count: int = 1) -> Caught:
        """The `count`th letter of that type to that person; raises `Temporary` if it does
        not come in time."""
        until = time.monotonic() + PATIENCE_S
        with self._arrived:
            while True:
                found = [c for c in self._letters if (c.type, c.to) == (type, to)]
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                if left <= 0:
                    raise Temporary(f"no {type} letter came to {to} in {PATIENCE_S:.0f} s")
                self._arrived.wait(left)


@dataclass
class Stage:
    """A desk that runs. Use as a context manager."""

    folder: Path
    config: str  #: with {smtp}, {portal} and {relay} for the ports
    mailboxes: Mailboxes = field(init=False)
    smtp: int = field(init=False)
    portal: int = field(init=False)
    imap: Dovecot = field(init=False)
    _daemon: subprocess.Popen[str] | None = None
    _catcher: Controller | None = None

    def __post_init__(self) -> None:
        self.mails = self.folder / "mails"
        self.mails.mkdir(parents=True, exist_ok=True)
        self.mailboxes = Mailboxes(self.mails)
        self.smtp, self.portal, self._relay, imap = free_ports(4)
        self.imap = Dovecot(imap)

    @property
    def config_path(self) -> Path:
        return self.folder / "config.toml"

    def __enter__(self) -> "Stage":
        try:
            self._catcher = Controller(self.mailboxes, hostname="127.0.0.1", port=self._relay)
            self._catcher.start()
            self.imap.start()
            self.config_path.write_text(self._configured(), "utf-8")
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _configured(self) -> str:
        text = self.config + (MAILBOX if self.imap.runs else "")
        ports = {"smtp": self.smtp, "portal": self.portal, "relay": self._relay}
        for name, port in (ports | {"imap": self.imap.port}).items():
            text = text.replace("{" + name + "}", str(port))
        return text

    def _start(self) -> None:
        with (self.folder / "log").open("w") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "maild", "-c", str(self.config_path), "run"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._daemon.stdout is not None
        if self._daemon.stdout.readline().strip() != "maild ready":
            raise Temporary(f"the desk did not start; see {self.folder / 'log'}")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Everything that runs ends."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(15)
        if self._catcher is not None:
            self._catcher.stop()
        self.imap.stop()

    def wait(self) -> None:
        """Until somebody stops the desk."""
        if self._daemon is not None:
            self._daemon.wait()

    def maild(self, *words: str) -> str:
        """Run another command beside the daemon; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "maild", "-c", str(self.config_path), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Temporary(f"maild {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def today(self) -> date:
        """The desk's day."""
        return SystemClock().now().astimezone(ZONE).date()

    # -- writing ----------------------------------------------------------------------------

    def write(self, sender: str, to: str, subject: str, body: str, **headers: str) -> None:
        """Somebody writes a mail."""
        with SMTP("127.0.0.1", self.smtp) as smtp:
            smtp.send_message(written(sender, to, subject, body, **headers))

    def answer(self, letter: Caught, sender: str, body: str) -> None:
        """Somebody presses Reply in his mail program."""
        mail = letter.mail
        quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
        before = f"{mail['References'] or ''} {mail['Message-ID']}".split()
        self.write(
            sender,
            str(mail["Reply-To"] or mail["From"]),
            f"Re: {mail['Subject']}",
            f"{body}\n\nEl {mail['Date']}, {mail['From']} escribió:\n{quoted}\n",
            In_Reply_To=str(mail["Message-ID"]),
            References=" ".join(before),
        )


def written(sender: str, to: str, subject: str, body: str, **headers: str) -> EmailMessage:
    """A mail as mail programs write it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(SystemClock().now())
    mail["Message-ID"] = make_msgid(domain="demo.test")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def free_ports(count: int) -> list[int]:
    """Ports of this machine nobody listens on."""
    sockets = [socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
