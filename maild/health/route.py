"""Whether a way out works, told by the couriers that use it."""

import threading
from collections.abc import Callable
from typing import Protocol

from maild.notify.courier import RelayDown


class Carrier(Protocol):
    def send(self, sender: str, recipient: str, message: bytes) -> None: ...

    def close(self) -> None: ...


class RouteState:
    """What is known of a relay; shared by its couriers. `tell` hears of changes: a trouble,
    or None when it works."""

    def __init__(self, tell: Callable[[str | None], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._known = False
        self._trouble: str | None = None

    def note(self, trouble: str | None) -> None:
        with self._lock:
            if self._known and trouble == self._trouble:
                return
            self._known, self._trouble = True, trouble
        self._tell(trouble)


class WatchedCourier:
    """A courier that says how its relay fares."""

    def __init__(self, courier: Carrier, state: RouteState) -> None:
        self._courier = courier
        self._state = state

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        try:
            self._courier.send(sender, recipient, message)
        except RelayDown as down:
            self._state.note(str(down))
            raise
        self._state.note(None)

    def close(self) -> None:
        self._courier.close()
