"""Two column types that mean the same on both engines."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import BigIntegerField, TextField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_micros(at: datetime) -> int:
    """Microseconds since 1970, exact (a float would round)."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC instant again."""
    return _EPOCH + timedelta(microseconds=value)


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


def to_json(value: Any) -> str:
    return _ENCODER.encode(value)


class InstantField(BigIntegerField):
    """An instant as whole microseconds: the drivers disagree about date types."""

    def db_value(self, value: Any) -> int | None:
        return to_micros(value) if isinstance(value, datetime) else value

    def python_value(self, value: Any) -> datetime | None:
        return instant_or_none(value)


class JsonField(TextField):
    """JSON as text: read whole, never searched inside."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else to_json(value)

    def python_value(self, value: Any) -> Any:
        return None if value is None else json.loads(value)
