"""Delivery: outbox to relay."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from maild.desk.failures import Failures
from maild.health.route import RouteState, WatchedCourier
from maild.notify.courier import FileCourier, SmtpCourier
from maild.notify.delivery import Carrier, Delivery, EnvelopeSender
from maild.notify.delivery import Route as Way
from maild.parts.trouble import remember_trouble
from maild.processes import Stop
from maild.store import Store
from maild.store.outbox import Posted
from maild.wiring.accounts import relay_of, routes

if TYPE_CHECKING:
    from maild.app import App


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

    delivery = Delivery(
        store.outbox,
        courier=_couriers(app, store, "relay"),
        alerts=_alerts(app, store),
        finish=app.mailroom(store).writer.finish,
        envelope=EnvelopeSender(app.signer, app.settings.relay.envelope),
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


def _alerts(app: "App", store: Store) -> Way | None:
    """The second way out, for letters about trouble."""
    alerts = app.settings.relay.alerts
    if alerts is None:
        return None
    envelope = EnvelopeSender(app.signer, alerts.envelope)
    return Way(_couriers(app, store, "relay.alerts"), envelope)
