"""A proxy before PostgreSQL that loses the answer to a COMMIT: done, and nobody was told."""

import socket
import threading
from contextlib import suppress

_COMMIT = b"COMMIT"


class CommitThief:
    """Listens on `port`. After `steal(n)` the answers to the next n COMMITs that follow one of
    `words` on their connection are lost with the connection, once the server has given them."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._left = 0
        self._words: tuple[bytes, ...] = ()
        self.stolen = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def steal(self, count: int, *words: bytes) -> None:
        with self._lock:
            self._left, self._words = count, words

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server))
        doomed = threading.Event()
        back = threading.Thread(target=self._bring, args=(server, client, doomed), daemon=True)
        back.start()
        said = b""
        with suppress(OSError):
            while chunk := client.recv(65536):
                said = (said + chunk)[-200_000:]
                if _COMMIT in chunk and self._takes(said):
                    doomed.set()
                if _COMMIT in chunk:
                    said = b""
                server.sendall(chunk)
        _end(server)

    def _takes(self, said: bytes) -> bool:
        with self._lock:
            if not self._left or not all(word in said for word in self._words):
                return False
            self._left -= 1
            self.stolen += 1
            return True

    def _bring(
        self, server: socket.socket, client: socket.socket, doomed: threading.Event
    ) -> None:
        with suppress(OSError):
            while chunk := server.recv(65536):
                if doomed.is_set():
                    break  # the server has committed
                client.sendall(chunk)
        _end(client)
        _end(server)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
