"""The timetable's jobs over one store: tickets whose time has come, held mail that expires,
and planning anew what the config has changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

import structlog

from maild.desk.rounds import Rounds
from maild.errors import StoreUnusable, Temporary
from maild.store import Store

log = structlog.get_logger("timetable")

#: so long a worker that is being replaced may still decide by the old config
OLD_WORKERS_LIVE = timedelta(seconds=15)
BATCH = 100
AFTER_TROUBLE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Mail that has arrived stands in the inbox soon, and is seen by all who look there, even
    while no worker lives. Where some stands there already the worker, who enters more when he
    is through with it, is not kept waiting for the writers' turn."""

    store: Store
    name: ClassVar[str] = "arrivals"

    def run(self, now: datetime) -> bool:
        return self.store.gauges.oldest_intake() is None and self.store.intake.enter() > 0


@dataclass(slots=True)
class TicketRounds:
    """Warnings, breaches, handing up, reminders, closings: each ticket in a transaction of
    its own, so that one in trouble holds up no other."""

    store: Store
    rounds: Rounds
    done: Callable[[], None]  #: letters may wait
    trouble: Callable[[int, str], None]  #: within a transaction: (ticket, what happened)
    name: ClassVar[str] = "tickets"

    def run(self, now: datetime) -> bool:
        tickets = self.store.alarms.due(now)
        for ticket in tickets:
            self._visit(ticket, now)
        if tickets:
            self.done()
        return bool(tickets)

    def _visit(self, ticket: int, now: datetime) -> None:
        try:
            with self.store.write():
                case = self.store.cases.open_case(ticket, now)
                if case is None:
                    self.store.alarms.set(ticket, (), new=False)
                    return
                self.rounds.visit(case)
                self.store.cases.save(case)
        except (Temporary, StoreUnusable):
            raise
        except Exception as error:
            log.exception("a ticket's deadline failed", ticket=ticket)
            with self.store.write():
                self.store.alarms.postpone(ticket, now + AFTER_TROUBLE)
                self.trouble(ticket, f"{type(error).__name__}: {error}")


@dataclass(slots=True)
class HeldMail:
    """Mail in an agent's name that nobody has confirmed in time."""

    store: Store
    expired: Callable[[int], None]  #: within the transaction: the intake number
    name: ClassVar[str] = "held mail"

    def run(self, now: datetime) -> bool:
        for number in self.store.intake.expired(now):
            with self.store.write():
                if self.store.intake.expire(number):
                    self.expired(number)
        return False


@dataclass(slots=True)
class Planning:
    """Deadlines and steps of all live tickets, worked out anew when `rules` has changed."""

    store: Store
    rules: str  #: a fingerprint of all that decides
    _again: tuple[datetime, datetime] | None = field(default=None, init=False)
    name: ClassVar[str] = "planning"

    def run(self, now: datetime) -> bool:
        rules, reached = self.store.alarms.plan()
        if rules == self.rules and reached is None:
            return self._catch_up(now)
        if self._again is None:
            log.info("deadlines are worked out anew")
            self._again = (now, now + OLD_WORKERS_LIVE)
        start = reached if rules == self.rules and reached is not None else 0
        with self.store.write():
            tickets = self.store.alarms.alive_after(start, BATCH)
            self._plan(tickets, now)
            full = len(tickets) == BATCH
            self.store.alarms.note_plan(self.rules, tickets[-1] if full else None)
        return full

    def _catch_up(self, now: datetime) -> bool:
        """What a worker with the old config has saved in the meantime."""
        if self._again and now >= self._again[1]:
            tickets = self.store.alarms.alive_since(self._again[0])
            for start in range(0, len(tickets), BATCH):
                with self.store.write():
                    self._plan(tickets[start : start + BATCH], now)
            self._again = None
        return False

    def _plan(self, tickets: Sequence[int], now: datetime) -> None:
        for ticket in tickets:
            try:
                with self.store.engine.savepoint():
                    case = self.store.cases.open_case(ticket, now)
                    if case is not None:
                        self.store.cases.save(case)
            except (Temporary, StoreUnusable):
                raise
            except Exception:
                log.exception("a ticket could not be planned", ticket=ticket)
