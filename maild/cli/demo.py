"""`maild demo`: see the desk at work before configuring anything."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the desk running when the story ends.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to leave the mails (else a new one).")
    ] = None,
) -> None:
    """Play a story on a throw-away desk: no configuration, no network."""
    from tempfile import mkdtemp

    from rich.console import Console

    from maild.demo.stage import Stage
    from maild.demo.story import CONFIG, Teller, play
    from maild.errors import ConfigError

    console = Console()
    where = folder or Path(mkdtemp(prefix="maild-demo-"))
    where.mkdir(parents=True, exist_ok=True)
    if any(where.iterdir()):
        raise ConfigError(f"{where} is not empty: the demo begins with a desk of its own")
    with Stage(where, CONFIG) as stage:
        play(stage, Teller(console))
        console.rule(style="blue")
        console.print(f"All the mails, as each person got them: [bold]{stage.mails}[/bold]")
        console.print(f"The report, for a browser: [bold]{where / 'report/report.html'}[/bold]")
        if keep:
            console.print(
                f"The desk runs on: SMTP 127.0.0.1:{stage.smtp}, "
                f"pages http://127.0.0.1:{stage.portal}/ (Ctrl-C ends it)\n"
                f"    maild -c {stage.config_path} list"
            )
            stage.wait()
