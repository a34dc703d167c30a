"""The small door of monitoring: `/metrics`, `/healthz`, `/livez`. Nothing else, no figures
for strangers: it listens where `[metrics] listen` says."""

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

from maild.health.state import Health

log = structlog.get_logger("metrics")

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class MetricsServer:
    """Serves on a socket that listens already."""

    def __init__(
        self,
        listening: socket.socket,
        *,
        metrics: Callable[[], bytes],
        health: Callable[[], Health],
        close_store: Callable[[], None],
    ) -> None:
        self._metrics = metrics
        self._health = health
        self._close_store = close_store
        self._one = threading.Lock()  # scrapes that pile up shall not pile up work
        self._server = ThreadingHTTPServer(("", 0), self._handler(), bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listening
        self._server.daemon_threads = True

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, type and body for a GET."""
        with self._one:
            try:
                match path.partition("?")[0]:
                    case "/metrics":
                        return 200, _TEXT, self._metrics()
                    case "/healthz":
                        health = self._health()
                        return (200 if health.ok else 503), "application/json", _told(health)
                    case "/livez":
                        health = self._health()
                        alive = not health.broken
                        return (200 if alive else 503), "application/json", _told(health)
            except Exception:
                log.exception("a question of the monitoring failed")
                return 500, "text/plain", b"error\n"
            finally:
                self._close_store()
        return 404, "text/plain", b"not found\n"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10.0
            server_version = "maild"
            sys_version = ""

            def do_GET(self) -> None:
                status, kind, body = server.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                """Scrapes are no news."""

        return Handler


def _told(health: Health) -> bytes:
    told = {"ok": health.ok, "broken": health.broken, "troubles": health.troubles}
    return json.dumps(told).encode() + b"\n"
