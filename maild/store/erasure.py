"""Taking words and people out of tickets. What stays is what happened when, under names that
lead back to nobody, so that every figure stays as it was.

Content digests stay, too: a later scan of a mailbox brings nothing back. Who is to be erased,
and why, is said by `oblivion` (a person) and `retention` (the old).
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from maild.store.checks import ERASED
from maild.store.engine import Engine
from maild.store.fields import to_json
from maild.store.search import Search

NO_SUBJECT: Final = "—"
#: in a name that stands for somebody who is erased
FORGOTTEN: Final = "forgotten-"
_SOME: Final = 500
#: `reason` of an event may be a word of ours; anything else was written by somebody
_OUR_REASONS: Final = frozenset(
    """auto_closed self_service customer rule undo merged level none round_robin
    least_busy""".split()
)
#: parts of an event's detail that people write
_WRITTEN: Final = frozenset({"comment", "text", "title", "recipient"})
_CUSTOMER: Final = "customer:"

Mask = Callable[[str], str]


def pseudonym() -> str:
    """Made up: nothing of the address goes into it, so nothing leads back."""
    return f"{FORGOTTEN}{secrets.token_hex(6)}@invalid"


def chunks(numbers: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
    """Marks and values, some hundreds at a time."""
    for start in range(0, len(numbers), _SOME):
        some = list(numbers[start : start + _SOME])
        yield ", ".join("?" * len(some)), some


class Eraser:
    """Erases within the caller's transaction. `mask` gives the name that stands for an
    address from now on; addresses that shall stay it gives back."""

    def __init__(self, engine: Engine, mask: Mask) -> None:
        self._engine = engine
        self._mask = mask
        self._search = Search(engine)
        self._files: set[str] = set()  #: attachments that may have become useless

    # -- tickets ------------------------------------------------------------------------------

    def erase(self, tickets: Sequence[int]) -> None:
        """All words of these tickets, and those of their people whom the mask knows."""
        for marks, some in chunks(tickets):
            people = self._people(marks, some)
            self._subjects(marks, some)
            self.events(f"ticket IN ({marks})", some, whole=True)
            self.messages(f"ticket IN ({marks})", some)
            self.letters(f"ticket IN ({marks})", some, people)
            self.mail(f"ticket IN ({marks})", some)
            self._engine.execute(f"DELETE FROM reference WHERE ticket IN ({marks})", some)

    def _people(self, marks: str, tickets: list[int]) -> set[str]:
        """Whoever wrote or read as a customer in these tickets, by address."""
        found = self._engine.rows(
            f"SELECT requester_email FROM ticket WHERE id IN ({marks}) "
            f"UNION SELECT email FROM reader WHERE ticket IN ({marks}) "
            f"UNION SELECT lower(sender_email) FROM message WHERE ticket IN ({marks}) "
            "AND kind NOT IN ('agent', 'note')",
            [*tickets, *tickets, *tickets],
        )
        return {row[0] for row in found}

    def _subjects(self, marks: str, tickets: list[int]) -> None:
        found = self._engine.rows(
            "SELECT id, requester_name, requester_email, cc, external_id FROM ticket "
            f"WHERE id IN ({marks})",
            tickets,
        )
        values = []
        for number, name, email, cc, external in found:
            masked = self._mask(email)
            readers = [address for address in json.loads(cc) if self._mask(address) == address]
            known_by = external and (masked if email in external.casefold() else external)
            values.append(
                (NO_SUBJECT, name if masked == email else "", masked, to_json(readers),
                 known_by, number)
            )  # fmt: skip
        self._engine.execute_many(
            "UPDATE ticket SET subject = ?, requester_name = ?, requester_email = ?, cc = ?, "
            "external_id = ?, rating_comment = CASE WHEN rating_score IS NULL THEN NULL "
            "ELSE '' END WHERE id = ?",
            values,
        )
        self._search.erase(tickets=tickets)
        left = self._engine.rows(
            f"SELECT email, ticket FROM reader WHERE ticket IN ({marks})", tickets
        )
        self._engine.execute_many(
            "DELETE FROM reader WHERE email = ? AND ticket = ?",
            [row for row in left if self._mask(row[0]) != row[0]],
        )

    # -- messages -----------------------------------------------------------------------------

    def messages(self, where: str, values: Sequence[Any]) -> int:
        """All words of these messages; how many there were."""
        found = self._engine.rows(
            f"SELECT id, kind, sender_name, sender_email, attachments FROM message "
            f"WHERE {where}",
            values,
        )
        changes = []
        for number, kind, name, email, attachments in found:
            self._files |= _named(attachments)
            house = kind in ("agent", "note")
            masked = email if house else self._mask(email)
            changes.append((name if masked == email else "", masked, number))
        self._engine.execute_many(
            "UPDATE message SET sender_name = ?, sender_email = ?, subject = '', "
            "\"to\" = '[]', cc = '[]', text = '', quoted = '', html = NULL, message_id = NULL, "
            "attachments = '[]' WHERE id = ?",
            changes,
        )
        self._search.erase(messages=[number for *_, number in changes])
        return len(changes)

    def quotes(self, tickets: Sequence[int]) -> None:
        """What messages repeat of earlier ones, and the addresses they went to."""
        for marks, some in chunks(tickets):
            found = self._engine.rows(
                f'SELECT id, "to", cc FROM message WHERE ticket IN ({marks})', some
            )
            self._engine.execute_many(
                "UPDATE message SET quoted = '', html = NULL, \"to\" = ?, cc = ? WHERE id = ?",
                [(self._without(to), self._without(cc), number) for number, to, cc in found],
            )

    def _without(self, addresses: str) -> str:
        return to_json([a for a in json.loads(addresses) if self._mask(a) == a])

    # -- events --------------------------------------------------------------------------------

    def events(self, where: str, values: Sequence[Any], *, whole: bool = False) -> None:
        """Names in events; where `whole`, everything in them that somebody wrote."""
        found = self._engine.rows(f"SELECT id, actor, detail FROM event WHERE {where}", values)
        changes = []
        for number, actor, detail in found:
            masked = self._actor(actor)
            words = whole or masked != actor
            told = to_json(self._detail(json.loads(detail), words=words))
            if (masked, told) != (actor, detail):
                changes.append((masked, told, number))
        self._engine.execute_many(
            "UPDATE event SET actor = ?, detail = ? WHERE id = ?", changes
        )

    def _actor(self, actor: str) -> str:
        if not actor.startswith(_CUSTOMER):
            return actor
        return _CUSTOMER + self._mask(actor.removeprefix(_CUSTOMER))

    def _detail(self, detail: dict[str, Any], *, words: bool) -> dict[str, Any]:
        return {name: self._value(name, value, words) for name, value in detail.items()}

    def _value(self, name: str, value: Any, words: bool) -> Any:
        if isinstance(value, list):
            return [self._value(name, entry, words) for entry in value]
        if not isinstance(value, str):
            return value
        if words and (name in _WRITTEN or (name == "reason" and value not in _OUR_REASONS)):
            return ""
        return self._mask(value) if "@" in value else value

    # -- letters -------------------------------------------------------------------------------

    def letters(self, where: str, values: Sequence[Any], people: Iterable[str]) -> int:
        """The words of letters, and the addresses among `people` they went to. What has not
        been sent will not be. How many there were."""
        known = set(people)
        found = self._engine.rows(
            f"SELECT id, recipient, body FROM letter WHERE {where}", values
        )
        changes = []
        for number, recipient, body in found:
            self._files |= _named(body)
            masked = self._mask(recipient) if recipient in known else recipient
            changes.append((masked, number))
        self._engine.execute_many(
            "UPDATE letter SET recipient = ?, body = NULL, error = NULL, message_id = '', "
            "lease_until = NULL, state = CASE WHEN state = 'sent' THEN state "
            "ELSE 'cancelled' END WHERE id = ?",
            changes,
        )
        self._engine.execute_many(
            "DELETE FROM reference WHERE letter = ?", [(number,) for _, number in changes]
        )
        return len(changes)

    def empty_letters(self, where: str, values: Sequence[Any]) -> None:
        """Only their words: they lead back to their tickets as before."""
        found = self._engine.rows(f"SELECT id, body FROM letter WHERE {where}", values)
        for _, body in found:
            self._files |= _named(body)
        self._engine.execute_many(
            "UPDATE letter SET body = NULL, error = NULL, state = CASE WHEN state = 'sent' "
            "THEN state ELSE 'cancelled' END WHERE id = ?",
            [(number,) for number, _ in found],
        )

    # -- raw mail ------------------------------------------------------------------------------

    def mail(self, where: str, values: Sequence[Any], *, outcome: str | None = None) -> int:
        """Bytes and envelopes; what was still waiting is `forgotten`. How many there were."""
        found = self._engine.rows(f"SELECT id FROM intake WHERE {where}", values)
        numbers = [row[0] for row in found]
        for marks, some in chunks(numbers):
            self._engine.execute(f"DELETE FROM raw WHERE intake IN ({marks})", some)
            self._engine.execute(
                "UPDATE intake SET sender = NULL, recipients = '[]', remote = '', why = NULL, "
                "message_id = NULL, next_at = NULL, error = ?, outcome = CASE "
                "WHEN outcome = 'duplicate' THEN outcome WHEN state <> 'done' THEN 'forgotten' "
                f"ELSE coalesce(?, outcome) END, state = 'done' WHERE id IN ({marks})",
                [ERASED, outcome, *some],
            )
        return len(numbers)

    # -- attachments ---------------------------------------------------------------------------

    def sweep_files(self) -> int:
        """Attachments that nobody else needs; how many there were."""
        if not self._files:
            return 0
        for table, column in (("message", "attachments"), ("letter", "body")):
            for row in self._engine.rows(
                f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} <> '[]'"
            ):
                self._files -= _named(row[0])
        self._engine.execute_many(
            "DELETE FROM blob WHERE sha256 = ?", [(name,) for name in self._files]
        )
        return len(self._files)


def _named(text: str | None) -> set[str]:
    """Every content hash that a JSON text names."""
    found: set[str] = set()
    pending: list[Any] = [json.loads(text)] if text else []
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and len(value) == 64 and value.isalnum():
            found.add(value)
    return found


def scour(engine: Engine) -> None:
    """Write the database anew, without what was erased. Takes a while; writers wait."""
    Search(engine).optimize()
    if engine.postgres:
        connection = engine.database.connection()  # type: ignore[no-untyped-call]
        before, connection.autocommit = connection.autocommit, True
        try:
            connection.execute("VACUUM FULL")
        finally:
            connection.autocommit = before
        return
    with engine.turn():
        engine.execute("VACUUM")
        engine.execute("PRAGMA wal_checkpoint(TRUNCATE)")
