"""Alert storms: near-identical mails leave one fingerprint, whatever their numbers and dates.

Only the likeness is judged here. Which ticket a storm belongs to, and for how long, is the
desk's business.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from maild.rules import folding
from maild.rules.globs import Glob

#: Characters of a body that count; a storm's mails differ above that or not at all.
MAX_BODY = 100_000

#: Names of days and months, in what folding makes of English and Spanish.
_DATE_WORDS = frozenset(
    (
        "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday "
        "jan feb mar apr may jun jul aug sep sept oct nov dec january february march april "
        "june july august september october november december "
        "lun mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo "
        "ene abr ago set dic enero febrero marzo abril mayo junio julio agosto septiembre "
        "setiembre octubre noviembre diciembre am pm utc gmt cet cest edt est z t"
    ).split()
)
_JOINTS = frozenset({"de", "del", "of", "at", "a", "las"})
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"(?=[a-f]*\d)[0-9a-f]{8,}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: How grave it is: here the number is the message. "P1" is not "P3".
_GRAVITY = re.compile(r"(?:p|s|sev|prio|priority|severity|prioridad|nivel|level)[0-9]")
_GRAVE_BEFORE = frozenset(
    {"priority", "severity", "sev", "prio", "prioridad", "nivel", "level"}
)
_NUMBER = "0"


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One `[[cluster]]`: whose mails may be a storm, and how long one lasts."""

    from_: tuple[Glob, ...]
    window: timedelta

    @classmethod
    def read(cls, from_: Sequence[str], window: timedelta) -> "ClusterSpec":
        return cls(tuple(Glob.read(text) for text in from_), window)

    def takes(self, sender: str) -> bool:
        """Is this address one of those whose mails are gathered?"""
        return any(glob.matches(sender) for glob in self.from_)


def fingerprint(subject: str, body: str) -> str:
    """The same for mails with the same text but for numbers, dates and ids: 32 hex digits.

    A number that says how grave it is ("P1", "severity 2") counts, and so does every word.
    """
    parts = (" ".join(_gist(text)) for text in (subject, body[:MAX_BODY]))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _gist(text: str) -> list[str]:
    """The words, with every number and date as one sign, however many it is made of."""
    plain = _UUID.sub(_NUMBER, folding.fold(text))
    words: list[str] = []
    for word in folding.split(plain):
        words.append(_plain(word, words[-1] if words else ""))
    return _drop_dates(words)


def _plain(word: str, before: str) -> str:
    if _GRAVITY.fullmatch(word) or (before in _GRAVE_BEFORE and word.isdecimal()):
        return f"={word}"
    if _HEX.fullmatch(word):
        return _NUMBER
    return _DIGITS.sub(_NUMBER, word)


def _drop_dates(words: list[str]) -> list[str]:
    """Days and months next to a number are part of it; numbers in a row are one."""
    kept: list[str] = []
    held: list[str] = []  # date words and joints that wait for a number
    for word in words:
        if word == _NUMBER:
            while held and held[-1] in _DATE_WORDS | _JOINTS:
                held.pop()
            kept += held
            held = []
            if kept[-1:] != [_NUMBER]:
                kept.append(_NUMBER)
        elif word in _DATE_WORDS or word in _JOINTS:
            held.append(word)
        else:
            kept += _after_number(kept, held)
            held = []
            kept.append(word)
    return kept + _after_number(kept, held)


def _after_number(kept: list[str], held: list[str]) -> list[str]:
    """What is left of the words behind a number when no number follows."""
    if kept[-1:] != [_NUMBER]:
        return held
    start = 0
    for at, word in enumerate(held):
        if word in _DATE_WORDS:
            start = at + 1
        elif word not in _JOINTS:
            break
    return held[start:]
