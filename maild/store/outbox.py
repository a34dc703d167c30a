"""The outbox: letters written in the transaction of their cause, taken out under a lease.

A letter's ids are fixed before it is written, so that sending it again after a crash sends
the same mail. How a letter travels is `notify.delivery`'s business.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from maild.model.letter import File, Letter, LetterType, Picture
from maild.model.mail import Address
from maild.model.ticket import Enclosure
from maild.store.engine import Engine
from maild.store.fields import from_micros, to_json, to_micros

#: how long a letter stays with whoever took it and is not heard of; carriers renew it
LEASE = timedelta(seconds=30)
_FIELDS = tuple(field.name for field in fields(Letter))
_OF_ENCLOSURE = tuple(field.name for field in fields(Enclosure))

#: letters that wait while more leave than `[limits] automatic_letters` allows: neither
#: people's words, nor what a person has released (which is as urgent), nor alarms
HOLDABLE = "urgency > 0 AND type <> 'admin'"
_ADMINS = {None: "", True: "AND type = 'admin' ", False: "AND type <> 'admin' "}


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter with what the outbox knows of it."""

    id: int
    letter: Letter
    attempts: int
    created: datetime
    message: int | None = None  #: the ticket message it carries out


class Outbox:
    """Letters in, letters out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- within the desk's transaction ------------------------------------------------------

    def post(
        self,
        letter: Letter,
        cause: str,
        *,
        now: datetime,
        state: str = "queued",
        message: int | None = None,
    ) -> None:
        """Write a letter; the same cause, type and recipient is written only once."""
        row = self._engine.one(
            "INSERT INTO letter (ticket, type, recipient, cause, created, urgency, state, "
            "next_at, attempts, message_id, automatic, body, message) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) "
            "ON CONFLICT (cause, type, recipient) DO NOTHING RETURNING id",
            [
                letter.ticket,
                letter.type.value,
                letter.recipient.casefold(),
                cause,
                to_micros(now),
                _urgency(letter),
                state,
                to_micros(now),
                letter.message_id,
                letter.auto_submitted is not None,
                to_json(pack(letter, self.keep)),
                message,
            ],
        )
        if row and letter.message_id:
            self._remember(letter, row[0])

    def _remember(self, letter: Letter, number: int) -> None:
        """Our id leads back to the ticket, and proves its recipient."""
        self._engine.execute(
            "INSERT INTO reference (msgid, ticket, address, letter, type) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                letter.message_id,
                letter.ticket or 0,
                letter.recipient.casefold(),
                number,
                letter.type.value,
            ],
        )

    def keep(self, content: bytes) -> str:
        """Keep bytes by their content; the hash to find them by."""
        name = sha256(content).hexdigest()
        self._engine.execute(
            "INSERT INTO blob (sha256, content) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING",
            [name, content],
        )
        return name

    def content(self, name: str) -> bytes:
        """Kept bytes; empty where retention has taken them."""
        row = self._engine.one("SELECT content FROM blob WHERE sha256 = ?", [name])
        return bytes(row[0]) if row else b""

    def sent_since(self, recipient: str, types: Sequence[str], since: datetime) -> int:
        """How many letters of these types were written to an address since then."""
        marks = ", ".join("?" * len(types))
        row = self._engine.one(
            f"SELECT count(*) FROM letter WHERE recipient = ? AND created >= ? "
            f"AND state <> 'cancelled' AND type IN ({marks})",
            [recipient.casefold(), to_micros(since), *types],
        )
        return int(row[0]) if row else 0

    # -- delivery's side --------------------------------------------------------------------

    def claim(
        self,
        now: datetime,
        limit: int,
        *,
        admins: bool | None = None,
        automatic: bool = True,
        by_age: bool = False,
    ) -> list[Posted]:
        """Letters that are due, leased to the caller; people's words first.

        `admins`: only those to the admins (True), or all but those (False). `automatic`: with
        those that may be held back. `by_age`: automatic ones in the order they were written,
        not those first that answer somebody.
        """
        only = _ADMINS[admins] + ("" if automatic else f"AND NOT ({HOLDABLE}) ")
        if limit <= 0 or not self._any_due(now, only):
            return []  # looking takes no turn; most looks find nothing
        order = "urgency > 0, id" if by_age else "urgency, id"
        with self._engine.write():
            rows = self._engine.rows(
                "UPDATE letter SET lease_until = ?, attempts = attempts + 1 WHERE id IN ("
                "SELECT id FROM letter WHERE state IN ('queued', 'deferred') AND next_at <= ? "
                f"AND (lease_until IS NULL OR lease_until < ?) {only}"
                f"ORDER BY {order} LIMIT ?" + self._engine.skip_locked() + ") "
                "RETURNING id, body, attempts, created, message, urgency",
                [to_micros(now + LEASE), to_micros(now), to_micros(now), limit],
            )
        rows.sort(key=lambda row: (row[5], row[0]))
        return [
            Posted(row[0], unpack(json.loads(row[1]), self.content), row[2],
                   from_micros(row[3]), row[4])
            for row in rows
        ]  # fmt: skip

    def automatic_wait(self, now: datetime) -> bool:
        """Whether a letter that may be held back is due."""
        return self._any_due(now, f"AND {HOLDABLE} ")

    def left_since(
        self,
        since: datetime,
        at_most: int,
        *,
        admins: bool | None = None,
        automatic: bool = False,
    ) -> int:
        """How many letters have left since then, as far as that is no more than `at_most`.
        `automatic`: only those that may be held back."""
        # holdable letters, said so that the index leads to the latest, not through all of them
        only = _ADMINS[admins] + ("AND type <> 'admin' " if automatic else "")
        urgencies = "(1, 2)" if automatic else "(0, 1, 2)"
        row = self._engine.one(
            "SELECT count(*) FROM (SELECT 1 FROM letter WHERE state = 'sent' "
            f"AND urgency IN {urgencies} AND next_at >= ? {only}LIMIT ?) AS latest",
            [to_micros(since), at_most],
        )
        return int(row[0]) if row else 0

    def _any_due(self, now: datetime, only: str) -> bool:
        row = self._engine.one(
            "SELECT 1 FROM letter WHERE state IN ('queued', 'deferred') AND next_at <= ? "
            f"AND (lease_until IS NULL OR lease_until < ?) {only}LIMIT 1",
            [to_micros(now), to_micros(now)],
        )
        return row is not None

    def sent(self, number: int, now: datetime) -> None:
        """The relay said 250 (or the file is written): mark it at once.

        `next_at` tells the time as well: its index finds the latest (`left_since`).
        """
        with self._engine.write():
            self._engine.execute(
                "UPDATE letter SET state = 'sent', sent_at = ?, next_at = ?, "
                "lease_until = NULL, error = NULL WHERE id = ?",
                [to_micros(now), to_micros(now), number],
            )

    def defer(self, number: int, until: datetime, error: str) -> None:
        """It did not go now: try again at `until`."""
        with self._engine.write():
            self._engine.execute(
                "UPDATE letter SET state = 'deferred', next_at = ?, lease_until = NULL, "
                "error = ? WHERE id = ?",
                [to_micros(until), error, number],
            )

    def renew(self, numbers: Sequence[int], now: datetime) -> None:
        """These are still being carried."""
        if not numbers:
            return
        with self._engine.write():
            marks = ", ".join("?" * len(numbers))
            self._engine.execute(
                f"UPDATE letter SET lease_until = ? WHERE id IN ({marks}) "
                "AND state IN ('queued', 'deferred')",
                [to_micros(now + LEASE), *numbers],
            )

    def free_leases(self) -> None:
        """Nobody carries anything: the store is ours alone, and we have just begun."""
        with self._engine.write():
            self._engine.execute(
                "UPDATE letter SET lease_until = NULL WHERE state IN ('queued', 'deferred') "
                "AND lease_until IS NOT NULL"
            )

    def give_back(self, numbers: Sequence[int]) -> None:
        """Leases that were not used (a calm stop)."""
        if not numbers:
            return
        with self._engine.write():
            marks = ", ".join("?" * len(numbers))
            self._engine.execute(
                f"UPDATE letter SET lease_until = NULL, attempts = attempts - 1 "
                f"WHERE id IN ({marks})",
                list(numbers),
            )

    def fail(self, number: int, error: str) -> None:
        """Within the caller's transaction: it will never go."""
        self._engine.execute(
            "UPDATE letter SET state = 'failed', lease_until = NULL, error = ? WHERE id = ?",
            [error, number],
        )


