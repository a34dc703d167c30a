"""Who should have a mail, and how urgent it is: rules that can say why. Pure."""

from maild.rules.check import check_rule, rule_schema
from maild.rules.engine import RuleBook, compile_rules
from maild.rules.facts import Decision, Facts, RuleSpec
from maild.rules.trace import TraceLine, explain

__all__ = [
    "Decision",
    "Facts",
    "RuleBook",
    "RuleSpec",
    "TraceLine",
    "check_rule",
    "compile_rules",
    "explain",
    "rule_schema",
]
