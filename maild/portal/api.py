"""Requests from programs: `POST /api/v1/tickets` with a key of their own.

They become mail like everything else, so rules, deadlines and letters are the same. The
conversation then goes on by mail.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maild.model.mail import Address
from maild.notify.wording import one_line
from maild.portal.mail import LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT, Written, email_of
from maild.portal.site import Site

#: a worker that is busy gets so long; then the program is asked to try again
PATIENCE_S = 25.0
_LONGEST_BODY = 1_000_000
_LONGEST_ID = 200
_NEEDED = ("from", "subject", "body")
#: what a field of one line may hold, a needed one and a channel; as the description says, so
#: without what engines of patterns read in different ways
_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_SOMETHING = r"\S"
_LETTERS = r"[0-9A-Za-z\u00c0-\u024f\u0370-\u1fff\u3040-\ud7ff]+"
_WORD = rf"^({_LETTERS}(-{_LETTERS})*)?$"
_LONGEST = {
    "from": 254,
    "name": LONGEST_NAME,
    "subject": LONGEST_SUBJECT,
    "body": LONGEST_TEXT,
    "channel": 40,
    "department": 60,
    "external_id": _LONGEST_ID,
}


@dataclass(frozen=True, slots=True)
class Source:
    """A program that may open tickets."""

    name: str
    key: str
    channel: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may hand in, and what departments there are."""

    sources: tuple[Source, ...]
    departments: Mapping[str, str]  #: key -> address
    default: str  #: address

    def source_of(self, authorization: str) -> Source | None:
        """Whose key this is; every key is compared, in constant time."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        given = sha256(key.strip().encode()).digest()
        right = [
            source
            for source in self.sources
            if hmac.compare_digest(sha256(source.key.encode()).digest(), given)
        ]
        return right[0] if right else None


def routes(site: Site, gate: Gate) -> list[Route]:
    return [
        Route("/api/v1/tickets", partial(submit, site, gate), methods=["POST"]),
        Route("/api/v1/openapi.json", openapi, methods=["GET"]),
    ]


async def submit(site: Site, gate: Gate, request: Request) -> Response:
    source = gate.source_of(request.headers.get("authorization", ""))
    if source is None:
        denied = error(401, "a key is needed: Authorization: Bearer KEY")
        denied.headers["WWW-Authenticate"] = "Bearer"
        return denied
    said = await _json(request)
    faults = _faults(said, gate) if isinstance(said, dict) else {"": "must be a JSON object"}
    if faults:
        return error(422, "the request does not fit", faults)
    return await _submit(site, gate, source, said, request)


async def _submit(
    site: Site, gate: Gate, source: Source, said: dict[str, Any], request: Request
) -> Response:
    visit = site.visit(request)
    external = one_line(said.get("external_id") or "", _LONGEST_ID)
    email = email_of(said["from"]) or ""
    if external and (known := await site.read(site.counter.named, source.name, external)):
        return _answer(site, known, email, 200)
    name = external or secrets.token_hex(16)
    before = await site.read(site.counter.was_submitted, source.name, name)
    headers = [("X-Maild-Channel", said.get("channel") or source.channel)]
    if external:
        headers.append(("X-Maild-External-Id", external))
    written = Written(
        sender=Address(said.get("name") or "", email),
        to=gate.departments.get(said.get("department") or "", gate.default),
        subject=said["subject"],
        text=said["body"],
        id=sha256(f"{source.name}:{name}".encode()).hexdigest()[:32],
        at=visit.now,
        headers=tuple(headers),
    )
    intake = await site.write(site.counter.submit, source.name, name, written, visit.client)
    fate = await site.fate(intake, PATIENCE_S)
    if fate is None or not fate.done:
        busy = error(503, "taken, but not decided yet; ask again with the same external_id")
        busy.headers["Retry-After"] = "10"
        return busy
    if fate.ticket is None:
        return JSONResponse({"id": None, "tag": None, "url": None}, 202)
    return _answer(site, fate.ticket, email, 200 if before else 201)


async def _json(request: Request) -> Any:
    """What was sent if it is JSON of a bearable size and of whole characters, else None."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LONGEST_BODY:
            return None
    try:
        said = json.loads(raw)
        json.dumps(said, ensure_ascii=False).encode()  # fails for half a character
    except (ValueError, RecursionError):
        return None
    return said


