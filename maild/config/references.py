"""Names that point elsewhere in the file must lead somewhere.

This looks at the parsed TOML itself, so that a wrong name is told together with faults of
other kinds in one run.
"""

from collections.abc import Iterator
from typing import Any

from maild.config.faults import Fault, did_you_mean
from maild.config.lines import Place
from maild.config.places import line_of, where

#: Where names stand, and the table they are looked up in. `*` is any key or number.
_POINTERS = {
    "agent.*.departments": "department",
    "mailbox.*.department": "department",
    "report.*.department": "department",
    "sla.*.when.department": "department",
    "rule.*.test.*.expect.department": "department",
    "rule.*.test.*.expect.assignee": "agent",
    "department.*.calendar": "calendar",
    "sla.*.calendar": "calendar",
}
_LEVELS = ("agent.*.level", "rule.*.test.*.expect.level")
_LANGUAGES = ("desk.language", "department.*.language", "report.*.language")


def names(data: dict[str, Any], table: str) -> list[str]:
    """The names under a table such as `department`."""
    found = data.get(table, {})
    return list(found) if isinstance(found, dict) else []


def dangling(data: dict[str, Any], lines: dict[Place, int]) -> list[Fault]:
    """Names of departments, agents and calendars that the file does not have."""
    faults = []
    for pattern, table in _POINTERS.items():
        known = names(data, table)
        for place, name in leaves(data, pattern):
            if isinstance(name, str) and name and name not in known:
                near = did_you_mean(name, known)
                message = f"there is no [{table}.{name}]{near}"
                faults.append(Fault(line_of(place, lines), where(place), message))
    return faults


def missing_levels(
    data: dict[str, Any], levels: list[int], lines: dict[Place, int]
) -> list[Fault]:
    """Levels that agents or rules name and `[levels]` has not."""
    return [
        Fault(line_of(place, lines), where(place), f"there is no level {level} in [levels]")
        for pattern in _LEVELS
        for place, level in leaves(data, pattern)
        if type(level) is int and level > 0 and level not in levels
    ]


def missing_languages(
    data: dict[str, Any], languages: list[str], lines: dict[Place, int]
) -> list[Fault]:
    """Languages there are no templates for."""
    have = ", ".join(languages)
    return [
        Fault(
            line_of(place, lines),
            where(place),
            f'no templates in "{word}", only in {have}{did_you_mean(word, languages)}',
        )
        for pattern in _LANGUAGES
        for place, word in leaves(data, pattern)
        if isinstance(word, str) and word and word not in languages
    ]


def leaves(data: Any, pattern: str) -> Iterator[tuple[Place, object]]:
    """Every value at a pattern; the items of a list one by one."""
    yield from _descend(data, pattern.split("."), ())


def _descend(data: Any, steps: list[str], place: Place) -> Iterator[tuple[Place, object]]:
    if not steps:
        if isinstance(data, list):
            yield from (((*place, number), item) for number, item in enumerate(data))
        else:
            yield place, data
        return
    step, *rest = steps
    if isinstance(data, dict):
        for key in data if step == "*" else [step] if step in data else []:
            yield from _descend(data[key], rest, (*place, key))
    elif isinstance(data, list) and step == "*":
        for number, item in enumerate(data):
            yield from _descend(item, rest, (*place, number))
