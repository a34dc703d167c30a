"""A person signs in: in a browser (on this machine or another), or with a device code.

The browser comes back to a page on loopback; where it runs elsewhere, as over SSH, that page
does not load and its address is pasted into the terminal instead.
"""

import queue
import secrets
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer

from maild.errors import ConfigError, Permanent, Temporary
from maild.interfaces import Clock
from maild.oauth.client import Client
from maild.oauth.endpoint import Refused
from maild.oauth.grants import begin_device, by_code, by_device, page
from maild.oauth.token import Token

PATIENCE_S = 900.0
_THANKS = (
    b"<!doctype html><meta charset=utf-8><title>maild</title>"
    b"<p>Signed in. You may close this page and go back to the terminal."
)

Say = Callable[[str], None]


def in_browser(
    client: Client,
    *,
    clock: Clock,
    say: Say,
    pasted: Iterable[str] = (),
    patience_s: float = PATIENCE_S,
) -> Token:
    """Print a page to open and wait for its answer, by whatever way it comes.

    `pasted` are lines a person types; read in a thread. Raises `Refused`, `Temporary`.
    """
    if not client.auth_url:
        raise ConfigError("this provider has no page to sign in at: use another flow")
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    server = _listener(answers)
    redirect = f"http://{client.redirect_host}:{server.server_address[1]}"
    try:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say("Open this page and sign in:\n")
        say(page(client, state=state, verifier=verifier, redirect=redirect) + "\n")
        say("If the last page does not load, paste its address here.")
        threading.Thread(target=_read, args=(pasted, answers), daemon=True).start()
        code = _await_code(answers, state, clock.monotonic() + patience_s, clock, say)
    finally:
        server.shutdown()
        server.server_close()
    return by_code(client, code, verifier, redirect, clock.now())


def _read(lines: Iterable[str], answers: "queue.SimpleQueue[str]") -> None:
    for line in lines:
        if line.strip():
            answers.put(line.strip())


def _await_code(
    answers: "queue.SimpleQueue[str]", state: str, until: float, clock: Clock, say: Say
) -> str:
    while (left := until - clock.monotonic()) > 0:
        try:
            answer = answers.get(timeout=left)
        except queue.Empty:
            break
        query = urllib.parse.urlsplit(answer).query or answer.rpartition("?")[2]
        fields = dict(urllib.parse.parse_qsl(query))
        if fields.get("state") != state:
            say("That is not the answer to this sign-in; the page above is the right one.")
        elif "error" in fields:
            raise Refused(fields["error"], fields.get("error_description", ""))
        elif code := fields.get("code"):
            return code
    raise Permanent("nobody signed in in time")


def _listener(answers: "queue.SimpleQueue[str]") -> HTTPServer:
    class Page(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            if "state=" not in self.path:  # browsers ask for icons, too
                self.send_error(404)
                return
            answers.put(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(_THANKS)))
            self.end_headers()
            self.wfile.write(_THANKS)

        def log_message(self, *_: object) -> None:
            """Nothing: the path holds the code."""

    return HTTPServer(("127.0.0.1", 0), Page)


def on_device(
    client: Client, *, clock: Clock, say: Say, pause: Callable[[float], None] = time.sleep
) -> Token:
    """Print a code to be typed in at a page, and ask until it was. Raises `Refused`."""
    if not client.device_url:
        raise ConfigError("this provider has no sign-in by device code: leave out --device")
    device = begin_device(client, clock.now())
    say(f"Open {device.page} on any device and enter the code\n\n    {device.user_code}\n")
    interval = device.interval_s
    while device.ends is None or clock.now() < device.ends:
        pause(interval)
        try:
            if token := by_device(client, device, clock.now()):
                return token
        except Temporary:
            interval += 5  # RFC 8628 section 3.5: slow_down, and trouble on the way
    raise Permanent("nobody signed in in time")
