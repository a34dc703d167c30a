"""`maild sla`: one ticket's clocks, and a past period under other rules."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maild.config.settings import Settings
    from maild.reports.periods import Period
    from maild.sla.what_if import WhatIf
    from maild.store import Store

WHAT_IF = "what-if"


def sla(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="N|what-if", help="A ticket's number.")],
    other: Annotated[
        Path | None,
        typer.Option("--with", metavar="NEW.toml", help="what-if: the other configuration."),
    ] = None,
    period: Annotated[
        str, typer.Option(help='what-if: "last week", or YYYY-MM-DD/YYYY-MM-DD.')
    ] = "last month",
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show a ticket's clocks as a timeline; or compare a period under another config."""
    from maild.cli.context import opened

    with opened(ctx) as (settings, store):
        if what == WHAT_IF:
            _compare(settings, store, other, period, as_json=json)
        elif what.isdecimal():
            _show(settings, store, int(what), as_json=json)
        else:
            message = f'"{what}" is neither a ticket\'s number nor {WHAT_IF}'
            raise typer.BadParameter(message, param_hint="N")


def _show(settings: "Settings", store: "Store", number: int, *, as_json: bool) -> None:
    from maild.cli.context import print_json
    from maild.clock import SystemClock
    from maild.config.promises import rulebook
    from maild.errors import NotFound
    from maild.sla import timeline
    from maild.sla.clocks import clocks

    ticket = store.cases.ticket(number)
    if ticket is None:
        raise NotFound(f"there is no ticket {number}")
    now = SystemClock().now()
    book = rulebook(settings, now.year)
    states = clocks(store.cases.events(number), book, now, ticket=ticket)
    if as_json:
        print_json({"ticket": number, "clocks": timeline.as_json(states)})
        return
    print("\n".join(timeline.lines(states, settings.desk.language)))


def _compare(
    settings: "Settings", store: "Store", other: Path | None, period: str, *, as_json: bool
) -> None:
    from maild.cli.context import print_json
    from maild.clock import SystemClock
    from maild.config import load
    from maild.config.promises import rulebook
    from maild.model.as_json import timestamp
    from maild.sla.what_if import what_if

    if other is None:
        raise typer.BadParameter("what-if needs the other configuration", param_hint="--with")
    now = SystemClock().now()
    wanted = _period(period, settings)
    start, end = wanted.start, min(wanted.end, now)
    result = what_if(
        ((h.ticket, h.events) for h in store.histories.around(start, end)),
        before=rulebook(settings, wanted.first.year),
        after=rulebook(load(other, secrets=False), wanted.first.year),
        period=(start, end),
    )
    if as_json:
        label = wanted.label(settings.desk.language)
        told = {"start": timestamp(wanted.start), "end": timestamp(wanted.end), "label": label}
        print_json({"period": told, **result.as_json()})
        return
    print(wanted.label(settings.desk.language), file=sys.stderr)
    _print(result)


def _period(text: str, settings: "Settings") -> "Period":
    from zoneinfo import ZoneInfo

    from maild.clock import SystemClock
    from maild.reports.periods import period_of

    try:
        return period_of(text, SystemClock().now(), ZoneInfo(str(settings.desk.timezone)))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error


def _print(result: "WhatIf") -> None:
    from rich.console import Console
    from rich.table import Table

    counts = result.as_json()
    table = Table("Clock", "Met", "Breached", "Met then", "Breached then")
    for clock, before in counts["before"].items():
        after = counts["after"][clock]
        numbers = (before["met"], before["breached"], after["met"], after["breached"])
        table.add_row(clock, *map(str, numbers))
    console = Console()
    console.print(table)
    for line in counts["tickets"]:
        was, would = line["before"] or "—", line["after"] or "—"
        console.print(f"#{line['ticket']} {line['clock']}: {was} → {would}", highlight=False)
