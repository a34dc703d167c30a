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
        poll = select.poll()  # unlike select(), it knows no highest file
        poll.register(self._hear, select.POLLIN)
        ready = poll.poll(max(0.0, seconds) * 1000)
        if ready:
            try:
                os.read(self._hear, 4096)
            except BlockingIOError:
                return False
        return bool(ready)

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            os.close(self._hear)
            os.close(self._pull)
