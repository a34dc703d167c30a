"""The manual's lists of conditions and actions, from their signatures and docstrings.

docs/rules.md keeps them between two comments; `fill` writes them anew, a test compares.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from maild.model.ticket import Priority, Status
from maild.rules import values
from maild.rules.actions import ACTIONS
from maild.rules.check import value_type
from maild.rules.conditions import CONDITIONS

#: How each kind of value is called in the manual.
_CALLED: dict[Any, str] = {
    values.Keywords: "keywords",
    values.Patterns: "regular expressions",
    values.Globs: "globs",
    values.Headers: "a table of globs",
    values.Names: "names",
    values.Departments: "departments",
    values.Priorities: "priorities",
    values.Size: "a size",
    bool: "true or false",
    str: "text",
    values.Department: "a department",
    values.Agent: "an agent",
    values.Answer: "a saved answer",
    values.Level: "a number",
    Priority: "a priority",
    Status: "a status",
    values.Tags: "tags",
    values.Addresses: "addresses",
    values.Receivers: "receivers",
}
_PART = re.compile(r"(<!-- (conditions|actions) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str) -> str:
    """The manual's text with both lists as the code has them now."""
    lists: dict[str, Mapping[str, Callable[..., Any]]] = {
        "conditions": CONDITIONS,
        "actions": ACTIONS,
    }
    return _PART.sub(lambda part: part[1] + describe(lists[part[2]]) + part[3], text)


def describe(functions: Mapping[str, Callable[..., Any]]) -> str:
    """A table: key, what it takes, what it means."""
    rows = ["| key | takes | meaning |", "|---|---|---|"]
    for key, function in functions.items():
        meaning = " ".join((inspect.getdoc(function) or "").split())
        rows.append(f"| `{key}` | {_CALLED[value_type(function)]} | {meaning} |")
    return "\n".join(rows) + "\n"
