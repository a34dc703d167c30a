"""`maild init`: a first config.toml and the templates to edit."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maild.config.fresh import Answers


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write; it is made if need be.")
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: write the example.")] = False,
) -> None:
    """Write a commented config.toml and the templates to edit; refuses to overwrite."""
    from maild.config.fresh import refuse_to_overwrite, write

    refuse_to_overwrite(folder)
    asked = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    for path in write(folder, _ask() if asked else None):
        print(f"wrote {path}")
    if asked:
        print(
            'The desk is in shadow mode: letters are kept, none leaves. mode = "live" lifts it.'
        )
    print(f"Next: put your people into {folder / 'config.toml'}, then `maild check`.")


def _ask() -> "Answers":
    """The five things only the desk's owner knows; each is asked until it can be right."""
    from maild.config import values
    from maild.config.fresh import Answers, local_language, local_timezone
    from maild.config.templates import known_language

    return Answers(
        name=_question("Name of the desk", values.name, default="Soporte"),
        address=_question("Support address (mail to it opens tickets)", values.address),
        language=_question("Language (es, en)", known_language, default=local_language()),
        timezone=_question(
            "Time zone", lambda word: str(values.timezone(word)), default=local_timezone()
        ),
        admin=_question("Address of the admin (told of trouble)", values.address),
    )


def _question(text: str, read: Callable[[object], str], *, default: str | None = None) -> str:
    while True:
        answer: str = typer.prompt(text, default=default)
        try:
            return read(answer.strip())
        except ValueError as error:
            print(f"  {error}", file=sys.stderr)
