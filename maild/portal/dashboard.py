"""The dashboard: a report's figures and charts, of this very moment, for supervisors.

The figures come from the same functions as the mailed report's. Each chart stands beside a
table of what it shows. In a large store counting takes longer than anybody likes to look at
nothing: the page begins at once, and what is counted follows.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

import structlog
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from maild.portal.front import send_link
from maild.portal.site import Site, see_other
from maild.portal.visit import Visit
from maild.reports.periods import period_of

log = structlog.get_logger("portal")

PERIODS = ("today", "this week", "last week", "this month", "last month", "last 30 days")
_FRESH_S = 60.0
_MOST_KEPT = 50
_LONGEST = timedelta(days=1100)
_PLACE = "<!-- board -->"  #: where it goes in its page


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
class Urgent:
    """A ticket to act on, and why."""

    number: int
    subject: str
    where: str  #: department, and whose it is
    why: str


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
    urgent: Sequence[Urgent]
    lines: Sequence[Line]
    pictures: Sequence[Picture]
    known_until: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see."""

    report: str
    department: str  #: "" for all that the report is about
    period: str
    language: str


#: ValueError for a period that is none
Draw = Callable[[Wish, datetime], Board]
#: by its key, what people call it
Departments = Mapping[str, str]


class Boards:
    """Boards, each kept for a minute: a page loaded again costs nothing."""

    def __init__(self, draw: Draw, reports: Mapping[str, Departments]) -> None:
        self._draw = draw
        self.reports = reports  #: by name, the departments that can be looked at alone
        self._kept: dict[Wish, tuple[float, Board]] = {}

    def kept(self, wish: Wish, now: datetime) -> Board | None:
        """A board that is fresh enough."""
        drawn, board = self._kept.get(wish, (0.0, None))
        return board if 0 <= now.timestamp() - drawn < _FRESH_S else None

    def board(self, wish: Wish, now: datetime) -> Board:
        """Drawn, or kept since somebody asked a little earlier; in one thread only."""
        board = self.kept(wish, now)
        if board is None:
            board = self._draw(wish, now)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[wish] = (now.timestamp(), board)
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
    report, department, period = _chosen(visit, boards)
    zone = cast(ZoneInfo, site.pages.house.timezone)
    covered = spelled(period, visit.now.astimezone(zone).date())
    if not is_period(covered, visit.now, zone):
        return see_other("/dashboard")
    wish = Wish(report, department, covered, visit.language)
    board = boards.kept(wish, visit.now)
    html = site.html(
        visit,
        "dashboard",
        place=Markup(_PLACE),  # noqa: S704 (our own)
        waits=board is None,
        report=report,
        reports=list(boards.reports),
        department=department,
        departments=boards.reports[report],
        period=period,
        periods=PERIODS,
        email=person.email,
    )
    before, _, after = html.partition(_PLACE)
    if board is not None:
        return site.finish(visit, HTMLResponse(before + _drawn(site, visit, board) + after))

    async def parts() -> AsyncIterator[str]:
        yield before
        try:
            yield _drawn(site, visit, await site.draw(boards.board, wish, visit.now))
        except Exception as error:
            log.error("a board failed", exc_info=error, report=report, period=covered)
            yield site.pages.render("board-failed", visit.language, visit.now)
        yield after

    response = StreamingResponse(parts(), media_type="text/html")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy is to pass the beginning on
    return site.finish(visit, response)


def _drawn(site: Site, visit: Visit, board: Board) -> str:
    return site.pages.render("board", visit.language, visit.now, board=board, inline=inline_svg)


def is_period(text: str, now: datetime, zone: ZoneInfo) -> bool:
    """Whether there are such days, and not too many to look at."""
    try:
        covered = period_of(text, now, zone)
        covered.before()
    except (ValueError, OverflowError):
        return False
    return covered.last - covered.first <= _LONGEST


def _chosen(visit: Visit, boards: Boards) -> tuple[str, str, str]:
    """Report, department and period: what is asked for as far as it is there."""
    asked = visit.request.query_params
    report = asked.get("report", "")
    if report not in boards.reports:
        report = next(iter(boards.reports))
    department = asked.get("department", "")
    period = asked.get("period", "")[:40]
    known = period in PERIODS or re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", period)
    return (
        report,
        department if department in boards.reports[report] else "",
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
