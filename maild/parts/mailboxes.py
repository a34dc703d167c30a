"""A thread for each IMAP mailbox."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from maild.errors import Temporary
from maild.ingest.imap import Watcher
from maild.parts.trouble import remember_trouble
from maild.processes import Stop
from maild.store import Store
from maild.store.leases import Hold
from maild.timetable import Always, Permit
from maild.wiring.accounts import mailbox_settings

if TYPE_CHECKING:
    from maild.app import App


log = structlog.get_logger("mailboxes")

#: how long "ready" waits for mailboxes that don't answer
MAILBOX_PATIENCE_S = 4.5


#: how often a node looks whether a mailbox is its own
LOOK_EVERY_S = 5.0


class Post:
    """One mailbox, watched by this node while the permit is its own."""

    def __init__(self, start: Callable[[], Watcher], permit: Permit) -> None:
        self._start = start
        self._permit = permit
        self.watcher: Watcher | None = None

    def look(self, now: datetime) -> None:
        """Begin to watch, or leave it to another node."""
        try:
            ours = self._permit.hold(now)
        except Temporary as trouble:  # what two nodes take is kept once: better two than none
            log.warning("store busy", error=str(trouble))
            return
        if ours and self.watcher is None:
            self.watcher = self._start()
        elif not ours and self.watcher is not None:
            self.watcher.stop()
            self.watcher = None

    def leave(self) -> None:
        """Finish what is in hand; another node may go on at once."""
        if self.watcher is not None:
            self.watcher.stop()
        with suppress(Temporary):
            self._permit.let_go()


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """A thread for each IMAP mailbox; where nodes share a store, one node has it at a time."""
    store = app.open_store()
    ledger = store.mailboxes.ringing(app.mail_bell.ring)
    supply = app.tokens(store)

    def start(key: str) -> Watcher:
        settings = mailbox_settings(app.settings, key, supply)
        watcher = Watcher(settings, ledger, clock=app.clock, tell=partial(_tell, app, store))
        watcher.start()
        return watcher

    posts = [
        Post(partial(start, key), _permit(app, store, f"mailbox:{key}"))
        for key in app.settings.mailbox
    ]
    for post in posts:
        post.look(app.clock.now())
    patience = app.clock.monotonic() + MAILBOX_PATIENCE_S
    for watcher in filter(None, (post.watcher for post in posts)):
        watcher.tried.wait(max(0.0, patience - app.clock.monotonic()))
    ready()
    while not stop.rest(LOOK_EVERY_S):
        for post in posts:
            post.look(app.clock.now())
    threads = [threading.Thread(target=post.leave) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _permit(app: "App", store: Store, name: str) -> Permit:
    """On SQLite there is no other node."""
    return Hold(store.leases, name, app.holder) if store.engine.postgres else Always()


def _tell(app: "App", store: Store, name: str, trouble: str | None) -> None:
    """Remember it for the admins' letter, `/metrics` and `doctor`."""
    if trouble:
        log.error("mailbox in trouble", mailbox=name, error=trouble)
    else:
        log.info("mailbox works again", mailbox=name)
    remember_trouble(store, f"mailbox:{name}", trouble, app.clock.now())
