"""`maild report NAME`: one report now."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A report of the config: [report.NAME].")],
    period: Annotated[
        str, typer.Option("--period", help='"last week", or YYYY-MM-DD/YYYY-MM-DD.')
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write letter, CSVs and pictures here.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send it to the report's recipients.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Make one report now."""
    from maild.app import build
    from maild.cli.context import config_path, print_json
    from maild.config import load

    app = build(load(config_path(ctx), secrets=False))
    now = app.clock.now()
    with app.opened() as store:
        reporting = app.reporting(store)
        try:
            made = reporting.make(name, period, now)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--period") from error
        if json:
            print_json(made.figures)
        if out is not None:
            for path in reporting.files(made, now, out):
                typer.echo(path, err=json)
        if send:
            with store.write():
                recipients = reporting.named(name).to
                reporting.send(made, recipients, now, f"report:{name}:{now.isoformat()}")
        if not (json or out or send):
            letter = reporting.letter(made, reporting.named(name).to[0], now)
            typer.echo(letter.text)
