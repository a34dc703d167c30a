"""The rule book: rules read once, asked for every mail, top to bottom.

Most rules wait for a keyword or a sender; the book knows for each which rules wait for it, so
a mail costs the rules it could concern and not the length of the book. Pure: the same
facts and the same book always give the same decision.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from maild.errors import ConfigError
from maild.rules.actions import FIELDS
from maild.rules.check import Step, Test, read_actions, read_conditions, weigh
from maild.rules.conditions import KEYWORD_PLACES
from maild.rules.facts import OCCASIONS, Decision, Facts, RuleSpec
from maild.rules.globs import labels
from maild.rules.keywords import Keyword, KeywordIndex, Parts
from maild.rules.reading import Draft, Reading
from maild.rules.trace import Finding, TraceLine

#: What a mail can have: a keyword in a place, or a sender.
Key = tuple[str, Parts | str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, read."""

    name: str
    on: tuple[str, ...]
    tests: tuple[Test, ...]
    steps: tuple[Step, ...]

    def awaited(self) -> list[Key] | None:
        """Keys of which a mail must have one for this rule to match; None: ask always."""
        for test in self.tests:
            if test.key in KEYWORD_PLACES:
                places = KEYWORD_PLACES[test.key]
                return [(place, parts) for place in places for parts in test.value.all]
            if test.key == "from":
                found = [glob.label for glob in test.value.all]
                if None not in found:
                    return [("from", label) for label in found if label is not None]
        return None


class _Plan:
    """Which rules to ask on one occasion: always, or of mails with a certain key."""

    def __init__(self, rules: Sequence[Rule], occasion: str) -> None:
        self.always: list[int] = []
        self.waiting: dict[Key, list[int]] = defaultdict(list)
        for number, rule in enumerate(rules):
            if occasion not in rule.on:
                continue
            keys = rule.awaited()
            for key in keys or ():
                self.waiting[key].append(number)
            if keys is None:
                self.always.append(number)

    def candidates(self, mail: Reading) -> list[int]:
        """Numbers of the rules that could match this mail, in the book's order."""
        found = set(self.always)
        for passage in (mail.subject, mail.body):
            for parts in passage.hits:
                found.update(self.waiting.get((passage.place, parts), ()))
        for label in labels(mail.facts.from_):
            found.update(self.waiting.get(("from", label), ()))
        return sorted(found)


class RuleBook:
    """All rules of a config. Make it with `compile_rules`."""

    def __init__(self, specs: Sequence[RuleSpec], rules: Sequence[Rule]) -> None:
        self.specs = tuple(specs)
        self.rules = tuple(rules)
        self._index = KeywordIndex(_keywords(test for rule in rules for test in rule.tests))
        self._plans = {occasion: _Plan(rules, occasion) for occasion in OCCASIONS}

    @cached_property
    def digest(self) -> str:
        """Names this very set of rules, so that a stored decision can say which it was."""
        rules = [[s.name, list(s.on), s.when, s.then] for s in self.specs]
        text = json.dumps(rules, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def decide(self, facts: Facts, *, on: str = "new") -> Decision:
        """What the rules want done with this mail; `on`: "new" or "reply"."""
        mail = Reading(facts, self._index)
        ledger = _Ledger()
        for number in self._plans[on].candidates(mail):
            rule = self.rules[number]
            holds, findings = weigh(rule.tests, mail)
            if holds:
                ledger.enter(_line(rule, True, findings), rule, mail.draft)
                if mail.draft.stopped:
                    break
        return _decision(mail, ledger, book=self, on=on, trace=lambda: self._trace(mail, on))

    def trace(self, facts: Facts, *, on: str = "new") -> tuple[TraceLine, ...]:
        """A line for every rule: what matched, or the first condition that failed."""
        return self._trace(Reading(facts, self._index), on)

    def _trace(self, mail: Reading, on: str) -> tuple[TraceLine, ...]:
        """Asks every rule, which `decide` need not."""
        mail = mail.restart()
        lines: list[TraceLine] = []
        stopper = ""
        for rule in self.rules:
            if stopper:
                lines.append(_line(rule, False, (_said("stopped", stopper),)))
                continue
            if on not in rule.on:
                occasions = ", ".join(rule.on)
                lines.append(_line(rule, False, (_said("other_occasion", occasions),)))
                continue
            holds, findings = weigh(rule.tests, mail)
            lines.append(_line(rule, holds, findings))
            if holds:
                _act(rule, mail.draft)
                stopper = rule.name if mail.draft.stopped else ""
        return tuple(lines)


def compile_rules(specs: Sequence[RuleSpec]) -> RuleBook:
    """Read all rules; ConfigError names the first fault (`check_rule` lists them all)."""
    return RuleBook(specs, [_compile(spec) for spec in specs])


def _compile(spec: RuleSpec) -> Rule:
    tests, faults = read_conditions(spec.when)
    steps, more = read_actions(spec.then)
    for where, message in faults + more:
        raise ConfigError(f'rule "{spec.name}": {where}: {message}')
    return Rule(spec.name, tuple(spec.on), tests, steps)


def _keywords(tests: Iterable[Test]) -> Iterable[Keyword]:
    """Every keyword of these conditions, those under `not` included."""
    for test in tests:
        if test.key in KEYWORD_PLACES:
            yield from test.value.all.values()
        elif test.key == "not":
            yield from _keywords(test.value)


@dataclass(slots=True)
class _Ledger:
    """Which rule did what."""

    lines: list[TraceLine] = field(default_factory=list)
    by: dict[str, str] = field(default_factory=dict)
    tags: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def enter(self, line: TraceLine, rule: Rule, draft: Draft) -> None:
        """Let the rule act, and write down that it did."""
        had = len(draft.tags)
        _act(rule, draft)
        self.lines.append(line)
        self.by |= {FIELDS.get(s.key, s.key): rule.name for s in rule.steps if s.key != "stop"}
        if len(draft.tags) > had:
            self.tags.append((rule.name, tuple(draft.tags[had:])))


def _act(rule: Rule, draft: Draft) -> None:
    for step in rule.steps:
        step.do(draft, step.value)


def _said(reason: str, *values: str) -> Finding:
    return Finding(False, "", reason, values)


def _line(rule: Rule, matched: bool, findings: tuple[Finding, ...]) -> TraceLine:
    findings = findings or (Finding(True, "", "always"),)
    return TraceLine(rule.name, matched, findings)


def _decision(
    mail: Reading,
    ledger: _Ledger,
    *,
    book: RuleBook,
    on: str,
    trace: Callable[[], tuple[TraceLine, ...]],
) -> Decision:
    draft = mail.draft
    return Decision(
        department=draft.department,
        priority=draft.priority,
        level=draft.level,
        assignee=draft.assignee,
        tags=tuple(draft.tags),
        category=draft.category,
        status=draft.status,
        reply=draft.reply,
        notify=tuple(draft.notify),
        cc=tuple(draft.cc),
        dropped=draft.dropped,
        tags_by_rule=tuple(ledger.tags),
        matched=tuple(line.rule for line in ledger.lines),
        by=ledger.by,
        lines=tuple(ledger.lines),
        book=book.digest,
        asked=len(book.rules),
        on=on,
        facts=mail.facts,
        _trace=trace,
    )
