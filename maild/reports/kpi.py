"""The figures of a report, in reading order: a gauge for each entry of `kpis`.

Their definitions are kpi.md's; what a history says is `reports.history`'s business, what of
it falls into a period `reports.chapter`'s.
"""

from typing import Final

from maild.reports.amounts import Backlog, Satisfaction, SelfService, Volume
from maild.reports.gauge import Gauge
from maild.reports.responses import Attainment, FirstResponse, NextResponse
from maild.reports.solving import (
    Escalated,
    FirstContact,
    OneTouch,
    Reopened,
    Resolution,
    Resolved,
    TimeInLevel,
)

GAUGES: Final[tuple[type[Gauge], ...]] = (
    FirstResponse,
    NextResponse,
    Resolution,
    FirstContact,
    OneTouch,
    Reopened,
    Satisfaction,
    Resolved,
    Escalated,
    TimeInLevel,
    Backlog,
    Attainment,
    Volume,
    SelfService,
)
