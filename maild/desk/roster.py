"""Who is who: agents, departments, supervisors and admins, looked up by address or name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from maild.links import local_part_token
from maild.model.mail import Address
from maild.model.people import Agent, Department, Role


@dataclass(frozen=True, slots=True)
class Member:
    """An address of the house: its role, and the name by which events call it."""

    role: Role
    key: str  #: an agent's config name; else the address
    address: Address

    @property
    def works(self) -> bool:
        """May give commands and write notes (with a proof)."""
        return self.role is not Role.STRANGER


class Roster:
    """The desk's people. Built once from the config; replaced whole at a reload."""

    def __init__(
        self, agents: Sequence[Agent], departments: Sequence[Department], admins: Sequence[str]
    ) -> None:
        self.agents = {agent.key: agent for agent in agents}
        self.departments = {department.key: department for department in departments}
        self.admins = tuple(admins)
        self._agent_by_email = {
            email.casefold(): agent
            for agent in agents
            for email in (agent.email, *agent.aliases)
        }
        self._department_by_email = {
            department.address.casefold(): department for department in departments
        }

    @property
    def default(self) -> Department:
        """The first department of the config."""
        return next(iter(self.departments.values()))

    def member(self, email: str) -> Member:
        """What this address is to the desk."""
        key = email.casefold()
        if agent := self._agent_by_email.get(key):
            return Member(Role.AGENT, agent.key, agent.address)
        if any(key == s.casefold() for d in self.departments.values() for s in d.supervisors):
            return Member(Role.SUPERVISOR, key, Address("", email))
        if key in (admin.casefold() for admin in self.admins):
            return Member(Role.ADMIN, key, Address("", email))
        return Member(Role.STRANGER, key, Address("", email))

    def agent_named(self, word: str) -> Agent | None:
        """An agent by config name, address, or first or full name."""
        wanted = word.casefold().strip()
        for agent in self.agents.values():
            names = {agent.key.casefold(), agent.name.casefold(), agent.email.casefold()}
            if wanted in names or wanted == agent.name.casefold().split(" ")[0]:
                return agent
        return None

    def team(self, department: str, level: int, day: date) -> list[Agent]:
        """The agents of a department and level who are not away; all of them if all are."""
        members = [
            agent
            for agent in self.agents.values()
            if department in agent.departments and level in agent.levels
        ]
        return [agent for agent in members if not agent.is_away(day)] or members

    def whole_department(self, department: str) -> list[Agent]:
        return [agent for agent in self.agents.values() if department in agent.departments]

    def oversees(self, email: str) -> bool:
        """A supervisor of any department, or an admin?"""
        heads = [s for d in self.departments.values() for s in d.supervisors]
        return email.casefold() in {head.casefold() for head in (*heads, *self.admins)}

    def supervisors(self, department: str) -> tuple[str, ...]:
        """A department's supervisors; the admins where it has none."""
        found = self.departments.get(department)
        return (found.supervisors if found else ()) or self.admins

    def department_of(self, addresses: Iterable[str]) -> Department | None:
        """The first department one of these addresses belongs to, plus words aside."""
        for address in addresses:
            if found := self._department_by_email.get(plain(address)):
                return found
        return None

    def is_own(self, address: str) -> bool:
        """One of the desk's own addresses: never a reader, never written to."""
        return plain(address) in self._department_by_email


def plain(address: str) -> str:
    """The address without its plus word, case-folded."""
    word = local_part_token(address)
    if word is None:
        return address.casefold()
    local, _, domain = address.rpartition("@")
    return f"{local[: -len(word) - 1]}@{domain}".casefold()
