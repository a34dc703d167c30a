"""When one of our letters could not be delivered: the ticket knows, and its agent is told."""

from dataclasses import dataclass
from datetime import datetime

from maild.desk.case import SYSTEM
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.tells import Notices
from maild.model.letter import Letter, LetterType
from maild.model.ticket import EventKind

#: letters that carry a person's words or a promise to somebody outside
_OUTWARD = frozenset(
    {
        LetterType.REPLY,
        LetterType.RESOLVED,
        LetterType.CLOSED,
        LetterType.ACKNOWLEDGEMENT,
        LetterType.REOPENED,
        LetterType.SURVEY,
    }
)


@dataclass(frozen=True, slots=True)
class Failures:
    """What follows from a letter the relay refused for good."""

    cases: Casebook
    notices: Notices

    def letter_failed(
        self, number: int, letter: Letter, message: int | None, reason: str, now: datetime
    ) -> None:
        """Within a transaction. Notices to agents fail silently: there is nobody else."""
        if letter.ticket is None or letter.type not in _OUTWARD:
            return
        case = self.cases.open_case(letter.ticket, now)
        if case is None:
            return
        case.record(
            EventKind.DELIVERY_FAILED,
            SYSTEM,
            {"message": message, "reason": reason[:500], "recipient": letter.recipient},
        )
        occasion = Occasion(cause=f"letter:{number}", courtesy=Courtesy.NONE)
        self.notices.tell(case, occasion)
        self.cases.save(case)
