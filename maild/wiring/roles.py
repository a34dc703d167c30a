"""The processes of `maild run`, one for each part that the settings ask for."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from maild.processes import Role, Stop

if TYPE_CHECKING:
    from maild.app import App


def roles(app: "App") -> Iterator[Role]:
    """What they share is made here, in the parent: listening sockets, and the calendars, which
    are looked up in yet another process."""
    assert app.rulebook
    settings, listeners = app.settings, app.listeners
    for name in ("worker", "delivery", "timetable"):
        yield _role(app, name)
    if settings.smtp is not None:
        listeners.open(settings.smtp.listen.host, settings.smtp.listen.port)
        yield _role(app, "door")
    if settings.mailbox:
        yield _role(app, "mailboxes")
    if (metrics := settings.metrics.listen) is not None:
        listeners.open(metrics.host, metrics.port)
        yield _role(app, "metrics")
    if settings.portal is not None:
        listeners.open(settings.portal.listen.host, settings.portal.listen.port)
        yield _role(app, "portal")


def _role(app: "App", name: str) -> Role:
    """A part by its name: `maild.parts.NAME`, imported in its own process."""

    def main(stop: Stop, ready: Callable[[], None]) -> None:
        import_module(f"maild.parts.{name}").run(app, stop, ready)

    return Role(name, main)
