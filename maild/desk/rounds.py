"""What the desk does with a ticket when its time has come: warn, report a breach, hand it to
the next level, remind, close.

Every step leaves an event, and is taken only where the history does not hold it yet: so once,
whatever happens to the program in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from maild.desk.audience import Audience
from maild.desk.case import SYSTEM, Case
from maild.desk.deadlines import Deadlines, Ready
from maild.desk.occasion import Occasion
from maild.desk.tells import Notices
from maild.model.as_json import timestamp
from maild.model.mail import Address
from maild.model.ticket import EventKind
from maild.sla.escalation import Kind


class AlarmNotices(Protocol):
    """Puts the letters of a deadline into cases."""

    def alarm(self, case: Case, ready: Ready, people: Sequence[Address]) -> None:
        """A deadline is near, or has passed."""
        ...


@dataclass(frozen=True, slots=True)
class Rounds:
    """The desk's conduct towards time."""

    deadlines: Deadlines
    audience: Audience
    notices: Notices
    alarm_notices: AlarmNotices

    def visit(self, case: Case) -> None:
        """Do all that is due; the caller saves the case."""
        for ready in self.deadlines.ready(case):
            self._take(case, ready)
        self.deadlines.life.take(case)
        if case.events:
            cause = f"time:{case.ticket.id}:{timestamp(case.now)}"
            self.notices.tell(case, Occasion(cause=cause))

    def _take(self, case: Case, ready: Ready) -> None:
        step = ready.step
        _record(case, ready)
        level = self.audience.next_level(case) if step.raise_level else None
        people = self.audience.of(case, step.notify) if step.notify else []
        if step.raise_level and level is None:
            told = {address.key for address in people}
            people += [a for a in self.audience.supervisors(case) if a.key not in told]
        self.alarm_notices.alarm(case, ready, people)
        if level is not None:
            case.set_level(level, SYSTEM)
            case.assign(None, SYSTEM, reason="level")


def _record(case: Case, ready: Ready) -> None:
    alarm = ready.alarm
    warning = alarm.kind is Kind.WARNING
    case.record(
        EventKind.SLA_WARNING if warning else EventKind.SLA_BREACH,
        SYSTEM,
        {"clock": alarm.clock.value, "due": timestamp(ready.state.due), "step": alarm.label},
    )
