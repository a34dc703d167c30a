"""Golden mails, replay and changes: a rule's way into service, and the manual's examples."""

import re
import tomllib
from pathlib import Path

from maild.rules import (
    Facts,
    RuleSpec,
    RuleTest,
    Stored,
    check_expect,
    check_rule,
    compile_rules,
    describe_changes,
    differences,
    failures,
    rule_schema,
    unreachable,
)
from maild.rules.actions import ACTIONS
from maild.rules.check import value_type
from maild.rules.conditions import CONDITIONS
from maild.rules.manual import fill
from maild.rules.values import KINDS

MANUAL = Path(__file__).parent.parent / "docs" / "rules.md"


def rule(name: str, when: dict | None = None, then: dict | None = None, *, on=("new",)):
    return RuleSpec(name, on, when or {}, then or {"tags": [name]})


# -- golden mails, replay, changes ---------------------------------------------------------


def test_golden_mails_say_what_went_wrong():
    """Which test, what was expected, what came, and which rule did it by which word."""
    book = compile_rules(
        [
            rule("Acceso", {"text_has": "acceso"}, {"department": "soporte", "tags": ["a"]}),
            rule("Facturas", {"subject_has": "factura"}, {"department": "ventas"}),
        ]
    )
    tests = [
        RuleTest("Acceso", 1, {"department": "soporte"}, subject="acceso"),
        RuleTest("Acceso", 2, {"department": "soporte"}, subject="acceso factura"),
        RuleTest("Acceso", 3, {"tags": ["a"], "matched": ["Acceso"]}, mail="a.eml"),
        RuleTest("Acceso", 4, {"matched": [], "level": 1, "dropped": False}, body="nada"),
        RuleTest("Facturas", 1, {"assign": "ana"}, subject="factura"),
        RuleTest("Facturas", 2, {"tags": []}, mail="gone.eml"),
        RuleTest("Facturas", 3, {"tags": []}, subject="acceso"),
    ]

    def read(path: str) -> Facts:
        if path == "gone.eml":
            raise FileNotFoundError(path)
        return Facts(body="acceso")

    assert failures(tests, book, read) == [
        'rule test 2 of rule "Acceso": expected department soporte, got ventas: '
        'rule "Facturas" set it (subject_has: "factura" is "factura" (word 2 of the subject))',
        'rule test 1 of rule "Facturas": expected assign ana, got none: no rule set it',
        'rule test 2 of rule "Facturas": can\'t read gone.eml: gone.eml',
        'rule test 3 of rule "Facturas": expected tags none, got a: '
        'rule "Acceso" set it (text_has: "acceso" is "acceso" (word 1 of the subject))',
    ]


def test_golden_mails_of_a_few_words_stand_in_the_default_department():
    """`base` fills in what the few words do not say."""
    book = compile_rules([rule("R", {"department": "soporte"}, {"level": 2})])
    test = RuleTest("R", 1, {"level": 2}, subject="x")
    assert failures([test], book, Facts, base=Facts(department="soporte")) == []
    assert failures([test], book, Facts) != []


def test_golden_mails_expect_only_what_there_is():
    """A misspelt expectation is a fault, not a test that passes."""
    ((where, said),) = check_expect({"departament": "x", "tags": []})
    assert where == "expect.departament"
    assert 'did you mean "department"' in said


def test_replay_lists_what_would_differ():
    """Only mails whose outcome changes; a rule's new name alone is no difference."""
    before = compile_rules([rule("a", {"subject_has": "vpn"}, {"level": 2})])
    after = compile_rules([rule("b", {"text_has": "vpn"}, {"level": 2})])
    stored = [
        Stored(1, 10, Facts("vpn")),
        Stored(2, 20, Facts("hola", "la vpn")),
        Stored(3, 30, Facts("hola", "la vpn"), "reply"),
    ]
    replay = differences(iter(stored), before, after)
    assert replay.messages == 3
    (difference,) = replay.differ
    assert difference.fields() == ["level"]
    shown = replay.as_json()["differ"][0]
    assert (shown["ticket"], shown["message"]) == (2, 20)
    assert (shown["before"]["level"], shown["after"]["level"]) == (1, 2)
    assert differences(stored, after, after).differ == ()


def test_changes_are_told_in_words():
    """Rules that came, went, moved, and what they now ask and do."""
    before = compile_rules(
        [rule("a", {"from": "x"}, {"level": 2}), rule("b"), rule("c"), rule("d")]
    )
    after = compile_rules(
        [
            rule("c"),
            rule("a", {"subject_has": ["x", "y"]}, {"priority": "high", "stop": True}),
            rule("b", on=("new", "reply")),
            rule("e"),
        ]
    )
    assert describe_changes(before, after) == [
        'rule "d" is gone',
        'rule "a" now asks for subject_has x, y',
        'rule "a" no longer asks for from',
        'rule "a" now sets priority high',
        'rule "a" now sets stop true',
        'rule "a" no longer sets level',
        'rule "b" is now asked for new, reply',
        'new rule "e"',
        "the order of the rules has changed: c, a, b",
    ]
    assert (
        describe_changes(before, after, language="es")[3]
        == "la regla «a» ahora pone priority high"
    )
    assert describe_changes(after, after) == []


# -- the manual ----------------------------------------------------------------------------


def test_every_condition_and_action_has_a_schema_and_a_text():
    """A signature that the config can check, and a docstring for the manual."""
    schema = rule_schema()
    for functions, part in ((CONDITIONS, "when"), (ACTIONS, "then")):
        for key, function in functions.items():
            assert value_type(function) in KINDS
            assert schema[part]["properties"][key]["description"]
    assert not schema["when"]["additionalProperties"]


def test_the_manual_is_in_step_with_the_code():
    """docs/rules.md lists every condition and action with its docstring.

    To bring it in step: `maild.rules.manual.fill` over its text.
    """
    text = MANUAL.read_text()
    assert fill(text) == text
    for key in [*CONDITIONS, *ACTIONS]:
        assert f"| `{key}` |" in text


def test_every_example_of_the_manual_is_valid_and_does_what_it_says():
    """Its TOML parses, its rules have no fault, its golden mails pass."""
    blocks = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    assert len(blocks) >= 4
    tested = 0
    for block in blocks:
        rules = tomllib.loads(block)["rule"]
        for each in rules:
            assert check_rule(each["when"], each["then"]) == []
        specs = [RuleSpec(each["name"], ("new",), each["when"], each["then"]) for each in rules]
        tests = [
            RuleTest(each["name"], n, t.pop("expect"), from_=t.pop("from", ""), **t)
            for each in rules
            for n, t in enumerate(each.get("test", ()), start=1)
        ]
        assert failures(tests, compile_rules(specs), Facts) == []
        assert unreachable(specs) == []
        tested += len(tests)
    assert tested >= 3
