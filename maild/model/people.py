"""Who works here: agents, departments, and what an address is to the desk."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from maild.model.mail import Address


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who works on tickets. `key` is the name of the config table."""

    key: str
    name: str
    email: str
    aliases: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    levels: tuple[int, ...] = (1,)
    away: tuple[tuple[date, date], ...] = ()  #: first and last day, both included
    signature: str = ""
    digest: bool = True

    @property
    def address(self) -> Address:
        return Address(self.name, self.email)

    def is_away(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.away)


class Assign(StrEnum):
    """How a new ticket finds its agent."""

    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Department:
    key: str
    name: str
    address: str
    language: str
    calendar: str | None = None
    assign: Assign = Assign.NONE
    supervisors: tuple[str, ...] = ()


class Role(StrEnum):
    """What an address is to the desk, before any proof of it."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    STRANGER = "stranger"  #: everybody else, customers included