def _urgency(letter: Letter) -> int:
    if letter.auto_submitted is None:
        return 0
    return 1 if letter.auto_submitted == "auto-replied" else 2


def pack(letter: Letter, keep: Callable[[bytes], str]) -> dict[str, Any]:
    """A letter as JSON; the bytes of its pictures and files are kept apart."""
    packed: dict[str, Any] = {
        name: value for name in _FIELDS if (value := getattr(letter, name))
    }
    for name in ("sender", "reply_to"):
        if address := packed.get(name):
            packed[name] = [address.name, address.email]
    for name in ("to", "cc"):
        packed[name] = [[a.name, a.email] for a in packed.get(name, ())]
    packed["enclosures"] = [
        {name: getattr(e, name) for name in _OF_ENCLOSURE} for e in letter.enclosures
    ]
    packed["pictures"] = [
        [p.cid, p.filename, p.content_type, keep(p.content)] for p in letter.pictures
    ]
    packed["files"] = [[f.filename, f.content_type, keep(f.content)] for f in letter.files]
    return packed


def unpack(packed: dict[str, Any], content: Callable[[str], bytes]) -> Letter:
    """The letter again."""
    values = dict(packed)
    values["type"] = LetterType(values["type"])
    for name in ("sender", "reply_to"):
        if name in values:
            values[name] = Address(*values[name])
    for name in ("to", "cc"):
        values[name] = tuple(Address(*pair) for pair in values[name])
    for name in ("references", "headers"):
        values[name] = tuple(
            tuple(entry) if isinstance(entry, list) else entry for entry in values.get(name, ())
        )
    values["enclosures"] = tuple(Enclosure(**entry) for entry in values["enclosures"])
    values["pictures"] = tuple(
        Picture(cid, name, kind, content(key)) for cid, name, kind, key in values["pictures"]
    )
    values["files"] = tuple(
        File(name, kind, content(key)) for name, kind, key in values["files"]
    )
    for name in ("subject", "text"):
        values.setdefault(name, "")
    return Letter(**values)
