"""A proxy between a client and a real server that breaks the line as it is told.

Modes: "pass"; "reset" after N bytes from the server; "stall" after N bytes; "drip" one byte
at a time from byte N on; "half" closes the server's side after N bytes.
"""

import asyncio
import socket
import threading
from contextlib import suppress


class FaultProxy:
    """Listens on `port`. `plan(mode, after)` is for the connections that follow."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.mode, self.after = "pass", 0
        self.sent = 0  #: bytes brought from the server over the last connection
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def plan(self, mode: str, after: int = 0) -> None:
        self.mode, self.after = mode, after

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        server = self._loop.run_until_complete(start)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        self._loop.run_forever()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._server)
        except OSError:
            writer.close()
            return
        up = asyncio.create_task(_copy(reader, up_writer))
        with suppress(ConnectionError):
            await self._bring(up_reader, writer)
        up.cancel()
        up_writer.close()
        writer.close()

    async def _bring(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mode, after, self.sent = self.mode, self.after, 0
        while chunk := await reader.read(65536):
            room = after - self.sent
            if mode == "pass" or len(chunk) <= room:
                writer.write(chunk)
                self.sent += len(chunk)
            else:
                writer.write(chunk[:room])
                self.sent += max(room, 0)
                await writer.drain()
                if await self._break(mode, chunk[max(room, 0) :], writer):
                    return
            await writer.drain()

    async def _break(self, mode: str, rest: bytes, writer: asyncio.StreamWriter) -> bool:
        if mode == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        elif mode == "stall":
            await asyncio.sleep(3600)
        elif mode == "half":
            writer.write_eof()
            await asyncio.sleep(3600)
        elif mode == "drip":
            for byte in rest:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)
            self.after = self.sent
            return False
        return True


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
