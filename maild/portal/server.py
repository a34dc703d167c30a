"""The web server of the portal's process: uvicorn on a socket that the daemon opened.

What is no HTTP, comes too slowly or ends in the middle costs a closed connection, no traceback;
and nobody takes the connections of all the others.
"""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from maild.portal.limits import neighbourhood

_GRACE_S = 4
_MOST_AT_ONCE, _MOST_OF_ONE = 200, 50
#: a connection that brings no whole head of a request in so long is closed
_HEAD_S = 15


class Connection(H11Protocol):
    """One visitor's connection."""

    _slow: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, is_proxy: Callable[[str], bool], **more: Any) -> None:
        super().__init__(*args, **more)
        self._is_proxy = is_proxy
        self.visitor = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self.visitor = neighbourhood(address)
        if self._is_proxy(address) or self._others() < _MOST_OF_ONE:
            self._await_head()
        else:
            transport.abort()

    def _others(self) -> int:
        """How many more this visitor has."""
        everybody = [c.visitor for c in self.connections if isinstance(c, Connection)]
        return everybody.count(self.visitor) - 1

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

    def __init__(
        self, app: Starlette, *, ready: Callable[[], None], is_proxy: Callable[[str], bool]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(Connection, is_proxy=is_proxy),  # type: ignore[arg-type]
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
