"""Why a rule matched or did not: findings, and the sentences that say them (en, es).

Findings are kept as data, so that one decision can be told to readers of either language.
Values that came with the mail are filled in as data: they are never read as a format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition found. `reason` names a sentence below, `values` fill it."""

    holds: bool
    condition: str  #: its key in the config: "subject_has"
    reason: str
    values: tuple[str, ...] = ()
    place: str = ""  #: "subject", "body" or "text" (either)
    inner: tuple["Finding", ...] = ()  #: of `not`: what was turned round

    def as_list(self) -> list[Any]:
        """The form in which it is stored; `from_list` reads it."""
        inner = [finding.as_list() for finding in self.inner]
        return [self.holds, self.condition, self.reason, list(self.values), self.place, inner]

    @classmethod
    def from_list(cls, stored: Sequence[Any]) -> "Finding":
        holds, condition, reason, values, place, inner = stored
        found = tuple(cls.from_list(each) for each in inner)
        return cls(holds, condition, reason, tuple(values), place, found)


@dataclass(frozen=True, slots=True)
class TraceLine:
    """Why one rule matched (every condition's finding) or not (the first that failed)."""

    rule: str
    matched: bool
    findings: tuple[Finding, ...] = ()

    @property
    def because(self) -> str:
        """In English; `explain` says it in other languages."""
        return explain(self, "en")

    def as_json(self) -> dict[str, Any]:
        """The form of `rules test --json`."""
        return {"rule": self.rule, "matched": self.matched, "because": self.because}

    def as_record(self) -> dict[str, Any]:
        """The same with the findings, so that `from_json` can read it back."""
        return self.as_json() | {"findings": [finding.as_list() for finding in self.findings]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "TraceLine":
        found = tuple(Finding.from_list(each) for each in stored.get("findings", ()))
        return cls(stored["rule"], stored["matched"], found)


_ENGLISH = {
    "word": '{condition}: "{0}" is "{1}" (word {2} of the {place})',
    "no_word": "{condition}: none of its words in the {place} ({0})",
    "pattern": '{condition}: {0} found "{1}" (line {2} of the {place})',
    "no_pattern": "{condition}: not found in the {place} ({0})",
    "glob": "{condition}: {1} fits {0}",
    "no_glob": "{condition}: {1} does not fit {0}",
    "nothing": "{condition}: there is none to fit {0}",
    "header": "header: {0} is {2}, which fits {1}",
    "no_header": "header: no {0} that fits {1}",
    "value": "{condition} is {0}",
    "other_value": "{condition} is {1}, not {0}",
    "no_value": "{condition} is not set, {0} is wanted",
    "larger": "larger_than: {0} bytes are more than {1}",
    "not_larger": "larger_than: {0} bytes are not more than {1}",
    "automatic_true": "a machine wrote it",
    "automatic_false": "a person wrote it",
    "in_hours_true": "it came in working hours",
    "in_hours_false": "it came outside working hours",
    "not": "not ({inner})",
    "always": "it has no conditions",
    "other_occasion": "it is asked for {0} only",
    "stopped": 'not asked: "{0}" stopped before it',
    "subject": "subject",
    "body": "body",
    "text": "subject or body",
}
_SPANISH = {
    "word": '{condition}: "{0}" es "{1}" (palabra {2} del {place})',
    "no_word": "{condition}: ninguna de sus palabras en el {place} ({0})",
    "pattern": '{condition}: {0} encontró "{1}" (línea {2} del {place})',
    "no_pattern": "{condition}: no se encontró en el {place} ({0})",
    "glob": "{condition}: {1} encaja en {0}",
    "no_glob": "{condition}: {1} no encaja en {0}",
    "nothing": "{condition}: no hay ninguno que encaje en {0}",
    "header": "header: {0} es {2}, que encaja en {1}",
    "no_header": "header: ningún {0} que encaje en {1}",
    "value": "{condition} es {0}",
    "other_value": "{condition} es {1}, no {0}",
    "no_value": "{condition} no está puesto, se pide {0}",
    "larger": "larger_than: {0} bytes son más que {1}",
    "not_larger": "larger_than: {0} bytes no son más que {1}",
    "automatic_true": "lo escribió una máquina",
    "automatic_false": "lo escribió una persona",
    "in_hours_true": "llegó en horario laboral",
    "in_hours_false": "llegó fuera del horario laboral",
    "not": "no ({inner})",
    "always": "no tiene condiciones",
    "other_occasion": "solo se consulta para {0}",
    "stopped": 'no se consultó: "{0}" paró antes',
    "subject": "asunto",
    "body": "cuerpo",
    "text": "asunto o cuerpo",
}
SENTENCES = {"en": _ENGLISH, "es": _SPANISH}


def explain(line: TraceLine, language: str) -> str:
    """The line's `because` in `language` (English where we have none)."""
    words = SENTENCES.get(language, _ENGLISH)
    return "; ".join(_say(finding, words) for finding in line.findings)


def _say(finding: Finding, words: dict[str, str]) -> str:
    inner = "; ".join(_say(each, words) for each in finding.inner)
    place = words.get(finding.place, "")
    return words[finding.reason].format(
        *finding.values, condition=finding.condition, place=place, inner=inner
    )
