"""The lines of a report's table: value, target, verdict, previous value, trend, n.

The same lines make the letter, its plain part and `kpi.csv`, so that no value stands in one
and not in the others. Their names and definitions are here; how numbers are written is
`reports.numbers`' business.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from maild.reports import numbers
from maild.reports.wording import NAMES, age_name, channel_name, priority_name

#: below this many cases a percentage says less than the count
FEW: Final = 20
#: below this many cases the reader is warned
VERY_FEW: Final = 5

SECONDS, SHARE, COUNT, POINTS = "s", "%", "", "points"
_LOWER, _HIGHER = -1, 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One value. `main` ones have a line of their own, others belong to the one above."""

    key: str  #: `first_response.mean`
    name: str  #: for readers
    value: float | None
    unit: str  #: s | % (a share of 1) | points | "" (a count)
    n: int | None = None  #: of how many cases
    count: int | None = None  #: of a share: how many of n
    target: float | None = None
    better: int = 0  #: 1: more is better, -1: less is, 0: neither
    previous: float | None = None
    main: bool = True

    @property
    def is_known(self) -> bool:
        """Is there a value, or was there one in the period before?"""
        return self.value is not None or self.previous is not None

    @property
    def met(self) -> bool | None:
        """Is the target met? Compared unrounded; None without one, or without data."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target if self.better < 0 else self.value >= self.target

    @property
    def trend(self) -> int | None:
        """1 up, -1 down, 0 as before (as printed); None with nothing to compare."""
        if self.value is None or self.previous is None:
            return None
        if self.shown("en") == self._with(self.previous).shown("en"):
            return 0
        return 1 if self.value > self.previous else -1

    @property
    def improves(self) -> bool | None:
        """Does the trend please? None where it can't be said."""
        return self.trend * self.better > 0 if self.trend and self.better else None

    def shown(self, language: str) -> str:
        """The value as readers write it."""
        if self.unit == SECONDS:
            return numbers.duration(self.value)
        if self.unit == SHARE:
            return numbers.percent(self.value, language)
        whole = self.value is None or float(self.value).is_integer()
        places = 1 if self.unit == POINTS or not whole else 0
        return numbers.number(self.value, language, places)

    def shown_with_count(self, language: str) -> str:
        """With few cases, the count first: `9 de 12 (75,0 %)`."""
        if self.value is None or self.count is None or not self.n or self.n >= FEW:
            return self.shown(language)
        of = "de" if numbers.spoken(language) == "es" else "of"
        return f"{self.count} {of} {self.n} ({self.shown(language)})"

    def shown_target(self, language: str) -> str:
        if self.target is None:
            return numbers.NOTHING
        return ("≤ " if self.better < 0 else "≥ ") + self._with(self.target).shown(language)

    def shown_previous(self, language: str) -> str:
        return self._with(self.previous).shown(language)

    def _with(self, value: float | None) -> "Figure":
        return Figure(self.key, self.name, value, self.unit)


@dataclass(frozen=True, slots=True)
class Names:
    """What readers call departments, levels and agents; keys stand in where one is missing."""

    departments: Mapping[str, str]
    levels: Mapping[int, str]
    agents: Mapping[str, str]

    def department(self, key: str) -> str:
        return self.departments.get(key, key)

    def level(self, number: int, language: str) -> str:
        word = "Nivel" if numbers.spoken(language) == "es" else "Level"
        return self.levels.get(number) or f"{word} {number}"

    def agent(self, key: str | None) -> str:
        return self.agents.get(key or "", key or numbers.NOTHING)


def figures(
    report: dict[str, Any],
    previous: dict[str, Any] | None,
    *,
    targets: Mapping[str, float],
    language: str,
    names: Names,
) -> list[Figure]:
    """Every value of the report in reading order, beside that of the period before."""
    old = (
        {f.key: f.value for f in _lines(previous["kpis"], {}, language, names)}
        if previous
        else {}
    )
    return [
        Figure(
            f.key, f.name, f.value, f.unit, f.n, f.count, f.target, f.better,
            old.get(f.key), f.main,
        )
        for f in _lines(report["kpis"], targets, language, names)
    ]  # fmt: skip


