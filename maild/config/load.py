"""From a file to settings, or to the list of all that is wrong with it."""

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild.config.credentials import in_plain_text, unset
from maild.config.faults import Fault, Finding, InvalidConfig
from maild.config.lines import Place, locate
from maild.config.places import line_of, where
from maild.config.presets import fill
from maild.config.references import dangling, missing_languages, missing_levels, names
from maild.config.rulewords import faults_of_rules
from maild.config.settings import Settings
from maild.config.shape import understand
from maild.config.table import Reading
from maild.config.templates import answers, folders, languages
from maild.config.whole import contradictions, oddities

_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_ELSEWHERE = Path("/etc/maild/config.toml")
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Examination:
    """What a look at a config file found. `settings` is None where there are faults."""

    file: str
    settings: Settings | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    lines: dict[Place, int]

    def fault(self, place: Place, message: str) -> Fault:
        """A further finding about a place of this file."""
        return Fault(line_of(place, self.lines), where(place), message)


def find_config(option: Path | None) -> Path:
    """`-c`, else $MAILD_CONFIG, else ./config.toml, else /etc/maild/config.toml."""
    if option is not None:
        return option
    if named := os.environ.get("MAILD_CONFIG"):
        return Path(named)
    here = Path("config.toml")
    return _ELSEWHERE if _ELSEWHERE.is_file() and not here.exists() else here


def load(path: Path, *, secrets: bool = True) -> Settings:
    """The settings of a config file; raises `InvalidConfig` with every fault.

    With `secrets=False` passwords that are not set are no fault: for commands that need
    none. `Secret.reveal` then raises when one is asked for.
    """
    found = examine(path, secrets=secrets)
    if found.settings is None:
        raise InvalidConfig(found.faults, file=found.file, warnings=found.warnings)
    return found.settings


def examine(path: Path, *, secrets: bool = True) -> Examination:
    """The same without raising, and with warnings."""
    try:
        text = _read(path)
        data = _parse(text)
    except _Unreadable as error:
        return Examination(path.name, None, (error.fault,), (), {})
    base, lines = path.absolute().parent, locate(text)
    filled = fill(data)
    settings, faults = understand(filled, Reading(base), lines)
    levels, places = _levels(data, settings), folders(data, base)
    known = {table: names(data, table) for table in ("department", "agent")}
    known |= {"level": [str(level) for level in levels], "answer": answers(places)}
    faults += dangling(data, lines) + faults_of_rules(data, known, lines)
    faults += missing_levels(data, levels, lines)
    faults += missing_languages(data, languages(places), lines)
    faults += _placed(unset(data, base), lines) if secrets else []
    warnings = _placed(in_plain_text(data), lines)
    if settings:
        faults += _placed(contradictions(settings), lines)
        warnings += _placed(oddities(settings), lines)
    ordered = tuple(sorted(set(faults)))
    usable = None if ordered else settings
    return Examination(path.name, usable, ordered, tuple(sorted(set(warnings))), lines)


class _Unreadable(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(line, "", message)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        hint = "; `maild init` writes one" if isinstance(error, FileNotFoundError) else ""
        raise _Unreadable(0, f"{path} can't be read: {error.strerror}{hint}") from None
    if len(raw) > _LARGEST:
        raise _Unreadable(0, f"{path} is larger than {_LARGEST // 10**6} MB")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, "is not UTF-8 text") from None


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _Unreadable(1, "is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        message = str(error).partition(" (at ")[0]
        raise _Unreadable(line, f"is no TOML: {message[0].lower()}{message[1:]}") from None


def _placed(findings: Iterable[Finding], lines: dict[Place, int]) -> list[Fault]:
    return [Fault(line_of(place, lines), where(place), message) for place, message in findings]


def _levels(data: dict[str, Any], settings: Settings | None) -> list[int]:
    """The levels there are; all of them while `[levels]` itself is in doubt."""
    if settings:
        return list(settings.levels)
    written = data.get("levels", {"1": {}, "2": {}, "3": {}})
    keys = list(written) if isinstance(written, dict) else []
    return [int(key) for key in keys if re.fullmatch("[1-9]", key)] or list(range(1, 10))
