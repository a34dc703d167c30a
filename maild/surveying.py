"""The timetable's job for surveys that go out later, and for their one reminder.

What is due is found in the store; each ticket is decided anew in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from maild.desk.case import SYSTEM, Case
from maild.desk.occasion import Occasion
from maild.desk.roster import Roster
from maild.desk.surveys import Surveys, solves
from maild.desk.tells import Notices
from maild.model.as_json import timestamp
from maild.model.ticket import Event, EventKind, Status
from maild.store import Store

LOOK_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class SurveyRounds:
    """`[survey] after` and `remind_after`."""

    store: Store
    rules: Surveys
    roster: Roster
    notices: Notices
    done: Callable[[], None]  #: letters may wait
    _looked: datetime | None = field(default=None, init=False)
    name: ClassVar[str] = "surveys"

    def run(self, now: datetime) -> bool:
        if self._looked is not None and timedelta() <= now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        sent = [self._visit(number, now, self.ask) for number in self.surveys_due(now)]
        sent += [self._visit(number, now, self.remind) for number in self.reminders_due(now)]
        if any(sent):
            self.done()
        return False

    def surveys_due(self, now: datetime) -> Sequence[int]:
        """Tickets whose requester may be asked now."""
        after, apart = self.rules.after, self.rules.per_person
        return self.store.portal.surveys_due(now, after, apart) if after is not None else ()

    def reminders_due(self, now: datetime) -> Sequence[int]:
        """Tickets whose survey has not been answered for long."""
        after = self.rules.remind_after
        return self.store.portal.reminders_due(now, after) if after is not None else ()

    def ask(self, case: Case) -> None:
        """A survey in a letter of its own, for a solve that still stands."""
        solved = _last_solve(case)
        if solved is None or solved.actor.startswith("customer:"):
            return
        if self.roster.member(case.ticket.requester.email).works:
            return
        if self.rules.asks_about(solved):
            number = solves(case.history)
            case.record(EventKind.SURVEY_SENT, SYSTEM, {"solve": number})

    def remind(self, case: Case) -> None:
        """Once, while a mark would still count."""
        if self.rules.is_open(case) and case.ticket.rating is None:
            case.record(EventKind.REMINDED, SYSTEM, {"survey": solves(case.history)})

    def _visit(self, number: int, now: datetime, act: Callable[[Case], None]) -> bool:
        with self.store.write():
            case = self.store.cases.open_case(number, now)
            if case is None:
                return False
            act(case)
            if case.events:
                cause = f"survey:{number}:{timestamp(now)}"
                self.notices.tell(case, Occasion(cause=cause))
                self.store.cases.save(case)
            return True


def _last_solve(case: Case) -> Event | None:
    """The event that solved the ticket, if it is solved."""
    if case.ticket.status not in (Status.RESOLVED, Status.CLOSED):
        return None
    solved = [
        event
        for event in case.history
        if event.kind is EventKind.STATUS
        and event.detail["to"] in (Status.RESOLVED, Status.CLOSED)
        and event.detail["from"] != Status.RESOLVED
    ]
    return solved[-1] if solved else None
