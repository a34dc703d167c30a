"""Listening sockets, opened once by the parent and inherited by the parts that serve them.

So a part that dies or is replaced at a reload never closes a door: clients wait in the
socket's queue for its successor.
"""

import socket
import time

from maild.errors import ConfigError

PATIENCE_S = 3.0
BACKLOG = 512


class Listeners:
    """Sockets by their address."""

    def __init__(self) -> None:
        self._sockets: dict[str, socket.socket] = {}

    def open(self, listen: str) -> socket.socket:
        """The socket that listens on `host:port`; raises `ConfigError` if it can't be had."""
        if listen not in self._sockets:
            self._sockets[listen] = _bind(listen)
        return self._sockets[listen]


def split_listen(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8025`, `[::1]:8025` or `:8025`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _bind(listen: str) -> socket.socket:
    host, port = split_listen(listen)
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
                raise ConfigError(f"can't listen on {listen}: {error.strerror}") from error
            time.sleep(0.05)  # a forerunner that was just killed may still hold it
        else:
            return found