def _lines(
    kpis: dict[str, Any], targets: Mapping[str, float], language: str, names: Names
) -> Iterator[Figure]:
    write = _Writer(kpis, targets, 0 if numbers.spoken(language) == "es" else 1)
    yield write("first_response.mean", SECONDS, _LOWER, target="first_response")
    yield write("first_response.within_target", SHARE, _HIGHER, main=False)
    yield write("first_response.median", SECONDS, _LOWER, main=False)
    yield write("first_response.p90", SECONDS, _LOWER, main=False)
    yield write("first_response.calendar_mean", SECONDS, _LOWER, main=False)
    yield write("next_response.mean", SECONDS, _LOWER, target="next_response")
    yield write("next_response.median", SECONDS, _LOWER, main=False)
    yield write("next_response.p90", SECONDS, _LOWER, main=False)
    yield write("resolution.mean", SECONDS, _LOWER, target="resolution")
    for name in ("median", "p90", "gross_mean", "calendar_mean"):
        yield write(f"resolution.{name}", SECONDS, _LOWER, main=False)
    yield write("resolution.first_mean", SECONDS, _LOWER, main=False, n="resolution.first_n")
    yield write("resolution.auto_closed", COUNT, main=False)
    yield write("fcr.rate", SHARE, _HIGHER, target="fcr", count="fcr.count")
    yield write("fcr.straight", COUNT, main=False)
    yield write("fcr.provisional", COUNT, main=False)
    yield write("one_touch.rate", SHARE, _HIGHER, target="one_touch", count="one_touch.count")
    yield write("reopened.rate", SHARE, _LOWER, target="reopened", count="reopened.count")
    yield write("csat.rate", SHARE, _HIGHER, target="csat", count="csat.count")
    yield write("csat.mean", POINTS, _HIGHER, main=False)
    yield write("csat.low", SHARE, main=False)
    yield write("csat.high", SHARE, main=False)
    yield write("csat.sent", COUNT, main=False)
    yield write(
        "csat.response_rate", SHARE, _HIGHER,
        target="response_rate", n="csat.sent", count="csat.n",
    )  # fmt: skip
    yield from _deadlines(write, kpis["sla"], language, names)
    yield write("resolved.n", COUNT)
    yield write("resolved.per_business_day", COUNT, _HIGHER, main=False)
    for level, count in kpis["resolved"]["by_level"].items():
        yield write.named(
            f"resolved.by_level.{level}", names.level(int(level), language), count
        )
    yield write("escalated.level_2", SHARE, _LOWER)
    yield write("escalated.level_3", SHARE, _LOWER)
    for level in kpis["time_in_level"]:
        yield from _level(write, level, names.level(int(level), language))
    yield write("backlog.end", COUNT, _LOWER)
    for name in "start created reopened resolved waiting_us waiting_customer".split():
        yield write(f"backlog.{name}", COUNT, main=False)
    for group, count in kpis["backlog"]["ages"].items():
        yield write.named(f"backlog.ages.{group}", age_name(group), count)
    yield write("volume.created", COUNT)
    for channel, count in kpis["volume"]["by_channel"].items():
        name = channel_name(channel, language)
        yield write.named(f"volume.by_channel.{channel}", name, count)
    for key, count in kpis["volume"]["by_department"].items():
        yield write.named(f"volume.by_department.{key}", names.department(key), count)
    for priority, count in kpis["volume"]["by_priority"].items():
        name = priority_name(priority, language)
        yield write.named(f"volume.by_priority.{priority}", name, count)
    yield write("volume.spam", COUNT, main=False)
    yield write("kb.rate", SHARE, _HIGHER, n="kb.suggested", count="kb.self_service")
    yield write("kb.suggested", COUNT, main=False)
    yield write("kb.self_service", COUNT, main=False)


def _deadlines(
    write: "_Writer", sla: dict[str, Any], language: str, names: Names
) -> Iterator[Figure]:
    yield write(
        "sla.rate", SHARE, _HIGHER,
        target="sla", n=sla["met"] + sla["breached"], count="sla.met",
    )  # fmt: skip
    yield write("sla.met", COUNT, main=False)
    yield write("sla.breached", COUNT, _LOWER, main=False)
    for clock, part in sla["by_clock"].items():
        decided = part["met"] + part["breached"]
        key = f"sla.by_clock.{clock}"
        yield write(f"{key}.rate", SHARE, _HIGHER, main=False, n=decided, count=f"{key}.met")
    yield from _kept("sla.by_department", sla["by_department"], names.department)
    yield from _kept(
        "sla.by_priority", sla["by_priority"], lambda key: priority_name(key, language)
    )


def _kept(
    group: str, parts: Mapping[str, dict[str, Any]], name: Callable[[str], str]
) -> Iterator[Figure]:
    """How deadlines were kept in each part, where there is more than one."""
    for key, part in parts.items() if len(parts) > 1 else ():
        n = part["met"] + part["breached"]
        yield Figure(
            f"{group}.{key}.rate", name(key), part["rate"], SHARE, n, part["met"],
            better=_HIGHER, main=False,
        )  # fmt: skip


def _level(write: "_Writer", level: str, name: str) -> Iterator[Figure]:
    key = f"time_in_level.{level}"
    yield write(f"{key}.mean", SECONDS, _LOWER, target=f"level_{level}", name=name)
    yield write(f"{key}.median", SECONDS, _LOWER, main=False, name=name)
    yield write(f"{key}.within_target", SHARE, _HIGHER, main=False, name=name)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Finds a value by its path, and its name in one language."""

    kpis: dict[str, Any]
    targets: Mapping[str, float]
    language: int  #: 0 es, 1 en

    def __call__(
        self,
        key: str,
        unit: str,
        better: int = 0,
        *,
        target: str = "",
        main: bool = True,
        n: str | int | None = None,
        count: str = "",
        name: str = "",
    ) -> Figure:
        own = self._find(key.rpartition(".")[0] + ".n") if unit != COUNT else None
        return Figure(
            key=key,
            name=NAMES[_pattern(key)][self.language].format(name),
            value=self._find(key),
            unit=unit,
            n=own if n is None else self._find(n) if isinstance(n, str) else n,
            count=self._find(count) if count else None,
            target=self.targets.get(target),
            better=better,
            main=main,
        )

    def named(self, key: str, name: str, count: int) -> Figure:
        group = NAMES[key.rpartition(".")[0]][self.language]
        return Figure(key, f"{group} {name}:".lstrip(), count, COUNT, main=False)

    def _find(self, key: str) -> Any:
        found: Any = self.kpis
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found


def _pattern(key: str) -> str:
    return "time_in_level.*" + key[15:] if key.startswith("time_in_level.") else key
