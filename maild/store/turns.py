"""Whose turn it is to write to a SQLite store: writers of all processes in a queue.

SQLite's own busy handler sleeps and starves; with a queue nobody who waits is overtaken.
"""

import fcntl
import os
import threading
import time
from pathlib import Path

from maild.errors import Temporary
from maild.store.private import open_private

BUSY_TIMEOUT_S = 10


class NoTurn:
    """Nothing to wait for: PostgreSQL arranges its writers itself."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass

    def forget(self) -> None:
        pass


class FileTurn(NoTurn):
    """The writers' queue: two locks beside the database, a handle of each for every thread.

    Who wants to write waits for the place of the next one, and there for his turn. A writer
    that lets go and wants again finds that place taken: no busy one starves the others.
    """

    def __init__(self, path: Path) -> None:
        self._paths = (path.with_name(path.name + "-next"), path)
        self._local = threading.local()

    def _handles(self) -> tuple[int, int]:
        handles: tuple[int, int] | None = getattr(self._local, "handles", None)
        if handles is None:
            try:
                place, turn = (open_private(path) for path in self._paths)
            except OSError as error:
                raise Temporary(f"the store can't be used now: {error}") from error
            handles = self._local.handles = place, turn
        return handles

    def __enter__(self) -> None:
        place, turn = self._handles()
        until = time.monotonic() + BUSY_TIMEOUT_S
        _lock(place, until)
        try:
            _lock(turn, until)
        finally:
            fcntl.flock(place, fcntl.LOCK_UN)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._handles()[1], fcntl.LOCK_UN)

    def close(self) -> None:
        for handle in getattr(self._local, "handles", None) or ():
            os.close(handle)
        self._local.handles = None

    def __del__(self) -> None:
        self.close()

    def forget(self) -> None:
        # the inherited handles share their locks with the parent: never use them
        self._local = threading.local()


def _lock(handle: int, until: float) -> None:
    """Waits no longer than that: the store may be in the hands of one who stands still."""
    pause = 0.0002
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Temporary("the store is busy") from None
            time.sleep(pause)
            pause = min(pause * 2, 0.002)
        else:
            return
