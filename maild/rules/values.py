"""What may stand behind the `=` of a condition or an action, and how it is read.

The type in a condition's signature picks the reader here; the reader checks what the admin
wrote, says what is wrong in words, and prepares it for use. Names that live elsewhere in
the config (departments, agents …) are only compared with the lists the caller hands in.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple, NewType

import re2

from maild.model.ticket import Priority, Status
from maild.rules import folding
from maild.rules.globs import Glob
from maild.rules.keywords import Keyword, Parts

Department = NewType("Department", str)
Agent = NewType("Agent", str)
Level = NewType("Level", int)
Answer = NewType("Answer", str)
Size = NewType("Size", int)

#: Names known to the config, by what they name: "department", "agent", "level", "answer".
Known = Mapping[str, Collection[str]]

RECEIVERS = ("assignee", "level", "department", "supervisors", "next_level")
MAX_PATTERN = 1_000
_SIZE = re.compile(r"(\d{1,12})\s*(|[kKMG]?B|[KMG]iB)")
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}")


class BadValue(ValueError):
    """What the admin wrote can't stand here; the message says why."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """A list of keywords: any of them will do."""

    all: Mapping[Parts, Keyword]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions over folded text, in RE2: linear time whatever the mail."""

    all: tuple[tuple[str, Any], ...]  #: (as written, compiled over UTF-8)


@dataclass(frozen=True, slots=True)
class Globs:
    all: tuple[Glob, ...]


@dataclass(frozen=True, slots=True)
class Headers:
    all: tuple[tuple[str, Globs], ...]


class Names(tuple[str, ...]):
    """Plain values, any of them, compared without regard to case."""


class Departments(Names):
    """Names of departments."""


class Priorities(Names):
    """Names of priorities."""


class Tags(tuple[str, ...]):
    """Labels of a ticket."""


class Addresses(tuple[str, ...]):
    """E-mail addresses."""


class Receivers(tuple[str, ...]):
    """Who is told: assignee, level, department, supervisors, next_level or addresses."""


class Kind(NamedTuple):
    """One kind of value: how it is read, and its JSON schema."""

    read: Callable[[Any, Known], Any]
    schema: dict[str, Any]


def nearest(word: str, choices: Collection[str]) -> str:
    """` (did you mean "x"?)`, or nothing where no choice is near."""
    found = get_close_matches(word.casefold(), choices, n=1, cutoff=0.6)
    return f' (did you mean "{found[0]}"?)' if found else ""


def _texts(raw: Any) -> list[str]:
    values = raw if isinstance(raw, list | tuple) else [raw]
    if not values:
        raise BadValue("an empty list can never match")
    for value in values:
        if not isinstance(value, str):
            raise BadValue(f"{value!r} must be text in quotes")
        if not value.strip():
            raise BadValue("an empty text can never match")
    return list(values)


def _one(raw: Any, choices: Collection[str], what: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadValue(f"{raw!r} must be the name of {what}")
    if choices and raw not in choices:
        raise BadValue(f'no {what.split()[-1]} "{raw}"{nearest(raw, choices)}')
    return raw


def _keywords(raw: Any, known: Known) -> Keywords:
    try:
        found = [Keyword.read(text) for text in _texts(raw)]
    except ValueError as fault:
        raise BadValue(str(fault)) from None
    return Keywords({keyword.parts: keyword for keyword in found})


def _pattern(text: str) -> Any:
    """Compile over folded text: only letters beyond ASCII are folded, `\\S` stays `\\S`."""
    if len(text) > MAX_PATTERN:
        raise BadValue(f"a pattern has at most {MAX_PATTERN} characters")
    folded = "".join(c if c.isascii() else folding.fold(c) for c in text)
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(f"(?m){folded}".encode(), options)
    except (re2.error, UnicodeError) as fault:
        reason = fault.args[0] if fault.args else fault
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        reason = reason.replace("(?m)", "", 1)
        raise BadValue(f'"{text}" is no regular expression: {reason}') from None


def _patterns(raw: Any, known: Known) -> Patterns:
    return Patterns(tuple((text, _pattern(text)) for text in _texts(raw)))


def _globs(raw: Any, known: Known) -> Globs:
    return Globs(tuple(Glob.read(text) for text in _texts(raw)))


def _headers(raw: Any, known: Known) -> Headers:
    if not isinstance(raw, dict) or not raw:
        raise BadValue('must be a table of headers: { X-Spam-Flag = "yes" }')
    return Headers(tuple((name.lower(), _globs(globs, known)) for name, globs in raw.items()))


def _names(raw: Any, known: Known) -> Names:
    return Names(text.casefold() for text in _texts(raw))


def _departments(raw: Any, known: Known) -> Departments:
    choices = known.get("department", ())
    return Departments(_one(text, choices, "a department") for text in _texts(raw))


def _priorities(raw: Any, known: Known) -> Priorities:
    return Priorities(_priority(text, known) for text in _texts(raw))


def _priority(raw: Any, known: Known) -> Priority:
    return Priority(_one(raw, [*Priority], "a priority"))


def _status(raw: Any, known: Known) -> Status:
    return Status(_one(raw, [s for s in Status if s is not Status.MERGED], "a status"))


def _department(raw: Any, known: Known) -> str:
    return _one(raw, known.get("department", ()), "a department")


def _agent(raw: Any, known: Known) -> str:
    return _one(raw, known.get("agent", ()), "an agent")


def _answer(raw: Any, known: Known) -> str:
    return _one(raw, known.get("answer", ()), "a saved answer")


def _level(raw: Any, known: Known) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 1:
        raise BadValue(f"{raw!r} must be the number of a level: 1, 2, 3 …")
    levels = known.get("level", ())
    if levels and str(raw) not in levels:
        raise BadValue(f"no level {raw}: there are {', '.join(sorted(levels))}")
    return raw


def _bool(raw: Any, known: Known) -> bool:
    if not isinstance(raw, bool):
        raise BadValue(f"{raw!r} must be true or false")
    return raw


def _text(raw: Any, known: Known) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadValue(f"{raw!r} must be some text")
    return raw


def _tags(raw: Any, known: Known) -> Tags:
    return Tags(text.strip() for text in _texts(raw))


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise BadValue(f'"{text}" is no e-mail address')
    return text


def _addresses(raw: Any, known: Known) -> Addresses:
    return Addresses(_address(text) for text in _texts(raw))


def _receivers(raw: Any, known: Known) -> Receivers:
    for text in _texts(raw):
        if text not in RECEIVERS and "@" not in text:
            choices = ", ".join(RECEIVERS)
            hint = nearest(text, RECEIVERS)
            raise BadValue(f'"{text}" is none of {choices} and no address{hint}')
        if "@" in text:
            _address(text)
    return Receivers(_texts(raw))


def read_size(raw: Any) -> int:
    """Bytes of `"25MB"`: MB is a million, MiB is 2^20, as everywhere in the config."""
    found = _SIZE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None:
        raise BadValue(f'{raw!r} must be a size such as "5MB" or "300kB"')
    base = 1024 if "i" in found[2] else 1000
    power = "BKMG".index(found[2][:1].upper() or "B")
    return int(found[1]) * int(base**power)


_TEXTS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}
_TEXT = {"type": "string", "minLength": 1}
_PRIORITY = {"enum": [str(p) for p in Priority]}

#: Type in a signature -> how such a value is read.
KINDS: dict[Any, Kind] = {
    Keywords: Kind(_keywords, _TEXTS),
    Patterns: Kind(_patterns, _TEXTS),
    Globs: Kind(_globs, _TEXTS),
    Headers: Kind(_headers, {"type": "object", "additionalProperties": _TEXTS}),
    Names: Kind(_names, _TEXTS),
    Departments: Kind(_departments, _TEXTS),
    Priorities: Kind(
        _priorities, {"anyOf": [_PRIORITY, {"type": "array", "items": _PRIORITY}]}
    ),
    Size: Kind(lambda raw, known: read_size(raw), {"type": "string"}),
    bool: Kind(_bool, {"type": "boolean"}),
    str: Kind(_text, _TEXT),
    Department: Kind(_department, _TEXT),
    Agent: Kind(_agent, _TEXT),
    Answer: Kind(_answer, _TEXT),
    Level: Kind(_level, {"type": "integer", "minimum": 1}),
    Priority: Kind(_priority, _PRIORITY),
    Status: Kind(_status, {"enum": [str(s) for s in Status if s is not Status.MERGED]}),
    Tags: Kind(_tags, _TEXTS),
    Addresses: Kind(_addresses, _TEXTS),
    Receivers: Kind(_receivers, _TEXTS),
}
