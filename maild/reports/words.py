"""How a letter writes what it is about: figures with signs and words, names, lines that fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import fill
from typing import Any, Final

from maild.reports import numbers
from maild.reports.figures import VERY_FEW, Figure, Names
from maild.reports.periods import Period
from maild.reports.wording import clock_name
from maild.reports.worklist import Entry

_PLAIN: Final = 78
_SUBJECT: Final = 60
_COMMENT: Final = 160
_TOTALS: Final = frozenset({"arrived", "unaccounted"})

#: a space at which no line ends
_GLUE: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Link:
    """A button: `Asignarme`, and the mailto: or page it leads to."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What the letter needs to know besides figures.

    `links`: what can be done about a ticket. `balance`: what became of every mail of the
    period, `arrived` and `unaccounted` among it. `late`: the instant it should have gone
    out, where it goes out later than that. `article`: the title of an article and its page.
    """

    tag: str
    language: str
    period: Period
    known_until: datetime
    names: Names
    targets: Mapping[str, float] = field(default_factory=dict)
    department: str | None = None
    links: Callable[[int], Sequence[Link]] = lambda ticket: ()
    may_ask: bool = True  #: for a report of another period, by mail
    balance: Mapping[str, int] | None = None
    late: datetime | None = None
    dashboard: str | None = None
    article: Callable[[str], Link | None] = lambda slug: None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table with those that belong to it."""

    figure: Figure
    details: list[Figure]


class Words:
    """What templates ask to have written: figures, times, names, lines that fit."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._language = setting.language
        self._es = numbers.spoken(setting.language) == "es"

    def title(self) -> str:
        setting = self._setting
        department = setting.department and setting.names.department(setting.department)
        return department or setting.tag

    def value(self, figure: Figure) -> str:
        return figure.shown_with_count(self._language)

    def brief(self, figure: Figure) -> str:
        """As short as a tile is narrow: `9 de 12` while there are few."""
        return self.value(figure).partition(" (")[0]

    def target(self, figure: Figure) -> str:
        return figure.shown_target(self._language)

    def status(self, figure: Figure) -> str:
        """A word and a sign, not a colour alone."""
        if figure.met is None:
            return numbers.NOTHING
        if self._es:
            return "cumple ✓" if figure.met else "no cumple ✗"
        return "met ✓" if figure.met else "missed ✗"

    def previous(self, figure: Figure) -> str:
        return figure.shown_previous(self._language)

    def trend(self, figure: Figure) -> str:
        """`▲ mejor`, `▼ baja`: an arrow, and a word for what it means."""
        if figure.trend is None:
            return ""
        if figure.trend == 0:
            return "= igual" if self._es else "= same"
        arrow = "▲" if figure.trend > 0 else "▼"
        return f"{arrow} {self._direction(figure)}"

    def _direction(self, figure: Figure) -> str:
        if figure.improves is None:
            up = figure.trend == 1
            return ("sube" if up else "baja") if self._es else ("up" if up else "down")
        if self._es:
            return "mejor" if figure.improves else "peor"
        return "better" if figure.improves else "worse"

    def cases(self, figure: Figure) -> str:
        """`n = 12`; a warning where there are very few."""
        if figure.n is None:
            return ""
        small = "muestra pequeña" if self._es else "small sample"
        note = f", {small}" if 0 < figure.n < VERY_FEW else ""
        return f"n = {numbers.number(figure.n, self._language)}{note}"

    def duration(self, seconds: float | None) -> str:
        return numbers.duration(seconds)

    def percent(self, share: float | None) -> str:
        return numbers.percent(share, self._language)

    def number(self, value: float | None) -> str:
        return numbers.number(value, self._language)

    def when(self, at: datetime) -> str:
        return numbers.moment(at, self._language, self._setting.period.zone)

    def subject(self, entry: Entry) -> str:
        return _cut(" ".join(entry.subject.split()), _SUBJECT)

    def department(self, key: str) -> str:
        return self._setting.names.department(key)

    def agent(self, key: str | None) -> str:
        nobody = "sin asignar" if self._es else "nobody's"
        return self._setting.names.agent(key) if key else nobody

    def level(self, number: str) -> str:
        return self._setting.names.level(int(number), self._language)

    def age(self, entry: Entry) -> str:
        end = min(self._setting.period.end, self._setting.known_until)
        return numbers.age((end - entry.opened).total_seconds())

    def another(self) -> str:
        """The period before, as one asks for it."""
        before = self._setting.period.before()
        return f"{before.first}/{before.last}"

    def article(self, slug: str | None) -> Link | None:
        """An article's title and page; its bare name where it is not found."""
        return (self._setting.article(slug) or Link(slug, "")) if slug else None

    def problem(self, found: Mapping[str, Any]) -> str:
        """`Soporte: Acceso al sistema de ventas`."""
        name = _cut(found["name"], _SUBJECT)
        return f"{self.department(found['key'].partition('/')[0])}: {name}"

    def why(self, entry: Entry) -> str:
        """Why this ticket stands in the list."""
        if entry.clock and entry.due:
            return self._missed(entry, entry.due)
        if entry.score is not None:
            mark = f"nota {entry.score} de 5" if self._es else f"mark {entry.score} of 5"
            quote = _cut(" ".join(entry.comment.split()), _COMMENT)
            return f"{mark}: «{quote}»" if quote else mark
        age = self.age(entry)
        return f"abierta hace {age}" if self._es else f"open for {age}"

    def _missed(self, entry: Entry, due: datetime) -> str:
        clock = clock_name(entry.clock or "", self._language)
        end = entry.stopped or min(self._setting.period.end, self._setting.known_until)
        late = numbers.age(max(0.0, (end - due).total_seconds()))
        if entry.stopped:
            tail = f"con {late} de retraso" if self._es else f"{late} late"
        else:
            tail = f"vencida hace {late}" if self._es else f"overdue for {late}"
        return f"{clock}, {tail}"

    def wrapped(self, text: str, indent: str = "") -> str:
        """A paragraph of the plain part; what was written by others stays in it."""
        return fill(
            " ".join(text.split(" ")).replace("\n", " "),
            _PLAIN,
            initial_indent=indent,
            subsequent_indent=" " * len(indent),
            break_on_hyphens=False,
        ).replace(_GLUE, " ")

    def columns(self, *cells: str, widths: Sequence[int] = (32, 18, 11)) -> str:
        """One line of the plain table; the last cell takes what is left."""
        line = ""
        for cell, width in zip(cells, [*widths, 0], strict=False):
            line += f"{cell:<{width}} " if width else cell
        return line.rstrip()

    def line(self, figure: Figure) -> str:
        """A main figure in the plain table."""
        name = figure.name if len(figure.name) <= 32 else figure.name[:31] + "…"
        return self.columns(name, self.value(figure), self.target(figure), self.status(figure))

    def fates(self, names: Mapping[str, str]) -> str:
        """`48 solicitudes + 60 respuestas + …`: what became of the mail."""
        counts = (self._setting.balance or {}).items()
        said = [f"{n} {names.get(k, k)}" for k, n in counts if k not in _TOTALS]
        return " + ".join(said) or "0"

    def detail(self, row: Row, before: str) -> str:
        """What stands below a main figure, in one run of text."""
        figure = row.figure
        past = f"{before.lower()} {self.previous(figure)} {self.trend(figure)}".rstrip()
        said = [self.cases(figure), past if figure.previous is not None else ""]
        said += [f"{detail.name} {self.value(detail)}" for detail in row.details]
        return " · ".join(item.replace(" ", _GLUE) for item in said if item)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
