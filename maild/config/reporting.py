"""`[report.*]` and `[kb]`: what supervisors read, and what customers may read."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from maild.config.duration import Duration, show
from maild.config.faults import Wrong, did_you_mean
from maild.config.table import Table, default
from maild.config.values import Addresses, Globs, InPath, Text

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PERIODS = ("yesterday", "last week", "last month", "last 30 days")
TIMES = ("first_response", "next_response", "resolution")
SHARES = ("fcr", "one_touch", "csat", "sla", "response_rate", "reopened")
_EVERY = re.compile(r"(?:(day)|([a-z]+)|month\s+(\d{1,2}))\s+(\d{1,2}):(\d{2})")
_STRING = WithJsonSchema({"type": "string"})


@dataclass(frozen=True, slots=True)
class Every:
    """When a report is due: each day, each week or each month, at a time of day."""

    hour: int
    minute: int
    weekday: int | None = None  #: Monday is 0
    day: int | None = None  #: of the month


def every(value: object) -> Every:
    shape = 'must be "day 08:00", "monday 08:00" or "month 1 08:00"'
    found = _EVERY.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if not found or int(found[4]) > 23 or int(found[5]) > 59:
        raise ValueError(f"{shape}, not {show(value)}")
    hour, minute = int(found[4]), int(found[5])
    if found[3]:
        if not 1 <= int(found[3]) <= 28:
            raise ValueError("the day of the month must be 1 to 28, which every month has")
        return Every(hour, minute, day=int(found[3]))
    if found[1]:
        return Every(hour, minute)
    if found[2] not in WEEKDAYS:
        raise ValueError(f"{shape}, not {show(value)}{did_you_mean(found[2], WEEKDAYS)}")
    return Every(hour, minute, weekday=WEEKDAYS.index(found[2]))


def goals(value: object) -> dict[str, Duration | float]:
    """Times are working time, shares are 0 to 1; `level_N` is the time at a level."""
    if not isinstance(value, dict):
        raise ValueError("must be a table such as { fcr = 0.70 }")
    return {key: _target(key, goal) for key, goal in value.items()}


def _target(key: str, goal: object) -> Duration | float:
    known = (*TIMES, *SHARES, "level_1", "level_2", "level_3")
    if key in TIMES or re.fullmatch(r"level_[1-9]", key):
        try:
            return Duration.parse(goal)
        except ValueError as error:
            raise Wrong(key, str(error)) from None
    if key not in SHARES:
        raise Wrong(key, f"is no figure that can have a target{did_you_mean(key, known)}")
    if isinstance(goal, bool) or not isinstance(goal, int | float) or not 0 <= goal <= 1:
        raise Wrong(key, f"must be a share from 0 to 1, not {show(goal)}")
    return float(goal)


class Report(Table):
    to: Annotated[Addresses, Field(min_length=1)]
    every: Annotated[Every, PlainValidator(every), _STRING]
    period: Literal["yesterday", "last week", "last month", "last 30 days"] = "last week"
    department: Text = ""  #: "" is all of them
    language: Text = ""  #: "" is the desk's
    agents: bool = False
    exclude_senders: Globs = ()
    targets: Annotated[
        dict[str, Duration | float], PlainValidator(goals), WithJsonSchema({"type": "object"})
    ] = default({})


class Kb(Table):
    folder: InPath = default("kb")
    suggest: Annotated[int, Field(ge=0, le=10)] = 3
    owner: Text = ""  #: an address or an agent; "" is the admins
