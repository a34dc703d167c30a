"""The truth about this daemon, for `/healthz`: it can write, its parts live, mail is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.errors import MaildError
from maild.health.parts import living, missing
from maild.interfaces import Clock
from maild.store import Store

#: so long a mailbox or a relay may be in trouble before anybody is disturbed
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """`broken`: this node can't do its work. `troubles`: something outside keeps it from it."""

    broken: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.broken and not self.troubles


class HealthCheck:
    """Looks each time it is asked, but not more than once a second."""

    def __init__(
        self,
        store: Store,
        parts: Sequence[str],
        *,
        clock: Clock,
        alive: Callable[[], set[str] | None] = living,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._store = store
        self._parts = parts
        self._clock = clock
        self._alive = alive
        self._patience = patience
        self._last: tuple[float, Health] | None = None

    def look(self) -> Health:
        now = self._clock.monotonic()
        if self._last is None or now - self._last[0] >= 1:
            self._last = now, self._look(self._clock.now())
        return self._last[1]

    def _look(self, now: datetime) -> Health:
        broken = [f"part {part}" for part in missing(self._parts, self._alive())]
        try:
            self._store.gauges.heartbeat(now)
            troubles = [
                trouble.name
                for trouble in self._store.troubles.all()
                if now - trouble.since >= self._patience
            ]
        except MaildError:
            return Health((*broken, "store"))
        return Health(tuple(broken), tuple(troubles))
