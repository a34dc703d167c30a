"""The store as the rest of maild sees it: one object, its rooms, one transaction."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from maild.clock import SystemClock
from maild.desk.case import Case
from maild.errors import Temporary
from maild.interfaces import Clock, Intake
from maild.links import new_secret
from maild.store.alarms import Alarms
from maild.store.arrivals import Arrivals
from maild.store.browse import Browse
from maild.store.casebook import Casebook
from maild.store.engine import Engine
from maild.store.fields import to_micros
from maild.store.gauges import Gauges
from maild.store.histories import Histories
from maild.store.hooks import HookStore
from maild.store.intake import IntakeStore
from maild.store.leases import Leases
from maild.store.mailboxes import MailboxStore
from maild.store.migrations import prepare
from maild.store.misses import Misses
from maild.store.outbox import Outbox
from maild.store.portal import PortalStore
from maild.store.replay import Sightings
from maild.store.storms import Storms
from maild.store.troubles import Troubles

log = structlog.get_logger("store")


class Store:
    """Inbox, casebook and outbox on one database.

    Connections are per thread; a thread that ends calls `close`. After a fork the child
    calls `forget_inherited` before anything else.
    """

    def __init__(
        self, engine: Engine, clock: Clock, reckon: Callable[[Case], None] | None = None
    ) -> None:
        self.engine = engine
        self.arrivals = Arrivals(engine, clock) if engine.in_file else None
        self.intake = IntakeStore(engine, clock, self.arrivals)
        self.mailboxes = MailboxStore(engine, self.intake, clock, self.arrivals)
        self.outbox = Outbox(engine)
        self.alarms = Alarms(engine)
        self.leases = Leases(engine)
        self.troubles = Troubles(engine)
        self.gauges = Gauges(engine)
        self.cases = Casebook(engine, self.outbox, self.alarms, reckon)
        self.browse = Browse(engine, self.cases)
        self.portal = PortalStore(engine)
        self.hooks = HookStore(engine)
        self.histories = Histories(engine)
        self.misses = Misses(engine)
        self.sightings = Sightings(engine)
        self.storms = Storms(engine)

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction over all rooms."""
        with self.engine.write():
            yield

    def secret(self) -> bytes:
        """The desk's signing secret, made at the first start, shared by all nodes."""
        with self.engine.write():
            self.engine.execute(
                "INSERT INTO note (name, value) VALUES ('secret', ?) "
                "ON CONFLICT (name) DO NOTHING",
                [new_secret()],
            )
            row = self.engine.one("SELECT value FROM note WHERE name = 'secret'")
        assert row is not None
        return bytes.fromhex(row[0])

    @property
    def doorstep(self) -> Intake:
        """Where doors put down mail: waits for no other writer, where it need not."""
        return self.arrivals or self.intake

    def forget_inherited(self) -> None:
        self.engine.forget_inherited()
        if self.arrivals is not None:
            self.arrivals.forget_inherited()

    def close(self) -> None:
        self.engine.close()
        if self.arrivals is not None:
            self.arrivals.close()


def open_store(
    url: str, clock: Clock | None = None, *, reckon: Callable[[Case], None] | None = None
) -> Store:
    """Open (and create or upgrade) the store at `sqlite:///…` or `postgresql://…`.

    `reckon` works out deadlines whenever a case is saved. Raises `StoreUnusable` when the
    store is damaged or newer than this program.
    """
    engine = Engine(url)
    prepare(engine)
    clock = clock or SystemClock()
    _note_installation(engine, clock)
    store = Store(engine, clock, reckon)
    _take_in(store)
    return store


def _take_in(store: Store) -> None:
    """What has come through the doors and was not entered yet; it may wait where that can't
    be done now."""
    try:
        if store.intake.settle():
            log.warning("mail that waited has new numbers: the store was replaced")
        store.intake.enter_all()
    except Temporary as trouble:
        log.warning("mail that has arrived can't be entered now", error=str(trouble))


def _note_installation(engine: Engine, clock: Clock) -> None:
    """Since when this store exists: no report is owed for the time before."""
    if engine.one("SELECT 1 FROM note WHERE name = 'installed'") is None:
        with engine.write():
            engine.execute(
                "INSERT INTO note (name, value) VALUES ('installed', ?) "
                "ON CONFLICT (name) DO NOTHING",
                [str(to_micros(clock.now()))],
            )


def new_holder() -> str:
    """A name for this process among the nodes that share the store."""
    return secrets.token_hex(8)
