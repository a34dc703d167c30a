"""What `maild check` and a reload look at: the file, its templates, rules and calendars."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from maild.config.faults import Fault
from maild.config.holiday import closed_days
from maild.config.load import Examination, examine
from maild.config.rulewords import golden_mails, specs
from maild.config.settings import Settings
from maild.config.templates import unreadable
from maild.rules import Facts, compile_rules, failures, unreachable

ReadMail = Callable[[str], Facts]


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found. `closed` are days by calendar; `idle` are rules that never match."""

    file: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    closed: dict[str, dict[date, str]] = field(default_factory=dict)
    idle: tuple[str, ...] = ()


def inspect(path: Path, *, first: date, last: date, read: ReadMail | None = None) -> Inspection:
    """Look at everything; closed days are those from `first` to `last`, both included.

    `read` makes the rules' facts of a raw mail's path; without it golden mails that are
    files are not tried, only those of a few words.
    """
    found = examine(path)
    if found.settings is None:
        return Inspection(found.file, found.faults, found.warnings)
    return _deeper(found, found.settings, first, last, read)


def _deeper(
    found: Examination, settings: Settings, first: date, last: date, read: ReadMail | None
) -> Inspection:
    faults = [found.fault(place, message) for place, message in unreadable(settings)]
    faults += _failed_tests(found, settings, read)
    closed = {
        name: closed_days(calendar, first, last) for name, calendar in settings.calendar.items()
    }
    idle = tuple(unreachable(specs(settings)))
    return Inspection(found.file, tuple(sorted(faults)), found.warnings, closed, idle)


def _failed_tests(found: Examination, settings: Settings, read: ReadMail | None) -> list[Fault]:
    """Golden mails the rules treat in another way than they should; one fault a rule test."""
    tests = [test for test in golden_mails(settings) if read or not test.mail]
    if not tests:
        return []
    book = compile_rules(specs(settings))
    base = Facts(department=settings.default_department, language=settings.desk.language)
    numbers = {rule.name: number for number, rule in enumerate(settings.rule)}
    return [
        found.fault(("rule", numbers[test.rule], "test", test.number - 1), sentence)
        for test in tests
        for sentence in failures([test], book, read or _none, base=base)
    ]


def _none(path: str) -> Facts:
    raise OSError(path)
