"""`maild doctor`: everything the desk needs of the world, tried."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from maild.app import App
    from maild.health.finding import Check, Finding
    from maild.health.servers import Server
    from maild.store import Store
    from maild.wiring.accounts import Account

_SIGNS = {"ok": "ok  ", "warning": "warn", "failed": "FAIL", "skipped": "--  "}
_IMPATIENT = {"connect_wait": 10.0, "read_wait": 15.0}


def doctor(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    round_trip: Annotated[
        bool, typer.Option(help="Send a mail out and wait for it to come back.")
    ] = True,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for the mail to come back.", min=1)
    ] = 30.0,
) -> None:
    """Try mailboxes, relays, DNS entries, certificates and tokens; exit 1 if one fails."""
    from maild.app import build
    from maild.cli.context import config_path, print_json
    from maild.config.load import examine
    from maild.errors import ConfigError
    from maild.health.finding import State, run

    path = config_path(ctx)
    found = examine(path, secrets=False)
    if found.settings is None:
        raise ConfigError("\n".join(fault.text(found.file) for fault in found.faults))
    app = build(found.settings)
    with app.opened() as store:
        findings = run(list(_checks(app, store, path)))
        if round_trip:
            findings += run(list(_round_trip(app, store, wait)))
    bad = any(finding.state is State.FAILED for finding in findings)
    if json:
        checks = [
            {"area": f.area, "name": f.name, "state": f.state, "message": f.message,
             "advice": f.advice}
            for f in findings
        ]  # fmt: skip
        print_json({"ok": not bad, "checks": checks})
    else:
        _print(findings)
    raise typer.Exit(1 if bad else 0)


def _print(findings: "Sequence[Finding]") -> None:
    for finding in findings:
        name = f"{finding.area} {finding.name}"
        typer.echo(f"{_SIGNS[finding.state]}  {name}: {finding.message}")
        if finding.advice and finding.state != "ok":
            typer.echo(f"      -> {finding.advice}")
    counts = [
        f"{n} {state}"
        for state in ("failed", "warning", "skipped", "ok")
        if (n := sum(finding.state == state for finding in findings))
    ]
    typer.echo(", ".join(counts))


def _checks(app: "App", store: "Store", config: Path) -> "Iterator[tuple[str, Check]]":
    from maild.config.credentials import has_password
    from maild.health.dns_check import check_domain
    from maild.health.machine import check_clock, check_disk, check_readers, check_store
    from maild.health.mailbox_check import check_mailbox
    from maild.health.relay_check import check_relay
    from maild.store.engine import sqlite_path
    from maild.wiring import checkup
    from maild.wiring.accounts import mailbox_settings, relay_of, routes

    settings, now = app.settings, app.clock.now()
    supply = app.tokens(store)
    for key in settings.mailbox:
        mailbox = mailbox_settings(settings, key, supply, **_IMPATIENT)
        yield f"mailbox.{key}", _alone(store, partial(check_mailbox, mailbox, now=now))
    for name, route in routes(settings).items():
        check = partial(
            check_relay,
            relay_of(settings, route, supply),
            name,
            senders=checkup.sample_senders(settings, route.envelope),
            recipient=next(iter(settings.desk.admins), settings.desk.address),
            clock=app.clock,
        )
        yield name, _alone(store, check)
    if not settings.relay.host:
        yield "relay", partial(_kept_as_files, settings.desk.state_dir)
    elif settings.relay.alerts is None:
        yield "relay.alerts", _no_second_way
    for server in checkup.servers(settings):
        if server.speaks == "https":
            yield "portal", partial(_pages, server, now)
    for domain in checkup.domains(settings):
        yield "dns", partial(check_domain, domain)
    yield "expiry", lambda: list(_expiry(app, store))
    yield "store", _alone(store, lambda: list(check_store(store, now)))
    largest = settings.smtp.max_size if settings.smtp else 25_000_000
    folders, private = [Path(settings.desk.state_dir)], []
    if not store.engine.postgres:
        private = [sqlite_path(settings.store.url)]
        folders.append(private[0].parent)
    yield "disk", lambda: list(check_disk(folders, largest))
    yield "clock", lambda: list(check_clock(now, store.gauges.newest_intake()))
    plain = any(secret.kind == "plain" for secret in checkup.secrets_of(settings))
    plain = plain or has_password(settings.store.url)
    files = checkup.secret_files(settings)
    yield "files", lambda: list(check_readers(config, files, private, plain=plain))
    yield "templates", lambda: list(_templates(app))


def _alone(store: "Store", check: "Check") -> "Check":
    """In a thread of its own, whose database connection is closed at the end."""

    def run() -> "Sequence[Finding]":
        try:
            return check()
        finally:
            store.close()

    return run


def _kept_as_files(state_dir: Path) -> "list[Finding]":
    from maild.health.finding import warning

    text = f'letters are kept as files in {state_dir}/outgoing: [relay] host = ""'
    return [warning("relay", "route", text, "Name a relay when the desk goes live.")]


def _no_second_way() -> "list[Finding]":
    from maild.health.finding import warning

    text = "there is no second way out: while the relay is down nobody is told"
    advice = "Name another server in [relay.alerts]; or let monitoring watch [metrics]."
    return [warning("relay.alerts", "route", text, advice)]


def _pages(server: "Server", now: "datetime") -> "list[Finding]":
    """Mailboxes and relays show their certificates to their own checks."""
    from maild.health.finding import skipped
    from maild.health.mailbox_check import lasting
    from maild.health.servers import certificate_life

    try:
        return [lasting(certificate_life(server), "portal", now)]
    except (OSError, ValueError) as error:
        text = f"{server.place} shows none from here: {error}"
        return [skipped("portal", "certificate", text)]


def _expiry(app: "App", store: "Store") -> "Iterator[Finding]":
    from maild.health.finding import failed, ok, warning
    from maild.wiring.accounts import accounts
    from maild.wiring.checkup import expiring

    now = app.clock.now()
    for thing in expiring(app.settings, store):
        if thing.kind == "server-certificate":
            continue  # seen now, by the checks of their own
        end = f"{thing.ends:%Y-%m-%d}"
        what, advice = thing.words("en")
        if thing.ends <= now:
            yield failed("expiry", what, f"ended on {end}", advice)
        elif thing.step(now) is not None:
            yield warning("expiry", what, f"ends on {end}", advice)
        else:
            yield ok("expiry", what, f"good until {end}")
    for name, account in accounts(app.settings).items():
        yield _token(account, app.tokens(store)[name])


def _token(account: "Account", supply: Callable[..., str]) -> "Finding":
    from maild.errors import MaildError, Temporary
    from maild.health.finding import failed, ok
    from maild.oauth.keeper import advice

    try:
        supply()
    except Temporary as error:
        return failed("oauth", account.name, str(error), "Is the way to the provider open?")
    except MaildError as error:
        what = advice(account.client, account.name)
        return failed("oauth", account.name, str(error), what[0].upper() + what[1:])
    return ok("oauth", account.name, "the provider gives tokens")


def _templates(app: "App") -> "Iterator[Finding]":
    from maild.config.templates import unreadable
    from maild.health.finding import failed, ok

    faults = [message for _, message in unreadable(app.settings)]
    for fault in faults:
        yield failed("templates", "syntax", fault, "maild check names them all.")
    if not faults:
        yield ok("templates", "syntax", "all can be read")


def _round_trip(app: "App", store: "Store", wait: float) -> "Iterator[tuple[str, Check]]":
    from maild.health.round_trip import Trip, check_round_trip
    from maild.notify.courier import SmtpCourier
    from maild.wiring import checkup
    from maild.wiring.accounts import mailbox_settings, relay_of, routes
    from maild.wiring.disk import lock_path

    settings, supply = app.settings, app.tokens(store)
    lock = lock_path(settings)
    seen = settings.mailbox or (settings.smtp and (lock is None or _is_held(lock)))
    if not (settings.relay.host and seen):
        yield "round trip", _no_trip
        return
    relay = relay_of(settings, routes(settings)["relay"], supply)
    trip = Trip(
        sender=settings.desk.address,
        recipient=checkup.sample_reply_address(settings),
        send=SmtpCourier(relay, app.clock).send,
        mailboxes=tuple(
            mailbox_settings(settings, key, supply, **_IMPATIENT) for key in settings.mailbox
        ),
        store=store,
        now=app.clock.now(),
        wait_s=wait,
    )
    yield "round trip", _alone(store, partial(check_round_trip, trip))


def _no_trip() -> "list[Finding]":
    from maild.health.finding import skipped

    text = "needs a relay, and a mailbox or a running daemon with a door"
    return [skipped("round trip", "mail", text)]


def _is_held(lock: Path) -> bool:
    """Whether a daemon runs."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
