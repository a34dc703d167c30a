"""What is wrong with a config file: one line for people, three fields for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from maild.config.lines import Place
from maild.errors import ConfigError

Finding = tuple[Place, str]  #: a place in the file and what is wrong there


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, or (as a warning) odd."""

    line: int  #: 1 is the first; 0 where the file as a whole is meant
    where: str  #: `[table] key`
    message: str

    def text(self, file: str) -> str:
        """`config.toml:12: [desk] mode: must be …`"""
        place = f"{file}:{self.line}" if self.line else file
        return ": ".join(part for part in (place, self.where, self.message) if part)


class InvalidConfig(ConfigError):
    """The config file has faults; `faults` lists them all, in the order of its lines."""

    def __init__(
        self, faults: Iterable[Fault], *, file: str, warnings: Iterable[Fault] = ()
    ) -> None:
        self.faults = tuple(sorted(set(faults)))
        self.warnings = tuple(sorted(set(warnings)))
        self.file = file
        super().__init__("\n".join(fault.text(file) for fault in self.faults))


class Wrong(ValueError):
    """A check of a whole table failed; `key` says which of its keys is to blame."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for the nearest of the known words, or nothing."""
    by_form = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_form, n=1, cutoff=0.6)
    return f' (did you mean "{by_form[near[0]]}"?)' if near else ""


def one_of(words: Sequence[str]) -> str:
    """`"a", "b" or "c"`"""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
