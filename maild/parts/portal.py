"""The web pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from maild.health.state import HealthCheck
from maild.portal.server import Server
from maild.processes import Stop

if TYPE_CHECKING:
    from maild.app import App


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """The web pages."""
    portal = app.settings.portal
    assert portal is not None
    store = app.open_store()
    check = HealthCheck(store, [role.name for role in app.roles()], clock=app.clock)
    website = replace(app.website(store), is_well=lambda: not check.look().broken)
    proxies = website.site.proxies
    server = Server(website.application(), ready=ready, is_proxy=proxies.has)
    stop.call(server.stop)
    server.run(sockets=[app.listeners.open(portal.listen.host, portal.listen.port)])
    website.site.close()
