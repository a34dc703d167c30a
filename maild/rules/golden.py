"""Golden mails: `[[rule.test]]` says what the rules must do with a mail; this says if they do.

Mails are read by the caller (`read`); nothing here touches a file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from maild.rules.engine import RuleBook
from maild.rules.facts import Decision, Facts
from maild.rules.trace import explain
from maild.rules.values import nearest

#: What a test may expect -> the field of the decision.
EXPECTED = {
    name: name
    for name in (
        "department", "priority", "level", "assignee", "tags", "category", "status", "reply",
        "notify", "cc", "dropped", "matched",
    )
} | {"assign": "assignee", "drop": "dropped"}  # fmt: skip
#: Of these, what is expected must be there, and more may be.
_LISTS = frozenset({"tags", "notify", "cc", "matched"})


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One `[[rule.test]]`: a mail (a file, or its few words) and what must become of it."""

    rule: str  #: the rule it stands under
    number: int  #: 1 for the rule's first test
    expect: Mapping[str, Any] = field(default_factory=dict)
    mail: str | None = None  #: path of a raw mail
    subject: str = ""
    body: str = ""
    from_: str = ""
    on: str = "new"

    @property
    def name(self) -> str:
        return f'rule test {self.number} of rule "{self.rule}"'


def check_expect(expect: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the keys of an `expect`: (key path, message)."""
    return [
        (f"expect.{key}", f'there is no "{key}" to expect{nearest(key, EXPECTED)}')
        for key in expect
        if key not in EXPECTED
    ]


def failures(
    tests: Iterable[RuleTest],
    book: RuleBook,
    read: Callable[[str], Facts],
    *,
    base: Facts | None = None,
) -> list[str]:
    """A sentence for every expectation that is not met; an empty list is what one wants.

    `read` makes facts of a mail's path (an OSError or ValueError it raises fails the test);
    `base` holds what a mail of a few words has besides them: the default department.
    """
    found: list[str] = []
    for test in tests:
        try:
            facts = read(test.mail) if test.mail is not None else _few_words(test, base)
        except (OSError, ValueError) as fault:
            found.append(f"{test.name}: can't read {test.mail}: {fault}")
            continue
        found += _compare(test, book.decide(facts, on=test.on))
    return found


def _few_words(test: RuleTest, base: Facts | None) -> Facts:
    facts = base or Facts()
    return replace(facts, subject=test.subject, body=test.body, from_=test.from_)


def _compare(test: RuleTest, decision: Decision) -> list[str]:
    found: list[str] = []
    for key, wanted in test.expect.items():
        got = getattr(decision, EXPECTED[key])
        if not _meets(key, wanted, got):
            found.append(
                f"{test.name}: expected {key} {_show(wanted)}, got {_show(got)}"
                f"{_culprit(decision, EXPECTED[key])}"
            )
    return found


def _meets(key: str, wanted: Any, got: Any) -> bool:
    if key in _LISTS:
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        return set(values) <= set(got) if values else not got
    return bool(wanted == got) or (key in ("drop", "dropped") and wanted is (got is not None))


def _culprit(decision: Decision, key: str) -> str:
    """Which rule did it, and by which words."""
    name = decision.by.get(key)
    line = next((line for line in reversed(decision.lines) if line.rule == name), None)
    if line is None:
        return ": no rule set it"
    return f': rule "{name}" set it ({explain(line, "en")})'


def _show(value: Any) -> str:
    if value is None or value in ((), []):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
