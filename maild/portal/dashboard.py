"""The dashboard: a report's figures and charts, of this very moment, for supervisors.

The figures come from the same functions as the mailed report's. Each chart stands beside a
table of what it shows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.portal.front import send_link
from maild.portal.site import Site, see_other
from maild.portal.visit import Visit

PERIODS = ("today", "this week", "last week", "this month", "last month", "last 30 days")
_FRESH_S = 60.0
_MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table of figures, as it is read."""

    name: str
    value: str
    target: str
    status: str
    met: bool | None
    previous: str
    cases: str
    main: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart and its values."""

    title: str
    alt: str
    svg: str  #: as drawn; "" where it could not be
    parts: Sequence[tuple[str, str, str]]  #: label, value, target


@dataclass(frozen=True, slots=True)
class Board:
    """All that a dashboard shows."""

    sentence: str
    headlines: Sequence[Line]
    lines: Sequence[Line]
    pictures: Sequence[Picture]
    known_until: datetime


#: (report, period, language, now) -> the board; ValueError for a period that is none
Draw = Callable[[str, str, str, datetime], Board]


class Boards:
    """Boards, each kept for a minute: a page loaded again costs nothing."""

    def __init__(self, draw: Draw, reports: Sequence[str]) -> None:
        self._draw = draw
        self.reports = tuple(reports)
        self._kept: dict[tuple[str, str, str], tuple[float, Board]] = {}

    def board(self, report: str, period: str, language: str, now: datetime) -> Board:
        key, at = (report, period, language), now.timestamp()
        kept = self._kept.get(key)
        if kept and 0 <= at - kept[0] < _FRESH_S:
            return kept[1]
        board = self._draw(report, period, language, now)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (at, board)
        return board


def routes(site: Site, boards: Boards) -> list[Route]:
    return [
        Route("/dashboard", partial(show, site, boards), methods=["GET"]),
        Route("/dashboard", partial(send_link, site, dashboard=True), methods=["POST"]),
    ]


async def show(site: Site, boards: Boards, request: Request) -> Response:
    visit = site.visit(request)
    person = visit.person
    if person is None or not person.dashboard or not site.counter.supervises(person.email):
        return site.page(visit, "sign_in", dashboard=True, fault="", given="", done=False)
    report, period = _chosen(visit, boards)
    zone = site.pages.house.timezone
    covered = spelled(period, visit.now.astimezone(zone).date())
    try:
        board = await site.read(boards.board, report, covered, visit.language, visit.now)
    except ValueError:
        return see_other("/dashboard")
    return site.page(
        visit,
        "dashboard",
        board=board,
        inline=inline_svg,
        report=report,
        reports=boards.reports,
        period=period,
        periods=PERIODS,
        email=person.email,
    )


def _chosen(visit: Visit, boards: Boards) -> tuple[str, str]:
    asked = visit.request.query_params
    report = asked.get("report", "")
    period = asked.get("period", "")[:40]
    known = period in PERIODS or re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", period)
    return (
        report if report in boards.reports else boards.reports[0],
        period if known else "this week",
    )


def spelled(period: str, today: date) -> str:
    """`today`, `this week` and `this month` as the days they are so far."""
    first: Mapping[str, date] = {
        "today": today,
        "this week": today - timedelta(days=today.weekday()),
        "this month": today.replace(day=1),
    }
    return f"{first[period]}/{today}" if period in first else period


def inline_svg(picture: Picture) -> Markup:
    """The drawing as part of the page: its styles become attributes, since pages run none."""
    svg = picture.svg[picture.svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' style="([^"]*)"', lambda found: _attributes(found[1]), svg)
    svg = re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)
    head = '<svg aria-hidden="true" focusable="false" stroke-linejoin="round"'
    return Markup(svg.replace("<svg", head, 1))  # noqa: S704 (drawn by us)


def _attributes(style: str) -> str:
    """` fill="#fff" stroke="none"` for `fill: #fff; stroke: none`."""
    pairs = (part.partition(":") for part in style.split(";") if ":" in part)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)
