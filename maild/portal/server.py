"""The web server of the portal's process: uvicorn on a socket that the daemon opened."""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

_GRACE_S = 4
_MOST_AT_ONCE = 200


class Server(uvicorn.Server):
    """Runs until it is told to stop; leaves the process's signals alone."""

    def __init__(self, app: Starlette, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # `limits.Proxies` knows whom to believe
                limit_concurrency=_MOST_AT_ONCE,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in sockets or ():  # else each answer waits for the client's delayed ACK
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        """From a signal handler: finish what is in hand."""
        self.should_exit = True
