"""Lengths of time and rates as a config file writes them: `"1h30m"`, `"2d"`, `"10/hour"`.

Where CONTRACT says that `d` is a working day, the result is a `Duration`, which keeps days
apart: only a calendar knows how long they are. Everywhere else it is a plain timedelta.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DAYS = {"d": 1, "y": 365}
_PART = re.compile(r"(\d{1,9})([a-z]+)")
_NAMED = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_SHAPE = 'must be a length of time such as "90s", "15m", "1h30m" or "2d"'


@dataclass(frozen=True, slots=True)
class Duration:
    """Working time: so many working days and so many seconds more."""

    text: str  #: as it was written
    days: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, value: object) -> "Duration":
        """From text; ValueError says what is wrong with it."""
        days, seconds = _parts(value)
        return cls(str(value), days, seconds)

    def of(self, day: timedelta) -> timedelta:
        """The working time this is where a working day lasts `day`."""
        return self.days * day + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in any `per`."""

    count: int
    per: timedelta


def span(value: object) -> timedelta:
    """Plain time from text: a day has 24 hours."""
    days, seconds = _parts(value)
    return timedelta(days=days, seconds=seconds)


def rate(value: object) -> Rate:
    """`N/hour`, `N/day` or `N/DURATION`."""
    count, slash, per = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not re.fullmatch(r"\d{1,9}", count.strip()):
        shape = '"10/hour", "1/day" or "25/1m"'
        raise ValueError(f"must be a rate such as {shape}, not {show(value)}")
    length = _NAMED.get(per.strip()) or span(per.strip())
    if int(count) < 1:
        raise ValueError("must allow at least 1")
    return Rate(int(count), length)


def show(value: object) -> str:
    """A value as the file wrote it, as far as that is short."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]


def _parts(value: object) -> tuple[int, int]:
    text = value.strip() if isinstance(value, str) else ""
    parts = _PART.findall(text)
    if not text or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{_SHAPE}, not {show(value)}")
    units = [unit for _, unit in parts]
    if unknown := [unit for unit in units if unit not in _SECONDS | _DAYS]:
        raise ValueError(f'{_SHAPE}: there is no unit "{unknown[0]}", only s m h d y')
    if len(set(units)) < len(units):
        raise ValueError(f"{_SHAPE}: {show(value)} names a unit twice")
    days = sum(int(number) * _DAYS.get(unit, 0) for number, unit in parts)
    seconds = sum(int(number) * _SECONDS.get(unit, 0) for number, unit in parts)
    if days * 86400 + seconds > 100 * 365 * 86400:
        raise ValueError("must not be longer than 100 years")
    if not days and not seconds:
        raise ValueError("must be longer than nothing")
    return days, seconds
