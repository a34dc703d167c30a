"""Free ports, and waiting for somebody to answer on one."""

import socket
import time


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def await_port(port: int, *, seconds: float = 20.0, greeting: bytes = b"") -> None:
    """Return once the port accepts (and says `greeting`); `TimeoutError` if it never does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                if not greeting or s.recv(256).startswith(greeting):
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody answers on port {port} after {seconds:.0f} s")
        time.sleep(0.02)
