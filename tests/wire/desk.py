"""The daemon from outside: started, killed, restarted and asked as its users do it.

Imports nothing of maild. A desk lives in a folder of its own, on free ports; its letters go
to a sink, or to files where there is none.
"""

import json
import os
import queue
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tests.servers import commands
from tests.servers.ports import free_port
from tests.servers.sink import Sink

CONFIG = """
[desk]
name = "Soporte ACME"
tag = "ACME"
address = "soporte@acme.test"
language = "{language}"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]
state_dir = "var"

[store]
url = "{store}"
{smtp}
[relay]
host = "{relay}"
port = {relay_port}

[agent.ana]
name = "Ana Ruiz"
email = "ana@acme.test"
departments = ["soporte"]
level = 1

[agent.leo]
name = "Leo Paz"
email = "leo@acme.test"
departments = ["soporte"]
level = [2, 3]

[department.soporte]
name = "Soporte técnico"
address = "soporte@acme.test"
assign = "none"
supervisors = ["jefa@acme.test"]
language = "{language}"

[limits]
automatic_letters = "100000/10m"
{more}
"""

SMTP = """
[smtp]
listen = "127.0.0.1:{port}"
protocol = "{protocol}"
max_per_address = 50
"""


T = TypeVar("T")


def wait_until(
    look: Callable[[], T | None], *, seconds: float = 20.0, every: float = 0.05, why: str = ""
) -> T:
    """The first true answer of `look`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if found := look():
            return found
        now = time.monotonic()
        assert now < deadline, f"not within {seconds:.0f} s: {why or look}"
        time.sleep(max(every, now - began))  # what is looked at needs the processor too


@dataclass
class Desk:
    """One daemon: `with Desk(tmp_path, sink=sink) as desk:` runs it."""

    folder: Path
    sink: Sink | None = None
    store: str = "sqlite:///var/maild.db"
    language: str = "es"
    protocol: str | None = "smtp"  #: None: no door
    more: str = ""  #: further tables
    port: int = field(default_factory=free_port)
    under: tuple[str, ...] = ()  #: a program that runs the daemon, and its options
    environment: dict[str, str] = field(default_factory=dict)  #: beside our own
    forked: bool = True  #: from one that has loaded maild (`servers.commands`); or started
    daemon: subprocess.Popen[bytes] | commands.Process | None = None
    _said: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure()

    # -- its life -----------------------------------------------------------------------------

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def configure(self, **changes: Any) -> None:
        """Write the config, at one stroke as editors do."""
        for name, value in changes.items():
            setattr(self, name, value)
        smtp = SMTP.format(port=self.port, protocol=self.protocol) if self.protocol else ""
        text = CONFIG.format(
            language=self.language,
            store=self.store,
            smtp=smtp,
            relay="127.0.0.1" if self.sink else "",
            relay_port=self.sink.port if self.sink else 25,
            more=self.more,
        )
        self.write_config(text)

    def write_config(self, text: str) -> None:
        draft = self.config.with_suffix(".draft")
        draft.write_text(text)
        draft.rename(self.config)

    def spawn(self) -> None:
        """Start the daemon without waiting for it."""
        with self.log_file.open("ab") as log:
            if self.forked and not self.under and not self.environment:
                self.daemon = commands.start(self._command("run")[3:], stderr=log)
            else:
                self.daemon = subprocess.Popen(
                    [*self.under, *self._command("run")],
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd="/",
                    env=os.environ | self.environment,
                )
        self._said = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self.daemon, self._said)).start()

    def start(self) -> "Desk":
        """Start it and wait for `maild ready`."""
        self.spawn()
        line = self.says()
        assert line == "maild ready", f"{line!r}\n{self.log[-3000:]}"
        return self

    def _listen(
        self,
        daemon: "subprocess.Popen[bytes] | commands.Process",
        said: "queue.SimpleQueue[str]",
    ) -> None:
        assert daemon.stdout is not None
        with daemon.stdout as stdout:
            for line in stdout:
                said.put(line.decode().strip())
        said.put("")

    def says(self, *, seconds: float = 30.0) -> str:
        """The next line of its stdout; "" at the end."""
        return self._said.get(timeout=seconds)

    def kill(self) -> None:
        """kill -9 of the main process, and wait until it is gone."""
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait()

    def stop(self, *, seconds: float = 12.0) -> int:
        """SIGTERM; the exit status."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        return self.wait(seconds=seconds)

    def wait(self, *, seconds: float = 12.0) -> int:
        """Its exit status, once it has ended by itself."""
        assert self.daemon is not None
        return self.daemon.wait(seconds)

    def parts(self) -> dict[str, int]:
        """The process of each part by name, as `ps` shows them."""
        assert self.daemon is not None
        pid = self.daemon.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found = {}
        for child in children:
            try:
                name = Path(f"/proc/{child}/comm").read_text().strip()
            except OSError:
                continue
            if name.startswith("maild-"):
                found[name.removeprefix("maild-")] = int(child)
        return found

    def __enter__(self) -> "Desk":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Whatever state it is in: it runs no more."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(12)
            except subprocess.TimeoutExpired:
                self.kill()

    # -- its commands and papers --------------------------------------------------------------

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "maild", "-c", str(self.config), *words]

    def run(self, *words: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """One command, beside the daemon."""
        return commands.run(self._command(*words)[3:], given=given)

    def json(self, *words: str) -> Any:
        """What a command prints with --json."""
        done = self.run(*words, "--json")
        assert done.returncode in (0, 1), done.stderr.decode()
        return json.loads(done.stdout)

    def tickets(self) -> list[dict[str, Any]]:
        """All tickets, the oldest first."""
        found: list[dict[str, Any]] = self.json("list", "--limit", "100000")["tickets"]
        return found[::-1]

    def show(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.json("show", str(number))
        return found

    def queue(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json("queue")
        return found

    def await_quiet(self, *, seconds: float = 40.0) -> dict[str, Any]:
        """The queue, once nothing waits in it (what is held, failed or kept may stay)."""

        def look() -> dict[str, Any] | None:
            found = self.queue()
            waits = found["intake"]["pending"] + found["outgoing"]["pending"]
            return None if waits or found["outgoing"]["deferred"] else found

        return wait_until(look, seconds=seconds, why="something waits in the queue")

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def await_log(self, words: str, *, times: int = 1, seconds: float = 15.0) -> None:
        wait_until(lambda: self.log.count(words) >= times, seconds=seconds, why=words)

    # -- mail ---------------------------------------------------------------------------------

    def send(self, mail: EmailMessage | bytes, *, sender: str | None = None) -> None:
        """Through the SMTP door, once, as a mail system does it."""
        raw = mail if isinstance(mail, bytes) else as_sent(mail)
        envelope = sender if sender is not None else _address(message_from_bytes(raw)["From"])
        to = _address(message_from_bytes(raw)["To"])
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.sendmail(envelope, [to], raw)

    def letters(self) -> list[EmailMessage]:
        """Everything that has left, as it arrived at the sink or in the folder."""
        if self.sink is not None:
            return [letter.message for letter in list(self.sink.letters)]
        files = sorted(
            (self.folder / "var/outgoing").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns
        )
        return [parsed(path.read_bytes()) for path in files]

    def letter(self, kind: str, to: str, *, number: int = 1) -> EmailMessage:
        """The so-manieth letter of a type to somebody, once it has arrived."""

        def look() -> EmailMessage | None:
            found = [m for m in self.letters() if is_letter(m, kind, to)]
            return found[number - 1] if len(found) >= number else None

        return wait_until(look, seconds=40, why=f"letter {kind} to {to}\n{self.log[-2000:]}")

    def kinds(self) -> list[tuple[str, str]]:
        """(type, to) of every letter so far, sorted, once nothing waits."""
        self.await_quiet()
        return sorted((str(m["X-Maild-Type"]), _address(str(m["To"]))) for m in self.letters())


def is_letter(letter: EmailMessage, kind: str, to: str) -> bool:
    return letter["X-Maild-Type"] == kind and to in str(letter["To"])


@lru_cache(maxsize=2000)  # whoever waits for a letter looks at all of them again and again
def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def as_sent(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=policy.SMTP)


def _address(header: str) -> str:
    return str(header).rpartition("<")[2].rstrip(">").strip()


_count = 0


def mail(
    sender: str,
    subject: str = "No puedo acceder",
    body: str = "Desde esta mañana no puedo entrar.",
    *,
    to: str = "soporte@acme.test",
    **headers: str,
) -> EmailMessage:
    """What a plain mail client sends."""
    global _count
    _count += 1
    made = EmailMessage()
    made["From"] = sender
    made["To"] = to
    made["Subject"] = subject
    made["Date"] = "Mon, 08 Jun 2026 09:00:00 +0200"
    made["Message-ID"] = f"<m{_count}.{os.getpid()}@client.test>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


def text_of(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def reply(
    letter: EmailMessage,
    text: str,
    *,
    sender: str | None = None,
    to: str | None = None,
    subject: str | None = None,
    threaded: bool = True,
    wrote: str = "El lun, 8 jun 2026 a las 9:00, {} escribió:",
) -> EmailMessage:
    """Reply in a plain mail client: its headers, and the letter quoted below."""
    quoted = "\n".join(f"> {line}".rstrip() for line in text_of(letter).splitlines())
    headers = {}
    if threaded:
        headers["In_Reply_To"] = str(letter["Message-ID"])
        headers["References"] = f"{letter['References'] or ''} {letter['Message-ID']}".strip()
    return mail(
        sender or str(letter["To"]),
        subject if subject is not None else f"Re: {letter['Subject']}",
        f"{text}\n\n{wrote.format(letter['From'])}\n{quoted}\n",
        to=to or str(letter["Reply-To"] or letter["From"]),
        **headers,
    )


def addresses(letters: Iterable[EmailMessage]) -> set[str]:
    return {_address(str(letter["To"])) for letter in letters}
