"""A thread for each IMAP mailbox."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from maild.ingest.imap import Watcher
from maild.parts.trouble import remember_trouble
from maild.processes import Stop
from maild.store import Store
from maild.wiring.accounts import mailbox_settings

if TYPE_CHECKING:
    from maild.app import App


log = structlog.get_logger("mailboxes")

#: how long "ready" waits for mailboxes that don't answer
MAILBOX_PATIENCE_S = 4.5


def run(app: "App", stop: Stop, ready: Callable[[], None]) -> None:
    """A thread for each IMAP mailbox."""
    store = app.open_store()
    ledger = store.mailboxes.ringing(app.mail_bell.ring)
    supply = app.tokens(store)
    watchers = [
        Watcher(
            mailbox_settings(app.settings, key, supply),
            ledger,
            clock=app.clock,
            tell=partial(_tell, app, store),
        )
        for key in app.settings.mailbox
    ]
    for watcher in watchers:
        watcher.start()
    patience = app.clock.monotonic() + MAILBOX_PATIENCE_S
    for watcher in watchers:
        watcher.tried.wait(max(0.0, patience - app.clock.monotonic()))
    ready()
    stop.wait()
    threads = [threading.Thread(target=watcher.stop) for watcher in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _tell(app: "App", store: Store, name: str, trouble: str | None) -> None:
    """Remember it for the admins' letter, `/metrics` and `doctor`."""
    if trouble:
        log.error("mailbox in trouble", mailbox=name, error=trouble)
    else:
        log.info("mailbox works again", mailbox=name)
    remember_trouble(store, f"mailbox:{name}", trouble, app.clock.now())
