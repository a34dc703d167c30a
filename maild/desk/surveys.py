"""Surveys: who is asked how it went, whether his mark still counts, and what a bad one does.

One mark a ticket, changeable until the survey expires; reopening voids an unanswered one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from maild.desk.case import Case
from maild.desk.lifecycle import AUTO_CLOSED
from maild.ingest.thanks import only_thanks
from maild.model.ticket import Event, EventKind, Status

#: a mark up to this is bad news for the supervisors
LOW = 2
_SOLVED = (Status.RESOLVED, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Surveys:
    """`[survey]`."""

    scale: int = 5
    expires: timedelta = timedelta(days=30)
    after: timedelta | None = None  #: a letter of its own so long after the solve
    remind_after: timedelta | None = None
    per_person: timedelta = timedelta(days=7)

    def goes_along(self, solved: Event) -> bool:
        """Whether the letter about this solve asks at once."""
        return self.after is None and self.asks_about(solved)

    def asks_about(self, solved: Event) -> bool:
        """Whether this solve is one to ask about: who never answered is not asked."""
        return solved.detail.get("reason") != AUTO_CLOSED

    def is_open(self, case: Case, solve: int | None = None) -> bool:
        """Whether a mark counts now: for the latest solve, while it stands and has not
        expired; or to change one that was given. `solve`: the one that was asked about."""
        latest = solves(case.all_events)
        sent = [e for e in case.all_events if e.kind is EventKind.SURVEY_SENT]
        if not sent or case.now >= sent[-1].at + self.expires:
            return False
        if case.ticket.rating is not None:
            return True
        asked = int(sent[-1].detail.get("solve", latest))
        stands = case.ticket.status in _SOLVED and asked == latest
        return stands and solve in (None, latest)

    def takes(self, score: int) -> bool:
        return 1 <= score <= self.scale


def solves(events: Iterable[Event]) -> int:
    """How often the ticket was solved."""
    return sum(
        event.kind is EventKind.STATUS
        and (
            event.detail["to"] == Status.RESOLVED
            or (event.detail["to"] == Status.CLOSED and event.detail["from"] != Status.RESOLVED)
        )
        for event in events
    )


def mark(case: Case, score: int, comment: str, actor: str) -> bool:
    """Note a mark; whether it says anything new."""
    before = case.ticket.rating
    if before and (before.score, before.comment) == (score, comment):
        return False
    case.rate(score, comment, actor)
    return True


def complains(score: int, comment: str) -> bool:
    """A bad mark with more than thanks under it: it is not solved."""
    return score <= LOW and bool(comment.strip()) and not only_thanks(comment)
