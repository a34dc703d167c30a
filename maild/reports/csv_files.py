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
from maild.reports.figures import SHARE, Figure
from maild.reports.history import Story
from maild.reports.kpi import is_worked_on
from maild.reports.question import Question

KPI_COLUMNS: Final = ("kpi", "value", "unit", "target", "met", "n", "previous")
TICKET_COLUMNS: Final = (
    "ticket subject department category priority level status channel requester assignee "
    "created first_response first_response_s first_response_calendar_s resolved resolution_s "
    "resolution_gross_s resolution_calendar_s customer_messages agent_responses reopened "
    "rating"
).split()
_FORMULA: Final = tuple("=+-@\t\r")

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

    def add(self, story: Story) -> None:
        question, end = self.question, self.question.period.end
        solved = any(question.covers(solve.at) for solve in story.solves)
        if question.covers(story.opened) or solved or story.is_open(end):
            self._sheet.write([*self._standing(story), *self._times(story), *self._rest(story)])

    def file(self) -> File:
        return self._sheet.file("tickets.csv")

    def _standing(self, story: Story) -> list[Cell]:
        step, ticket = story.at_end(self.question.period.end), story.ticket
        assert step is not None
        return [
            ticket.id, ticket.subject, step.facts.department, ticket.category,
            step.facts.priority.value, step.facts.level, step.status.value,
            step.facts.channel, ticket.requester.email, step.assignee,
        ]  # fmt: skip

    def _times(self, story: Story) -> list[Cell]:
        """Created, first answered, solved: when, and after how much time."""
        zone, opened = self.question.period.zone, story.opened
        answer = story.first_answer
        solve = story.last_solve(self.question.period.end)
        if story.is_open(self.question.period.end):
            solve = None
        cells: list[Cell] = [opened.astimezone(zone), None, None, None, None, None, None, None]
        if answer and answer.at < self.question.period.end:
            business = story.worked(opened, answer.at).total_seconds()
            whole = (answer.at - opened).total_seconds()
            cells[1:4] = [answer.at.astimezone(zone), business, whole]
        if solve:
            net = story.worked(opened, solve.at, counts=is_worked_on).total_seconds()
            gross = story.worked(opened, solve.at).total_seconds()
            whole = (solve.at - opened).total_seconds()
            cells[4:8] = [solve.at.astimezone(zone), net, gross, whole]
        return cells

    def _rest(self, story: Story) -> list[Cell]:
        end = self.question.period.end
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
