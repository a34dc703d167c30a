"""What every table of the config has in common: frozen, strict, no unknown keys.

Defaults are written as the file would write them (`default("15m")`) and go through the same
parsing, so that there is one form and one place for each.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo


@dataclass(frozen=True, slots=True)
class Reading:
    """What parsing a value may need to know of its file."""

    base: Path = Path()  #: the folder that relative paths start from


class Table(BaseModel):
    """A table of config.toml."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True,
        arbitrary_types_allowed=True, hide_input_in_errors=True,
    )  # fmt: skip


def default(value: Any, **more: Any) -> Any:
    """A default as the file would write it."""
    return Field(default=value, **more)


def base_of(info: ValidationInfo) -> Path:
    """The folder that relative paths of this file start from."""
    return info.context.base if isinstance(info.context, Reading) else Path()
