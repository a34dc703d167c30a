"""`[desk]`, `[store]`, `[agent.*]` and `[department.*]`: who works here, under what name."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from maild.config.duration import show
from maild.config.table import Table, default
from maild.config.values import (
    Addresses,
    EmailAddress,
    Globs,
    InPath,
    Name,
    Names,
    StoreUrl,
    Template,
    Text,
    Zone,
)

_DAY_OFF = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/(\d{4}-\d{2}-\d{2}))?")


def tag_for(desk_name: str) -> str:
    """The mark that subjects carry, where the config gives none: `Soporte ACME` -> `ACME`."""
    words: list[str] = re.findall(r"[^\W_]+", desk_name)
    capitals = [word for word in words if len(word) > 1 and word.isupper()]
    return (capitals or [word.upper() for word in words] or ["DESK"])[0][:20]


def _tag(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\W_][\w.-]{0,19}", value):
        raise ValueError("must be a word of at most 20 letters, digits, dots and hyphens")
    return str(value)


class Desk(Table):
    name: Name
    tag: Annotated[str, PlainValidator(_tag), WithJsonSchema({"type": "string"})]
    address: EmailAddress
    reply_to: Template = default("{local}+{token}@{domain}")
    language: Name = default("es")
    timezone: Zone = default("UTC")
    admins: Addresses = ()
    mode: Literal["live", "pilot", "shadow"] = "live"
    pilot_for: Globs = ()
    state_dir: InPath = default("var")
    templates: InPath = default("templates")

    @model_validator(mode="before")
    @classmethod
    def _derive_tag(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("name"), str):
            return {"tag": tag_for(data["name"])} | data
        return data


class Store(Table):
    url: StoreUrl = default("sqlite:///var/maild.db")


def _away(value: object) -> tuple[date, date]:
    found = _DAY_OFF.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(
            f'must be first and last day: "2026-08-01/2026-08-15", not {show(value)}'
        )
    try:
        first = date.fromisoformat(found[1])
        last = date.fromisoformat(found[2] or found[1])
    except ValueError:
        raise ValueError(f"{show(value)} names a day that does not exist") from None
    if last < first:
        raise ValueError(f"{show(value)} ends before it begins")
    return first, last


def _levels(value: object) -> tuple[int, ...]:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(type(number) is int and number > 0 for number in numbers):
        raise ValueError(f"must be a level such as 1, or several: [1, 2]; not {show(value)}")
    return tuple(numbers)


class Agent(Table):
    name: Name
    email: EmailAddress
    aliases: Addresses = ()
    digest: bool = True
    signature: Annotated[str, Field(strict=True)] = ""
    away: Annotated[
        tuple[
            Annotated[
                tuple[date, date], PlainValidator(_away), WithJsonSchema({"type": "string"})
            ],
            ...,
        ],
        Field(strict=False),
    ] = ()
    departments: Names = ()
    level: Annotated[
        tuple[int, ...],
        PlainValidator(_levels),
        WithJsonSchema(
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}
        ),
    ] = default(1)


class Department(Table):
    name: Name
    address: EmailAddress
    calendar: Text = ""  #: "" is around the clock, every day
    assign: Literal["round_robin", "least_busy", "none"] = "least_busy"
    supervisors: Addresses = ()
    language: Text = ""  #: "" is the desk's
