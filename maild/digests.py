"""Agents' mornings: what is overdue, due today, and new, once each working day.

Sent at eight by the desk's clock on days on which the agent's department works; agents
without anything to do hear nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import structlog

from maild.model.letter import LetterType
from maild.model.people import Agent
from maild.model.ticket import Status, Ticket
from maild.notify.facts import Digest, DigestLine, Person, mailto
from maild.notify.mailroom import Mailroom
from maild.notify.telling import deadlines
from maild.sla.policy import Rulebook
from maild.store import Store

log = structlog.get_logger("digest")

AT = time(8, 0)
LATEST = timedelta(hours=4)  #: later than that the morning is over
MOST = 50


@dataclass(slots=True)
class DigestRounds:
    """Looks each second whether a morning has come that nobody was told of."""

    store: Store
    room: Mailroom
    rulebook: Rulebook
    zone: ZoneInfo
    done: Callable[[], None]
    name: ClassVar[str] = "digests"
    _last: datetime | None = None

    def run(self, now: datetime) -> bool:
        slot = datetime.combine(now.astimezone(self.zone).date(), AT, self.zone)
        if not slot <= now < slot + LATEST or self._last == slot:
            return False
        for agent in self.room.roster.agents.values():
            if agent.digest and self._works(agent, slot):
                self._tell(agent, slot, now)
        self._last = slot
        return False

    def _works(self, agent: Agent, slot: datetime) -> bool:
        day = slot.date()
        if agent.is_away(day):
            return False
        return any(
            self.rulebook.calendar_of(department).spans(day) for department in agent.departments
        )

    def _tell(self, agent: Agent, slot: datetime, now: datetime) -> None:
        facts = self._facts(agent, now)
        job = f"digest:{agent.key}"
        if self.store.histories.slot_is_done(job, slot):
            return
        with self.store.write():
            if not self.store.histories.take_slot(job, slot, now):
                return
            if facts.overdue or facts.today or facts.waiting:
                self._write(agent, facts, f"{job}:{slot.isoformat()}", now)
        self.done()

    def _write(self, agent: Agent, facts: Digest, cause: str, now: datetime) -> None:
        roster, addressing = self.room.roster, self.room.addressing
        department = roster.departments.get(next(iter(agent.departments), ""), roster.default)
        post = addressing.post(
            agent.email,
            ticket=None,
            sender_name=self.room.practice.name,
            to=(agent.address,),
        )
        letter = self.room.writer.draft(
            LetterType.DIGEST, facts, post=post, language=department.language, now=now
        )
        self.room.send(letter, cause, now, about=None)
        log.info("digest", agent=agent.key)

    def _facts(self, agent: Agent, now: datetime) -> Digest:
        """His own by urgency; what is nobody's at his levels comes last."""
        mine = self.store.browse.open_of(agent.key, MOST)
        free = [
            ticket
            for ticket in self.store.browse.open_in(agent.departments, MOST)
            if ticket.assignee is None and ticket.level in agent.levels
        ]
        lines = [(ticket, self._line(agent, ticket, now)) for ticket in mine]
        midnight = datetime.combine(
            now.astimezone(self.zone).date() + timedelta(days=1), time(), self.zone
        )
        overdue = [line for _, line in lines if line.deadline and line.deadline.at <= now]
        today = [
            line for _, line in lines if line.deadline and now < line.deadline.at < midnight
        ]
        rest = [line for _, line in lines if line not in overdue and line not in today]
        new = [self._line(agent, t, now) for t in free if t.status is Status.NEW]
        return Digest(
            who=Person(agent.name, agent.email),
            overdue=tuple(sorted(overdue, key=_due)),
            today=tuple(sorted(today, key=_due)),
            waiting=tuple(rest + new),
        )

    def _line(self, agent: Agent, ticket: Ticket, now: datetime) -> DigestLine:
        found = deadlines(ticket, now)
        post = self.room.addressing.post(
            agent.email, ticket=ticket, sender_name=self.room.practice.name
        )
        assert post.reply_to is not None
        subject = f"[{self.room.practice.tag} #{ticket.id}] {ticket.subject}"
        return DigestLine(
            ticket=self.room.inside(ticket, now),
            deadline=found[0] if found else None,
            link=mailto(post.reply_to.email, subject, "#ver\n"),
        )


def _due(line: DigestLine) -> datetime:
    assert line.deadline is not None
    return line.deadline.at
