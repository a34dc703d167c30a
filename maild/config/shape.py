"""The first look at a parsed file: keys, types and values of each table by itself."""

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from maild.config.duration import show
from maild.config.faults import Fault, Wrong, did_you_mean, one_of
from maild.config.lines import Place
from maild.config.places import in_file, known_keys, line_of, where
from maild.config.settings import Settings
from maild.config.table import Reading

_TYPES = {
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list in [ ]",
    "list_type": "must be a list in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "date_type": "must be a day such as 2027-05-01, without quotes",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than_equal": ("le", "must be at most {}"),
}


def understand(
    data: dict[str, Any], reading: Reading, lines: dict[Place, int]
) -> tuple[Settings | None, list[Fault]]:
    """The settings, or every fault of shape that the tables have."""
    try:
        return Settings.model_validate(data, context=reading), []
    except ValidationError as error:
        return None, [
            _fault(details, data, lines)
            for details in error.errors(include_url=False)
            if not (
                details["type"] == "too_short" and details["input"]
            )  # its items are at fault
        ]


def _fault(error: ErrorDetails, data: dict[str, Any], lines: dict[Place, int]) -> Fault:
    loc = error["loc"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        loc = (*loc, cause.key)
    place = in_file(loc, data)
    return Fault(line_of(place, lines), _where(error, place), _message(error, place))


def _where(error: ErrorDetails, place: Place) -> str:
    """A key above all tables is named alone."""
    above = error["type"] == "extra_forbidden" and len(place) == 1
    if above and not isinstance(error["input"], dict | list):
        return str(place[0])
    return where(place)


def _message(error: ErrorDetails, place: Place) -> str:
    kind, context = error["type"], error.get("ctx", {})
    shown = show(error["input"])
    match kind:
        case "missing":
            needed = place == ("department",)
            return "is missing: give at least one [department.NAME]" if needed else "is missing"
        case "extra_forbidden":
            return _unknown(place, error["input"])
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return _not_among(error["input"], context["expected"])
        case "too_short":
            return "needs at least one" if len(place) == 1 else "must not be empty"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{words.format(context[name])}, not {shown}"
    if kind in _TYPES:
        return f"{_TYPES[kind]}, not {shown}"
    return error["msg"]


def _unknown(place: Place, value: object) -> str:
    near = did_you_mean(str(place[-1]), known_keys(place[:-1]))
    if len(place) > 1:
        return f"unknown key{near}"
    if isinstance(value, dict | list):
        return f"unknown table{near}"
    return "a key must stand in a table such as [desk]"


def _not_among(value: object, expected: str) -> str:
    words = [word for word in re.findall(r"'([^']*)'", expected) if word]
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"must be {one_of(words) if words else expected}, not {show(value)}{near}"
