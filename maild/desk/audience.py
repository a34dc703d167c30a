"""Whom a step of an escalation tells: the words of `notify`, turned into addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

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

    def next_level(self, case: Case) -> int | None:
        """The level above, if there is one and somebody serves it."""
        above = [level for level in self.levels if level > case.ticket.level]
        return above[0] if above and self._team(case, above[0]) else None

    def _named(self, case: Case, word: str) -> Sequence[Address]:
        match word:
            case "assignee":
                return _addresses(self._assignee(case))
            case "level":
                return _addresses(self._team(case, case.ticket.level))
            case "department":
                return _addresses(self.roster.whole_department(case.ticket.department))
            case "supervisors":
                return self.supervisors(case)
            case "next_level":
                level = self.next_level(case)
                return _addresses(self._team(case, level)) if level else self.supervisors(case)
        return [self.roster.member(word).address]

    def _assignee(self, case: Case) -> list[Agent]:
        """Nobody, or somebody who is away: the agents of the department and level as well."""
        agent = self.roster.agents.get(case.ticket.assignee or "")
        if agent and not agent.is_away(case.now.astimezone(self.timezone).date()):
            return [agent]
        team = self._team(case, case.ticket.level)
        team = team or self.roster.whole_department(case.ticket.department)
        return [agent, *team] if agent else team

    def _team(self, case: Case, level: int) -> list[Agent]:
        day = case.now.astimezone(self.timezone).date()
        return self.roster.team(case.ticket.department, level, day)


def _addresses(agents: Iterable[Agent]) -> list[Address]:
    return [agent.address for agent in agents]
