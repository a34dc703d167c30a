"""`maild parse`: how raw messages are understood; touches no store."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def parse(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...")] = None,
    *,
    batch: Annotated[bool, typer.Option(help="Read paths from stdin, one a line.")] = False,
    content: Annotated[bool, typer.Option(help="Add each attachment, in base64.")] = False,
) -> None:
    """Show how a raw message is understood, one JSON object a line.

    Reads the FILEs, or a message from stdin. Exit status 1 if a file could not be read.
    """
    from maild.cli.mail_lines import lines

    paths: Iterable[str] = [str(path) for path in files or ()]
    if batch:
        paths = (line.rstrip("\r\n") for line in sys.stdin if line.strip())
    unreadable = 0
    for line, readable in lines(paths if batch or files else None, content=content):
        sys.stdout.buffer.write(line + b"\n")
        unreadable += not readable
    sys.stdout.buffer.flush()
    if unreadable:
        raise typer.Exit(1)
