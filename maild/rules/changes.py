"""What differs between two rule books, in words for the people who keep them."""

from collections.abc import Mapping
from typing import Any

from maild.rules.engine import RuleBook
from maild.rules.facts import RuleSpec

_SENTENCES = {
    "en": {
        "new": 'new rule "{name}"',
        "gone": 'rule "{name}" is gone',
        "sets": 'rule "{name}" now sets {key} {value}',
        "sets_no_more": 'rule "{name}" no longer sets {key}',
        "asks": 'rule "{name}" now asks for {key} {value}',
        "asks_no_more": 'rule "{name}" no longer asks for {key}',
        "on": 'rule "{name}" is now asked for {value}',
        "moved": "the order of the rules has changed: {value}",
    },
    "es": {
        "new": "regla nueva «{name}»",
        "gone": "la regla «{name}» ya no existe",
        "sets": "la regla «{name}» ahora pone {key} {value}",
        "sets_no_more": "la regla «{name}» ya no pone {key}",
        "asks": "la regla «{name}» ahora pide {key} {value}",
        "asks_no_more": "la regla «{name}» ya no pide {key}",
        "on": "la regla «{name}» ahora se consulta para {value}",
        "moved": "el orden de las reglas ha cambiado: {value}",
    },
}
#: Names shown when the order changes.
_SHOWN = 20


def describe_changes(before: RuleBook, after: RuleBook, *, language: str = "en") -> list[str]:
    """One sentence for each change; an empty list where the books say the same."""
    words = _SENTENCES.get(language, _SENTENCES["en"])
    old = {spec.name: spec for spec in before.specs}
    new = {spec.name: spec for spec in after.specs}

    said = [words["gone"].format(name=name) for name in old if name not in new]
    for name, spec in new.items():
        if name in old:
            said += _differences(old[name], spec, words)
        else:
            said.append(words["new"].format(name=name))

    kept = [name for name in new if name in old]
    if kept != [name for name in old if name in new]:
        shown = ", ".join(kept[:_SHOWN]) + (", …" if len(kept) > _SHOWN else "")
        said.append(words["moved"].format(value=shown))
    return said


def _differences(old: RuleSpec, new: RuleSpec, words: dict[str, str]) -> list[str]:
    said: list[str] = []
    for verb, had, has in (("asks", old.when, new.when), ("sets", old.then, new.then)):
        said += [
            words[verb].format(name=new.name, key=key, value=_show(value))
            for key, value in has.items()
            if key not in had or had[key] != value
        ]
        said += [
            words[f"{verb}_no_more"].format(name=new.name, key=key)
            for key in had
            if key not in has
        ]
    if tuple(old.on) != tuple(new.on):
        said.append(words["on"].format(name=new.name, value=", ".join(new.on)))
    return said


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_show(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_show, value))
    return str(value)
