"""The web server of the portal's process: uvicorn on a socket that the daemon opened.

What is no HTTP, comes too slowly or ends in the middle costs a closed connection, no traceback.
"""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

_GRACE_S = 4
_MOST_AT_ONCE = 200
#: a connection that brings no whole head of a request in so long is closed
_HEAD_S = 15


class Connection(H11Protocol):
    """One visitor's connection."""

    _slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def _await_head(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
        self._slow = self.loop.call_later(_HEAD_S, self._look_for_head)

    def _look_for_head(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._slow is not None:
            self._slow.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """To what is no HTTP. A page in the making has no visitor any more; where its answer
        has begun there is nothing to add."""
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.close()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()


class Server(uvicorn.Server):
    """Runs until it is told to stop; leaves the process's signals alone."""

    def __init__(self, app: Starlette, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
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
