"""Who should have a mail, and how urgent it is: rules that can say why. Pure."""

from maild.rules.changes import describe_changes
from maild.rules.check import check_rule, rule_schema
from maild.rules.cluster import ClusterSpec, fingerprint
from maild.rules.engine import RuleBook, compile_rules
from maild.rules.facts import Decision, Facts, RuleSpec
from maild.rules.golden import RuleTest, check_expect, failures
from maild.rules.reach import unreachable
from maild.rules.replay import Replay, Stored, differences
from maild.rules.trace import TraceLine, explain

__all__ = [
    "ClusterSpec",
    "Decision",
    "Facts",
    "Replay",
    "RuleBook",
    "RuleSpec",
    "RuleTest",
    "Stored",
    "TraceLine",
    "check_expect",
    "check_rule",
    "compile_rules",
    "describe_changes",
    "differences",
    "explain",
    "failures",
    "fingerprint",
    "rule_schema",
    "unreachable",
]
