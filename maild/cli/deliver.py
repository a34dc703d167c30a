"""`maild deliver`: the intake as a pipe, for mail systems that run a program."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def deliver(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="One raw message each; else stdin.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", help="The envelope sender (MAIL FROM).")
    ] = None,
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", help="The envelope recipient(s).")
    ] = None,
) -> None:
    """Take raw messages into the intake; exit 0 only after they are durable, 75 if not."""
    from maild.cli.context import opened
    from maild.errors import ConfigError, StoreUnusable, Temporary
    from maild.model.mail import Envelope

    envelope = Envelope("pipe", sender, tuple(recipient or ()))
    try:
        raws = [path.read_bytes() for path in files] if files else [sys.stdin.buffer.read()]
    except OSError as error:
        raise Temporary(f"{error.filename}: {error.strerror}") from error
    if not all(raws):
        raise ConfigError("an empty message")
    try:
        with opened(ctx) as (_, store):
            store.intake.take_many([(raw, envelope) for raw in raws])
    except (ConfigError, StoreUnusable) as error:
        # a mail system that hears anything but "later" sends the mail back to its sender
        raise Temporary(str(error)) from error
