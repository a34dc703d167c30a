"""What was promised to whom: policies, their targets, and the calendar that counts.

The first policy that matches wins. How much of a promise is used up is said by
`maild.sla.clocks`; reading policies from a file is left to the config.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from maild.model.ticket import Clock, Priority
from maild.sla.hours import Calendar, always

#: what a policy's `when` may ask for; `requester` takes globs such as `*@ventas.acme.test`
CONDITIONS: Final = frozenset(
    {"department", "priority", "channel", "tags", "category", "language", "requester"}
)

_ALWAYS: Final = always(ZoneInfo("UTC"))


class Budget(Protocol):
    """An amount of working time, part of it perhaps in working days."""

    def of(self, day: timedelta) -> timedelta:
        """The working time this is where a working day lasts `day`."""
        ...


@dataclass(frozen=True, slots=True)
class WorkTime:
    """So many working days and so many seconds more."""

    days: float = 0
    seconds: float = 0

    def of(self, day: timedelta) -> timedelta:
        return self.days * day + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Targets:
    """What a policy promises for one priority; None is no deadline."""

    first_response: Budget | None = None
    next_response: Budget | None = None
    resolution: Budget | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a ticket when its targets are looked up."""

    department: str
    priority: Priority = Priority.NORMAL
    channel: str = "email"
    level: int = 1
    tags: frozenset[str] = frozenset()
    category: str = ""
    language: str = ""
    requester: str = ""  #: his address

    def values(self, condition: str) -> frozenset[str]:
        """What this ticket has to show for one of `CONDITIONS`."""
        if condition == "tags":
            return self.tags
        return frozenset({str(getattr(self, condition))})


@dataclass(frozen=True, slots=True)
class Policy:
    """Targets by priority for the tickets that fit `when`.

    `when`: condition -> any of these values; all conditions must hold. `calendar`: a name,
    or None for the department's.
    """

    name: str
    targets: Mapping[Priority, Targets]
    calendar: str | None = None
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.when) - CONDITIONS):
            raise ValueError(f"policy {self.name}: no condition is called {unknown[0]}")

    def matches(self, facts: Facts) -> bool:
        return all(self._holds(name, wanted, facts) for name, wanted in self.when.items())

    def _holds(self, name: str, wanted: frozenset[str], facts: Facts) -> bool:
        if name == "requester":
            email = facts.requester.casefold()
            return any(fnmatchcase(email, glob.casefold()) for glob in wanted)
        return bool(wanted & facts.values(name))


@dataclass(frozen=True, slots=True)
class Terms:
    """What one ticket was promised: by which policy, in whose hours, how much time."""

    policy: str | None
    calendar: Calendar
    targets: Targets
    level: Budget | None

    def target(self, clock: Clock) -> timedelta | None:
        """The working time a clock has; None is no deadline."""
        budget: Budget | None = (
            self.level if clock is Clock.LEVEL else getattr(self.targets, clock.value)
        )
        return None if budget is None else budget.of(self.calendar.day)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that decides how long tickets may take.

    `departments`: department -> name of its calendar; the first one stands in for a
    department that is no more. `levels`: how long a ticket may stay at each. `grace`: what
    is left of a target, at least, when it is changed under way.
    """

    policies: tuple[Policy, ...] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[int, Budget] = field(default_factory=dict)
    grace: timedelta = timedelta(minutes=15)

    def terms(self, facts: Facts) -> Terms:
        policy = policy_for(facts, self.policies)
        calendar = self.calendar_of(facts.department)
        if policy and policy.calendar:
            calendar = self.calendars[policy.calendar]
        targets = policy.targets.get(facts.priority) if policy else None
        return Terms(
            policy.name if policy else None,
            calendar,
            targets or Targets(),
            self.levels.get(facts.level),
        )

    def calendar_of(self, department: str) -> Calendar:
        """A department's hours; round the clock where there is no calendar at all."""
        name = self.departments.get(department) or next(iter(self.departments.values()), "")
        return self.calendars.get(name) or next(iter(self.calendars.values()), _ALWAYS)


def policy_for(facts: Facts, policies: tuple[Policy, ...]) -> Policy | None:
    """The first policy that fits."""
    return next((policy for policy in policies if policy.matches(facts)), None)
