"""What somebody of the house says on a ticket: words to the customer, or a note for the house.

What a mail orders besides is `agents`' and `obey`'s business.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maild.desk import obey
from maild.desk.case import make_message
from maild.desk.casebook import Casebook, Keep
from maild.desk.commands import Command, Orders
from maild.desk.customers import enclose
from maild.desk.leaks import must_not_leak
from maild.desk.obey import Refusal, Turn
from maild.desk.practice import Practice
from maild.desk.reading import Reading, is_nobody
from maild.desk.roster import Roster
from maild.ingest.signature import looks_like_signature, signed_by
from maild.model.people import Role
from maild.model.ticket import Message, MessageKind, Ticket
from maild.threading.clues import without_token

#: the commands that bring the text with them
SPOKEN = frozenset({"note", "send"})
_BETWEEN_NAMES = re.compile(r"\n|[|·•]| [-–—/] ")

#: a saved answer by (language, name)
Saved = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Speech:
    """Turns an agent's text into a message of the ticket."""

    practice: Practice
    roster: Roster
    cases: Casebook
    keep: Keep
    saved: Saved
    saved_names: Callable[[str], Sequence[str]]

    def speak(self, turn: Turn, reading: Reading, orders: Orders) -> Message | None:
        """The text as a message: to the customer, or a note."""
        words = {command.word for command in orders.commands}
        text = self._text(turn, orders)
        files = bool(reading.mail.attachments)
        changes = words - {"send", "note", "reply"}
        if changes and "send" not in words and self.only_signs(text):
            if text:
                turn.did("signature-only")
            text = ""
            files = files and not all(a.inline for a in reading.mail.attachments)
        if not text and not files:
            if not orders.commands:
                raise Refusal("empty")
            return None
        note = self._is_note(reading, words)
        if not note:
            number = turn.case.ticket.id
            must_not_leak(
                reading.mail, text, lambda: self.cases.messages(number), meant="send" in words
            )
            if all(map(is_nobody, readers(turn.case.ticket))):
                raise Refusal("no-reader")
        return self.say(turn, reading, text, note=note)

    def only_signs(self, text: str) -> bool:
        """Nothing, or nothing but how people of the house close their mails."""
        people = [agent.name for agent in self.roster.agents.values() if agent.name]
        if signed_by(text, people):
            return True
        names = {self.practice.name, *(d.name for d in self.roster.departments.values())}
        known = {name.casefold() for name in (*names, *people) if name}
        parts = _BETWEEN_NAMES.split(text.strip())
        rest = "\n".join(part for part in parts if part.strip(" ,.|·-").casefold() not in known)
        return not rest.strip() or looks_like_signature(rest)

    def _text(self, turn: Turn, orders: Orders) -> str:
        """Saved answers, then what was written."""
        parts = [
            self._saved_answer(turn, command)
            for command in orders.commands
            if command.word == "reply"
        ]
        spoken = next((c.argument for c in orders.commands if c.word in SPOKEN), "")
        return "\n\n".join(filter(None, (*parts, orders.text.strip(), spoken.strip())))

    def _saved_answer(self, turn: Turn, command: Command) -> str:
        language = turn.case.ticket.language
        found = self.saved(language, command.args[0] if command.args else command.argument)
        if found is None:
            known = ", ".join(self.saved_names(language)) or "—"
            raise Refusal("no-answer-file", word=command.argument, known=known)
        return found

    def _is_note(self, reading: Reading, words: set[str]) -> bool:
        if "note" in words:
            return True
        return reading.member.role is not Role.AGENT and "send" not in words

    def say(self, turn: Turn, reading: Reading, text: str, *, note: bool) -> Message:
        """Add the text to the case."""
        obey.touch(turn)
        named = reading.member.address if reading.member.address.name else reading.sender
        message = make_message(
            self.cases.new_message_number(),
            turn.case,
            MessageKind.NOTE if note else MessageKind.AGENT,
            sender=named,
            text=text,
            subject=without_token(reading.mail.subject),
            quoted=reading.mail.quoted,
            message_id=reading.mail.message_id,
            proof=reading.trust.proof,
            public=not note,
            attachments=enclose(reading.mail.attachments, self.keep),
        )
        turn.case.add_message(message, turn.actor)
        if note:
            turn.did("note")
        else:
            turn.did("sent", recipients=", ".join(readers(turn.case.ticket)))
        return message


def readers(ticket: Ticket) -> list[str]:
    """Who gets what is said to the customer."""
    return [ticket.requester.email, *ticket.cc]
