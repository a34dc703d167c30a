"""Forgetting a person: everything of his, wherever it stands.

Tickets he opened lose all their words, whoever wrote them: they are about him. In others he
took part in, his own words go, and whatever repeats them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import Final

from maild.store.engine import Engine
from maild.store.erasure import Eraser, chunks, pseudonym
from maild.store.handing_over import tickets_with

_PAGE: Final = 200
_WAITING: Final = "('queued', 'deferred', 'kept')"


@dataclass(slots=True)
class Forgotten:
    """What was erased, in numbers."""

    tickets: int = 0
    messages: int = 0
    mails: int = 0
    letters: int = 0
    attachments: int = 0
    files: int = 0  #: letters kept as files
    still_waiting: int = 0  #: letters to others that carry his words and are yet to be sent

    @property
    def nothing(self) -> bool:
        return not (self.tickets or self.messages or self.mails or self.letters)


def forget(engine: Engine, email: str, *, outgoing: Path | None = None) -> Forgotten:
    """Erase a person in one transaction, and his letters in the folder `outgoing`. The caller
    calls `erasure.scour` afterwards, so that the database's file holds no trace either."""
    with engine.write():
        oblivion = _Oblivion(engine, email.casefold())
        done = oblivion.work()
    if outgoing is not None and outgoing.is_dir():
        done.files = _erase_files(outgoing, email.casefold(), oblivion)
    return done


