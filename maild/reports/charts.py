"""What a report draws: titles, values, alt texts and bars of `#`, without drawing anything.

Pies show parts of one whole, five slices and the rest at most; KPIs of different units stand
side by side as the share attained, with a tick at the target. `reports.drawing` makes
pictures of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from maild.reports import numbers
from maild.reports.figures import Figure, Names
from maild.reports.periods import Period
from maild.reports.wording import age_name, channel_name

SLICES: Final = 5
_TEXT_BAR: Final = 30
#: more days than this are shown by the week
_DAYS_SHOWN: Final = 31
_LABEL: Final = 28


class Kind(StrEnum):
    PIE = "pie"
    ATTAINED = "attained"  #: bars of 0 to 100 %, with targets
    COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Part:
    """One slice or bar. `text` is its value as printed."""

    label: str
    value: float
    text: str
    target: float | None = None
    met: bool | None = None
    goal: str = ""  #: the target as printed: `meta 85,0 %`


@dataclass(frozen=True, slots=True)
class Chart:
    name: str  #: file name and content id: `levels`
    kind: Kind
    title: str
    parts: tuple[Part, ...]

    @property
    def alt(self) -> str:
        """The figures in a sentence, for those who see no pictures."""
        said = ", ".join(
            f"{part.label}: {part.text}" + (f" ({part.goal})" if part.goal else "")
            for part in self.parts
        )
        return f"{self.title}. {said}"

    def text_bars(self) -> list[str]:
        """The same with `#`, at most 78 columns wide."""
        most = (
            1.0 if self.kind is Kind.ATTAINED else max((p.value for p in self.parts), default=0)
        )
        whole = sum(part.value for part in self.parts) if self.kind is Kind.PIE else most
        width = max((len(part.label) for part in self.parts), default=0)
        return [_text_bar(part, whole or 1, width) for part in self.parts]


def _text_bar(part: Part, whole: float, width: int) -> str:
    filled = round(_TEXT_BAR * max(0.0, min(part.value / whole, 1.0)))
    bar = ("#" * filled).ljust(_TEXT_BAR, ".")
    if part.target is not None:
        mark = min(round(_TEXT_BAR * part.target / whole), _TEXT_BAR - 1)
        bar = bar[:mark] + "|" + bar[mark + 1 :]
    return f"  {part.label:<{min(width, _LABEL)}}  {bar}  {part.text}"[:78]


def charts(
    report: dict[str, Any],
    figures: Sequence[Figure],
    *,
    solved_on: Mapping[date, int],
    period: Period,
    language: str,
    names: Names,
) -> list[Chart]:
    """The charts of a report, most telling first; without those that have nothing to show."""
    es = numbers.spoken(language) == "es"
    kpis = report["kpis"]
    levels = {
        names.level(int(n), language): count
        for n, count in kpis["resolved"]["by_level"].items()
    }
    channels = {
        channel_name(key, language): n for key, n in kpis["volume"]["by_channel"].items()
    }
    departments = {
        names.department(key): n for key, n in kpis["volume"]["by_department"].items()
    }
    ages = {age_name(group): n for group, n in kpis["backlog"]["ages"].items()}
    found = [
        attained("Porcentaje alcanzado y meta" if es else "Share attained and target",
                 figures, language),
        pie("levels", "Resueltas por nivel" if es else "Resolved by level", levels, language),
        columns("solved", "Resueltas por día" if es else "Resolved per day",
                _by_day(solved_on, period, language), language),
        columns("ages", "Pendientes por antigüedad" if es else "Open by age", ages, language),
        pie("channels", "Nuevas por canal" if es else "New by channel", channels, language),
        pie("departments", "Nuevas por departamento" if es else "New by department",
            departments, language),
    ]  # fmt: skip
    return [chart for chart in found if chart and _is_worth_drawing(chart)]


def open_by_level(open_at: Mapping[int, int], *, language: str, names: Names) -> Chart | None:
    """Where the tickets are that wait now; beside the report's charts, where there is room."""
    title = "Pendientes por nivel" if numbers.spoken(language) == "es" else "Open by level"
    values = {names.level(level, language): count for level, count in open_at.items()}
    return columns("open_levels", title, values, language) if values else None


def _is_worth_drawing(chart: Chart) -> bool:
    """Something in it; and of a breakdown (not that by level) more than one part."""
    several = len(chart.parts) > 1 or chart.name not in ("channels", "departments")
    return several and (chart.kind is Kind.ATTAINED or any(part.value for part in chart.parts))


_ATTAINED: Final = {
    "first_response.within_target": ("1.ª respuesta a tiempo", "First response in time"),
    "fcr.rate": ("Primer contacto", "First contact"),
    "csat.rate": ("Satisfacción", "Satisfaction"),
    "sla.rate": ("Plazos (SLA)", "Deadlines (SLA)"),
}


def attained(title: str, figures: Sequence[Figure], language: str) -> Chart | None:
    """One bar for each KPI: the share attained, and a tick at its target."""
    english = numbers.spoken(language) != "es"
    goal = "target" if english else "meta"
    parts = [
        Part(
            _ATTAINED[figure.key][english],
            figure.value,
            figure.shown(language),
            figure.target,
            figure.met,
            f"{goal} {figure.shown_target(language)}" if figure.target is not None else "",
        )
        for figure in figures
        if figure.key in _ATTAINED and figure.value is not None
    ]
    if share := _at_first_level(figures):
        label = "At level 1" if english else "En nivel 1"
        parts.append(Part(label, share, numbers.percent(share, language)))
    return Chart("attained", Kind.ATTAINED, title, tuple(parts)) if parts else None


def _at_first_level(figures: Sequence[Figure]) -> float | None:
    values = {figure.key: figure.value for figure in figures}
    solved, first = values.get("resolved.n"), values.get("resolved.by_level.1")
    return first / solved if solved and first is not None else None


def pie(name: str, title: str, values: Mapping[str, int], language: str) -> Chart:
    """Parts of one whole: the five largest, and the rest together."""
    present = [(label, count) for label, count in values.items() if count]
    if len(present) > SLICES:
        present.sort(key=lambda item: -item[1])
        rest = sum(count for _, count in present[SLICES:])
        others = "Otros" if numbers.spoken(language) == "es" else "Others"
        present = [*present[:SLICES], (others, rest)]
    whole = sum(count for _, count in present)
    parts = tuple(
        Part(
            _short(label),
            count,
            f"{numbers.number(count, language)} ({numbers.percent(count / whole, language)})",
        )
        for label, count in present
    )
    return Chart(name, Kind.PIE, title, parts)


def columns(name: str, title: str, values: Mapping[str, int], language: str) -> Chart:
    parts = tuple(
        Part(_short(label), count, numbers.number(count, language))
        for label, count in values.items()
    )
    return Chart(name, Kind.COLUMNS, title, parts)


def _by_day(solved_on: Mapping[date, int], period: Period, language: str) -> dict[str, int]:
    """A column for each day; `lun 4` in a week, `4` in a month. By the week beyond that."""
    days = period.days
    if len(days) <= 7:
        return {f"{numbers.weekday(d, language)} {d.day}": solved_on.get(d, 0) for d in days}
    if len(days) <= _DAYS_SHOWN:
        return {numbers.day_and_month(d, language): solved_on.get(d, 0) for d in days}
    weeks: dict[str, int] = {}
    for start in range(0, len(days), 7):
        week = days[start : start + 7]
        label = numbers.day_and_month(week[0], language)
        weeks[f"{label} {week[0].year}"] = sum(solved_on.get(d, 0) for d in week)
    return weeks


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
