"""The web application: all routes, the headers of every answer, and what goes wrong.

No JavaScript, nothing from elsewhere, no frame: the policy says so to the browser too.
"""

import asyncio
import hashlib
from functools import partial
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maild.errors import Temporary
from maild.portal import api, articles, dashboard, front, survey, ticket
from maild.portal.api import Gate
from maild.portal.dashboard import Boards
from maild.portal.site import Site

log = structlog.get_logger("portal")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": browsers then hide where our own forms come from
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
#: seconds in which some of a form must come, and all of it
_SOME_S, _ALL_S = 30, 600
_YEAR = "public, max-age=31536000, immutable"
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
           ".webp": "image/webp", ".gif": "image/gif"}  # fmt: skip


def application(site: Site, gate: Gate, boards: Boards, *, max_body: int) -> Starlette:
    """All pages. `max_body`: bytes that a form with its files may have."""
    pages = Starlette(
        routes=[
            Route("/healthz", partial(health, site), methods=["GET"]),
            Route("/style.css", partial(style, site), methods=["GET"]),
            Route("/icon.svg", partial(icon, site), methods=["GET"]),
            Route("/logo", partial(logo, site), methods=["GET"]),
            *front.routes(site),
            *ticket.routes(site),
            *survey.routes(site),
            *articles.routes(site),
            *dashboard.routes(site, boards),
            *api.routes(site, gate),
        ],
        middleware=[
            Middleware(Guarded),
            Middleware(RequestBodyLimitMiddleware, max_body_size=max_body),
        ],
        exception_handlers={
            HTTPException: partial(_wrong, site),
            Temporary: partial(_busy, site),
            ClientDisconnect: _gone,
            Exception: partial(_broken, site),
        },
    )
    pages.router.redirect_slashes = False  # its addresses are made of the request's Host
    return pages


class Guarded:
    """Adds the headers that every answer has, and waits for no form for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        now = asyncio.get_running_loop().time
        last = now() + _ALL_S

        whole = False

        async def patient() -> Message:
            nonlocal whole
            if whole:  # what comes now is that the visitor leaves
                return await receive()
            try:
                async with asyncio.timeout_at(min(now() + _SOME_S, last)):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            whole = not message.get("more_body", False)
            return message

        await self._app(scope, patient, guarded)


# -- what goes wrong ------------------------------------------------------------------------


async def _wrong(site: Site, request: Request, error: Exception) -> Response:
    """A page that is not there, a form that does not fit."""
    assert isinstance(error, HTTPException)
    if api.is_for_programs(request):
        said = api.error(error.status_code, error.detail.lower())
        said.headers.update(error.headers or {})
        return said
    visit = site.visit(request)
    if (
        error.status_code == 404
        and visit.path.endswith("/")
        and request.method in ("GET", "HEAD")
    ):
        return RedirectResponse(f"/{visit.path.strip('/')}")
    if error.status_code in (404, 405):
        response = site.missing(visit)
        response.status_code = error.status_code
        response.headers.update(error.headers or {})
        return response
    if error.status_code == 413:
        return site.page(visit, "message", status=413, key="too_large")
    return site.page(visit, "message", status=error.status_code, key="bad")


async def _gone(request: Request, error: Exception) -> Response:
    """The visitor left before his form was here: nobody hears this."""
    return PlainTextResponse("gone", 400)


async def _busy(site: Site, request: Request, error: Exception) -> Response:
    """The store can't be written now: nothing was taken, and the visitor is told so."""
    log.warning("the store is busy", error=str(error))
    if api.is_for_programs(request):
        response: Response = api.error(503, "the store is busy; nothing was taken")
    else:
        response = site.page(site.visit(request), "message", status=503, key="busy")
    response.headers["Retry-After"] = "30"
    return response


async def _broken(site: Site, request: Request, error: Exception) -> Response:
    log.error("a page failed", exc_info=error, path=request.scope["path"].split("/")[1])
    if api.is_for_programs(request):
        response: Response = api.error(500, "this failed; the desk's log says why")
    else:
        response = site.page(site.visit(request), "message", status=500, key="broken")
    response.headers.update(HEADERS)  # it is given outside of `Guarded`
    return response


# -- small things ---------------------------------------------------------------------------


async def health(site: Site, request: Request) -> Response:
    well = await site.write(site.is_well)
    return PlainTextResponse("ok\n" if well else "not well\n", 200 if well else 503)


async def style(site: Site, request: Request) -> Response:
    return Response(site.pages.style, media_type="text/css", headers={"Cache-Control": _YEAR})


async def icon(site: Site, request: Request) -> Response:
    """A speech bubble in the desk's colour."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<path fill="{site.pages.house.color}" d="M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4'
        'H14l-8 6v-6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"/></svg>'
    )
    headers = {"Cache-Control": _YEAR}
    return Response(svg, media_type="image/svg+xml", headers=headers)


async def logo(site: Site, request: Request) -> Response:
    path = site.pages.house.logo
    kind = _IMAGES.get(path.suffix.lower()) if path else None
    if path is None or kind is None:
        return site.missing(site.visit(request))
    try:
        content = await site.read(Path.read_bytes, path)
    except OSError:
        return site.missing(site.visit(request))
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": "public, max-age=3600", "ETag": tag}
    return Response(content, media_type=kind, headers=headers)
