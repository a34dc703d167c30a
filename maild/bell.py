"""A bell between processes: rung when there is something to do, heard by whoever waits.

Ringing is a hint that saves waiting; the work itself is always found in the store, so a
lost ring costs a moment, never a message.
"""

import os
import select
from contextlib import suppress


class Bell:
    """Make it before forking; both sides then share it."""

    def __init__(self) -> None:
        self._hear, self._pull = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(self._pull, False)

    def ring(self) -> None:
        with suppress(BlockingIOError):  # it is ringing loudly enough
            os.write(self._pull, b".")

    def wait(self, seconds: float) -> bool:
        """Until it rings, or so long; whether it rang. One ring wakes one waiter at least."""
        ready, _, _ = select.select([self._hear], [], [], seconds)
        if ready:
            try:
                os.read(self._hear, 4096)
            except BlockingIOError:
                return False
        return bool(ready)
