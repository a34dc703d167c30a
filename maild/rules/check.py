"""Reading `when` and `then`: from what the admin wrote to functions with their values.

Every fault is named with its key and, where one is near, the right word. Which file and line
that was is the config's business.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, get_type_hints

from maild.rules.actions import ACTIONS
from maild.rules.conditions import CONDITIONS
from maild.rules.reading import Reading
from maild.rules.trace import Finding
from maild.rules.values import KINDS, BadValue, Known, nearest

#: `not = { not = { … } }` is as deep as anybody can read.
MAX_DEPTH = 3

#: (key path, what is wrong): ("when.text_has", "…")
Fault = tuple[str, str]


class Test(NamedTuple):
    """One condition, ready to be asked."""

    key: str
    ask: Callable[[Reading, Any], Finding]
    value: Any

    def __call__(self, mail: Reading) -> Finding:
        return self.ask(mail, self.value)


class Step(NamedTuple):
    """One action, ready to be done."""

    key: str
    do: Callable[[Any, Any], None]
    value: Any


def check_rule(
    when: Mapping[str, Any], then: Mapping[str, Any], *, known: Known | None = None
) -> list[Fault]:
    """What is wrong with one rule: (key path, message), in the order of its keys.

    `known` lists the names of the config that rules may use, by kind: "department",
    "agent", "level" (as text), "answer". A kind left out is not checked.
    """
    _, faults = read_conditions(when, known=known)
    steps, more = read_actions(then, known=known)
    faults += more
    if not steps and not more:
        faults.append(("then", "the rule does nothing: give it an action"))
    return faults


def read_conditions(
    when: Any, *, known: Known | None = None, path: str = "when", depth: int = 0
) -> tuple[tuple[Test, ...], list[Fault]]:
    """The conditions of one `when` (or of a `not` in it) and their faults."""
    if not isinstance(when, Mapping):
        return (), [(path, "must be a table of conditions")]
    tests: list[Test] = []
    faults: list[Fault] = []
    for key, raw in when.items():
        where = f"{path}.{key}"
        if key == "not":
            inner, more = _read_not(raw, known=known, path=where, depth=depth)
            tests.append(Test("not", _not, inner))
            faults += more
        elif key not in CONDITIONS:
            hint = nearest(key, [*CONDITIONS, "not"])
            faults.append((where, f'there is no condition "{key}"{hint}'))
        else:
            try:
                tests.append(Test(key, CONDITIONS[key], _read(CONDITIONS[key], raw, known)))
            except BadValue as fault:
                faults.append((where, str(fault)))
    return tuple(tests), faults


def read_actions(
    then: Any, *, known: Known | None = None
) -> tuple[tuple[Step, ...], list[Fault]]:
    """The actions of one `then` and their faults."""
    if not isinstance(then, Mapping):
        return (), [("then", "must be a table of actions")]
    steps: list[Step] = []
    faults: list[Fault] = []
    for key, raw in then.items():
        if key not in ACTIONS:
            faults.append((f"then.{key}", f'there is no action "{key}"{nearest(key, ACTIONS)}'))
            continue
        try:
            steps.append(Step(key, ACTIONS[key], _read(ACTIONS[key], raw, known)))
        except BadValue as fault:
            faults.append((f"then.{key}", str(fault)))
    return tuple(steps), faults


def value_type(function: Callable[..., Any]) -> Any:
    """The type of a condition's or action's second parameter: its schema."""
    hints = get_type_hints(function)
    hints.pop("return", None)
    return list(hints.values())[1]


def _types(functions: Iterable[Callable[..., Any]]) -> dict[Callable[..., Any], Any]:
    return {function: value_type(function) for function in functions}


_TYPES = _types(CONDITIONS.values()) | _types(ACTIONS.values())


def _read(function: Callable[..., Any], raw: Any, known: Known | None) -> Any:
    return KINDS[_TYPES[function]].read(raw, known or {})


def _read_not(
    raw: Any, *, known: Known | None, path: str, depth: int
) -> tuple[tuple[Test, ...], list[Fault]]:
    if depth >= MAX_DEPTH:
        return (), [(path, f"not stands in not at most {MAX_DEPTH} times")]
    tests, faults = read_conditions(raw, known=known, path=path, depth=depth + 1)
    if not tests and not faults:
        faults = [(path, "needs conditions to turn round")]
    return tests, faults


def _not(mail: Reading, tests: tuple[Test, ...]) -> Finding:
    """Holds where the conditions in it do not all hold."""
    holds, findings = weigh(tests, mail)
    return Finding(not holds, "not", "not", inner=findings)


def weigh(tests: tuple[Test, ...], mail: Reading) -> tuple[bool, tuple[Finding, ...]]:
    """Do all of them hold? With every finding if so, else with the first that failed."""
    findings: list[Finding] = []
    for test in tests:
        finding = test(mail)
        if not finding.holds:
            return False, (finding,)
        findings.append(finding)
    return True, tuple(findings)


def rule_schema() -> dict[str, Any]:
    """JSON Schema of `when` and `then`, from the signatures: {"when": {…}, "then": {…}}."""
    conditions = {key: _describe(function) for key, function in CONDITIONS.items()}
    actions = {key: _describe(function) for key, function in ACTIONS.items()}
    conditions["not"] = {"type": "object", "description": "Turns round what stands in it."}
    strict = {"type": "object", "additionalProperties": False}
    return {
        "when": strict | {"properties": conditions},
        "then": strict | {"properties": actions},
    }


def _describe(function: Callable[..., Any]) -> dict[str, Any]:
    text = " ".join((function.__doc__ or "").split())
    return KINDS[_TYPES[function]].schema | {"description": text}
