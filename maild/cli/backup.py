"""`maild backup`: a copy of the store while the daemon works."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
) -> None:
    """Copy the store as it stands now; the daemon goes on."""
    from maild.cli.context import opened
    from maild.store.backup import back_up

    with opened(ctx) as (_, store):
        store.intake.enter_all()
        back_up(store.engine, file)
    print(f"{file}: {file.stat().st_size} bytes", file=sys.stderr)
