"""What a report asks: of which period, department and people (kpi.md R5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from maild.reports.periods import Period
from maild.sla.policy import Rulebook


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
