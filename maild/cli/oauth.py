"""`maild oauth`: signing in to mail providers with a token in place of a password."""

import sys
from typing import Annotated

import typer

app = typer.Typer(help="Signing in to Google, Microsoft 365 and others.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Signing in to Google, Microsoft 365 and others."""


@app.command()
def login(
    ctx: typer.Context,
    mailbox: Annotated[
        str, typer.Argument(help="[mailbox.NAME] of the config; or relay, relay.alerts.")
    ],
    device: Annotated[
        bool, typer.Option("--device", help="By a code typed in on another device.")
    ] = False,
) -> None:
    """Sign in once; the token is kept in the store, renewed by itself and never shown."""
    from maild.cli.context import opened
    from maild.clock import SystemClock
    from maild.config.faults import did_you_mean
    from maild.errors import ConfigError
    from maild.oauth.grants import renewed
    from maild.oauth.sign_in import in_browser, on_device
    from maild.store.store import new_holder
    from maild.store.tokens import Tokens
    from maild.wiring.accounts import accounts

    clock = SystemClock()
    with opened(ctx) as (settings, store):
        known = accounts(settings)
        if mailbox not in known:
            names = ", ".join(known) or "there is none"
            hint = did_you_mean(mailbox, list(known))
            raise ConfigError(f'no account "{mailbox}" with oauth in the config{hint}: {names}')
        client = known[mailbox].client
        if not client.needs_a_person:
            token = renewed(client, None, clock.now())
        elif device or client.flow == "device":
            token = on_device(client, clock=clock, say=typer.echo)
        else:
            token = in_browser(client, clock=clock, say=typer.echo, pasted=sys.stdin)
        Tokens(store.engine, store.leases, new_holder()).keep(mailbox, token)
    typer.echo(f"Signed in: {mailbox}. The token renews itself.")
    if client.needs_a_person and not token.refresh:
        typer.echo("But the provider gave no refresh token: is offline access allowed?")
        raise typer.Exit(1)
