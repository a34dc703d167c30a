"""The people of a ticket: who is responsible for it, and whom the words of `notify` mean.

Who is away is not told alone: whoever is there hears of it as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from maild.desk.case import Case
from maild.desk.roster import Roster
from maild.model.mail import Address
from maild.model.people import Agent


@dataclass(frozen=True, slots=True)
class Audience:
    """Finds the people of a ticket. `levels`: all there are, lowest first."""

    roster: Roster
    levels: tuple[int, ...]
    timezone: tzinfo

    def of(self, case: Case, words: Iterable[str]) -> list[Address]:
        """Each address once; the supervisors where nobody else is found."""
        found = [address for word in words for address in self._named(case, word)]
        by_key = {address.key: address for address in found}
        return list(by_key.values()) or self.supervisors(case)

    def supervisors(self, case: Case) -> list[Address]:
        emails = self.roster.supervisors(case.ticket.department)
        return [self.roster.member(email).address for email in emails]

    def responsible(self, case: Case) -> list[Agent]:
        """The assignee; without one, or while he is away, the agents of that department and
        level as well, else of the whole department."""
        agent = self.roster.agents.get(case.ticket.assignee or "")
        if agent and not agent.is_away(self._day(case)):
            return [agent]
        team = self._team(case, case.ticket.level) or self._department(case)
        return [agent, *(a for a in team if a is not agent)] if agent else team

    def next_level(self, case: Case) -> int | None:
        """The level above, if there is one and somebody serves it."""
        above = [level for level in self.levels if level > case.ticket.level]
        return above[0] if above and self._team(case, above[0]) else None

    def _named(self, case: Case, word: str) -> Sequence[Address]:
        match word:
            case "assignee":
                return _addresses(self.responsible(case))
            case "level":
                return _addresses(self._team(case, case.ticket.level))
            case "department":
                return _addresses(self._department(case))
            case "supervisors":
                return self.supervisors(case)
            case "next_level":
                level = self.next_level(case)
                return _addresses(self._team(case, level)) if level else self.supervisors(case)
        return [self.roster.member(word).address]

    def _team(self, case: Case, level: int) -> list[Agent]:
        """Who serves this level and is there; where all are away, they and their department
        are told."""
        day = self._day(case)
        team = self.roster.team(case.ticket.department, level, day)
        if not team or any(not agent.is_away(day) for agent in team):
            return team
        return [*team, *(agent for agent in self._department(case) if agent not in team)]

    def _department(self, case: Case) -> list[Agent]:
        """All of it who are there; all of it where nobody is."""
        whole = self.roster.whole_department(case.ticket.department)
        return [agent for agent in whole if not agent.is_away(self._day(case))] or whole

    def _day(self, case: Case) -> date:
        return case.now.astimezone(self.timezone).date()


def _addresses(agents: Iterable[Agent]) -> list[Address]:
    return [agent.address for agent in agents]
