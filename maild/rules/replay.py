"""Past mail under other rules: what would differ. Changes nothing.

The caller reads stored mail and hands over its facts one by one, so a year of mail needs no
more memory than a day's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from maild.rules.engine import RuleBook
from maild.rules.facts import Decision, Facts

MATCHED = "matched"


class Stored(NamedTuple):
    """One stored message as the rules saw it."""

    ticket: int | None  #: None where it opened none
    message: int | None
    facts: Facts
    on: str = "new"
    done: Mapping[str, Any] | None = None  #: what was decided then, as `shown` has it


@dataclass(frozen=True, slots=True)
class Difference:
    """One message that the other rules would treat otherwise."""

    ticket: int | None
    message: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    subject: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "ticket": self.ticket,
            "message": self.message,
            "before": dict(self.before),
            "after": dict(self.after),
        }

    def fields(self) -> list[str]:
        """Names of what differs: ["department", "tags"]."""
        return [
            key for key in self.before if key != MATCHED and self.before[key] != self.after[key]
        ]


@dataclass(frozen=True, slots=True)
class Replay:
    messages: int
    differ: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """The form of `rules replay --json`."""
        return {"messages": self.messages, "differ": [d.as_json() for d in self.differ]}


def differences(stored: Iterable[Stored], before: RuleBook | None, after: RuleBook) -> Replay:
    """Every message on which two books decide differently, and how many were asked.

    Without `before`, `after` is compared with what was decided then (`Stored.done`). Which
    rules matched is told, but is no difference while they do the same.
    """
    found: list[Difference] = []
    count = 0
    for each in stored:
        count += 1
        if difference := compare(each, before, after):
            found.append(difference)
    return Replay(count, tuple(found))


def compare(each: Stored, before: RuleBook | None, after: RuleBook) -> Difference | None:
    """What differs for one message; None where nothing does."""
    ticket, message, facts, on, done = each
    old = shown(before.decide(facts, on=on)) if before else (done or {})
    new = shown(after.decide(facts, on=on))
    difference = Difference(ticket, message, old, new, facts.subject)
    return difference if difference.fields() else None


def shown(decision: Decision) -> dict[str, Any]:
    """A decision without the why, and the names of the rules that made it."""
    return decision.outcome() | {MATCHED: list(decision.matched)}
