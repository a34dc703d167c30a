"""Rules that can never match: none is missed in the table, none is accused wrongly."""

import pytest

from maild.rules import (
    RuleSpec,
    unreachable,
)


def rule(name: str, when: dict | None = None, then: dict | None = None, *, on=("new",)):
    return RuleSpec(name, on, when or {}, then or {"tags": [name]})


STOP = {"stop": True}


@pytest.mark.parametrize(
    ("specs", "hidden"),
    [
        ([rule("a", {}, STOP), rule("b")], "b"),
        ([rule("a", {}, {"drop": "x"}), rule("b", {"from": "x"})], "b"),
        ([rule("a", {"subject_has": ["x", "y*"]}, STOP), rule("b", {"subject_has": "y"})], "b"),
        ([rule("a", {"text_has": "vpn"}, STOP), rule("b", {"body_has": "mi vpn va"})], "b"),
        ([rule("a", {"from": "*@x.test"}, STOP), rule("b", {"from": "ana@x.test"})], "b"),
        ([rule("a", {"from": "*@*.test"}, STOP), rule("b", {"from": "*@x.test"})], "b"),
        ([rule("a", {"larger_than": "1MB"}, STOP), rule("b", {"larger_than": "2MB"})], "b"),
        ([rule("a", {"priority": ["low", "high"]}, STOP), rule("b", {"priority": "low"})], "b"),
        (
            [rule("a", {"not": {"from": ["a@x"]}}, STOP),
             rule("b", {"not": {"from": ["a@x", "b@x"]}})],
            "b",
        ),
        ([rule("a", {"header": {"A": "*"}}, STOP), rule("b", {"header": {"a": "x"}})], "b"),
        ([rule("a", {"from": "a@x", "not": {"from": "*@x"}})], "a"),
        ([rule("a", {"automatic": True, "not": {"automatic": True}})], "a"),
        ([rule("a", {"category": "Red"})], "a"),
    ],
)  # fmt: skip
def test_rules_that_can_never_match(specs, hidden):
    """Hidden by an earlier stop, or at odds with themselves."""
    (said,) = unreachable(specs)
    assert said.startswith(f'rule "{hidden}" can never match: ')


@pytest.mark.parametrize(
    "specs",
    [
        [rule("a"), rule("b")],
        [rule("a", {}, {"stop": False}), rule("b")],
        [rule("a", {"subject_has": "vpn"}, STOP), rule("b", {"subject_has": "vpn*"})],
        [rule("a", {"subject_has": "x"}, STOP), rule("b", {"text_has": "x"})],
        [
            rule("a", {"subject_has": "x", "automatic": True}, STOP),
            rule("b", {"subject_has": "x"}),
        ],
        [rule("a", {"from": "a?@x"}, STOP), rule("b", {"from": "a*@x"})],
        [rule("a", {"from": "*@x"}, STOP), rule("b", {"from": ["a@x", "a@y"]})],
        [rule("a", {}, STOP, on=("reply",)), rule("b")],
        [rule("a", {}, STOP), rule("b", on=("new", "reply"))],
        [rule("a", {"larger_than": "2MB"}, STOP), rule("b", {"larger_than": "1MB"})],
        [
            rule("a", {"department": "x"}, STOP),
            rule("b", {}, {"department": "x"}),
            rule("c", {"department": "x"}),
        ],
        [
            rule("a", {"not": {"tags": "x"}}, STOP),
            rule("b", {}, {"tags": ["x"]}),
            rule("c", {"not": {"tags": "x"}}),
        ],
        [rule("a", {"category": "Red"}, on=("reply",))],
        [rule("a", {}, {"category": "Red"}), rule("b", {"category": "red"})],
        [
            rule("a", {"not": {"from": ["a@x", "b@x"]}}, STOP),
            rule("b", {"not": {"from": "a@x"}}),
        ],
        [rule("a", {"from": "a@x", "not": {"from": "a@x", "automatic": True}})],
    ],
)
def test_rules_that_can_match_are_not_accused(specs):
    """What is not certain is not said."""
    assert unreachable(specs) == []
