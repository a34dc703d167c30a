"""Delivery: outbox to relay."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from maild.config.mail import Route
from maild.desk.failures import Failures
from maild.desk.practice import Allowance
from maild.health.route import RouteState, WatchedCourier
from maild.notify.courier import FileCourier, SmtpCourier
from maild.notify.delivery import Carrier, Delivery, EnvelopeSender
from maild.notify.delivery import Route as Way
from maild.notify.pace import Ration
from maild.notify.taking import Taking
from maild.parts.trouble import remember_trouble
from maild.processes import Stop
from maild.store import Store
from maild.store.outbox import Posted
from maild.store.troubles import HELD_BACK
from maild.wiring.accounts import relay_of, routes

if TYPE_CHECKING:
    from maild.app import App

log = structlog.get_logger("delivery")


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """Delivery: outbox to relay."""
    store = app.open_store()
    failures = Failures(store.cases, app.notices(store))

    def failed(posted: Posted, reason: str) -> None:
        with store.write():
            store.outbox.fail(posted.id, reason)
            failures.letter_failed(
                posted.id, posted.letter, posted.message, reason, app.clock.now()
            )

    alerts = app.settings.relay.alerts
    delivery = Delivery(
        store.outbox,
        route=_way(app, store, "relay", app.settings.relay),
        alerts=_way(app, store, "relay.alerts", alerts) if alerts else None,
        taking=_taking(app, store),
        finish=app.mailroom(store).writer.finish,
        failed=failed,
        clock=app.clock,
        close_store=store.close,
    )
    stop.call(delivery.stop)
    stop.call(app.letters_bell.ring)
    ready()
    delivery.run(app.letters_bell.wait)
    store.close()


def _couriers(app: "App", store: Store, name: str) -> Callable[[], Carrier]:
    """Makes couriers of one way out; what they say of it is remembered."""
    if (route := routes(app.settings).get(name)) is None:
        return lambda: FileCourier(Path(app.settings.desk.state_dir) / "outgoing")
    relay = relay_of(app.settings, route, app.tokens(store))
    state = RouteState(lambda trouble: remember_trouble(store, name, trouble, app.clock.now()))
    return lambda: WatchedCourier(SmtpCourier(relay, app.clock), state)


def _way(app: "App", store: Store, name: str, route: Route) -> Way:
    """A way out: `relay`, or `relay.alerts` for letters about trouble."""
    rate = Allowance(route.rate.count, route.rate.per) if route.rate else None
    return Way(_couriers(app, store, name), EnvelopeSender(app.signer, route.envelope), rate)


def _taking(app: "App", store: Store) -> Taking:
    """Who takes letters out; that automatic ones are held back is remembered as a trouble."""
    limit = app.settings.limits.automatic_letters
    reason = f"[limits] automatic_letters = {limit.count} / {limit.per}"

    def note(trouble: str | None) -> None:
        if trouble:
            log.warning("automatic letters are held back", limit=trouble)
        remember_trouble(store, HELD_BACK, trouble, app.clock.now())

    state = RouteState(note)
    return Taking(
        store.outbox,
        app.clock,
        limit=Ration(
            Allowance(limit.count, limit.per), partial(store.outbox.left_since, automatic=True)
        ),
        held=lambda held: state.note(reason if held else None),
    )
