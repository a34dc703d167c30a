"""Rules that can never match, and why: contradictions, and rules hidden by an earlier stop.

Only what is certain is said; the list is advice for `maild check`, not a fault.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from maild.rules.check import Test
from maild.rules.conditions import KEYWORD_PLACES, STATEFUL
from maild.rules.covers import implies
from maild.rules.engine import Rule, compile_rules
from maild.rules.facts import RuleSpec
from maild.rules.globs import labels
from maild.rules.values import Globs, Keywords


def unreachable(specs: Sequence[RuleSpec]) -> list[str]:
    """A sentence for each rule that can never match. `specs` are checked already."""
    rules = compile_rules(specs).rules
    changes = _Changes(rules)
    stoppers = _Stoppers()
    found: list[str] = []
    for number, rule in enumerate(rules):
        why = _contradiction(rule, number, changes)
        why = why or _hidden(number, rules, stoppers=stoppers, changes=changes)
        if why:
            found.append(f'rule "{rule.name}" can never match: {why}')
        elif any(s.key == "drop" or (s.key == "stop" and s.value) for s in rule.steps):
            stoppers.add(number, rule)
    return found


def _contradiction(rule: Rule, number: int, changes: "_Changes") -> str:
    wanted = [test for test in rule.tests if test.key != "not"]
    for test in rule.tests:
        if test.key == "not" and implies(wanted, test.value):
            keys = ", ".join(inner.key for inner in test.value)
            return f"its conditions demand what its not forbids ({keys})"
        # A new ticket has no category until a rule gives it one.
        fresh = test.key == "category" and "reply" not in rule.on
        if fresh and not changes.categories(number) & set(test.value):
            return f"no rule before it sets the category {', '.join(test.value)}"
    return ""


def _hidden(
    number: int, rules: Sequence[Rule], *, stoppers: "_Stoppers", changes: "_Changes"
) -> str:
    rule = rules[number]
    for earlier in stoppers.near(rule):
        stopper = rules[earlier]
        if (
            set(rule.on) <= set(stopper.on)
            and implies(rule.tests, stopper.tests)
            and not changes.between(earlier, number, _state_of(stopper.tests))
        ):
            return f'"{stopper.name}" before it takes all its mails, and stops'
    return ""


def _state_of(tests: Iterable[Test]) -> set[str]:
    """Which of what rules can change do these conditions look at?"""
    keys: set[str] = set()
    for test in tests:
        keys |= _state_of(test.value) if test.key == "not" else {test.key} & STATEFUL
    return keys


class _Changes:
    """Which rules set what, so that a range of rules can be asked quickly."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._setters: dict[str, list[int]] = defaultdict(list)
        self._categories: list[tuple[int, str]] = []
        for number, rule in enumerate(rules):
            for step in rule.steps:
                self._setters[step.key].append(number)
                if step.key == "category":
                    self._categories.append((number, step.value.casefold()))

    def between(self, first: int, last: int, keys: set[str]) -> bool:
        """Does a rule after `first` and before `last` set one of these?"""
        return any(first < number < last for key in keys for number in self._setters[key])

    def categories(self, number: int) -> set[str]:
        """Categories that rules before this one may have set."""
        return {name for at, name in self._categories if at < number}


class _Stoppers:
    """Rules that stop, filed under what they look for, so that few need comparing."""

    def __init__(self) -> None:
        self._filed: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._loose: list[int] = []

    def add(self, number: int, rule: Rule) -> None:
        labels = next(filter(None, map(_labels, rule.tests)), None)
        if labels is None:
            self._loose.append(number)
        for label in labels or ():
            self._filed[label].append(number)

    def near(self, rule: Rule) -> list[int]:
        """Those that could take all that `rule` takes, in order."""
        found = set(self._loose)
        for test in rule.tests:
            for label in _sought(test):
                found.update(self._filed.get(label, ()))
        return sorted(found)


Label = tuple[str, str]


def _labels(test: Test) -> set[Label] | None:
    """Labels under which a stopper with this condition is found; None: it can't be filed."""
    match test.value:
        case Keywords(all=keywords):
            return {(_mark(parts[0]), parts[0][0]) for parts in keywords}
        case Globs(all=globs):
            found = [glob.label for glob in globs]
            return None if None in found else {(test.key, str(label)) for label in found}
    return None


def _sought(test: Test) -> Iterable[Label]:
    """Labels of whatever could cover this condition: its first value is enough."""
    match test.value:
        case Keywords(all=keywords) if test.key in KEYWORD_PLACES:
            for word, any_ending in next(iter(keywords)):
                if not any_ending:
                    yield "word", word
                yield from (("begin", word[:length]) for length in range(1, len(word) + 1))
        case Globs(all=globs):
            yield from ((test.key, label) for label in labels(globs[0].text))


def _mark(part: tuple[str, bool]) -> str:
    return "begin" if part[1] else "word"
