"""The dashboard: the report's own figures, live, for supervisors and nobody else."""

import asyncio
import re
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from maild.portal.dashboard import Board, Boards, Draw, Picture, inline_svg, routes, spelled
from tests.pages import PORTAL, Visitor, link
from tests.stories.office import Office, kinds

REPORT = """
[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
targets = { first_response = "4h", csat = 0.85 }
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A desk with a report, and a ticket solved and praised this week."""
    office = Office(tmp_path, more=PORTAL + REPORT)
    office.write("Luis <luis@x.test>")
    notice = office.letter("agent-new")
    office.clock.wind(minutes=30)
    office.answer(notice, "#resuelto\nListo.")
    Visitor(office).post(link(office.letter("resolved"), "s"), {"score": "5"})
    office.clock.wind(minutes=30)
    return office


def enter(office: Office, visitor: Visitor, email: str = "jefa@acme.test") -> str:
    """Sign in; the dashboard."""
    assert visitor.submit("/dashboard", email=email).status_code == 200
    door = link(office.letter("link"), "dashboard")
    assert visitor.get(door).status_code == 200
    assert visitor.post(door, {}).headers["location"] == "/dashboard"
    return visitor.get("/dashboard").text


def test_a_supervisor_sees_the_figures_of_now(office: Office) -> None:
    """The same as the report's, with drawings, and a table beside each."""
    page = enter(office, Visitor(office))
    made = office.app.reporting(office.store).make(
        "semanal", "2026-06-08/2026-06-08", office.clock.now()
    )
    assert made.figures["kpis"]["csat"]["n"] == 1
    assert made.figures["kpis"]["resolved"]["n"] == 1
    assert "30 min" in page
    assert page.count("<svg") >= 2
    assert page.count("<svg") <= page.count('<table class="grid">') - 1
    assert "Satisfacción" in page


def test_drawings_obey_the_policy(office: Office) -> None:
    """No inline style, no style sheet, nothing fetched: the browser would refuse it."""
    page = enter(office, Visitor(office))
    assert not re.search(r"\sstyle=", page)
    assert "<style" not in page
    assert "<script" not in page
    assert "<image" not in page
    assert re.search(r'fill="#[0-9a-fA-F]{6}"', page)


def test_periods_can_be_chosen(office: Office) -> None:
    """By name or by days; nonsense leads back."""
    visitor = Visitor(office)
    enter(office, visitor)
    for period in ("last week", "this month", "2026-06-01/2026-06-08"):
        answer = visitor.client.get("/dashboard", params={"period": period})
        assert answer.status_code == 200
    wrong = visitor.client.get("/dashboard", params={"period": "2026-06-31/2026-06-40"})
    assert wrong.status_code == 303
    assert visitor.client.get("/dashboard", params={"period": "<b>"}).status_code == 200


def test_a_department_can_be_looked_at_alone(office: Office) -> None:
    """Of a report about all of them; one that is none is as if it was not named."""
    office.write("Eva <eva@y.test>", "Quiero comprar", to="sales@acme.test")
    visitor = Visitor(office)
    everything = enter(office, visitor)
    assert '<option value="ventas">' in everything
    new = {
        department: re.search(
            r"Solicitudes nuevas</th><td[^>]*>(\d+)",
            visitor.get(f"/dashboard?department={department}").text,
        )
        for department in ("", "soporte", "ventas", "nadie")
    }
    assert [found and found[1] for found in new.values()] == ["2", "1", "1", "2"]


def test_what_waits_is_named(office: Office) -> None:
    """Open tickets to act on, whose they are and why; and at which levels they are."""
    office.write("Eva <eva@y.test>", "El pedido no llega")
    office.answer(office.letter("agent-new"), "#escalar 2\nNo es cosa mía.")
    office.clock.wind(hours=3)
    page = enter(office, Visitor(office))
    urgent = page[page.index("Qué atender") :].partition("</ul>")[0]
    assert "Solicitud 2: El pedido no llega" in urgent
    assert re.search(r"abierta hace 3 h|vencida hace", urgent)
    assert "Pendientes por nivel" in page
    assert '<th scope="row">Nivel 2</th><td class="right">1</td>' in page.replace(" \n", "")


@pytest.mark.parametrize(
    "period", ["0001-01-01/0001-01-07", "1000-01-01/9999-12-31", "2026-06-08/2026-06-01"]
)
def test_days_nobody_has_lived_through(office: Office, period: str) -> None:
    """Too many of them, none before them, or the wrong way round: back to this week."""
    visitor = Visitor(office)
    enter(office, visitor)
    wrong = visitor.client.get("/dashboard", params={"period": period})
    assert (wrong.status_code, wrong.headers["location"]) == (303, "/dashboard")


