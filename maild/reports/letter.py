"""The report as a letter: subject, plain and HTML part, pictures, CSV files.

What stands in it is decided here, how it looks by `templates/reports/`. It goes out even
when nothing happened, and with bars of `#` where pictures can't be drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from css_inline import CSSInliner
from jinja2 import Environment

from maild.model.letter import File, Picture
from maild.reports import numbers, sentence
from maild.reports.charts import Chart, charts
from maild.reports.csv_files import kpi_csv
from maild.reports.drawing import WIDTH, CannotDraw, draw, height
from maild.reports.figures import Figure, figures
from maild.reports.wording import definitions
from maild.reports.words import Row, Setting, Words
from maild.reports.worklist import Worklist

#: the figures that meet the eye first
HEADLINES: Final = ("first_response.mean", "resolved.n", "sla.rate", "csat.rate")


@dataclass(frozen=True, slots=True)
class ReportLetter:
    """The pieces of a `model.letter.Letter`."""

    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...]
    files: tuple[File, ...]
    faults: tuple[str, ...] = ()  #: charts that could not be drawn, and why: for the log


@dataclass(frozen=True, slots=True)
class ShownChart:
    """A chart in the HTML part: a picture, or its bars where there is none."""

    chart: Chart
    cid: str | None
    width: int
    height: int
    bars: list[str]


def compose(
    report: dict[str, Any],
    previous: dict[str, Any] | None,
    worklist: Worklist,
    setting: Setting,
    environment: Environment,
    *,
    tickets: File | None = None,
    draw: Callable[[Chart], bytes] = draw,
) -> ReportLetter:
    """The letter about a report (`reports.measure`), compared with the period before.

    `environment`: autoescaping Jinja2 over `templates/`. `tickets`: `TicketSheet.file()`.
    """
    lines = figures(
        report,
        previous,
        targets=setting.targets,
        language=setting.language,
        names=setting.names,
    )
    drawn = charts(
        report,
        lines,
        solved_on=worklist.solved_on,
        period=setting.period,
        language=setting.language,
        names=setting.names,
    )
    pictures, faults = _pictures(drawn, draw)
    context = _context(report, lines, worklist, setting, _shown(drawn, pictures))
    folder = f"reports/{numbers.spoken(setting.language)}"
    html = environment.get_template(f"{folder}/report.html").render(context)
    department = setting.department and setting.names.department(setting.department)
    return ReportLetter(
        subject=sentence.subject(
            report,
            lines,
            tag=setting.tag,
            period=setting.period,
            language=setting.language,
            department=department,
        ),
        text=environment.get_template(f"{folder}/report.txt").render(context),
        html=_INLINER.inline(html),
        pictures=tuple(pictures.values()),
        files=(kpi_csv(lines, setting.language), *([tickets] if tickets else [])),
        faults=tuple(faults),
    )


#: colours for dark readers need a style sheet, the rest goes into the tags
_INLINER: Final = CSSInliner(
    load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True
)


def _pictures(
    drawn: Sequence[Chart], draw: Callable[[Chart], bytes]
) -> tuple[dict[str, Picture], list[str]]:
    """The pictures by chart, and what went wrong with those that are missing."""
    pictures, faults = {}, []
    for chart in drawn:
        try:
            content = draw(chart)
        except CannotDraw as error:
            faults.append(str(error))
        else:
            file = f"{chart.name}.png"
            pictures[chart.name] = Picture(f"{chart.name}@report", file, "image/png", content)
    return pictures, faults


def _shown(drawn: Sequence[Chart], pictures: Mapping[str, Picture]) -> list[ShownChart]:
    return [
        ShownChart(
            chart,
            pictures[chart.name].cid if chart.name in pictures else None,
            WIDTH,
            height(chart),
            chart.text_bars(),
        )
        for chart in drawn
    ]


def _context(
    report: dict[str, Any],
    lines: list[Figure],
    worklist: Worklist,
    setting: Setting,
    shown: list[ShownChart],
) -> dict[str, Any]:
    """What the templates see."""
    language = setting.language
    words = Words(setting)
    return {
        "report": report,
        "setting": setting,
        "language": numbers.spoken(language),
        "label": setting.period.label(language),
        "title": words.title(),
        "sentence": sentence.sentence(report, lines, language),
        "headlines": [f for key in HEADLINES for f in lines if f.key == key],
        "quiet": sentence.is_quiet(report),
        "rows": _rows(lines),
        "unknown": [f.name for f in lines if f.main and not f.is_known],
        "charts": shown,
        "act": worklist.to_act_on(),
        "breaches": worklist.breaches,
        "oldest": worklist.oldest,
        "unhappy": worklist.unhappy,
        "recurring": report["recurring"],
        "repeats": report.get("repeat_contacts", []),
        "searches": report.get("searches", []),
        "agents": report.get("agents", []),
        "definitions": definitions(language),
        "words": words,
        "known_until": numbers.moment(setting.known_until, language, setting.period.zone),
        "zone": setting.period.zone.key,
    }


def _rows(lines: list[Figure]) -> list[Row]:
    """Each main figure with its details, as far as there is something to tell."""
    rows: list[Row] = []
    for figure in lines:
        if figure.main:
            rows.append(Row(figure, []))
        elif figure.value is not None:
            rows[-1].details.append(figure)
    return rows
