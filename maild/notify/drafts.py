"""A letter's facts as JSON, so that it can be kept before it is put into words.

Writing a letter out costs more than deciding to send it, and whoever decides holds up all
others who want to write to the store. So facts are kept with the decision, and become words
when the letter leaves. Only our own fact classes are made again from what was kept.
"""

from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from maild.notify import facts as nouns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CLASSES: dict[str, type] = {
    name: value
    for name, value in vars(nouns).items()
    if isinstance(value, type) and is_dataclass(value)
}


_PLAIN = frozenset({str, int, bool, float, type(None)})


def keep(value: Any) -> Any:
    """Facts as plain JSON values."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(kind):
        kept = {"@": kind.__name__}
        for name in _names(kind):
            if (one := keep(getattr(value, name))) != "":
                kept[name] = one
        return kept
    if isinstance(value, datetime):
        return {"@at": (value - _EPOCH) // _MICROSECOND}
    if isinstance(value, timedelta):
        return {"@for": value // _MICROSECOND}
    if isinstance(value, tuple | list):
        return [keep(one) for one in value]
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def recall(value: Any) -> Any:
    """The facts again. Fields that a class no longer has are left out."""
    if isinstance(value, list):
        return tuple(recall(one) for one in value)
    if not isinstance(value, dict):
        return value
    if "@at" in value:
        return _EPOCH + timedelta(microseconds=value["@at"])
    if "@for" in value:
        return timedelta(microseconds=value["@for"])
    kind = _CLASSES[value["@"]]
    known = {f.name: f for f in fields(kind)}
    given = {name: recall(one) for name, one in value.items() if name in known}
    return kind(**{name: "" for name in known if _needs_text(known[name], given)} | given)


def _needs_text(field: Any, given: dict[str, Any]) -> bool:
    """Empty texts are not kept; those without a default must be given all the same."""
    required = field.default is MISSING and field.default_factory is MISSING
    return field.name not in given and (required or isinstance(field.default, str))
