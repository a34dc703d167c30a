"""Listening sockets, opened once by the parent and inherited by the parts that serve them.

So a part that dies or is replaced at a reload never closes a door: clients wait in the
socket's queue for its successor.
"""

import errno
import socket
import time

from maild.errors import ConfigError

PATIENCE_S = 3.0
BACKLOG = 512


class NotUpYet(ConfigError):
    """This machine has no such address, which may change: systemd shall start maild again, and
    a desk is not dead because the network came up late."""

    exit_code = 75


class Listeners:
    """Sockets by their address."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        self._asked: set[tuple[str, int]] = set()
        self._settled: set[tuple[str, int]] = set()

    def open(self, host: str, port: int) -> socket.socket:
        """The socket that listens there; raises `ConfigError` if it can't be had."""
        self._asked.add((host, port))
        if (host, port) not in self._sockets:
            self._sockets[host, port] = _bind(host, port)
        return self._sockets[host, port]

    def settle(self) -> None:
        """Those asked for since the last time are the doors now; the others are closed."""
        self._settled = self._asked
        self.withdraw()

    def withdraw(self) -> None:
        """Close what was opened since the last `settle`: it is not wanted after all."""
        for place in self._sockets.keys() - self._settled:
            self._sockets.pop(place).close()
        self._asked = set()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    patience = time.monotonic() + PATIENCE_S
    while True:
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
            found.listen(BACKLOG)
        except OSError as error:
            found.close()
            if time.monotonic() > patience:
                kind = NotUpYet if error.errno == errno.EADDRNOTAVAIL else ConfigError
                raise kind(f"can't listen on {host}:{port}: {error.strerror}") from error
            time.sleep(0.05)  # a forerunner that was just killed may still hold it
        else:
            return found
