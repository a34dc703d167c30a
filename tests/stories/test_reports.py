"""Reports of a desk at work: what stands in them, for whom, and links that change nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.pages import ORIGIN, PORTAL, Visitor, link
from tests.stories.office import Office, Received
from tests.stories.test_mornings import ring

REPORT = """
[report.semanal]
to = ["jefa@acme.test", "auditor@x.test"]
every = "monday 08:00"
period = "last week"
targets = { first_response = "4h", csat = 0.85 }
[report.personas]
to = ["jefa@acme.test"]
every = "monday 08:00"
agents = true
"""
MONDAY = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)  #: eight in Madrid
ARTICLE = """+++
title = "Imprimir desde cualquier planta"
lang = "es"
keywords = ["impresora", "atasco"]
visibility = "public"
status = "published"
key = "{key}"
+++
Apagar la impresora, quitar el papel atascado y encenderla.
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A desk with pages, articles and reports."""
    folder = tmp_path / "kb" / "es"
    folder.mkdir(parents=True)
    text = ARTICLE.format(key="soporte/impresora tercera")
    (folder / "impresora.md").write_text(text, "utf-8")
    return Office(tmp_path, more=PORTAL + REPORT + '\n[kb]\nfolder = "kb"\n')


def weekly(office: Office) -> dict[str, Received]:
    """Monday's reports of the week, by who gets them."""
    office.clock.set(MONDAY)
    office.letters()
    ring(office, "reports")
    found = [letter for letter in office.letters() if letter.type == "report"]
    return {letter.to: letter for letter in found if "Por agente" not in letter.html}


def test_what_was_looked_for_in_vain(office: Office) -> None:
    """On the pages and by mail: by its words, most frequent first; never whose it was, no
    addresses or numbers, and not what was found."""
    visitor = Visitor(office)
    for words in ("módem del piso 3 luis@x.test", "MODEM DEL PISO", "impresora", "  ", "42"):
        answer = visitor.submit("/kb", q=words)
        assert answer.status_code == 303
        assert visitor.get(answer.headers["location"]).status_code == 200
    office.write("luis@x.test", "kb fax antiguo", "")
    report = weekly(office)["jefa@acme.test"]
    assert "«modem del piso» 2" in report.text and "«fax antiguo» 1" in report.text
    assert "luis" not in report.text and "«impresora»" not in report.text


def test_so_many_searches_a_minute_are_counted_and_no_more(office: Office) -> None:
    """Whoever makes words up fills no table."""
    visitor = Visitor(office)
    for number in range(60):
        word = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")
        visitor.submit("/kb", q=f"zz{word}")
    row = office.store.engine.one("SELECT count(*) FROM missed")
    assert row == (30,)


def test_only_the_pages_own_form_counts(office: Office) -> None:
    """An address with a search in it is looked at, by whomever and how often: not a byte of
    the store changes. Another site's form is refused; a made-up one is not counted."""
    before, visitor = everything(office), Visitor(office)
    for _ in range(3):
        assert visitor.get("/kb?q=otra cosa").status_code == 200
        assert visitor.client.head("/kb?q=otra cosa").status_code == 200
    made_up = visitor.post("/kb", {"q": "otra cosa"})
    foreign = visitor.post("/kb", {**visitor.form("/kb"), "q": "x y"}, origin="https://e.test")
    assert (made_up.status_code, foreign.status_code) == (303, 403)
    assert everything(office) == before


def test_the_dashboard_is_named_to_those_it_opens_to(office: Office) -> None:
    """Its page asks who comes, so that a report passed on opens nothing."""
    office.write("luis@x.test")
    reports = weekly(office)
    address = f"{ORIGIN}/dashboard"
    assert address in reports["jefa@acme.test"].html
    assert address in reports["jefa@acme.test"].text
    assert address not in reports["auditor@x.test"].html
    assert Visitor(office).get("/dashboard").status_code == 200
    assert "Resueltas" not in Visitor(office).get("/dashboard").text


