"""Trouble that lasts is remembered, for the admins, `/metrics` and `doctor`."""

from datetime import datetime

import structlog

from maild.errors import Temporary
from maild.store import Store

log = structlog.get_logger("trouble")


def remember_trouble(store: Store, name: str, trouble: str | None, now: datetime) -> None:
    """A store that is busy now is no reason to stop working."""
    try:
        if trouble:
            store.troubles.begin(name, trouble, now)
        else:
            store.troubles.over(name)
    except Temporary as busy:
        log.warning("store busy", error=str(busy))
