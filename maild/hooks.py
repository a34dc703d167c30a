"""Webhooks: other programs hear of a ticket's events, each until they say 2xx.

A call is kept in the store from the moment its event is seen, signed when it is made, and
tried again for a day, later each time. The same event may arrive twice after a crash: its
number tells.
"""

import hmac
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import ClassVar

import structlog

from maild.model.as_json import event_json, ticket_json
from maild.model.ticket import Event
from maild.store import Store
from maild.store.hooks import NEWS, Call

log = structlog.get_logger("webhooks")

TIMEOUT_S = 10.0
AGAIN = tuple(timedelta(seconds=s) for s in (10, 60, 300, 900, 3600, 10_800))
GIVE_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Hook:
    """`[webhook.x]`."""

    url: str
    events: tuple[str, ...]
    secret: Callable[[], str]


@dataclass(frozen=True, slots=True)
class HookRounds:
    """A job of the timetable: finds new events, and makes the calls that are due."""

    store: Store
    hooks: Mapping[str, Hook]
    tag: str
    trouble: Callable[[str, str], None]  #: within a transaction: (webhook, what happened)
    name: ClassVar[str] = "webhooks"

    def run(self, now: datetime) -> bool:
        for name, hook in self.hooks.items():
            self._collect(name, hook, now)
        made = [self._tell(name, now) for name in self.store.hooks.waiting(now)]
        return bool(made) and all(made)

    def _tell(self, name: str, now: datetime) -> bool:
        """What is due, until one is not taken: the others wait for their next turn, and hold
        up no other webhook. Whether all were."""
        return all(self._make(call, now) for call in self.store.hooks.due(name, now))

    def _collect(self, name: str, hook: Hook, now: datetime) -> None:
        """News becomes calls."""
        hooks = self.store.hooks
        events = hooks.untold(name, hook.events, hooks.reached(name), now - NEWS)
        if events:
            with self.store.write():
                for event in events:
                    hooks.post(name, event.id, self._body(event), now)
                hooks.note_reached(name, events[-1].id)

    def _body(self, event: Event) -> str:
        ticket = self.store.cases.ticket(event.ticket)
        said = {
            "id": event.id,
            "event": event_json(event),
            "ticket": ticket_json(ticket, self.tag) if ticket else {"id": event.ticket},
        }
        return json.dumps(said, ensure_ascii=False)

    def _make(self, call: Call, now: datetime) -> bool:
        """One call; whether the other side took it (or is gone from the config)."""
        hook = self.hooks.get(call.hook)
        error = _send(hook, call) if hook else None
        with self.store.write():
            if hook is None:
                self.store.hooks.settle(call, "failed", "the webhook is gone from the config")
            elif error is None:
                self.store.hooks.settle(call, "sent")
            elif now - call.created > GIVE_UP:
                self.store.hooks.settle(call, "failed", error)
                self.trouble(call.hook, error)
            else:
                wait = AGAIN[min(call.attempts, len(AGAIN) - 1)]
                self.store.hooks.defer(call, now + wait, error)
        if error:
            log.warning("webhook not taken", webhook=call.hook, number=call.event, error=error)
        return error is None


class _Patience(HTTPConnection):
    """Waits for an answer so long in all, however slowly its bytes come."""

    def getresponse(self) -> HTTPResponse:
        with _cut_after(TIMEOUT_S, self.sock):
            return super().getresponse()


class _SecurePatience(HTTPSConnection, _Patience):
    """The same over TLS."""


@contextmanager
def _cut_after(seconds: float, line: socket.socket) -> Iterator[None]:
    """Ends the connection then; what has come until then is no answer."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError("its answer took too long")


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Patience, request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_SecurePatience, request)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects, _Http, _Https)


def _send(hook: Hook, call: Call) -> str | None:
    """POST it; what went wrong, if anything."""
    body = call.body.encode()
    request = urllib.request.Request(  # noqa: S310 (the config allows http and https only)
        hook.url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "maild",
            "X-Maild-Event": str(call.event),
            "X-Maild-Signature": signature(hook.secret(), body),
        },
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return str(error) or type(error).__name__


def signature(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of the body."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()
