"""A client that says exactly the bytes it is told to, as no library would."""

import socket
import ssl
from types import TracebackType


class Talk:
    """One connection to a mail server; `say` returns the reply to what was said."""

    def __init__(self, port: int, *, seconds: float = 15.0) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._rest = b""
        self.greeting = self.hear()

    def say(self, what: bytes | str) -> str:
        """Send one command (CR LF is added) and hear its reply."""
        self.send(what)
        return self.hear()

    def send(self, what: bytes | str) -> None:
        self.raw((what.encode() if isinstance(what, str) else what) + b"\r\n")

    def raw(self, what: bytes) -> None:
        self.socket.sendall(what)

    def hear(self) -> str:
        """One reply, its lines joined by LF; "" once the server has hung up."""
        lines = []
        while True:
            line = self._line()
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def hears_all(self) -> str:
        """All that comes until the server hangs up."""
        while chunk := self._receive():
            self._rest += chunk
        rest, self._rest = self._rest, b""
        return rest.decode()

    def _line(self) -> str:
        while b"\r\n" not in self._rest:
            chunk = self._receive()
            if not chunk:
                return ""
            self._rest += chunk
        line, self._rest = self._rest.split(b"\r\n", 1)
        return line.decode()

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except ConnectionError:
            return b""

    def pending(self, seconds: float) -> bytes:
        """What comes unasked within that time."""
        self.socket.settimeout(seconds)
        try:
            return self._rest or self.socket.recv(65536)
        except TimeoutError:
            return b""

    def begin(self, *recipients: str, sender: str = "luis@x.test", hello: str = "EHLO") -> str:
        """Greet, name sender and recipients, and ask for DATA; the reply to it."""
        self.say(f"{hello} client.test")
        self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients or ("soporte@acme.test",):
            self.say(f"RCPT TO:<{recipient}>")
        return self.say("DATA")

    def start_tls(self, trusted: str) -> None:
        """Wrap the connection after a 220 to STARTTLS."""
        context = ssl.create_default_context(cafile=trusted)
        self._rest = b""
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Talk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.close()
