"""What time alone does to a ticket: a reminder, the end of waiting, the closing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.desk.case import SYSTEM, Appointment, Case
from maild.model.as_json import timestamp
from maild.model.ticket import Event, EventKind, MessageKind, Status

LIFE = "life"
AUTO_CLOSED = "auto_closed"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`close_after`: a solved ticket is closed. `pending_close_after`: one whose customer
    does not answer counts as solved, and half-way he is reminded; None is never."""

    close_after: timedelta = timedelta(days=14)
    pending_close_after: timedelta | None = None

    def plan(self, case: Case) -> list[Appointment]:
        """What lies ahead of a ticket as it stands; never what fell due before its import."""
        imported = case.ticket.imported_at
        planned = self._plan(case)
        return [a for a in planned if imported is None or a.at > imported]

    def _plan(self, case: Case) -> list[Appointment]:
        ticket = case.ticket
        if ticket.status is Status.RESOLVED and ticket.resolved_at:
            return [Appointment(ticket.resolved_at + self.close_after, LIFE, kind="close")]
        if ticket.status is not Status.PENDING or self.pending_close_after is None:
            return []
        since = asked_at(case)
        half, end = since + self.pending_close_after / 2, since + self.pending_close_after
        planned = [Appointment(end, LIFE, kind="solve")]
        if not _reminded(case, since):
            planned.append(Appointment(half, LIFE, kind="remind"))
        return planned

    def take(self, case: Case) -> bool:
        """Do what is due; whether anything was. Of several things the last one counts."""
        due = [appointment for appointment in self.plan(case) if appointment.at <= case.now]
        if not due:
            return False
        kind = max(due).kind
        if kind == "close":
            case.set_status(Status.CLOSED, SYSTEM)
        elif kind == "solve":
            case.set_status(Status.RESOLVED, SYSTEM, reason=AUTO_CLOSED)
        else:
            assert self.pending_close_after is not None
            until = asked_at(case) + self.pending_close_after
            case.record(EventKind.REMINDED, SYSTEM, {"until": timestamp(until)})
        return True


def asked_at(case: Case) -> datetime:
    """Since when an answer is awaited: the last time an agent put the ticket to waiting or
    wrote to the customer."""
    asked = (event.at for event in case.all_events if _asks(event))
    return max(asked, default=case.ticket.updated_at)


def _asks(event: Event) -> bool:
    if event.kind is EventKind.STATUS:
        return bool(event.detail["to"] == Status.PENDING)
    return (
        event.kind is EventKind.MESSAGE
        and event.detail.get("kind") == MessageKind.AGENT
        and event.detail.get("public", True) is True
    )


def _reminded(case: Case, since: datetime) -> bool:
    return any(e.kind is EventKind.REMINDED and e.at >= since for e in case.all_events)
