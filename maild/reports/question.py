"""What a report asks, and which tickets it is about (kpi.md R5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from maild.reports.history import Solve, Story
from maild.reports.periods import Period
from maild.sla.policy import Rulebook

#: what came back is compared with the weeks before
NEEDED: Final = timedelta(days=36)


@dataclass(frozen=True, slots=True)
class Question:
    """What a report asks.

    `department`: None for all; a ticket is where it was at the end of the period. `targets`:
    seconds of working time, or shares of 1, by the names of `[report.x] targets`.
    `excluded`: is this requester left out of every figure? `articles`: the key of a
    recurring problem -> the article about it.
    """

    report: str
    period: Period
    rulebook: Rulebook
    now: datetime  #: what is known later is not known
    department: str | None = None
    language: str = "es"
    targets: Mapping[str, float] = field(default_factory=dict)
    excluded: Callable[[str], bool] = lambda requester: False
    articles: Mapping[str, str] = field(default_factory=dict)
    agents: bool = False  #: figures per agent too

    @property
    def end(self) -> datetime:
        """The end of the period, or of what is known."""
        return min(self.period.end, self.now)

    def covers(self, at: datetime) -> bool:
        return self.period.start <= at < self.period.end

    def concerns(self, story: Story) -> bool:
        """Does the ticket count in this report at all, void or not?"""
        step = story.at_end(self.period.end)
        if step is None or self.excluded(story.ticket.requester.key):
            return False
        return self.department is None or step.facts.department == self.department

    def touches(self, story: Story) -> bool:
        """Was it open in the period, or did anything happen to it then?"""
        return story.is_open(self.period.start) or any(
            self.covers(event.at) for event in story.events
        )

    @property
    def needed_since(self) -> datetime:
        """Tickets untouched since then, and done, matter to no figure."""
        return self.period.start - NEEDED

    def solve_of(self, story: Story) -> Solve | None:
        """The last solve, if it falls into the period: what makes a ticket "solved in it"."""
        solve = story.last_solve(self.period.end)
        return solve if solve and self.covers(solve.at) else None

    def standing_solve_of(self, story: Story) -> Solve | None:
        """The same, where it still stands at the end of the period."""
        return None if story.is_open(self.period.end) else self.solve_of(story)
