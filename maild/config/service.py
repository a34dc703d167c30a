"""What is promised and when: levels, SLA, escalation, rules, surveys and a ticket's life."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from maild.config.duration import Duration, show
from maild.config.faults import Wrong, did_you_mean
from maild.config.table import Table, default
from maild.config.values import (
    Globs,
    MaybePath,
    MaybeSpan,
    MaybeWorkingTime,
    Name,
    Names,
    Span,
    Text,
    address,
)

NOTIFIED = ("assignee", "level", "department", "supervisors", "next_level")
_AT = re.compile(r"(\d{1,4})\s*%(?:\s*\+\s*(.+))?")


class Level(Table):
    name: Text = ""
    time: MaybeWorkingTime = default("")


def numbered(value: object) -> object:
    """TOML keys are text; levels are numbers from 1 without a gap."""
    if not isinstance(value, dict):
        return value
    for number, key in enumerate(value, 1):
        if not re.fullmatch(r"[1-9]", key):
            raise Wrong(key, "levels are numbers from 1 to 9")
        if int(key) != number:
            raise Wrong(key, f"levels go up from 1 one by one: here {number} is expected")
    return {int(key): level for key, level in value.items()}


Levels = Annotated[dict[int, Level], BeforeValidator(numbered)]


class Targets(Table):
    """How long each clock of an SLA may run; None is no deadline."""

    first_response: MaybeWorkingTime = default("")
    next_response: MaybeWorkingTime = default("")
    resolution: MaybeWorkingTime = default("")


class SlaWhen(Table):
    """Which tickets an SLA is for; a list means any of them, all that is named must hold."""

    department: Names = ()
    channel: Names = ()
    category: Names = ()
    language: Names = ()
    tags: Names = ()
    from_: Globs = Field(default=(), alias="from")

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            key: [value] if isinstance(value, str) else value for key, value in data.items()
        }


class Sla(Table):
    name: Name
    when: SlaWhen = default({})
    calendar: Text = ""  #: "" is the department's
    urgent: Targets | None = None
    high: Targets | None = None
    normal: Targets | None = None
    low: Targets | None = None

    @model_validator(mode="after")
    def _promises_something(self) -> Self:
        if not (self.urgent or self.high or self.normal or self.low):
            raise Wrong("normal", "is missing: an SLA needs targets for at least one priority")
        return self


@dataclass(frozen=True, slots=True)
class At:
    """A point of a clock: a share of its target, and working time after that."""

    percent: int
    after: Duration | None = None


def at(value: object) -> At:
    found = _AT.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not 1 <= int(found[1]) <= 1000:
        raise ValueError(f'must be a share such as "80%", or "100% + 1h", not {show(value)}')
    return At(int(found[1]), Duration.parse(found[2]) if found[2] else None)


def notified(value: object) -> str:
    """One of the words for people of a ticket, or an address."""
    if isinstance(value, str) and value in NOTIFIED:
        return value
    if isinstance(value, str) and "@" in value:
        return address(value)
    near = did_you_mean(value, NOTIFIED) if isinstance(value, str) else ""
    words = ", ".join(NOTIFIED)
    raise ValueError(f"must be {words} or an address, not {show(value)}{near}")


_STRING = WithJsonSchema({"type": "string"})
Notified = Annotated[
    tuple[Annotated[str, PlainValidator(notified), _STRING], ...], Field(strict=False)
]


class Escalation(Table):
    clock: Literal["", "first_response", "next_response", "resolution", "level"] = ""
    at: Annotated[At, PlainValidator(at), _STRING]
    notify: Notified = ()
    raise_level: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.notify and not self.raise_level:
            raise Wrong("notify", "is missing: this step would do nothing")
        if self.raise_level and self.clock != "level":
            raise Wrong("raise_level", 'needs clock = "level"')
        return self


class RuleTest(Table):
    """A golden mail: what the rules have to make of it."""

    mail: MaybePath = default("")
    subject: str = ""
    body: str = ""
    from_: Text = Field(default="", alias="from")
    on: Literal["new", "reply"] = "new"
    expect: dict[str, Any]

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if self.mail and (self.subject or self.body or self.from_):
            raise Wrong("mail", "stands alone: a mail has its own subject, body and from")
        if not (self.mail or self.subject or self.body or self.from_):
            raise Wrong("mail", "is missing: give a mail, or a subject, body or from")
        if not self.expect:
            raise Wrong("expect", "is empty: such a test can never fail")
        if self.mail and not self.mail.is_file():
            raise Wrong("mail", f"there is no file {self.mail}")
        return self


class Rule(Table):
    """`when` and `then` are checked by `maild.rules`, which knows the words."""

    name: Name
    on: Annotated[tuple[Literal["new", "reply"], ...], Field(strict=False, min_length=1)] = (
        "new",
    )
    when: dict[str, Any] = default({})
    then: dict[str, Any]
    test: list[RuleTest] = default([])


class Cluster(Table):
    from_: Globs = Field(alias="from", min_length=1)
    window: Span = default("30m")


class Survey(Table):
    scale: Literal[5] = 5
    expires: Span = default("30d")
    after: MaybeSpan = default("")
    remind_after: MaybeSpan = default("")
    per_person: Span = default("7d")

    @model_validator(mode="after")
    def _reminds_in_time(self) -> Self:
        if self.remind_after and self.remind_after >= self.expires:
            raise Wrong("remind_after", "must be shorter than expires")
        return self


class Lifecycle(Table):
    close_after: Span = default("14d")
    reopen_window: Span = default("14d")
    closed_letter: bool = False
    pending_close_after: MaybeSpan = default("")
    retarget_grace: Span = default("15m")

    @model_validator(mode="after")
    def _reopens_before_it_closes(self) -> Self:
        if self.reopen_window > self.close_after:
            raise Wrong("reopen_window", "must not be longer than close_after")
        return self
