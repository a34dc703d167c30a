"""How values are written for people: dates, what is left, sizes, numbers, lines of text. Pure.

Filters that depend on language, zone or the present read `words`, `zone`, `now` from the
letter being written. Dates are Babel's; numeric-only dates are never written.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from babel.dates import format_datetime
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

#: Characters that turn text around; harmless ones of that kind join emoji and scripts.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLUMN = 40
_BREAKING = frozenset(("Cc", "Cs", "Zl", "Zp"))


def one_line(text: str, limit: int = 300) -> str:
    """Text that is safe in a header and on a line: no breaks, controls or turning marks."""
    if not text.isprintable():
        text = "".join(" " if _is_unsafe(char) else char for char in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_unsafe(char: str) -> bool:
    return char in _TURNING or unicodedata.category(char) in _BREAKING


def preview(text: str, limit: int = 140) -> str:
    """The first words of a text, on one line, for the list of a mail client."""
    return one_line(text[: limit * 4], limit)


def lines(text: str) -> Markup:
    """Text as HTML that keeps its line breaks and indentation in every client."""
    safe = str(escape(text)).replace("\r\n", "\n").replace("  ", "&nbsp; ")
    return Markup(safe.replace("\n", "<br>\n"))  # noqa: S704 (escaped above)


def short(text: str, limit: int) -> str:
    """A text of at most so many characters, cut after a whole line; `[…]` says so."""
    if len(text) <= limit:
        return text
    whole = text.rfind("\n", limit // 2, limit)
    return f"{text[: whole if whole > 0 else limit].rstrip()}\n[…]"


def quoted(text: str) -> str:
    """Every line behind `> `."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def columns(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table as text: columns side by side, each as wide as it must be, 40 at most."""
    table = [[one_line(str(cell), _COLUMN) for cell in row] for row in (head, *rows) if row]
    widths = [max(map(len, column)) for column in zip_longest(*table, fillvalue="")]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def size(count: int) -> str:
    """Bytes as `84 KB`; kilobytes of 1,000."""
    if count < 1000:
        return f"{count} B"
    if count < 999_500:
        return f"{round(count / 1000)} KB"
    return f"{count / 1e6:.1f} MB"


def plural(count: int, one: str, many: str) -> str:
    """`3 solicitudes`, `1 solicitud`."""
    return f"{count} {one if count == 1 else many}"


def duration(span: timedelta, day: timedelta | None = None) -> str:
    """`1 h 40 min`; from two days on `2 d 4 h`. `day` is the length of a (working) day."""
    minutes = int(abs(span).total_seconds()) // 60
    per_day = int((day or timedelta(days=1)).total_seconds()) // 60
    days, rest = divmod(minutes, per_day)
    if day is None and days < 2:
        days, rest = 0, minutes
    hours, minutes = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes, "min")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 min"


@pass_context
def when(context: Context, at: datetime) -> str:
    """`lun 2 nov 2026, 14:05`, in the desk's zone."""
    return _dated(context, at, "EEE d MMM y, HH:mm")


@pass_context
def day(context: Context, at: datetime) -> str:
    """`lun 2 nov 2026`, in the desk's zone."""
    return _dated(context, at, "EEE d MMM y")


@pass_context
def soon(context: Context, at: datetime) -> str:
    """`hoy, 14:05`, `mañana, 09:00`, or the whole date."""
    zone = context["zone"]
    local, today = at.astimezone(zone), context["now"].astimezone(zone).date()
    near = context["words"]["days"].get(str((local.date() - today).days))
    return f"{near}, {local:%H:%M}" if near else when(context, at)


@pass_context
def left(context: Context, deadline: Any) -> str:
    """`quedan 1 h 40 min`, or `vencido hace 2 h`; of `facts.Deadline`."""
    words = context["words"]["left"]
    span = deadline.left
    text = duration(span, deadline.day)
    if deadline.day is not None:
        text = words["working"].format(text)
    if span < timedelta(0):
        return str(words["over"].format(text))
    one = timedelta(minutes=1) <= span < timedelta(minutes=2)
    return str(words["one" if one else "many"].format(text))


def _dated(context: Context, at: datetime, pattern: str) -> str:
    locale = context["words"]["locale"]
    return format_datetime(at, pattern, tzinfo=context["zone"], locale=locale)


FILTERS: dict[str, Callable[..., Any]] = {
    "columns": columns,
    "day": day,
    "duration": duration,
    "left": left,
    "lines": lines,
    "line": one_line,
    "plural": plural,
    "preview": preview,
    "quoted": quoted,
    "short": short,
    "size": size,
    "soon": soon,
    "when": when,
}
