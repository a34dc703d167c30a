"""Past mail under other rules: what would differ. Changes nothing.

The caller reads stored mail and hands over its facts one by one, so a year of mail needs no
more memory than a day's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from maild.rules.engine import RuleBook
from maild.rules.facts import Decision, Facts


class Stored(NamedTuple):
    """One stored message as the rules saw it."""

    ticket: int
    message: int
    facts: Facts
    on: str = "new"


@dataclass(frozen=True, slots=True)
class Difference:
    """One message that the other rules would treat otherwise."""

    ticket: int
    message: int
    before: Decision
    after: Decision

    def as_json(self) -> dict[str, Any]:
        return {
            "ticket": self.ticket,
            "message": self.message,
            "before": _shown(self.before),
            "after": _shown(self.after),
        }

    def fields(self) -> list[str]:
        """Names of what differs: ["department", "tags"]."""
        before, after = self.before.outcome(), self.after.outcome()
        return [key for key in before if before[key] != after[key]]


@dataclass(frozen=True, slots=True)
class Replay:
    messages: int
    differ: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """The form of `rules replay --json`."""
        return {"messages": self.messages, "differ": [d.as_json() for d in self.differ]}


def differences(
    stored: Iterable[Stored | tuple[int, int, Facts, str]], before: RuleBook, after: RuleBook
) -> Replay:
    """Every message on which the two books decide differently, and how many were asked."""
    found: list[Difference] = []
    count = 0
    for ticket, message, facts, on in stored:
        count += 1
        old, new = before.decide(facts, on=on), after.decide(facts, on=on)
        if old.outcome() != new.outcome():
            found.append(Difference(ticket, message, old, new))
    return Replay(count, tuple(found))


def _shown(decision: Decision) -> dict[str, Any]:
    return decision.outcome() | {"matched": list(decision.matched)}