# -- a store in which counting takes long ---------------------------------------------------


def parts(office: Office, draw: Draw) -> Iterator[str]:
    """A supervisor's dashboard, piece by piece as it leaves; drawn by `draw`."""
    visitor = Visitor(office)
    enter(office, visitor)
    session = visitor.client.cookies["maild_session"]
    pages = Starlette(routes=routes(visitor.site, Boards(draw, {"semanal": {}})))
    scope = {
        "type": "http", "method": "GET", "path": "/dashboard", "query_string": b"",
        "headers": [(b"cookie", f"maild_session={session}".encode())],
    }  # fmt: skip
    loop = asyncio.new_event_loop()
    left: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = loop.create_task(pages(scope, asyncio.Event().wait, left.put))  # type: ignore[arg-type]
    more = True
    while more:
        piece = loop.run_until_complete(asyncio.wait_for(left.get(), 20))
        if piece["type"] == "http.response.body":
            more = piece.get("more_body", False)
            yield piece["body"].decode()
    loop.run_until_complete(task)
    loop.close()


def test_the_page_begins_before_all_is_counted(office: Office) -> None:
    """Its head comes at once and says that figures follow; they do, and the page ends whole."""
    counted = threading.Event()

    def draw(*asked: object) -> Board:
        assert counted.wait(20)
        return Board("Todo en orden.", [], [], [], [], office.clock.now())

    page = parts(office, draw)
    beginning = next(page)
    assert "Se está contando" in beginning
    assert "Todo en orden." not in beginning
    counted.set()
    rest = "".join(page)
    assert "Todo en orden." in rest
    assert rest.rstrip().endswith("</html>")


def test_a_board_that_cannot_be_drawn_says_so(office: Office) -> None:
    """The page has begun: it goes on with what happened, and ends whole."""

    def draw(*asked: object) -> Board:
        raise RuntimeError("no")

    page = "".join(parts(office, draw))
    assert "Algo ha fallado" in page
    assert page.rstrip().endswith("</html>")


def test_nobody_else_gets_in(office: Office) -> None:
    """Customers and agents get no link, and a customer's sign-in opens no dashboard."""
    visitor = Visitor(office)
    for email in ("luis@x.test", "ana@acme.test", "nobody@y.test"):
        assert visitor.submit("/dashboard", email=email).status_code == 200
    assert office.letters() == []
    visitor.submit("/requests", email="luis@x.test")
    door = link(office.letter("link"), "requests")
    assert visitor.get(door.replace("/requests/", "/dashboard/")).status_code == 404
    visitor.post(door, {})
    page = visitor.get("/dashboard").text
    assert "<svg" not in page
    assert "Para responsables" in page


def test_who_supervises_no_more_sees_no_more(office: Office) -> None:
    """A session outlives the job, but opens nothing then."""
    visitor = Visitor(office)
    enter(office, visitor)
    office.configure(more=PORTAL + REPORT)
    office.app.roster.departments["soporte"] = office.app.roster.departments["ventas"]
    later = Visitor(office)
    later.client.cookies = visitor.client.cookies
    assert "Para responsables" in later.get("/dashboard").text


def test_without_a_report_there_are_figures_all_the_same(tmp_path: Path) -> None:
    """Of all departments; admins may look, too."""
    office = Office(tmp_path, more=PORTAL)
    page = enter(office, Visitor(office), "admin@acme.test")
    assert "Primera respuesta" in page
    assert kinds(office.letters()) == []


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("today", "2026-06-10/2026-06-10"),
        ("this week", "2026-06-08/2026-06-10"),
        ("this month", "2026-06-01/2026-06-10"),
        ("last week", "last week"),
    ],
)
def test_periods_of_now_end_today(period: str, days: str) -> None:
    """What is running is shown as far as it is."""
    assert spelled(period, date(2026, 6, 10)) == days


def test_styles_become_attributes() -> None:
    """As SVG has one for each of them."""
    path = '<path style="fill: #fff; stroke: none"/>'
    svg = f'<?xml?><svg width="9pt"><style>*{{}}</style>{path}</svg>'
    drawn = str(inline_svg(Picture("", "", svg, ())))
    assert '<path fill="#fff" stroke="none"/>' in drawn
    assert "style" not in drawn
    assert drawn.startswith("<svg ")
