"""Single values out of a line of JSON: each is what it should be, or `Unreadable` says where
and what is wrong, with the nearest right word."""

from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from maild.model.mail import Address

W = TypeVar("W", bound=StrEnum)

MAX_LEVEL: Final = 100
MAX_NUMBER: Final = 2**31 - 1
MAX_TEXT: Final = 10_000_000
UNKNOWN: Final = "unknown@invalid"  #: the address of somebody whose address nothing tells


class Unreadable(ValueError):
    """A line that is no ticket; the message names the place and what is wrong."""


def wrong(where: str, what: str) -> NoReturn:
    raise Unreadable(f"{where}: {what}")


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        wrong(where, f"{shown(value)} is no text")
    if len(value) > MAX_TEXT:
        wrong(where, "too long")
    return value.replace("\0", "") if "\0" in value else value


def text_or_none(value: Any, where: str) -> str | None:
    return None if value is None else text(value, where)


def number(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        wrong(where, f"{shown(value)} is no number")
    return value


def number_or_none(value: Any, where: str) -> int | None:
    return None if value is None else number(value, where)


def small(value: Any, where: str) -> int:
    if number(value, where) > MAX_LEVEL:
        wrong(where, f"{value} is too large")
    return int(value)


def instant(value: Any, where: str) -> datetime:
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            wrong(where, f"{shown(value)} is no time (ISO 8601)")
        if at.tzinfo is None:
            wrong(where, f"{shown(value)} has no time zone")
        return at.astimezone(UTC) if at.tzinfo is not UTC else at
    wrong(where, f"{shown(value)} is no time (ISO 8601)")


def instant_or_none(value: Any, where: str) -> datetime | None:
    return None if value is None else instant(value, where)


def word(words: type[W], value: Any, where: str) -> W:
    try:
        return words(value)
    except ValueError:
        known = [word.value for word in words]
        near = get_close_matches(str(value), known, n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else f" ({', '.join(known)})"
        wrong(where, f"unknown {shown(value)}{hint}")


def object_of(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        wrong(where, f"{shown(value)} is no object")
    return value


def list_of(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        wrong(where, f"{shown(value)} is no list")
    return value


def listed(line: dict[str, Any], name: str) -> Iterable[tuple[int, Any]]:
    return enumerate(list_of(line.get(name), name))


def texts(value: Any, where: str) -> tuple[str, ...]:
    return tuple(text(v, f"{where}[{i}]") for i, v in enumerate(list_of(value, where)))


def person(value: Any, where: str) -> Address | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Address("", value)
    value = object_of(value, where)
    name = text(value.get("name") or "", f"{where}.name")
    return Address(name, text(value.get("email") or UNKNOWN, f"{where}.email"))
