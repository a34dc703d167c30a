"""`[calendar.*]`: working hours, holidays and short days, as written.

What working time is between two instants is `sla.hours`' business.
"""

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)
from pydantic import WithJsonSchema as Schema

from maild.config.duration import show
from maild.config.faults import Wrong
from maild.config.table import Table, base_of, default
from maild.config.values import MaybeSpan, MaybeZone
from maild.sla.holidays import closed_days

Hours = tuple[tuple[int, int], ...]  #: spans of a day, in minutes from midnight, in order

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY_KEY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)(?:-(?:mon|tue|wed|thu|fri|sat|sun))?")


def hours(value: object) -> Hours:
    """`"09:00-14:00, 16:00-19:00"`; "" is a closed day."""
    if not isinstance(value, str):
        raise ValueError(f'must be hours such as "09:00-14:00, 16:00-19:00", not {show(value)}')
    spans = sorted(_span(part.strip()) for part in value.split(",") if value.strip())
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"{show(value)} has spans that overlap")
    return tuple(spans)


def _span(word: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(word)
    if not found:
        raise ValueError(f'must be hours such as "09:00-14:00, 16:00-19:00", not {show(word)}')
    h1, m1, h2, m2 = (int(part) for part in found.groups())
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or end > 24 * 60:
        raise ValueError(f"{show(word)} is no time of day; the last is 24:00")
    if end <= start:
        raise ValueError(
            f"{show(word)} must end after it starts; past midnight, write two days"
        )
    return start, end


def days_of(key: str) -> list[int]:
    """The weekdays (Monday is 0) a key such as `mon-thu` stands for."""
    first, _, last = key.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _holiday(value: object, info: ValidationInfo) -> date | str:
    """A day, a region's code, or the full path of an .ics file; read once as a check."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        kinds = 'a day, a code such as "ES-MD" or an .ics file'
        raise ValueError(f"must be {kinds}, not {show(value)}")
    spec = str(base_of(info) / value) if value.lower().endswith(".ics") else value
    closed_days([spec], ())
    return spec


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{show(value)} is no day such as 2026-12-24") from None


def _short(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {_day(key): hours for key, hours in value.items()}


_Hours = Annotated[Hours, PlainValidator(hours), Schema({"type": "string"})]
_Holiday = Annotated[date | str, PlainValidator(_holiday), Schema({"type": "string"})]


def _schema(schema: dict[str, Any]) -> None:
    """In the file the days are keys of the table itself."""
    schema["properties"].pop("(days)")
    schema["patternProperties"] = {f"^{_DAY_KEY.pattern}$": {"type": "string"}}


class Calendar(Table):
    model_config = ConfigDict(json_schema_extra=_schema)

    timezone: MaybeZone = default("")  #: None is the desk's
    day: MaybeSpan = default("")  #: None is the longest ordinary day: see `working_day`
    holidays: Annotated[tuple[_Holiday, ...], Field(strict=False)] = ()
    short: Annotated[
        dict[date, _Hours],
        BeforeValidator(_short),
        Schema({"type": "object", "additionalProperties": {"type": "string"}}),
    ] = default({})
    days: dict[str, _Hours] = Field(default={}, alias="(days)")  #: by key, as written

    @model_validator(mode="before")
    @classmethod
    def _gather_days(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        days = {key: value for key, value in data.items() if _DAY_KEY.fullmatch(key)}
        return {key: value for key, value in data.items() if key not in days} | {"(days)": days}

    @model_validator(mode="after")
    def _week_is_sound(self) -> Self:
        seen: dict[int, str] = {}
        for key in self.days:
            for day in days_of(key):
                if day in seen:
                    raise Wrong(key, f"{DAYS[day]} is also set by {seen[day]}")
                seen[day] = key
        if not any(self.week):
            raise Wrong("", 'has no working hours: write for example mon-fri = "09:00-17:00"')
        if self.day and self.day > timedelta(hours=24):
            raise Wrong("day", "must not be longer than 24h")
        return self

    @property
    def week(self) -> tuple[Hours, ...]:
        """Hours of each weekday, Monday first; () on a closed one."""
        by_day = {day: spans for key, spans in self.days.items() for day in days_of(key)}
        return tuple(by_day.get(day, ()) for day in range(7))

    @property
    def working_day(self) -> timedelta:
        """How long `d` is in durations of working time."""
        longest = max(sum(end - start for start, end in spans) for spans in self.week)
        return self.day or timedelta(minutes=longest)
