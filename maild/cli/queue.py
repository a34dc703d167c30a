"""`maild queue`: what waits at both ends, and what to do about it."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="What is not done yet: incoming and outgoing.", no_args_is_help=False)
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="From the first column: in17, out23; or held: all automatic letters held back.",
    ),
]
HELD = "held"


@app.callback(invoke_without_command=True)
def show(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Intake and outgoing mail that is not done yet."""
    if ctx.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from maild.cli.context import opened, print_json
    from maild.clock import SystemClock
    from maild.model.as_json import timestamp

    with opened(ctx) as (_, store):
        counts, items = store.browse.counts(), store.browse.queue()
        muted = store.browse.muted(SystemClock().now())
    if json:
        listed = [asdict(item) | {"next_at": timestamp(item.next_at)} for item in items]
        spared = [asdict(one) | {"until": timestamp(one.until)} for one in muted]
        print_json(counts | {"items": listed, "muted": spared})
        return
    from maild.cli.listing import print_table

    print_table(
        ("ID", "What", "Kind", "Ticket", "To", "State", "Tries", "Next", "Error"),
        [
            (
                item.id,
                item.what,
                item.kind,
                item.ticket,
                item.to,
                item.state,
                item.attempts,
                f"{item.next_at:%Y-%m-%d %H:%M}" if item.next_at else "",
                item.error,
            )
            for item in items
        ],
        nothing="Nothing waits.",
        gives_way="Error",
    )
    for name, states in counts.items():
        print(f"{name}: " + ", ".join(f"{n} {state}" for state, n in states.items()))
    for one in muted:
        told = f": {one.reason}" if one.reason else ""
        print(f"no automatic letters to {one.email} until {one.until:%Y-%m-%d}{told}")


@app.command()
def retry(ctx: typer.Context, item: Id) -> None:
    """Try again now: a letter that waits, a message that failed, a mail that was a stub."""
    from maild.cli.context import opened
    from maild.clock import SystemClock

    what, number = _parse(item)
    with opened(ctx) as (_, store):
        if what == HELD:
            _say(store.browse.release_held(SystemClock().now()), "may leave")
            return
        if what == "out":
            found = store.browse.retry_letter(number, SystemClock().now())
        else:
            found = store.intake.again(number)
    _must(item, found)


@app.command()
def drop(ctx: typer.Context, item: Id) -> None:
    """Give up: the letter does not leave, the message opens nothing (both stay on record)."""
    from maild.cli.context import opened

    what, number = _parse(item)
    with opened(ctx) as (_, store):
        browse = store.browse
        if what == HELD:
            _say(browse.drop_held(), "will not leave")
            return
        found = browse.drop_letter(number) if what == "out" else browse.drop_intake(number)
    _must(item, found)


@app.command()
def raw(ctx: typer.Context, item: Id) -> None:
    """The raw bytes of an incoming message, to stdout."""
    from maild.cli.context import opened

    what, number = _parse(item)
    with opened(ctx) as (_, store):
        content = store.browse.raw(number) if what == "in" else None
    _must(item, content is not None)
    sys.stdout.buffer.write(content or b"")


@app.command()
def unmute(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(help="As `maild queue` lists it.")],
) -> None:
    """Automatic letters again for an address that failed: it works now."""
    from maild.cli.context import opened
    from maild.errors import NotFound

    with opened(ctx) as (_, store):
        if not store.browse.unmute(address):
            raise NotFound(f"{address} gets automatic letters already")


def _say(number: int, what: str) -> None:
    print(f"{number} letters {what}." if number else "Nothing is held back.")


def _parse(item: str) -> tuple[str, int]:
    if item.lower() == HELD:
        return HELD, 0
    for what in ("in", "out"):
        digits = item.lower().removeprefix(what)
        if digits != item.lower() and digits.isdecimal():
            return what, int(digits)
    raise typer.BadParameter(
        f'"{item}" is no ID of `maild queue` (such as in17, out23 or held)'
    )


def _must(item: str, found: bool) -> None:
    from maild.errors import NotFound

    if not found:
        raise NotFound(f"nothing in the queue is called {item}")
