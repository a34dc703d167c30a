"""`maild verify`: every message and every letter accounted for."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maild.store.ledger import Accounts


def verify(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Account for every message ever taken in and every letter; exit 1 if any is missing."""
    from maild.cli.context import opened, print_json
    from maild.store.ledger import verify as look

    with opened(ctx) as (_, store):
        store.intake.enter_all()
        accounts = look(store.engine)
    if json:
        print_json(
            {
                "ok": accounts.balanced,
                "arrived": accounts.arrived,
                "messages": accounts.messages,
                "written": accounts.written,
                "letters": accounts.letters,
                "calls": accounts.calls,
                "unaccounted": accounts.unaccounted,
                "faults": [fault._asdict() for fault in accounts.faults],
            }
        )
    else:
        _print(accounts)
    raise typer.Exit(0 if accounts.balanced else 1)


def _print(accounts: "Accounts") -> None:
    missing = accounts.unaccounted
    for name, total, parts, unaccounted in (
        ("arrived", accounts.arrived, accounts.messages, missing["messages"]),
        ("letters", accounts.written, accounts.letters, missing["letters"]),
    ):
        print(f"{name} {total} = {_sum(parts)}; unaccounted {unaccounted}")
    if accounts.calls:
        print(f"webhook calls {sum(accounts.calls.values())} = {_sum(accounts.calls)}")
    for fault in accounts.faults:
        print(f"{fault.where}: {fault.what}")


def _sum(parts: dict[str, int]) -> str:
    return " + ".join(f"{count} {what}" for what, count in parts.items()) or "0"
