"""What the rules engine says of the file's `[[rule]]` and `[[rule.test]]`, placed in it.

It looks at the parsed TOML itself, so that rules are checked whatever else is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from maild.config import service
from maild.config.faults import Fault
from maild.config.lines import Place
from maild.config.places import line_of, where
from maild.config.settings import Settings
from maild.rules import RuleSpec, RuleTest, check_expect, check_rule


def faults_of_rules(
    data: dict[str, Any], known: Mapping[str, Sequence[str]], lines: dict[Place, int]
) -> list[Fault]:
    """Conditions, actions and tests that the engine does not understand."""
    return [
        Fault(line_of(place, lines), where(place), message)
        for place, message in _findings(data, known)
    ]


def _findings(
    data: dict[str, Any], known: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Place, str]]:
    for number, rule in enumerate(_tables(data.get("rule"))):
        when, then = rule.get("when", {}), rule.get("then", {})
        if isinstance(when, dict) and isinstance(then, dict):
            for key, message in check_rule(when, then, known=known):
                yield ("rule", number, *key.split(".")), message
        for count, test in enumerate(_tables(rule.get("test"))):
            expect = test.get("expect")
            for key, message in check_expect(expect if isinstance(expect, dict) else {}):
                yield ("rule", number, "test", count, *key.split(".")), message


def _tables(value: object) -> list[dict[str, Any]]:
    """The tables of an array; what is no table is told of elsewhere."""
    items = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {} for item in items]


def specs(settings: Settings) -> list[RuleSpec]:
    """The rules as their engine takes them."""
    return [RuleSpec(rule.name, rule.on, rule.when, rule.then) for rule in settings.rule]


def golden_mails(settings: Settings) -> list[tuple[Place, RuleTest]]:
    """Every `[[rule.test]]` and where it stands, with the full path of its mail."""
    return [
        (("rule", place, "test", number), _golden(rule.name, number + 1, test))
        for place, rule in enumerate(settings.rule)
        for number, test in enumerate(rule.test)
    ]


def _golden(rule: str, number: int, test: service.RuleTest) -> RuleTest:
    return RuleTest(
        rule,
        number,
        expect=test.expect,
        mail=str(test.mail) if test.mail else None,
        subject=test.subject,
        body=test.body,
        from_=test.from_,
        on=test.on,
    )
