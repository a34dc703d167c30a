"""A provider of tokens on loopback: every grant maild asks for, and introspection.

Access tokens last `life` seconds; refresh tokens are rotated, and one that is used twice
ends the grant, as strict providers do. `revoke()` ends all grants.
"""

import base64
import hashlib
import itertools
import json
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLIENT, SECRET = "desk-1", "canary-client-secret"


@dataclass
class TokenServer:
    """Starts at once. `fail` is an (HTTP status, JSON) answer in place of the usual one."""

    user: str = "ana"
    life: int = 3600
    rotate: bool = True
    approved: bool = True  #: the person has done his part on the other device
    fail: tuple[int, dict[str, Any]] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)  #: each question to /token
    issued: list[str] = field(default_factory=list)  #: access tokens, the newest last
    spent: set[str] = field(default_factory=set)  #: access tokens the mail server refuses

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._refresh: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def revoke(self) -> None:
        """The admin of the provider ends every grant; tokens given out work no more."""
        with self._lock:
            self._refresh.clear()
            self.spent.update(self.issued)

    # -- the pages ------------------------------------------------------------------------

    def authorize(self, fields: dict[str, str]) -> str:
        """Where the browser is sent once the person has signed in."""
        code = f"code-{next(self._numbers)}"
        self._codes[code] = fields
        query = urllib.parse.urlencode({"code": code, "state": fields["state"]})
        return f"{fields['redirect_uri']}/?{query}"

    def token(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.asked.append(fields)
            if self.fail:
                return self.fail
            grant = fields["grant_type"].rpartition(":")[2]
            refusal = getattr(self, f"_{grant.replace('-', '_')}")(fields)
            return (400, {"error": refusal}) if refusal else (200, self._issue(grant))

    def _issue(self, grant: str) -> dict[str, Any]:
        number = next(self._numbers)
        access = f"canary-access-{number}"
        self.issued.append(access)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.life}
        by_person = grant in ("authorization_code", "device_code")
        if by_person or (grant == "refresh_token" and self.rotate):
            answer["refresh_token"] = f"canary-refresh-{number}"
            self._refresh.add(answer["refresh_token"])
        return answer

    def _refresh_token(self, fields: dict[str, str]) -> str:
        known = fields["refresh_token"] in self._refresh
        if self.rotate or not known:
            self._refresh.discard(fields["refresh_token"])
        if not known:
            self._refresh.clear()
        return "" if known else "invalid_grant"

    def _authorization_code(self, fields: dict[str, str]) -> str:
        asked = self._codes.pop(fields["code"], None)
        if asked is None or asked["redirect_uri"] != fields["redirect_uri"]:
            return "invalid_grant"
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return "" if proof == asked["code_challenge"] else "invalid_grant"

    def _device_code(self, fields: dict[str, str]) -> str:
        return "" if self.approved else "authorization_pending"

    def _client_credentials(self, fields: dict[str, str]) -> str:
        return "" if fields.get("client_secret") == SECRET else "invalid_client"

    def _jwt_bearer(self, fields: dict[str, str]) -> str:
        return "" if fields["assertion"].count(".") == 2 else "invalid_grant"

    def device(self) -> dict[str, Any]:
        self.approved = False
        return {
            "device_code": "canary-device",
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.url}/device",
            "interval": 0.05,
            "expires_in": 60,
        }

    def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662, as Dovecot asks it."""
        active = token in self.issued and token not in self.spent
        return {"active": active, "username": self.user, "email": self.user}


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            fields = dict(urllib.parse.parse_qsl(parts.query))
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", server.authorize(fields))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:  # /introspect?token=…
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
                self._say(200, server.introspect(fields.get("token") or bearer))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = dict(urllib.parse.parse_qsl(body))
            match urllib.parse.urlsplit(self.path).path:
                case "/token":
                    self._say(*server.token(fields))
                case "/devicecode":
                    self._say(200, server.device())
                case _:
                    self._say(200, server.introspect(fields.get("token", "")))

        def _say(self, status: int, what: dict[str, Any]) -> None:
            body = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
