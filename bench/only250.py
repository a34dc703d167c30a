"""The yardstick: an aiosmtpd that says 250 to everything and keeps nothing."""

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.smtp import SMTP

_FORK = multiprocessing.get_context("fork")


class Nothing:
    """Takes mail and forgets it."""

    async def handle_DATA(self, *_: Any) -> str:
        return "250 OK"


def _serve(listening: socket.socket) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(Nothing(), hostname="bench.example", data_size_limit=1 << 25),
            sock=listening,
        )
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def only_250() -> Iterator[int]:
    """Its port, while it runs in a process of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = _FORK.Process(target=_serve, args=(listening,), daemon=True)
    server.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.terminate()
        server.join()
        listening.close()
