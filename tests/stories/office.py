"""A whole desk in one process, with a clock the test winds: for stories told by mail.

Everything is real but the time and the courier: raw mail goes through intake, parser and
desk into a SQLite store, letters come out of the outbox composed as they would be sent.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from maild.app import App, build
from maild.config import load
from maild.ingest.reader import Item, read_here
from maild.model.as_json import whole_json
from maild.model.mail import Envelope
from maild.notify.mime import compose
from maild.store import Store
from maild.store.outbox import Posted
from maild.wiring.desk import DeskAtWork
from maild.worker import Worker

CONFIG = """
[desk]
name = "Soporte ACME"
tag = "ACME"
address = "soporte@acme.test"
language = "{language}"
timezone = "Europe/Madrid"
admins = ["admin@acme.test"]
state_dir = "var"
{desk}

[store]
url = "{url}"

[calendar.oficina]
mon-fri = "09:00-18:00"

[agent.ana]
name = "Ana Ruiz"
email = "ana@acme.test"
departments = ["soporte"]
level = [1, 2]

[agent.eva]
name = "Eva Gil"
email = "eva@acme.test"
departments = ["ventas"]
level = 1

[agent.leo]
name = "Leo Paz"
email = "leo@acme.test"
departments = ["soporte"]
level = 3

[department.soporte]
name = "Soporte técnico"
address = "soporte@acme.test"
calendar = "oficina"
assign = "{assign}"
supervisors = ["jefa@acme.test"]

[department.ventas]
name = "Sales"
address = "sales@acme.test"
language = "en"
assign = "none"
{more}
"""


class WoundClock:
    """Stands still until it is wound."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def wind(self, **by: float) -> None:
        self._now += timedelta(**by)

    def set(self, at: datetime) -> None:
        self._now = at


@dataclass
class Received:
    """A letter as its recipient sees it."""

    to: str
    type: str
    raw: bytes
    posted: Posted

    @cached_property
    def mail(self) -> EmailMessage:
        mail = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        part = self.mail.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def reply_to(self) -> str:
        return str(self.mail["Reply-To"])

    @property
    def files(self) -> list[tuple[str, bytes]]:
        return [
            (part.get_filename() or "", part.get_payload(decode=True))  # type: ignore[misc]
            for part in self.mail.iter_attachments()
        ]


