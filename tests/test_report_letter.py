"""The letter supervisors get: the verdict first, the same values everywhere, no surprises."""

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.reports import numbers
from maild.reports.charts import Chart
from maild.reports.csv_files import TicketSheet, inert
from maild.reports.drawing import CannotDraw, draw
from maild.reports.figures import Names, figures
from maild.reports.history import History
from maild.reports.letter import ReportLetter, compose
from maild.reports.measure import measure
from maild.reports.words import Link, Setting
from maild.reports.worklist import Lookout, Worklist
from tests.busy_week import busy
from tests.diary import MADRID, Diary, at, hours, question

TEMPLATES = Path(__file__).parent.parent / "templates"
WEEK, WEEK_BEFORE = ("2026-05-04", "2026-05-10"), ("2026-04-27", "2026-05-03")
NOW = at("2026-05-11 08:00")
TARGETS = {"first_response": hours(4), "fcr": 0.7, "csat": 0.85, "sla": 0.95, "level_1": 900}
PROMISED = {"first_response": hours(4), "next_response": hours(9), "resolution": hours(18)}
NAMES = Names({"soporte": "Soporte técnico"}, {1: "Nivel 1"}, {"ana": "Ana Ruiz"})


def environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
    )


class Written:
    """A letter, and what it was made of."""

    def __init__(
        self,
        histories: list[History],
        language: str = "es",
        draw: Callable[[Chart], bytes] = draw,
        **more: Any,
    ) -> None:
        asked = question(
            *WEEK, now=NOW, targets=TARGETS, language=language, promised=PROMISED, agents=True
        )
        before = question(*WEEK_BEFORE, now=NOW, language=language, promised=PROMISED)
        lookout, sheet = Lookout(asked), TicketSheet(asked)
        self.report = measure(histories, asked, lookout, sheet)
        self.previous = measure(histories, before)
        self.worklist: Worklist = lookout.worklist()
        setting = Setting("ACME", language, asked.period, NOW, NAMES, TARGETS)
        self.setting = replace(setting, **more)
        self.letter: ReportLetter = compose(
            self.report,
            self.previous,
            self.worklist,
            self.setting,
            environment(),
            tickets=sheet.file(),
            draw=draw,
        )
        self.lines = figures(
            self.report, self.previous, targets=TARGETS, language=language, names=NAMES
        )

    def table(self, name: str) -> list[list[str]]:
        """A CSV file as a spreadsheet reads it."""
        (file,) = (file for file in self.letter.files if file.filename == name)
        text = file.content.decode("utf-8-sig")
        delimiter = ";" if self.setting.language == "es" else ","
        return list(csv.reader(StringIO(text), delimiter=delimiter))


@pytest.fixture(scope="module")
def es() -> Written:
    links = [Link("Asignarme", "mailto:soporte+abc@acme.test?body=%23tomar&subject=x")]
    return Written(list(busy("2026-03-30", 42, 12)), links=lambda ticket: links)


@pytest.fixture(scope="module")
def en() -> Written:
    return Written(list(busy("2026-03-30", 42, 12)), "en")