def test_a_problem_with_an_article_leads_to_it(office: Office) -> None:
    """The article that bears the problem's key stands beside it, by its title."""
    for number in range(6):
        office.write(f"p{number}@x.test", "Impresora de la tercera")
        office.clock.wind(hours=1)
    report = weekly(office)["jefa@acme.test"]
    assert "Imprimir desde cualquier planta" in report.text
    assert f'href="{ORIGIN}/kb/impresora"' in report.html
    made = office.app.reporting(office.store).make("semanal", "", office.clock.now())
    assert made.figures["recurring"][0]["article"] == "impresora"


def test_figures_by_agent_only_where_asked_for(office: Office) -> None:
    """A table of persons is a matter for those who switch it on."""
    office.write("luis@x.test")
    office.answer(office.letter("agent-new", "ana@acme.test"), "Hecho.")
    reporting, now = office.app.reporting(office.store), office.clock.now()
    today = "2026-06-08/2026-06-08"
    assert "agents" not in reporting.make("semanal", today, now).figures
    (ana,) = reporting.make("personas", today, now).figures["agents"]
    assert (ana["agent"], ana["answers"]) == ("ana", 1)
    assert all("Ana Ruiz" not in r.text for r in weekly(office).values())


def buttons(report: Received) -> dict[str, dict[str, str]]:
    """Subject -> label -> the mailto: behind it."""
    found: dict[str, dict[str, str]] = {}
    for href, label in re.findall(r'href="(mailto:[^"]+)"[^>]*>([^<]+)<', report.html):
        subject = parse_qs(urlsplit(unescape(href)).query)["subject"][0]
        found.setdefault(subject.partition("] ")[2], {})[label] = unescape(href)
    return found


def press(office: Office, who: str, href: str) -> list[Received]:
    """The mail program writes the mail, he sends it."""
    written = urlsplit(href)
    said = {name: values[0] for name, values in parse_qs(written.query).items()}
    office.write(who, said["subject"], said["body"], to=unquote(written.path))
    return office.letters()


def test_each_button_of_a_report_does_what_it_says(office: Office) -> None:
    """To a supervisor no ticket can be assigned, what is solved can be opened again, what is at
    the highest level goes no higher; who is nobody here has neither buttons nor commands."""
    office.write("luis@x.test", "Sin red")
    office.write("eva@x.test", "Sin luz")
    office.write("pau@x.test", "Sin agua")
    first, second, _ = [x for x in office.letters() if x.type == "agent-new"]
    office.answer(first, "#escalar 3")
    office.answer(second, "#resuelto\nYa hay.")
    solved = next(x for x in office.letters() if x.type == "resolved")
    office.answer(solved, "1\nSigo a oscuras desde el lunes.")
    office.store.engine.execute("UPDATE ticket SET status = 'resolved' WHERE id = 2")
    reports = weekly(office)
    assert not buttons(reports["auditor@x.test"])
    assert "#informe" not in reports["auditor@x.test"].text
    assert "#informe semanal" in reports["jefa@acme.test"].text
    offered = buttons(reports["jefa@acme.test"])
    assert {subject: list(labels) for subject, labels in offered.items()} == {
        "Sin red": ["Prioridad alta", "Ver"],
        "Sin luz": ["Reabrir", "Ver"],
        "Sin agua": ["Escalar", "Prioridad alta", "Ver"],
    }
    for labels in offered.values():
        for href in reversed(labels.values()):
            answers = press(office, "jefa@acme.test", href)
            assert "command-error" not in [letter.type for letter in answers], href
    tickets = [office.ticket(number) for number in (1, 2, 3)]
    assert [t["priority"] for t in tickets] == ["high", "normal", "high"]
    assert (tickets[1]["status"], tickets[2]["level"]) == ("open", 2)


def test_an_agent_may_take_what_a_report_shows(tmp_path: Path) -> None:
    """A report that goes to an agent has an agent's buttons."""
    office = Office(tmp_path, more=REPORT.replace("auditor@x.test", "ana@acme.test"))
    office.write("luis@x.test", "Sin red")
    office.clock.set(MONDAY)
    office.letters()
    ring(office, "reports")
    (report,) = [x for x in office.letters() if x.type == "report" and x.to == "ana@acme.test"]
    assert list(buttons(report)["Sin red"]) == ["Asignarme", "Escalar", "Ver"]
    press(office, "ana@acme.test", buttons(report)["Sin red"]["Asignarme"])
    assert office.ticket()["assignee"] == "ana"


