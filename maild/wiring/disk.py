"""Where a SQLite store lies: the room beside it, and the file that says it is in use."""

import shutil
from pathlib import Path

from maild.config.settings import Settings
from maild.store.engine import sqlite_path

_PLENTY = 1 << 62  #: a database server looks after its own disk


def lock_path(settings: Settings) -> Path | None:
    """The file that says a daemon holds the store; None where several may run."""
    path = _path(settings)
    return path.with_name(path.name + "-lock") if path else None


def free_disk(settings: Settings) -> int:
    """Bytes free where the store lies."""
    path = _path(settings)
    return shutil.disk_usage(path.parent).free if path else _PLENTY


def _path(settings: Settings) -> Path | None:
    url = settings.store.url
    return sqlite_path(url) if url.startswith("sqlite") else None
