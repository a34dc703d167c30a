"""What a past period would have looked like under other rules (`maild sla what-if`)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.model.ticket import Clock, Event, EventKind, Status, Ticket
from maild.sla.clocks import VOID, clocks, decisions
from maild.sla.policy import Rulebook
from maild.sla.stopwatch import Outcome

#: which clocks of a ticket were decided in the period, and how
Decided = dict[tuple[Clock, int], Outcome]


@dataclass(frozen=True, slots=True)
class Difference:
    """A clock that ends otherwise; None: not decided in the period."""

    ticket: int
    clock: Clock
    visit: int
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Counts of outcomes by clock under either rulebook, and the clocks that differ."""

    before: Counter[tuple[Clock, Outcome]]
    after: Counter[tuple[Clock, Outcome]]
    differ: list[Difference]

    def as_json(self) -> dict[str, Any]:
        """`before`, `after` and `tickets` of `maild sla what-if --json`."""
        return {
            "before": _by_clock(self.before),
            "after": _by_clock(self.after),
            "tickets": [
                {
                    "ticket": d.ticket,
                    "clock": d.clock.value,
                    "visit": d.visit,
                    "before": d.before,
                    "after": d.after,
                }
                for d in self.differ
            ],
        }


def what_if(
    histories: Iterable[tuple[Ticket | None, Sequence[Event]]],
    *,
    before: Rulebook,
    after: Rulebook,
    period: tuple[datetime, datetime],
) -> WhatIf:
    """Compare the targets decided in `[start, end)` under two rulebooks.

    `histories`: one ticket each with its events; spam and merged tickets do not count (kpi.md
    R5). Both sides are computed anew, so that only the rules make the difference: a breach
    that the history notes does not count for either.
    """
    result = WhatIf(Counter(), Counter(), [])
    for ticket, events in histories:
        if not events or _is_void(events):
            continue
        was, would = (_decided(ticket, events, rules, period) for rules in (before, after))
        result.before.update((clock, outcome) for (clock, _), outcome in was.items())
        result.after.update((clock, outcome) for (clock, _), outcome in would.items())
        result.differ.extend(
            Difference(events[0].ticket, *key, was.get(key), would.get(key))
            for key in sorted(was.keys() | would.keys())
            if was.get(key) != would.get(key)
        )
    return result


def _decided(
    ticket: Ticket | None,
    events: Sequence[Event],
    rulebook: Rulebook,
    period: tuple[datetime, datetime],
) -> Decided:
    start, end = period
    states = clocks(events, rulebook, end, recorded=False, ticket=ticket)
    return {
        (decision.clock, decision.visit): decision.outcome
        for decision in decisions(states)
        if start <= decision.at < end
    }


def _is_void(events: Sequence[Event]) -> bool:
    """Is the ticket, as it stands today, spam or part of another?"""
    last = next((e for e in reversed(events) if e.kind is EventKind.STATUS), None)
    return last is not None and Status(last.detail["to"]) in VOID


def _by_clock(counts: Counter[tuple[Clock, Outcome]]) -> dict[str, dict[str, int]]:
    return {
        clock.value: {outcome.value: counts[clock, outcome] for outcome in Outcome}
        for clock in Clock
    }
