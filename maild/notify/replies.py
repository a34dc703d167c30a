"""Letters to whoever asked: answers to questions and commands, and questions of our own back.

They go to the writer of the mail they answer, and to nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.desk.case import Case
from maild.desk.occasion import Occasion
from maild.desk.questions import Reply
from maild.desk.reading import Reading
from maild.desk.roster import Member
from maild.desk.sentences import say
from maild.model.letter import Letter, LetterType
from maild.model.mail import Address
from maild.model.ticket import Ticket
from maild.notify.facts import CommandFault, Confirmation, Information, Link, TicketFacts
from maild.notify.mailroom import Mailroom


@dataclass(frozen=True, slots=True)
class Replies:
    """Answers the writer of a mail (`desk.tells.Replies`)."""

    room: Mailroom

    def list_done(
        self, case: Case, occasion: Occasion, member: Member, lines: Sequence[str]
    ) -> None:
        """What was done, to the agent whose commands did it."""
        language = self.room.house_language(case.ticket)
        reply = Reply(say("done-title", language), tuple(lines))
        letter = self._information(
            member.address, reply, occasion, case.ticket, language, case.now, internal=True
        )
        self.room.file(case, letter, occasion.cause)

    def inform(
        self,
        recipient: Address,
        reply: Reply,
        occasion: Occasion,
        *,
        now: datetime,
        ticket: Ticket | None = None,
        language: str,
        internal: bool = True,
    ) -> None:
        """The answer to a question."""
        letter = self._information(
            recipient, reply, occasion, ticket, language, now, internal=internal
        )
        self._send(letter, occasion, ticket, now)

    def _information(
        self,
        recipient: Address,
        reply: Reply,
        occasion: Occasion,
        ticket: Ticket | None,
        language: str,
        now: datetime,
        *,
        internal: bool,
    ) -> Letter:
        facts = Information(
            title=reply.title,
            lines=reply.lines,
            head=reply.head,
            rows=reply.rows,
            pre=reply.pre,
            links=tuple(Link(title, href) for title, href in reply.links),
            ticket=self._inside(ticket, now),
            internal=internal,
        )
        return self.room.writer.draft(
            LetterType.ANSWER,
            facts,
            post=self.room.answer_post(recipient, ticket, occasion),
            language=language,
            now=now,
        )

    def command_error(
        self,
        ticket: Ticket | None,
        occasion: Occasion,
        member: Member,
        reasons: Sequence[str],
        text: str,
        *,
        now: datetime,
    ) -> None:
        """Nothing was done, and why; his text comes back."""
        facts = CommandFault(
            reason="\n".join(reasons), text=text, ticket=self._inside(ticket, now)
        )
        letter = self.room.writer.draft(
            LetterType.COMMAND_ERROR,
            facts,
            post=self.room.answer_post(member.address, ticket, occasion),
            language=self.room.house_language(ticket),
            now=now,
        )
        self._send(letter, occasion, ticket, now)

    def confirm(self, reading: Reading, ticket: Ticket | None, occasion: Occasion) -> None:
        """Ask the registered owner of an address whether a mail is his."""
        room, member = self.room, reading.member
        post = room.addressing.post(
            member.address.email,
            ticket=ticket,
            sender_name=room.practice.name,
            to=(member.address,),
            purpose="confirm",
            number=reading.intake,
        )
        facts = Confirmation(
            text=reading.mail.own_words,
            subject=reading.mail.subject,
            until=reading.now + timedelta(days=room.practice.confirm_days),
            ticket=self._inside(ticket, reading.now),
        )
        letter = room.writer.draft(
            LetterType.CONFIRM,
            facts,
            post=post,
            language=room.house_language(ticket),
            now=reading.now,
        )
        self._send(letter, occasion, ticket, reading.now)

    def _inside(self, ticket: Ticket | None, now: datetime) -> TicketFacts | None:
        return self.room.inside(ticket, now) if ticket else None

    def _send(
        self, letter: Letter, occasion: Occasion, ticket: Ticket | None, now: datetime
    ) -> None:
        about = ticket.requester.email if ticket else None
        self.room.send(letter, occasion.cause, now, about=about)
