"""What differs between two configs, in words for the people who keep them.

Rules are told by `rules.describe_changes`, which knows them better.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from maild.config.lines import Place
from maild.config.places import where
from maild.config.rulewords import specs
from maild.config.settings import Settings
from maild.config.table import Table
from maild.rules import compile_rules, describe_changes

#: further changes are only counted
SHOWN = 40
_PLAIN = (str, int, float, bool)
_WORDS = {
    "en": ("{0} has changed", "{0} is now {1}, was {2}", "… and {0} more changes"),
    "es": ("{0} ha cambiado", "{0} es ahora {1}, era {2}", "… y {0} cambios más"),
}


def describe(before: Settings, after: Settings, *, language: str) -> list[str]:
    """A sentence for each change; none where both say the same. Never shows a secret."""
    changed, is_now, more = _WORDS.get(language, _WORDS["en"])
    said = []
    for place, old, new in _differences(_inside(before), _inside(after), ()):
        plain = isinstance(old, _PLAIN) and isinstance(new, _PLAIN)
        sentence = is_now if plain else changed
        said.append(sentence.format(where(place), _show(new), _show(old)))
    books = (compile_rules(specs(settings)) for settings in (before, after))
    said += describe_changes(*books, language=language)
    rest = len(said) - SHOWN
    return said if rest <= 0 else [*said[:SHOWN], more.format(rest)]


def _inside(settings: Settings) -> dict[str, Any]:
    return {key: value for key, value in _fields(settings).items() if key != "rule"}


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], place: Place
) -> Iterator[tuple[Place, Any, Any]]:
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        here = (*place, key)
        if isinstance(old, Table | dict) and isinstance(new, Table | dict):
            yield from _differences(_fields(old), _fields(new), here)
        else:
            yield here, old, new


def _fields(table: Any) -> dict[str, Any]:
    """A table's values by the keys of the file."""
    if isinstance(table, Table):
        kinds = type(table).model_fields
        return {field.alias or name: getattr(table, name) for name, field in kinds.items()}
    return {str(key): value for key, value in table.items()}


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
