"""`kpi.csv` and `tickets.csv`, as a spreadsheet of that country opens them.

A byte order mark, so that accents are read right; `;` and a decimal comma in es, `,` and a
point in en. Cells that a spreadsheet would run as a formula begin with an apostrophe.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Final

from maild.model.letter import File
from maild.reports import numbers
from maild.reports.chapter import Chapter
from maild.reports.figures import SHARE, Figure
from maild.reports.question import Question

KPI_COLUMNS: Final = ("kpi", "value", "unit", "target", "met", "n", "previous")
TICKET_COLUMNS: Final = (
    "ticket subject department category priority level status channel requester assignee "
    "created first_response first_response_s first_response_calendar_s resolved resolution_s "
    "resolution_gross_s resolution_calendar_s customer_messages agent_responses reopened "
    "rating"
).split()
#: also as wide signs, which a spreadsheet may take for the narrow ones
_FORMULA: Final = tuple("=+-@\t\r＝＋－＠")

Cell = str | float | datetime | None


def kpi_csv(figures: Iterable[Figure], language: str) -> File:
    """One line for each figure: durations in seconds, shares in percent."""
    sheet = Sheet(KPI_COLUMNS, language)
    for figure in figures:
        sheet.write(
            [
                figure.key,
                _in_unit(figure, figure.value),
                figure.unit,
                _in_unit(figure, figure.target),
                sheet.yes_or_no(figure.met),
                figure.n,
                _in_unit(figure, figure.previous),
            ]
        )
    return sheet.file("kpi.csv")


def _in_unit(figure: Figure, value: float | None) -> float | None:
    if value is None:
        return None
    if figure.unit == SHARE:
        return float(numbers.rounded(value * 100, 1))
    return float(numbers.rounded(value, 0 if figure.unit == "s" else 4))


class TicketSheet:
    """Watches for tickets created, solved or open in the period; one line for each."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._sheet = Sheet(TICKET_COLUMNS, question.language)

    def add(self, chapter: Chapter) -> None:
        solved = any(self.question.covers(solve.at) for solve in chapter.story.solves)
        if chapter.was_created or solved or chapter.is_open:
            cells = [*self._standing(chapter), *self._times(chapter), *self._rest(chapter)]
            self._sheet.write(cells)

    def file(self) -> File:
        return self._sheet.file("tickets.csv")

    def _standing(self, chapter: Chapter) -> list[Cell]:
        step, ticket = chapter.at_end, chapter.story.ticket
        return [
            ticket.id, ticket.subject, step.facts.department, ticket.category,
            step.facts.priority.value, step.facts.level, step.status.value,
            step.facts.channel, ticket.requester.email, step.assignee,
        ]  # fmt: skip

    def _times(self, chapter: Chapter) -> list[Cell]:
        """Created, first answered, solved: when, and after how much time."""
        story, zone = chapter.story, self.question.period.zone
        opened, answer = story.opened, story.first_answer
        solve = None if chapter.is_open else story.last_solve(chapter.end)
        cells: list[Cell] = [opened.astimezone(zone), None, None, None, None, None, None, None]
        if answer and answer.at < chapter.end:
            whole = (answer.at - opened).total_seconds()
            cells[1:4] = [answer.at.astimezone(zone), chapter.first_response, whole]
        if solve:
            whole = (solve.at - opened).total_seconds()
            cells[4:8] = [solve.at.astimezone(zone), chapter.net, chapter.gross, whole]
        return cells

    def _rest(self, chapter: Chapter) -> list[Cell]:
        story, end = chapter.story, chapter.end
        given = story.rating
        return [
            1 + sum(at < end for at in story.questions),
            sum(answer.at < end for answer in story.answers),
            sum(turn.at < end for turn in story.reopenings),
            given.score if given and given.first < end else None,
        ]


class Sheet:
    """A CSV file in the making."""

    def __init__(self, columns: Sequence[str], language: str) -> None:
        self._spanish = numbers.spoken(language) == "es"
        self._out = StringIO()
        self._csv = csv.writer(self._out, delimiter=";" if self._spanish else ",")
        self._csv.writerow(columns)

    def write(self, cells: Iterable[Cell]) -> None:
        self._csv.writerow([self._written(cell) for cell in cells])

    def yes_or_no(self, value: bool | None) -> str:
        if value is None:
            return ""
        return ("sí" if self._spanish else "yes") if value else "no"

    def file(self, name: str) -> File:
        content = "\ufeff" + self._out.getvalue()
        return File(name, "text/csv; charset=utf-8", content.encode("utf-8"))

    def _written(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return f"{cell:%Y-%m-%d %H:%M}"
        if isinstance(cell, str):
            return inert(cell)
        text = str(int(cell)) if float(cell).is_integer() else f"{cell:.4f}".rstrip("0")
        return text.replace(".", ",") if self._spanish else text


def inert(text: str) -> str:
    """Text that no spreadsheet runs: one that begins like a formula gets an apostrophe."""
    line = " ".join(text.replace("\x00", "").splitlines())
    starts = line.lstrip(" \u00a0\u200b\ufeff")
    return f"'{line}" if starts.startswith(_FORMULA) or line.startswith(_FORMULA) else line