@dataclass(slots=True)
class _Oblivion:
    engine: Engine
    email: str
    done: Forgotten = field(default_factory=Forgotten)
    own: list[int] = field(default_factory=list)  #: tickets he opened
    shared: list[int] = field(default_factory=list)  #: others that hold something of him
    since: int | None = None  #: when he was first heard of
    eraser: Eraser = field(init=False)

    def __post_init__(self) -> None:
        name = pseudonym()
        self.eraser = Eraser(
            self.engine, lambda text: text if text.casefold() != self.email else name
        )

    def work(self) -> Forgotten:
        self._find()
        self._his_mail()
        self.done.tickets = len(self.own)
        self.done.letters = self._count_letters()
        self.eraser.erase(self.own)
        self._in_shared()
        self._letters()
        self._mail_that_names_him()
        self._what_is_known_of_him()
        self.done.attachments = self.eraser.sweep_files()
        return self.done

    # -- where he is ---------------------------------------------------------------------------

    def _find(self) -> None:
        engine, key = self.engine, self.email
        rows = engine.rows("SELECT id FROM ticket WHERE requester_email = ?", [key])
        self.own = [row[0] for row in rows]
        like = f"%{_escape(key)}%"
        mentions = engine.rows(
            "SELECT ticket FROM message WHERE lower(\"to\") LIKE ? ESCAPE '!' "
            "OR lower(cc) LIKE ? ESCAPE '!' UNION SELECT ticket FROM event "
            "WHERE lower(actor) LIKE ? ESCAPE '!' OR lower(detail) LIKE ? ESCAPE '!' ",
            [like, like, like, like],
        )
        everywhere = {*tickets_with(engine, key), *(row[0] for row in mentions)}
        self.shared = sorted(everywhere - set(self.own))
        (self.done.messages,) = engine.one(
            "SELECT count(*) FROM message WHERE lower(sender_email) = ?", [key]
        ) or (0,)
        self.since = self._first_heard_of(like)

    def _first_heard_of(self, like: str) -> int | None:
        """When something of him can first have stood in a letter about no ticket."""
        times = [
            row[0]
            for marks, some in chunks([*self.own, *self.shared])
            for row in self.engine.rows(
                f"SELECT min(created_at) FROM ticket WHERE id IN ({marks})", some
            )
        ]
        row = self.engine.one(
            "SELECT min(created) FROM letter WHERE recipient = ? "
            "OR lower(body) LIKE ? ESCAPE '!'",
            [self.email, like],
        )
        times += [row[0]] if row else []
        return min((time for time in times if time is not None), default=None)

    def _count_letters(self) -> int:
        row = self.engine.one("SELECT count(*) FROM letter WHERE recipient = ?", [self.email])
        return int(row[0]) if row else 0

    # -- his mail ------------------------------------------------------------------------------

    def _his_mail(self) -> None:
        """Every mail of his, also what came to nothing, or waits still."""
        key = self.email
        told = f'%"sender":{{"email":"{_escape(key)}"%'
        found = self.engine.rows(
            "SELECT id FROM intake WHERE lower(sender) = ? OR lower(why) LIKE ? ESCAPE '!' "
            "UNION SELECT i.id FROM intake i JOIN message m ON m.id = i.message "
            "WHERE lower(m.sender_email) = ?",
            [key, told, key],
        )
        numbers = {row[0] for row in found} | self._unread_of_his()
        for marks, some in chunks(sorted(numbers)):
            self.done.mails += self.eraser.mail(f"id IN ({marks})", some, outcome="forgotten")

    def _unread_of_his(self) -> set[int]:
        rows = self.engine.rows(
            "SELECT i.id, r.content FROM intake i JOIN raw r ON r.intake = i.id "
            "WHERE i.state <> 'done'"
        )
        return {number for number, raw in rows if _is_from(bytes(raw), self.email)}

    def _mail_that_names_him(self) -> None:
        """Raw mail of others with his address in it, or his words."""
        for marks, some in chunks(self.shared):
            self.eraser.mail(f"state = 'done' AND ticket IN ({marks})", some)
        last, sought = 0, self.email.encode()
        while page := self.engine.rows(
            "SELECT r.intake, r.content, i.state FROM raw r JOIN intake i ON i.id = r.intake "
            "WHERE r.intake > ? ORDER BY r.intake LIMIT ?",
            [last, _PAGE],
        ):
            last = page[-1][0]
            named = [n for n, raw, state in page if state == "done" and sought in raw.lower()]
            for marks, some in chunks(named):
                self.eraser.mail(f"id IN ({marks})", some)

    # -- tickets of others ---------------------------------------------------------------------

    def _in_shared(self) -> None:
        ids = self.engine.rows(
            "SELECT message_id FROM message WHERE lower(sender_email) = ? "
            "AND message_id IS NOT NULL",
            [self.email],
        )
        self.engine.execute_many("DELETE FROM reference WHERE msgid = ?", ids)
        self.eraser.messages("lower(sender_email) = ?", [self.email])
        self.eraser.quotes(self.shared)
        for marks, some in chunks(self.shared):
            self.eraser.events(f"ticket IN ({marks})", some)
            for number, cc in self.engine.rows(
                f"SELECT id, cc FROM ticket WHERE id IN ({marks})", some
            ):
                kept = [a for a in json.loads(cc) if a.casefold() != self.email]
                if len(kept) < len(json.loads(cc)):
                    self.engine.execute(
                        "UPDATE ticket SET cc = ? WHERE id = ?",
                        [json.dumps(kept, separators=(",", ":")), number],
                    )

    # -- letters -------------------------------------------------------------------------------

    def _letters(self) -> None:
        """His own; those about tickets he took part in; and lists and reports since he came."""
        people = {self.email}
        self.eraser.letters("recipient = ?", [self.email], people)
        for marks, some in chunks(self.shared):
            about = f"body IS NOT NULL AND ticket IN ({marks})"
            self._empty(f"{about} AND state NOT IN {_WAITING}", some)
            row = self.engine.one(
                f"SELECT count(*) FROM letter WHERE {about} AND state IN {_WAITING}", some
            )
            self.done.still_waiting += int(row[0]) if row else 0
        if self.since is not None:
            self._empty(
                "ticket IS NULL AND created >= ? AND state IN ('sent', 'cancelled')",
                [self.since],
            )
        like = f"%{_escape(self.email)}%"
        self._empty(
            f"state NOT IN {_WAITING} AND (lower(body) LIKE ? ESCAPE '!' "
            "OR lower(error) LIKE ? ESCAPE '!')",
            [like, like],
        )

    def _empty(self, where: str, values: Sequence[object]) -> None:
        self.eraser.empty_letters(where, values)

    # -- the rest ------------------------------------------------------------------------------

    def _what_is_known_of_him(self) -> None:
        for sql in (
            "DELETE FROM address WHERE email = ?",
            "DELETE FROM reader WHERE email = ?",
            "DELETE FROM reference WHERE address = ?",
        ):
            self.engine.execute(sql, [self.email])
        if self.since is not None or self.done.mails:
            # what agents wrote lately, kept to know their signatures again, may name him
            self.engine.execute("DELETE FROM written")
        self.engine.execute(
            "UPDATE slot SET result = replace(result, ?, 'forgotten') "
            "WHERE lower(result) LIKE ? ESCAPE '!'",
            [self.email, f"%{_escape(self.email)}%"],
        )


def _is_from(raw: bytes, email: str) -> bool:
    """Does he say that he wrote it?"""
    headers = BytesHeaderParser().parsebytes(raw[:262_144])
    found = getaddresses([str(value) for value in headers.get_all("From", [])])
    return any(address.casefold() == email for _, address in found)


def _erase_files(folder: Path, email: str, oblivion: _Oblivion) -> int:
    """Letters kept as files: to him, about his tickets, and lists that may name him."""
    numbers = {str(number) for number in (*oblivion.own, *oblivion.shared)}
    count = 0
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes()
        ticket = BytesHeaderParser().parsebytes(raw[:262_144]).get("X-Maild-Ticket")
        about_him = ticket.strip() in numbers if ticket else oblivion.since is not None
        if about_him or email.encode() in raw.lower():
            path.unlink()
            count += 1
    return count


def _escape(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
