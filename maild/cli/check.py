"""`maild check`: everything that is wrong with the configuration, before it hurts."""

import json as jsonlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maild.config.settings import Settings
    from maild.rules import Facts


def check(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Validate config, templates, rules and calendars; exit 2 on any fault."""
    from maild.clock import SystemClock
    from maild.config import find_config
    from maild.config.inspection import inspect
    from maild.config.shown import as_json, as_text

    today = SystemClock().now().date()
    path = find_config(ctx.obj["config"])
    found = inspect(path, first=today, last=today + timedelta(days=365), read=_read)
    print(
        jsonlib.dumps(as_json(found), ensure_ascii=False, indent=2) if json else as_text(found)
    )
    raise typer.Exit(2 if found.faults else 0)


def _read(settings: "Settings", path: Path) -> "Facts":
    """A golden mail; what reads mail is loaded only where there is one."""
    from maild.trial import golden_reader

    with golden_reader() as read:
        return read(settings, path)