@dataclass
class Office:
    """Customers write, agents answer, and everybody's letters can be looked at."""

    folder: Path
    desk: str = ""
    assign: str = "none"
    more: str = ""
    url: str = "sqlite:///var/maild.db"
    house: str = "acme"  #: whose desk: its domain and tag
    start: datetime = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)  #: a Monday, 9:00 in Madrid
    clock: WoundClock = field(init=False)
    app: App = field(init=False)
    store: Store = field(init=False)
    worker: Worker = field(init=False)
    troubles: list[str] = field(default_factory=list)
    language: str = "es"
    reader: Any = None  #: reads mail in place of the plain parser
    _count: int = 0

    def __post_init__(self) -> None:
        self.clock = WoundClock(self.start)
        self.configure()

    def configure(self, **changes: str) -> None:
        """(Re)start with the config as it is now."""
        for name, value in changes.items():
            setattr(self, name, value)
        path = self.folder / "config.toml"
        text = CONFIG.format(
            desk=self.desk,
            language=self.language,
            assign=self.assign,
            more=self.more,
            url=self.url,
        )
        path.write_text(text.replace("acme", self.house).replace("ACME", self.house.upper()))
        self.app = build(load(path), clock=self.clock)
        self.store = self.app.open_store()
        self.worker = Worker(
            self.store,
            self.reader or Here(),
            DeskAtWork(self.app.desk(self.store), self.clock),
            clock=self.clock,
            done=lambda: None,
            trouble=lambda item, reason: self.troubles.append(reason),
        )

    # -- mail in ----------------------------------------------------------------------------

    def receive(self, raw: bytes | EmailMessage, envelope: Envelope | None = None) -> int:
        """One raw mail through the whole desk; its intake number."""
        if isinstance(raw, EmailMessage):
            raw = raw.as_bytes(policy=policy.SMTP)
        number = self.store.intake.take(raw, envelope or Envelope("pipe"))
        while self.worker.work():
            pass
        assert not self.troubles, self.troubles
        return number

    def write(
        self,
        sender: str,
        subject: str = "No puedo acceder",
        body: str = "No puedo entrar en la aplicación.",
        *,
        to: str = "soporte@acme.test",
        **headers: str,
    ) -> int:
        """Somebody writes a mail."""
        return self.receive(self.mail(sender, subject, body, to=to, **headers))

    def mail(
        self, sender: str, subject: str, body: str, *, to: str, **headers: str
    ) -> EmailMessage:
        self._count += 1
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = to
        mail["Subject"] = subject
        mail["Date"] = format_datetime(self.clock.now())
        mail["Message-ID"] = f"<mail{self._count}@client.test>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(body)
        return mail

    def answer(
        self,
        letter: Received,
        text: str,
        *,
        sender: str | None = None,
        to: str | None = None,
        subject: str | None = None,
        threaded: bool = True,
        files: Sequence[tuple[str, str, bytes]] = (),
        **headers: str,
    ) -> int:
        """Somebody presses Reply in an ordinary mail client."""
        quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
        wrote = f"El lun, 8 jun 2026 a las 9:00, {letter.mail['From']} escribió:"
        body = f"{text}\n\n{wrote}\n{quoted}\n"
        if threaded:
            before = f"{letter.mail['References'] or ''} {letter.mail['Message-ID']}".split()
            headers = {
                "In_Reply_To": str(letter.mail["Message-ID"]),
                "References": " ".join(before),
            } | headers
        mail = self.mail(
            sender or letter.to,
            subject if subject is not None else f"Re: {letter.subject}",
            body,
            to=to or letter.reply_to,
            **headers,
        )
        for name, kind, content in files:
            main, _, sub = kind.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return self.receive(mail)

    # -- what people see ---------------------------------------------------------------------

    def letters(self, *, of: Callable[[str], bool] = lambda to: True) -> list[Received]:
        """All letters written since the last look, in the order written; only those to the
        addresses asked for are made, which matters where there are thousands."""
        found = []
        while batch := self.store.outbox.claim(self.clock.now(), 100):
            for posted in batch:
                self.store.outbox.sent(posted.id, self.clock.now())
                if of(posted.letter.recipient):
                    found.append(self._received(posted))
        return sorted(found, key=lambda received: received.posted.id)

    def _received(self, posted: Posted) -> Received:
        letter = self.app.mailroom(self.store).writer.finish(posted.letter)
        posted = replace(posted, letter=letter)
        raw = compose(
            letter,
            lambda enclosure: self.store.outbox.content(enclosure.sha256),
            date=posted.created,
        )
        return Received(posted.letter.recipient, posted.letter.type.value, raw, posted)

    def letter(self, type: str, to: str | None = None) -> Received:
        """The only letter of that type among those not looked at yet."""
        found = [
            letter
            for letter in self.letters()
            if letter.type == type and to in (None, letter.to)
        ]
        assert len(found) == 1, f"{len(found)} letters {type} to {to}"
        return found[0]

    def ticket(self, number: int = 1) -> dict[str, Any]:
        """`show --json`."""
        whole = self.store.browse.whole(number)
        assert whole is not None, f"there is no ticket {number}"
        return whole_json(*whole, self.app.settings.desk.tag)

    def outcome(self, intake: int) -> str:
        row = self.store.engine.one("SELECT outcome, state FROM intake WHERE id = ?", [intake])
        assert row is not None
        return str(row[0] or row[1])


def kinds(letters: Sequence[Received]) -> list[tuple[str, str]]:
    """(type, to) of each letter, sorted."""
    return sorted((letter.type, letter.to) for letter in letters)


def action(letter: Received, command: str) -> str:
    """The `mailto:` of an agent's notice whose body gives this command."""
    found = re.findall(r'href="(mailto:[^"]+)"', letter.html)
    return next(href for href in found if f"%23{command}" in href)


class Here:
    """The parser in this process: stories are about well-behaved mail."""

    def stream(self, items: Sequence[Item]) -> Iterator[Any]:
        return map(read_here, items)
