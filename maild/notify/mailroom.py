"""From what is to be said to a letter that waits: addressed, drafted, filed.

Whom to tell of what is decided elsewhere (`notices` and its neighbours); here each letter
gets its sender, its thread and its language, and is kept back while the desk is on trial.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.desk.case import Case
from maild.desk.occasion import Occasion
from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.model.letter import Letter, LetterType
from maild.model.mail import Address
from maild.model.ticket import Enclosure, Message, Ticket
from maild.notify.addressing import Addressing
from maild.notify.facts import Facts, TicketFacts
from maild.notify.letters import Post, Writer
from maild.notify.relaying import Relayed, sort_enclosures
from maild.notify.telling import Telling

#: takes a letter that belongs to no case: (letter, cause, now, kept)
PostLetter = Callable[[Letter, str, datetime, bool], None]


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What every letter of the desk is made with."""

    practice: Practice
    roster: Roster
    writer: Writer
    addressing: Addressing
    telling: Telling
    post_letter: PostLetter

    # -- letters about a ticket ---------------------------------------------------------------

    def notify(
        self,
        case: Case,
        type: LetterType,
        facts: Facts,
        reader: Address,
        cause: str,
        *,
        speaker: str = "",
        enclosures: Sequence[Enclosure] = (),
    ) -> None:
        """A notice to somebody of the house, in his own thread of the ticket."""
        post = self.addressing.post(
            reader.email,
            ticket=case.ticket,
            sender_name=speaker or self.practice.name,
            to=(reader,),
            thread=True,
        )
        letter = self.writer.draft(
            type,
            facts,
            post=post,
            language=self.house_language(case.ticket),
            now=case.now,
            enclosures=enclosures,
        )
        self.file(case, letter, cause)

    def file(
        self, case: Case, letter: Letter, cause: str, *, message: Message | None = None
    ) -> None:
        """Into the case: the letter is saved with it, or not at all. `message`: the words it
        brings."""
        kept = not self.practice.leaves(case.ticket.requester.email)
        case.put(letter, cause, message=message.id if message else None, kept=kept)

    # -- letters beside any case --------------------------------------------------------------

    def send(self, letter: Letter, cause: str, now: datetime, *, about: str | None) -> None:
        """Into the outbox, within the caller's transaction. `about`: the requester whose
        ticket it is about, which decides in pilot mode whether it leaves."""
        self.post_letter(letter, cause, now, not self.practice.leaves(about))

    def send_always(self, letter: Letter, cause: str, now: datetime) -> None:
        """The same, in any mode: what admins are told of trouble."""
        self.post_letter(letter, cause, now, False)

    def answer_post(
        self, recipient: Address, ticket: Ticket | None, occasion: Occasion
    ) -> Post:
        """For a letter that answers the mail this is about."""
        return self.addressing.post(
            recipient.email,
            ticket=ticket,
            sender_name=self.practice.name,
            to=(recipient,),
            in_reply_to=occasion.in_reply_to,
            references=occasion.references,
        )

    # -- what letters say ---------------------------------------------------------------------

    def inside(self, ticket: Ticket, now: datetime) -> TicketFacts:
        """What the house may know of a ticket."""
        return self.telling.ticket(ticket, now=now, internal=True)

    def outside(self, ticket: Ticket, now: datetime) -> TicketFacts:
        """What its customer may know of it."""
        return self.telling.ticket(ticket, now=now, internal=False)

    def house_language(self, ticket: Ticket | None) -> str:
        """The language of the ticket's department."""
        return self.addressing.department(ticket).language

    def relayed(self, message: Message | None) -> Relayed:
        """What of a message's attachments travels with a letter."""
        files = message.attachments if message else ()
        return sort_enclosures(files, limit=self.practice.relayed_bytes)
