"""The timetable: what is due."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from maild.jobs import Arrivals
from maild.processes import Stop
from maild.store.leases import Hold
from maild.timetable import Always, Permit, Timetable

if TYPE_CHECKING:
    from maild.app import App


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """The timetable: what is due."""
    store = app.open_store()
    permit: Permit = Always()
    if store.engine.postgres:
        permit = Hold(store.leases, "timetable", app.holder)
    jobs = [Arrivals(store), *app.jobs(store)]
    timetable = Timetable(jobs, clock=app.clock, permit=permit, close=store.close)
    stop.call(timetable.stop)
    ready()
    timetable.run()
    store.close()
