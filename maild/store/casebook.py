"""The desk's words for what is kept: tickets, messages, events, references.

Used inside `Engine.write()`: a decision reads what it needs, decides, and saves, in one
transaction. Letters go to the outbox in the same breath.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from maild.desk.case import Case
from maild.model.known import KnownAddress, ReferenceHit
from maild.model.ticket import Event, Message, Ticket
from maild.store import rows
from maild.store.alarms import Alarms
from maild.store.engine import Engine
from maild.store.fields import instant_or_none, to_micros
from maild.store.outbox import Outbox

_OPEN = "('new', 'open', 'pending', 'on_hold')"


class Casebook:
    """Tickets and their story."""

    def __init__(
        self,
        engine: Engine,
        outbox: Outbox,
        alarms: Alarms,
        reckon: Callable[[Case], None] | None = None,
    ) -> None:
        """`reckon` works out when a case is due; without it that stays as it was."""
        self._engine = engine
        self._outbox = outbox
        self._alarms = alarms
        self._reckon = reckon

    def attempt(self) -> AbstractContextManager[None]:
        """A part of the transaction that fails alone."""
        return self._engine.savepoint()

    # -- numbers ----------------------------------------------------------------------------

    def new_ticket_number(self) -> int:
        return self._engine.next_number("ticket")

    def new_message_number(self) -> int:
        return self._engine.next_number("message")

    # -- reading ----------------------------------------------------------------------------

    def ticket(self, number: int) -> Ticket | None:
        """The ticket itself, even where it was merged into another."""
        row = self._engine.one(f"SELECT {rows.TICKET} FROM ticket WHERE id = ?", [number])
        return rows.ticket_of(row) if row else None

    def standing(self, number: int) -> Ticket | None:
        """Where this number leads today: merged tickets are followed."""
        ticket = self.ticket(number)
        for _ in range(50):
            if ticket is None or ticket.merged_into is None:
                break
            ticket = self.ticket(ticket.merged_into)
        return ticket

    def open_case(self, number: int, now: datetime) -> Case | None:
        """The ticket with its history, locked for this transaction."""
        row = self._engine.one(
            f"SELECT {rows.TICKET} FROM ticket WHERE id = ?" + self._engine.for_update(),
            [number],
        )
        if row is None:
            return None
        return Case(rows.ticket_of(row), now, history=self.events(number))

    def events(self, ticket: int) -> list[Event]:
        found = self._engine.rows(
            f"SELECT {rows.EVENT} FROM event WHERE ticket = ? ORDER BY at, id", [ticket]
        )
        return [rows.event_of(row) for row in found]

    def messages(self, ticket: int, *, last: int | None = None) -> list[Message]:
        """The messages in order; only the last few where a number is given."""
        sql = f"SELECT {rows.MESSAGE} FROM message WHERE ticket = ? ORDER BY at DESC, id DESC"
        values = [ticket]
        if last is not None:
            sql += " LIMIT ?"
            values.append(last)
        return [rows.message_of(row) for row in reversed(self._engine.rows(sql, values))]

    def message(self, number: int) -> Message | None:
        row = self._engine.one(f"SELECT {rows.MESSAGE} FROM message WHERE id = ?", [number])
        return rows.message_of(row) if row else None

    def references(self, ids: Sequence[str]) -> list[ReferenceHit]:
        """What is known of these Message-IDs, in the order asked."""
        if not ids:
            return []
        marks = ", ".join("?" * len(ids))
        found = self._engine.rows(
            "SELECT msgid, ticket, address, type, letter FROM reference "
            f"WHERE msgid IN ({marks})",
            list(ids),
        )
        order = {msgid: position for position, msgid in enumerate(ids)}
        return sorted((ReferenceHit(*row) for row in found), key=lambda hit: order[hit.msgid])

    def letter_reference(self, letter: int) -> ReferenceHit | None:
        """The reference of one of our letters, by its number in the outbox."""
        row = self._engine.one(
            "SELECT message_id, coalesce(ticket, 0), recipient, type, id FROM letter "
            "WHERE id = ?",
            [letter],
        )
        return ReferenceHit(*row) if row else None

    def message_of_notice(self, letter: int) -> int | None:
        """The message a notice was written about: the one of its cause's mail."""
        row = self._engine.one("SELECT cause FROM letter WHERE id = ?", [letter])
        digits = row[0].removeprefix("intake:").split(":")[0] if row else ""
        if not digits.isdecimal():
            return None
        found = self._engine.one(
            "SELECT id FROM message WHERE intake = ? ORDER BY id LIMIT 1", [int(digits)]
        )
        return found[0] if found else None

    def earlier_texts(self, sender: str, count: int) -> list[str]:
        """What an agent wrote in his latest mails, signatures and all."""
        found = self._engine.rows(
            "SELECT text FROM written WHERE sender = ? ORDER BY id DESC LIMIT ?",
            [sender.casefold(), count],
        )
        return [row[0] for row in found]

    def remember_text(self, sender: str, text: str) -> None:
        """Keep the end of an agent's mail, so that a repeated closing is known."""
        self._engine.execute(
            "INSERT INTO written (sender, text) VALUES (?, ?)",
            [sender.casefold(), text[-2000:]],
        )
        self._engine.execute(
            "DELETE FROM written WHERE sender = ? AND id NOT IN "
            "(SELECT id FROM written WHERE sender = ? ORDER BY id DESC LIMIT 5)",
            [sender.casefold(), sender.casefold()],
        )

    def take_back(self, parent: int, child: int) -> None:
        """What a merged ticket brought along leaves its parent again."""
        for event in self.events(parent):
            if event.kind.value == "message" and event.detail.get("from") == child:
                self._engine.execute(
                    "DELETE FROM message WHERE id = ?", [event.detail["message"]]
                )
                self._engine.execute("DELETE FROM event WHERE id = ?", [event.id])

    def move_reference(self, msgid: str, ticket: int) -> None:
        """An id that came in leads to another ticket from now on."""
        self._engine.execute(
            "UPDATE reference SET ticket = ? WHERE msgid = ? AND address = ''", [ticket, msgid]
        )

    def message_of_letter(self, letter: int) -> int | None:
        """The ticket message a letter carried out; None for notices."""
        row = self._engine.one("SELECT message FROM letter WHERE id = ?", [letter])
        return row[0] if row else None

    def open_tickets_of(self, email: str, limit: int = 50) -> list[Ticket]:
        """The tickets a person takes part in that are not done, oldest first."""
        found = self._engine.rows(
            f"SELECT {rows.TICKET} FROM ticket WHERE status IN {_OPEN} AND id IN "
            "(SELECT id FROM ticket WHERE requester_email = ? "
            "UNION SELECT ticket FROM reader WHERE email = ?) ORDER BY id LIMIT ?",
            [email.casefold(), email.casefold(), limit],
        )
        return [rows.ticket_of(row) for row in found]

    def unacknowledged(self, email: str, since: datetime) -> list[int]:
        """Numbers of the tickets an address opened since then and never heard of."""
        found = self._engine.rows(
            "SELECT id FROM ticket t WHERE requester_email = ? AND created_at >= ? AND NOT "
            "EXISTS (SELECT 1 FROM letter l WHERE l.ticket = t.id AND l.recipient = ?) "
            "ORDER BY id LIMIT 20",
            [email.casefold(), to_micros(since), email.casefold()],
        )
        return [row[0] for row in found]

    def letters_since(self, email: str, types: Sequence[str], since: datetime) -> int:
        """How many letters of these types were written to an address since then."""
        return self._outbox.sent_since(email, types, since)

    def workload(self, agents: Sequence[str]) -> dict[str, int]:
        """How many tickets that are not done each agent has."""
        marks = ", ".join("?" * len(agents))
        found = self._engine.rows(
            f"SELECT assignee, count(*) FROM ticket WHERE status IN {_OPEN} "
            f"AND assignee IN ({marks}) GROUP BY assignee",
            list(agents),
        )
        return dict.fromkeys(agents, 0) | dict(found)

    def last_assigned(self, department: str, agents: Sequence[str]) -> str | None:
        """Whom the department's newest assigned ticket went to, among these."""
        marks = ", ".join("?" * len(agents))
        row = self._engine.one(
            f"SELECT assignee FROM ticket WHERE department = ? AND assignee IN ({marks}) "
            "ORDER BY id DESC LIMIT 1",
            [department, *agents],
        )
        return row[0] if row else None

    def known_address(self, email: str) -> KnownAddress:
        row = self._engine.one(
            "SELECT proven_at, muted_until, language FROM address WHERE email = ?",
            [email.casefold()],
        )
        if row is None:
            return KnownAddress()
        return KnownAddress(row[0] is not None, instant_or_none(row[1]), row[2])

    # -- writing ----------------------------------------------------------------------------

    def remember_proof(self, email: str, now: datetime) -> None:
        """This address has shown once that it is who it says."""
        self._engine.execute(
            "INSERT INTO address (email, proven_at) VALUES (?, ?) ON CONFLICT (email) "
            "DO UPDATE SET proven_at = coalesce(address.proven_at, excluded.proven_at)",
            [email.casefold(), to_micros(now)],
        )

    def mute(self, email: str, until: datetime, reason: str) -> None:
        """No automatic letters to an address that failed hard."""
        self._engine.execute(
            "INSERT INTO address (email, muted_until, mute_reason) VALUES (?, ?, ?) "
            "ON CONFLICT (email) DO UPDATE SET muted_until = excluded.muted_until, "
            "mute_reason = excluded.mute_reason",
            [email.casefold(), to_micros(until), reason],
        )

    def remember_reference(
        self, msgid: str, ticket: int, *, address: str = "", type: str = ""
    ) -> None:
        """A Message-ID that leads to this ticket from now on."""
        self._engine.execute(
            "INSERT INTO reference (msgid, ticket, address, letter, type) "
            "VALUES (?, ?, ?, NULL, ?)",
            [msgid, ticket, address.casefold(), type],
        )

    def reckon(self, case: Case) -> None:
        """Work out when the case is due, as it stands."""
        if self._reckon is not None:
            self._reckon(case)

    def save(self, case: Case, *, intake: int | None = None) -> None:
        """Write all that was decided: ticket, messages, events, letters, appointments."""
        self.reckon(case)
        self._save_ticket(case)
        if case.appointments is not None:
            self._alarms.set(case.ticket.id, case.appointments, new=case.is_new)
        self._save_messages(case.messages, intake)
        self._save_events(case.events)
        for outgoing in case.letters:
            self._outbox.post(
                outgoing.letter,
                outgoing.cause,
                now=case.now,
                state="kept" if outgoing.kept else "queued",
                message=outgoing.message,
            )
        case.history, case.events, case.messages, case.letters = case.all_events, [], [], []
        case.is_new = False

    def _save_ticket(self, case: Case) -> None:
        values = rows.ticket_values(case.ticket)
        if case.is_new:
            self._engine.execute(
                f"INSERT INTO ticket ({rows.TICKET}) VALUES ({rows.marks(rows.TICKET)})", values
            )
        else:
            assignments = ", ".join(
                f"{name.strip()} = ?" for name in rows.TICKET.split(",")[1:]
            )
            self._engine.execute(
                f"UPDATE ticket SET {assignments} WHERE id = ?", [*values[1:], values[0]]
            )
        if case.is_new or any(event.kind.value == "cc" for event in case.events):
            self._save_readers(case.ticket, new=case.is_new)

    def _save_readers(self, ticket: Ticket, *, new: bool) -> None:
        if not new:
            self._engine.execute("DELETE FROM reader WHERE ticket = ?", [ticket.id])
        self._engine.execute_many(
            "INSERT INTO reader (email, ticket) VALUES (?, ?)",
            [[email.casefold(), ticket.id] for email in ticket.cc],
        )

    def _save_messages(self, messages: Iterable[Message], intake: int | None) -> None:
        for message in messages:
            self._engine.execute(
                f"INSERT INTO message ({rows.MESSAGE}, intake) "
                f"VALUES ({rows.marks(rows.MESSAGE)}, ?)",
                [*rows.message_values(message), intake],
            )

    def _save_events(self, events: Iterable[Event]) -> None:
        self._engine.execute_many(
            "INSERT INTO event (ticket, at, kind, actor, detail) VALUES (?, ?, ?, ?, ?)",
            [rows.event_values(event) for event in events],
        )