class Page(HTMLParser):
    """The text people see, and the tags that matter."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\n", " ").split(" "))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_subject_is_the_verdict(es: Written, en: Written) -> None:
    """Who reads only the subject knows how it went."""
    kpis = es.report["kpis"]
    solved, missed = kpis["resolved"]["n"], kpis["sla"]["breached"]
    n, good = kpis["csat"]["n"], kpis["csat"]["count"]
    assert n < 20
    assert es.letter.subject == (
        f"[ACME] Semana 4–10 may: {solved} resueltas, {missed} fuera de plazo, "
        f"satisfacción {good} de {n} ▼"
    )
    assert en.letter.subject == (
        f"[ACME] Week of 4–10 May: {solved} resolved, {missed} out of time, "
        f"satisfaction {good} of {n} ▼"
    )


def test_every_value_everywhere(es: Written, en: Written) -> None:
    """Every value of the HTML stands in the plain part, and in the CSV."""
    for written in (es, en):
        html, lines = Page(written.letter.html).text, written.lines
        text = " ".join(written.letter.text.replace("\n", " ").split(" "))
        sheet = {row[0]: row for row in written.table("kpi.csv")}
        assert list(sheet) == ["kpi", *(line.key for line in lines)]
        for line in lines:
            shown = line.shown(written.setting.language)
            if line.main or line.value is not None:
                assert shown in html, line.key
                assert shown in text, line.key
            value = sheet[line.key][1]
            if line.unit == "%" and line.value is not None:
                plain = shown.replace("\u00a0", "").rstrip("%")
                assert value == re.sub(r"[.,]0$", "", plain), line.key
            if line.unit == "s" and line.value is not None:
                assert value == str(numbers.rounded(line.value, 0)), line.key


def test_same_numbers_in_both_languages(es: Written, en: Written) -> None:
    """The same report; only the way numbers are written differs."""
    assert es.report["kpis"] == en.report["kpis"]
    spanish, english = es.table("kpi.csv"), en.table("kpi.csv")
    assert spanish[0] == english[0] == "kpi value unit target met n previous".split()
    for ours, theirs in zip(spanish[1:], english[1:], strict=True):
        assert [cell.replace(",", ".") for cell in ours[:4]] == theirs[:4]


def test_html_for_mail_clients(es: Written) -> None:
    """Small, no outside sheets, inline styles, colours for dark readers, no scripts."""
    html = es.letter.html
    page = Page(html)
    assert len(html.encode()) < 100_000
    assert not page.of("script")
    assert not page.of("link")
    assert "prefers-color-scheme: dark" in html
    assert {"name": "color-scheme", "content": "light dark"} in page.of("meta")
    assert all("style" in attrs for attrs in page.of("td") if "class" in attrs)
    assert page.of("html")[0]["lang"] == "es"


def test_pictures(es: Written) -> None:
    """Each cid once, with its size and the figures as alt text; a pie among them."""
    images = Page(es.letter.html).of("img")
    assert [i["src"] for i in images] == [f"cid:{p.cid}" for p in es.letter.pictures]
    assert len(images) >= 4
    for image in images:
        assert image["width"] == "564"
        assert image["height"]
        assert re.search(r": \d", image["alt"] or "")
    levels = next(i for i in images if i["src"] == "cid:levels@report")
    assert f"Nivel 1: {es.report['kpis']['resolved']['by_level']['1']} (" in (
        levels["alt"] or ""
    )


def test_plain_part(es: Written) -> None:
    """No line is longer than 78 columns, and bars stand for the pictures."""
    lines = es.letter.text.splitlines()
    assert max(map(len, lines)) <= 78
    assert any("####" in line for line in lines)
    assert "<" not in es.letter.text.replace("(< 7", "").replace("de < 1", "").replace(
        "< 1", ""
    )


def test_first_screen(es: Written) -> None:
    """One sentence, four figures, three tickets with their links, then the table."""
    html = es.letter.html
    top = html[: html.index("Cifras</h2>")]
    assert top.count('class="tile"') == 4
    assert top.count('class="item"') == 3
    assert top.count('href="mailto:soporte+abc@acme.test?body=%23tomar&amp;subject=x"') == 3
    assert "primeras respuestas llegaron a tiempo" in top


def test_nothing_happened() -> None:
    """Silence looks like failure: an empty report goes out and says so."""
    written = Written([])
    assert written.letter.subject == "[ACME] Semana 4–10 may: sin actividad"
    assert "Sin actividad" in written.letter.text
    assert written.letter.pictures == ()
    assert len(written.table("tickets.csv")) == 1
    assert "100" not in Page(written.letter.html).text.replace("100 %", "")


def test_no_pictures_can_be_drawn() -> None:
    """The letter goes out with bars in their place, and says for the log what failed."""

    def broken(chart: Chart) -> bytes:
        raise CannotDraw(f"chart {chart.name}: no room")

    letter = Written(list(busy("2026-05-04", 7, 3)), draw=broken).letter
    assert letter.pictures == ()
    assert "####" in letter.html
    assert "cid:" not in letter.html
    assert len(letter.faults) >= 4
    assert letter.faults[0] == "chart attained: no room"


def test_hostile_words() -> None:
    """Subjects, names and comments are data: in HTML, in text, in CSV, in templates."""
    bad = "=cmd|' /C calc'!A0 <script>alert(1)</script> {{7*7}}\r\nBcc: x@x.test"
    diary = Diary(1, "2026-05-04 09:00", subject=bad, who='"><img src=x>@x.test')
    diary.solved("2026-05-04 10:00").rated("2026-05-05 10:00", 1, "<b>mal</b> {{ 1 }}\n#x")
    written = Written([diary.history])
    html, text = written.letter.html, written.letter.text
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<b>mal" not in html
    assert "{{7*7}}" in html
    assert "49" not in Page(html).text
    assert "\nBcc" not in text
    assert "\n#x" not in text
    cell = written.table("tickets.csv")[1][1]
    assert cell.startswith("'=cmd|")
    assert "\n" not in cell


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1+1",
        " =1+1",
        "\n=1",
        "\u00a0=1+1",
        "\r=1",
        "\uff1d1",
    ],
)
def test_formulas(cell: str) -> None:
    """No spreadsheet calculates what a customer wrote."""
    assert inert(cell).startswith("'")
    assert inert("Pedido = 3") == "Pedido = 3"


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_spreadsheet_of_that_country_reads_them(
    language: str, request: pytest.FixtureRequest
) -> None:
    """UTF-8 that says so, rows of one length, numbers with the country's sign and no other,
    days and times as every country reads them, words that are neither."""
    written: Written = request.getfixturevalue(language)
    number = re.compile(r"\d+(,\d+)?" if language == "es" else r"\d+(\.\d+)?")
    day = re.compile(r"2026-\d\d-\d\d \d\d:\d\d")
    words = {"kpi.csv": {"kpi", "unit", "met"}, "tickets.csv": {
        "subject", "department", "category", "priority", "status", "channel", "requester",
        "assignee",
    }}  # fmt: skip
    for file in written.letter.files:
        assert file.content.startswith(b"\xef\xbb\xbf") and file.content.count(b"\xef\xbb") == 1
        assert file.content.count(b"\r\n") == file.content.count(b"\n")
        head, *rows = written.table(file.filename)
        assert len(rows) > 20
        for row in rows:
            assert len(row) == len(head)
            for column, cell in zip(head, row, strict=True):
                if column in words[file.filename]:
                    assert not number.fullmatch(cell) and not cell.startswith(("=", "+", "-"))
                elif column in ("created", "first_response", "resolved"):
                    assert cell == "" or day.fullmatch(cell), (column, cell)
                else:
                    assert cell == "" or number.fullmatch(cell), (column, cell)


def test_tickets_of_the_period(es: Written) -> None:
    """A line for each ticket created, solved or open; dates a spreadsheet understands."""
    head, *rows = es.table("tickets.csv")
    numbers_seen = [row[0] for row in rows]
    assert len(numbers_seen) == len(set(numbers_seen))
    column = {name: place for place, name in enumerate(head)}
    solved = [r for r in rows if "2026-05-04" <= r[column["resolved"]][:10] <= "2026-05-10"]
    assert len(solved) == es.report["kpis"]["resolved"]["n"]
    created = [r for r in rows if "2026-05-04" <= r[column["created"]][:10] <= "2026-05-10"]
    assert len(created) == es.report["kpis"]["volume"]["created"]
    standing = [r for r in rows if r[column["status"]] in ("new", "open", "pending")]
    assert len(standing) == es.report["kpis"]["backlog"]["end"]
    assert all(re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d", r[column["created"]]) for r in rows)


def test_late_and_accounted_for() -> None:
    """A report that comes late says so; the balance of mail stands at its end."""
    balance = {"arrived": 11, "ticket": 8, "reply": 3, "unaccounted": 0}
    written = Written(
        [], late=at("2026-05-11 07:00"), balance=balance, department="soporte"
    )  # fmt: skip
    for text in (Page(written.letter.html).text, written.letter.text.replace("\n", " ")):
        assert "debía salir el lun 11 may 2026, 07:00" in text
        assert "llegaron 11 = 8 solicitudes + 3 respuestas; sin explicar 0" in text
        assert "Datos hasta el lun 11 may 2026, 08:00, zona Europe/Madrid" in text
    assert written.letter.subject.startswith("[ACME] Soporte técnico · Semana")


@pytest.mark.parametrize(
    ("share", "es", "en"),
    [
        (0.952, "95,2\u00a0%", "95.2%"),
        (0.0625, "6,3\u00a0%", "6.3%"),
        (1, "100,0\u00a0%", "100.0%"),
        (None, "—", "—"),
    ],
)
def test_percentages(share: float | None, es: str, en: str) -> None:
    """Half-up, one decimal, as each language writes it; no data is a dash."""
    assert (numbers.percent(share, "es"), numbers.percent(share, "en")) == (es, en)


@pytest.mark.parametrize(
    ("value", "places", "es", "en"),
    [(1234, 0, "1234", "1,234"), (12345, 0, "12.345", "12,345"), (9.4, 1, "9,4", "9.4"),
     (1234567.25, 1, "1.234.567,3", "1,234,567.3"), (0.25, 1, "0,3", "0.3")],
)  # fmt: skip
def test_numbers(value: float, places: int, es: str, en: str) -> None:
    """Four digits bear no point in Spanish."""
    assert numbers.number(value, "es", places) == es
    assert numbers.number(value, "en", places) == en


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9000, "2 h 30 min"), (0, "0 min"), (12, "< 1 min"), (90, "2 min"), (7200, "2 h"),
     (322_200, "89 h 30 min"), (3599, "1 h"), (None, "—")],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    """To the minute, half-up."""
    assert numbers.duration(seconds) == text


def test_moments() -> None:
    """Never only digits: 2/11 is February to some."""
    moment = at("2026-11-02 14:05")
    assert numbers.moment(moment, "es", MADRID) == "lun 2 nov 2026, 14:05"
    assert numbers.moment(moment, "en", MADRID) == "Mon 2 Nov 2026, 14:05"


def test_broken_promises_are_in_the_sentence(es: Written, en: Written) -> None:
    """A good share of first responses does not hide that other deadlines were missed."""
    missed = es.report["kpis"]["sla"]["breached"]
    assert es.report["kpis"]["sla"]["rate"] < 0.95
    spanish, english = (written.letter.text.replace("\n", " ") for written in (es, en))
    rate = es.report["kpis"]["sla"]["rate"]
    kept = numbers.percent(rate, "es")
    assert f"{missed} plazos vencieron (cumplidos {kept}, meta 95,0\u00a0%)" in spanish
    kept = numbers.percent(rate, "en")
    assert f"{missed} deadlines were missed ({kept} met, target 95.0%)" in english
    assert "meta\xa095,0\xa0%" not in es.letter.text  # words stay apart by ordinary blanks


@pytest.mark.parametrize("language", ["es", "en"])
def test_few_cases_make_a_plain_sentence(language: str) -> None:
    """Counts come first, and no bracket opens within another."""
    late = Diary(1, "2026-05-04 09:00", by="agent:ana").solved("2026-05-08 17:00")
    good = Diary(2, "2026-05-04 09:00", by="agent:ana").solved("2026-05-04 10:00")
    for diaries in (
        [late, good],
        [late, Diary(3, "2026-05-04 09:00").answers("2026-05-08 10:00")],
    ):
        text = Written([d.history for d in diaries], language).letter.text.split("\n\n")[1]
        assert not re.search(r"\([^)]*\(", text), text
        assert re.search(r"\d+ (de|of) \d+", text), text


def test_long_lists_say_how_long_they_are(es: Written) -> None:
    """Ten are shown; of how many stands beside the heading."""
    missed, left = es.report["kpis"]["sla"]["breached"], es.report["kpis"]["backlog"]["end"]
    assert missed > 10 and left > 10
    assert f"FUERA DE PLAZO (10 de {missed})" in es.letter.text
    page = " ".join(Page(es.letter.html).text.split())
    assert f"Las pendientes más antiguas 10 de {left}" in page


def test_figures_without_data_share_a_line() -> None:
    """Thirty dashes tell no more than their names do; the CSV has them all."""
    written = Written([])
    page = Page(written.letter.html).text
    assert "Sin datos: Primera respuesta, media;" in page
    assert page.count("—") < 12
    assert ["fcr.rate", "", "%", "70", "", "0", ""] in written.table("kpi.csv")


def test_searches_in_vain_and_articles() -> None:
    """What people looked for in vain stands there; a problem with an article links to it."""
    histories = list(busy("2026-03-30", 42, 12))
    written = Written(histories)
    assert written.report["recurring"], "the made-up week has a problem that comes back"
    written.report["recurring"][0]["article"] = "facturas"
    written.report["searches"] = [{"words": "<b>modem", "count": 3}]
    article = Link("Facturar & cobrar", "https://help.acme.test/kb/facturas")
    setting = replace(written.setting, article=lambda slug: article)
    letter = compose(written.report, written.previous, written.worklist, setting, environment())
    assert '<a href="https://help.acme.test/kb/facturas"' in letter.html
    page = " ".join(Page(letter.html).text.split())
    assert "Facturar & cobrar" in page and "«<b>modem» 3" in page
    assert "«<b>modem» 3" in letter.text and "Facturar & cobrar" in letter.text


def test_deadlines_by_department_and_priority(es: Written) -> None:
    """Who keeps promises stands beside the total; level clocks are in neither."""
    sla = es.report["kpis"]["sla"]
    for group in ("by_department", "by_priority"):
        parts = sla[group].values()
        assert sum(part["met"] for part in parts) == sla["met"] > 0
        assert sum(part["breached"] for part in parts) == sla["breached"] > 0
    keys = [row[0] for row in es.table("kpi.csv")]
    assert "sla.by_department.soporte.rate" in keys
    assert "sla.by_priority.normal.rate" not in keys, "one priority alone is no comparison"


def test_many_columns_stay_apart() -> None:
    """A month of busy days: three digits above each column, and no two touch."""
    from maild.reports.charts import columns

    month = columns(
        "solved", "Resueltas por día", {f"{n} may": 100 + n for n in range(1, 32)}, "es"
    )
    assert draw(month)[:4] == b"\x89PNG"
