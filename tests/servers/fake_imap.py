"""An IMAP server that says what a test tells it to, for what no real one does."""

import socket
import threading
from collections.abc import Callable

Say = Callable[[bytes], None]


class FakeImap:
    """Answers each command by name from `replies`; a reply may be bytes or a function.

    In replies `%T` stands for the command's tag. Functions get the socket and the tag.
    """

    def __init__(
        self, replies: dict[str, bytes | Callable[[socket.socket, bytes], None]]
    ) -> None:
        self._replies = {**_POLITE, **replies}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.commands: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            client.sendall(b"* OK hello\r\n")
            for line in client.makefile("rb"):
                self._answer(client, line.strip())
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def _answer(self, client: socket.socket, line: bytes) -> None:
        if line == b"DONE":
            client.sendall(self._idle_tag + b" OK done\r\n")
            return
        tag, name, *rest = line.split(b" ")
        if name.upper() == b"UID":
            name = rest[0]
        word = name.decode().upper()
        self.commands.append(word)
        if word == "IDLE":
            self._idle_tag = tag
        reply = self._replies.get(word, b"%T BAD unknown\r\n")
        if callable(reply):
            reply(client, tag)
        else:
            client.sendall(reply.replace(b"%T", tag))

    def close(self) -> None:
        self._listener.close()


_POLITE: dict[str, bytes | Callable[[socket.socket, bytes], None]] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE\r\n%T OK done\r\n",
    "LOGIN": b"%T OK done\r\n",
    "SELECT": b"* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
    b"* OK [PERMANENTFLAGS (\\*)] x\r\n%T OK [READ-WRITE] done\r\n",
    "LIST": b'* LIST () "/" Processed\r\n%T OK done\r\n',
    "SEARCH": b"* SEARCH\r\n%T OK done\r\n",
    "IDLE": b"+ idling\r\n",
    "LOGOUT": b"* BYE\r\n%T OK done\r\n",
}
