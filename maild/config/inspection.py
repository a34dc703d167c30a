"""What `maild check` and a reload look at: the file, its templates, rules and calendars."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from maild.config.faults import Fault, InvalidConfig
from maild.config.hours import Calendar
from maild.config.load import Examination, examine
from maild.config.rulewords import golden_mails, specs
from maild.config.settings import Settings
from maild.config.templates import unreadable
from maild.rules import Facts, compile_rules, failures, unreachable
from maild.sla.holidays import closed_days

#: From settings and the path of a raw mail to what the rules see of it.
ReadMail = Callable[[Settings, Path], Facts]


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found. `closed` are days by calendar; `idle` are rules that never match."""

    file: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    closed: dict[str, dict[date, str]] = field(default_factory=dict)
    idle: tuple[str, ...] = ()


def load_tried(path: Path, *, read: ReadMail) -> Settings:
    """The settings of a file without a fault, whose golden mails come out as they should.

    What the daemon starts and reloads with; raises `InvalidConfig` with every fault.
    """
    found = examine(path)
    faults, settings = list(found.faults), found.settings
    if settings is not None:
        faults += [found.fault(place, message) for place, message in unreadable(settings)]
        faults += _failed_tests(found, settings, read)
    if settings is None or faults:
        raise InvalidConfig(faults, file=found.file, warnings=found.warnings)
    return settings


def inspect(path: Path, *, first: date, last: date, read: ReadMail | None = None) -> Inspection:
    """Look at everything; closed days are those from `first` to `last`, both included.

    `read` makes the rules' facts of a raw mail; without it golden mails that are files are
    not tried, which is a warning.
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
        name: _closed(calendar, first, last, settings.desk.language)
        for name, calendar in settings.calendar.items()
    }
    idle = tuple(unreachable(specs(settings)))
    warnings = (*found.warnings, *_untried(found, settings, read))
    return Inspection(found.file, tuple(sorted(faults)), warnings, closed, idle)


def _closed(calendar: Calendar, first: date, last: date, language: str) -> dict[date, str]:
    """Holidays, and days that `short` leaves no hours; weekends are no news."""
    years = range(first.year, last.year + 1)
    days = closed_days(calendar.holidays, years, language=language)
    days = {day: "" for day, spans in calendar.short.items() if not spans} | days
    return {day: days[day] for day in sorted(days) if first <= day <= last}


def _failed_tests(found: Examination, settings: Settings, read: ReadMail | None) -> list[Fault]:
    """Golden mails the rules treat in another way than they should."""
    book = compile_rules(specs(settings))
    base = Facts(department=settings.default_department, language=settings.desk.language)

    def facts(path: str) -> Facts:
        assert read
        return read(settings, Path(path))

    return [
        found.fault(place, sentence)
        for place, test in golden_mails(settings)
        if read or not test.mail
        for sentence in failures([test], book, facts, base=base)
    ]


def _untried(found: Examination, settings: Settings, read: ReadMail | None) -> list[Fault]:
    return [
        found.fault(place, f"{test.mail} was not tried")
        for place, test in golden_mails(settings)
        if test.mail and not read
    ]
