"""What supervisors and admins are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.desk.case import Case
from maild.desk.occasion import Occasion
from maild.desk.surveys import LOW
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.model.ticket import Event
from maild.notify.facts import Information, LowRating
from maild.notify.mailroom import Mailroom

MAX_LINES = 200  #: of a text that is passed on


@dataclass(frozen=True, slots=True)
class ToHouse:
    """Letters to those who answer for the desk."""

    room: Mailroom

    def report_rating(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A bad mark, to the supervisors."""
        if event.detail["score"] > LOW:
            return
        facts = LowRating(
            ticket=self.room.inside(case.ticket, case.now),
            score=event.detail["score"],
            scale=self.room.practice.surveys.scale,
            at=event.at,
            comment=event.detail["comment"],
        )
        for email in self.room.roster.supervisors(case.ticket.department):
            self.room.notify(
                case, LetterType.LOW_RATING, facts, Address("", email), occasion.cause
            )

    def pass_on(
        self,
        recipients: Sequence[str],
        title: str,
        text: str,
        occasion: Occasion,
        *,
        now: datetime,
    ) -> None:
        """Words that belong to no ticket, to supervisors or admins; to admins in any mode."""
        room = self.room
        facts = Information(title=title, lines=tuple(text.splitlines()[:MAX_LINES]))
        for email in recipients:
            letter = room.writer.draft(
                LetterType.ADMIN,
                facts,
                post=room.answer_post(Address("", email), None, occasion),
                language=room.practice.language,
                now=now,
            )
            if email.casefold() in (admin.casefold() for admin in room.roster.admins):
                room.send_always(letter, occasion.cause, now)
            else:
                room.send(letter, occasion.cause, now, about=None)
