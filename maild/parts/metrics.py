"""The door of monitoring."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from maild.health.metrics import DeskCollector, page
from maild.health.server import MetricsServer
from maild.health.state import HealthCheck
from maild.processes import Stop
from maild.wiring.checkup import expiring
from maild.wiring.disk import free_disk

if TYPE_CHECKING:
    from maild.app import App


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """The door of monitoring."""
    listen = app.settings.metrics.listen
    assert listen is not None
    store = app.open_store()
    parts = [role.name for role in app.roles()]
    collector = DeskCollector(
        store,
        clock=app.clock,
        parts=parts,
        mailboxes=tuple(app.settings.mailbox),
        expiring=partial(expiring, app.settings, store),
        free_disk=partial(free_disk, app.settings),
    )
    server = MetricsServer(
        app.listeners.open(listen.host, listen.port),
        metrics=lambda: page(collector),
        health=HealthCheck(store, parts, clock=app.clock).look,
        close_store=store.close,
    )
    server.start()
    ready()
    stop.wait()
    server.stop()