def test_no_survey_where_nobody_answered(tmp_path: Path) -> None:
    """A ticket closed because the customer fell silent asks him for no mark, now or later."""
    life = '\n[lifecycle]\npending_close_after = "10d"\n[survey]\nafter = "1h"\n'
    office = Office(tmp_path, more=PORTAL + REPORT + life)
    office.write("luis@x.test")
    office.answer(office.letter("agent-new"), "#esperar\n¿Qué mensaje aparece?")
    for _ in range(16):
        office.clock.wind(days=1)
        ring(office, "tickets", "surveys")
    assert office.ticket()["status"] == "resolved"
    assert "auto_closed" in [e["detail"].get("reason") for e in office.ticket()["events"]]
    letters = office.letters()
    assert "resolved" in [letter.type for letter in letters]
    assert not [letter for letter in letters if letter.type.startswith("survey")]
    assert all("/s/" not in letter.text for letter in letters)
    figures = office.app.reporting(office.store).make(
        "semanal", "2026-06-08/2026-07-05", office.clock.now()
    )
    assert figures.figures["kpis"]["csat"]["sent"] == 0
    assert figures.figures["kpis"]["resolution"]["auto_closed"] == 1


# -- links ------------------------------------------------------------------------------------


def told(office: Office) -> list[Received]:
    """Every letter of a story with all kinds of links in it."""
    letters = []
    office.write("Luis <luis@x.test>", "Impresora: atasco", "La impresora tiene un atasco.")
    letters += office.letters()
    notice = next(letter for letter in letters if letter.type == "agent-new")
    office.answer(notice, "Apáguela y enciéndala.")
    letters += office.letters()
    office.answer(next(x for x in letters if x.type == "reply"), "Sigue igual.")
    letters += office.letters()
    office.answer(notice, "#resuelto\nYa está.")
    office.write("luis@x.test", "kb impresora", "")
    office.write("luis@x.test", "estado", "")
    letters += office.letters()
    office.clock.set(MONDAY)
    ring(office, "reports", "digests", "surveys", "tickets")
    Visitor(office).submit("/requests", email="luis@x.test")
    Visitor(office).submit("/dashboard", email="jefa@acme.test")
    return letters + office.letters()


def links_in(letters: list[Received]) -> set[str]:
    """Each address of ours in any part of any letter, without its beginning."""
    found = set()
    for letter in letters:
        for text in (unescape(letter.html), letter.text):
            found.update(re.findall(rf"{re.escape(ORIGIN)}(/[^\s\"'<>)]*)", text))
    return found


def everything(office: Office) -> list[str]:
    """The whole store, line by line."""
    database = office.store.engine.database
    return list(database.connection().iterdump())


@pytest.mark.parametrize("times", [2, pytest.param(100, marks=pytest.mark.proof)])
def test_looking_changes_nothing(
    office: Office, times: int, record_property: Callable[[str, object], None]
) -> None:
    """A scanner opens every link of every letter, over and over: no vote, no sign-in used,
    not a byte of the store. Then one person's click on a button counts, once."""
    letters = told(office)
    links = links_in(letters)
    shapes = {path.split("/")[1].partition("?")[0] for path in links}
    assert {"t", "s", "kb", "requests", "dashboard"} <= shapes, links
    assert sum("?v=" in path for path in links) == 5
    before = everything(office)
    visitor = Visitor(office)
    for _ in range(times):
        for path in sorted(links):
            assert visitor.get(path).status_code == 200, path
            assert visitor.client.head(path).status_code == 200, path
    assert everything(office) == before
    assert office.ticket()["rating"] is None
    survey = next(path for path in links if path.startswith("/s/")).partition("?")[0]
    Visitor(office).submit(survey, score="4")
    assert office.ticket()["rating"]["score"] == 4
    door = link(next(x for x in letters if x.type == "link" and x.to == "luis@x.test"),
                "requests")  # fmt: skip
    assert Visitor(office).post(door, {}).status_code == 200
    assert Visitor(office).post(door, {}).status_code == 404
    record_property("figure", f"{len(links)} links, {times} GET and HEAD each, 0 changes")
    record_property("target", "0 changes")