def _faults(said: dict[str, Any], gate: Gate) -> dict[str, str]:
    """Field -> what is wrong with it, in words for programmers."""
    found = {name: "is unknown" for name in said if name not in _LONGEST}
    found |= {name: "is missing" for name in _NEEDED if not said.get(name)}
    for name, longest in _LONGEST.items():
        value = said.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            found[name] = "must be text"
        elif len(value) > longest:
            found[name] = f"is longer than {longest} characters"
        elif name in _NEEDED and value and not re.search(_SOMETHING, value):
            found[name] = "is empty"
        elif name != "body" and not re.fullmatch(_LINE, value):
            found[name] = "holds control characters"
    if "from" not in found and not email_of(said["from"]):
        found["from"] = "is no e-mail address"
    department = said.get("department")
    if "department" not in found and department and department not in gate.departments:
        found["department"] = f"must be one of: {', '.join(gate.departments)}"
    channel = said.get("channel")
    if "channel" not in found and channel and not re.fullmatch(_WORD, channel):
        found["channel"] = "must be one word"
    return found


def _answer(site: Site, ticket: int, email: str, status: int) -> Response:
    url = site.links.ticket(ticket, email, site.clock.now())
    tag = f"[{site.counter.practice.tag} #{ticket}]"
    return JSONResponse({"id": ticket, "tag": tag, "url": url}, status)


def is_for_programs(request: Request) -> bool:
    """Whether the answer is read by a program, however wrong what was asked."""
    return str(request.scope["path"]).startswith("/api/")


def error(status: int, said: str, fields: Mapping[str, str] | None = None) -> JSONResponse:
    body: dict[str, Any] = {"error": said}
    if fields:
        body["fields"] = dict(fields)
    return JSONResponse(body, status)


async def openapi(request: Request) -> Response:
    """The description of this interface, for people and programs (OpenAPI 3.1)."""
    return JSONResponse(OPENAPI)


def _text(about: str, name: str, pattern: str = _LINE) -> dict[str, Any]:
    kinds = "string" if name in _NEEDED else ["string", "null"]
    return {
        "type": kinds,
        "maxLength": _LONGEST[name],
        "pattern": pattern,
        "description": about,
    }


_TICKET = {
    "type": "object",
    "required": ["id", "tag", "url"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": ["integer", "null"]},
        "tag": {"type": ["string", "null"], "examples": ["[ACME #1042]"]},
        "url": {"type": ["string", "null"], "description": "the requester's page"},
    },
}
_REQUEST = {
    "type": "object",
    "required": list(_NEEDED),
    "additionalProperties": False,
    "properties": {
        "from": _text("the requester's e-mail address", "from") | {"format": "email"},
        "name": _text("the requester's name", "name"),
        "subject": {"allOf": [_text("what it is about", "subject"), {"pattern": _SOMETHING}]},
        "body": _text("what is asked, as plain text", "body", _SOMETHING),
        "channel": _text("chat, phone …; default: the source's own", "channel", _WORD),
        "department": _text("the department's key in the config", "department"),
        "external_id": _text(
            "your own name for it: the same again is the same ticket", "external_id"
        ),
    },
}


def _response(about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}


_ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "maild", "version": "1", "description": "Requests from programs."},
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {
        "/api/v1/tickets": {
            "post": {
                "summary": "Open a ticket",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _REQUEST}},
                },
                "responses": {
                    "201": _response("opened", _TICKET),
                    "200": _response("this external_id was opened before", _TICKET),
                    "202": _response("taken; a rule opens no ticket for it", _TICKET),
                    "401": _response("no right key", _ERROR),
                    "413": _response("far too large", _ERROR),
                    "422": _response("what does not fit, field by field", _ERROR),
                    "503": _response("taken, not decided yet: ask again", _ERROR),
                },
            }
        }
    },
}
