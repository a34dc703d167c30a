"""`maild forget`: erase a person."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def forget(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's address.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Erase a person: words, names, raw mail, files. The figures stay."""
    from dataclasses import asdict

    from maild.cli.context import opened, print_json
    from maild.errors import ConfigError
    from maild.store.erasure import scour
    from maild.store.oblivion import forget as erase

    if "@" not in email:
        raise typer.BadParameter(f'"{email}" is no address', param_hint="EMAIL")
    with opened(ctx) as (settings, store):
        house = {
            address.casefold()
            for agent in settings.agent.values()
            for address in (agent.email, *agent.aliases)
        } | {department.address.casefold() for department in settings.department.values()}
        if email.casefold() in house:
            raise ConfigError(f"{email} belongs to the desk: take it out of the config first")
        store.intake.enter_all()
        done = erase(store.engine, email, outgoing=Path(settings.desk.state_dir) / "outgoing")
        scour(store.engine)
        if store.arrivals is not None:
            store.arrivals.tidy()
        copies = [] if store.engine.postgres else _old_copies(store.engine.path)
    for copy in copies:
        print(f"{copy}: a copy of the store from before an upgrade; delete it", file=sys.stderr)
    if done.still_waiting:
        print(f"{done.still_waiting} letters to others that may repeat his words wait to be "
              "sent: run this again once they have left", file=sys.stderr)  # fmt: skip
    if json:
        print_json(asdict(done))
    elif done.nothing:
        print(f"nothing is kept on {email}")
    else:
        print(", ".join(f"{n} {what.replace('_', ' ')}" for what, n in asdict(done).items()))


def _old_copies(path: Path) -> list[Path]:
    """What migrations left beside the store."""
    return sorted(path.parent.glob(f"{path.name}.v*"))
