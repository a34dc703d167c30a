"""How a place in the file is named to people, and which words would be right there."""

from types import UnionType
from typing import Any, Union, get_args, get_origin

from maild.config.hours import DAYS, Calendar
from maild.config.lines import Place
from maild.config.settings import Settings
from maild.config.table import Table

#: Tables that hold tables under names of the admin's choice, and arrays of tables.
_NAMED = ("mailbox", "calendar", "agent", "department", "report", "webhook")
_ARRAYS = ("sla", "escalation", "rule", "cluster")


def where(place: Place) -> str:
    """`("mailbox", "main", "port")` -> `[mailbox.main] port`."""
    head, depth = _head(place)
    key = ".".join(str(part) for part in place[depth:] if isinstance(part, str))
    return f"{head} {key}".strip()


def _head(place: Place) -> tuple[str, int]:
    match place:
        case ("rule", int(), "test", int(), *_):
            return "[[rule.test]]", 4
        case (str(table), *_) if table in _ARRAYS:
            return f"[[{table}]]", 2
        case ("portal", "source", str(name), *_):
            return f"[portal.source.{name}]", 3
        case ("relay", "alerts", *_):
            return "[relay.alerts]", 2
        case (str(table), str(name), *_) if table in _NAMED:
            return f"[{table}.{name}]", 2
        case (table, *_):
            return f"[{table}]", 1
    return "", 0


def line_of(place: Place, lines: dict[Place, int]) -> int:
    """The line of a place, or of the nearest table around it; 1 for the file itself."""
    for depth in range(len(place), 0, -1):
        if line := lines.get(place[:depth]):
            return line
    return 1


def in_file(place: tuple[Any, ...], data: Any) -> Place:
    """A place as a validator names it, without the steps that no file shows."""
    steps: list[str | int] = []
    for part in place:
        if isinstance(data, dict) and str(part) in data:
            data = data[str(part)]
            steps.append(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
            steps.append(part)
        elif part == place[-1] and isinstance(data, dict) and part and part != "[key]":
            steps.append(part)
    return tuple(steps)


def known_keys(table: Place) -> list[str]:
    """The keys that may stand in a table of the config."""
    kind: Any = Settings
    for part in table:
        if isinstance(kind, type) and issubclass(kind, Table):
            field = next(
                (f for name, f in kind.model_fields.items() if (f.alias or name) == part), None
            )
            kind = _bare(field.annotation) if field else None
        else:
            kind = _bare(next(iter(get_args(kind)[::-1]), None))
    if not (isinstance(kind, type) and issubclass(kind, Table)):
        return []
    keys = [field.alias or name for name, field in kind.model_fields.items()]
    return [key for key in keys if key != "(days)"] + (_day_keys() if kind is Calendar else [])


def _day_keys() -> list[str]:
    """What a calendar's keys may be: `mon`, `mon-thu` …"""
    spans = [f"{first}-{last}" for first in DAYS for last in DAYS if first != last]
    return [*DAYS, *spans]


def _bare(annotation: Any) -> Any:
    """`X | None` -> X."""
    if get_origin(annotation) in (UnionType, Union):
        return next(kind for kind in get_args(annotation) if kind is not type(None))
    return annotation
