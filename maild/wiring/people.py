"""The house as the config names it: its people, and the addresses it takes mail for."""

from dataclasses import dataclass

from maild.config.settings import Settings
from maild.desk.roster import Roster, plain
from maild.model.people import Agent, Assign, Department


def roster(settings: Settings) -> Roster:
    """Agents, departments, admins."""
    agents = [
        Agent(
            key=key,
            name=agent.name,
            email=agent.email,
            aliases=agent.aliases,
            departments=agent.departments,
            levels=agent.level,
            away=agent.away,
            signature=agent.signature,
            digest=agent.digest,
        )
        for key, agent in settings.agent.items()
    ]
    departments = [
        Department(
            key=key,
            name=department.name,
            address=department.address,
            language=department.language or settings.desk.language,
            calendar=department.calendar or None,
            assign=Assign(department.assign),
            supervisors=department.supervisors,
        )
        for key, department in settings.department.items()
    ]
    return Roster(agents, departments, settings.desk.admins)


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the SMTP door takes mail for."""

    own: frozenset[str]  #: case-folded
    domains: frozenset[str]

    def accepts(self, address: str) -> bool:
        """One of ours, with or without a plus word; or the postmaster of our domains, who may
        stand without one (RFC 5321 4.5.1)."""
        key = address.casefold()
        if plain(key) in self.own or key in self.own:
            return True
        local, _, domain = key.rpartition("@")
        return key == "postmaster" or (local == "postmaster" and domain in self.domains)


def addresses(settings: Settings) -> Addresses:
    """The desk's, the departments', and what `[smtp] accept_for` adds."""
    departments = [department.address for department in settings.department.values()]
    more = settings.smtp.accept_for if settings.smtp else ()
    own = frozenset(a.casefold() for a in (*departments, settings.desk.address, *more))
    return Addresses(own, frozenset(address.rpartition("@")[2] for address in own))
