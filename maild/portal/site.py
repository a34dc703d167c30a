"""The site: what every page needs, and the two rules that hold for all of them.

Pages are rendered in the event loop; the store is asked in threads of their own: one for all
that writes, so that letters and transactions never meet, and one for what takes long, so that
nobody who reads a ticket waits for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from maild.errors import Temporary
from maild.interfaces import Clock
from maild.kb.library import Library
from maild.portal.counter import Counter
from maild.portal.limits import Bucket, Proxies, neighbourhood
from maild.portal.links import Links
from maild.portal.pages import Pages
from maild.portal.visit import LANGUAGE_COOKIE, Visit, choose_language
from maild.store.portal import Fate

P = ParamSpec("P")
R = TypeVar("R")
log = structlog.get_logger("portal")

#: how long a visitor waits for his request's number before he is told that it comes by mail
PATIENCE_S = 4.0
_LOOK_EVERY_S = 0.05
#: links that open nothing, for one visitor: whoever asks for more is a program that guesses
MISSES, MISSES_PER = 20, timedelta(minutes=1)


@dataclass(slots=True)
class Site:
    """The pages of one desk."""

    counter: Counter
    pages: Pages
    library: Library
    links: Links
    clock: Clock
    forms: Bucket  #: `forms_per_address`
    proxies: Proxies
    is_well: Callable[[], bool]  #: for `/healthz`; writes
    patience: float = PATIENCE_S
    misses: Bucket = field(default_factory=lambda: Bucket(MISSES, MISSES_PER))
    _readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(3, "reader"), init=False
    )
    _writer: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "writer"), init=False
    )
    _drawer: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "drawer"), init=False
    )

    # -- the store ----------------------------------------------------------------------------

    async def read(self, what: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await _in(self._readers, partial(what, *args, **kwargs))

    async def write(self, what: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await _in(self._writer, partial(what, *args, **kwargs))

    async def draw(self, what: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What reads much and takes long: one after the other."""
        return await _in(self._drawer, partial(what, *args, **kwargs))

    async def attempt(self, what: Callable[[], object], times: int = 1) -> None:
        """After an answer, what nobody waits for; where the store is busy, so many times."""
        for _ in range(times):
            try:
                await self.write(what)
            except Temporary as error:
                log.warning("the store is busy", error=str(error))
            else:
                return

    async def fate(self, intake: int, patience: float | None = None) -> Fate | None:
        """What became of a message, waited for a little."""
        until = self.clock.monotonic() + (self.patience if patience is None else patience)
        while True:
            fate = await self.read(self.counter.fate, intake)
            if fate is None or fate.done or self.clock.monotonic() >= until:
                return fate
            await asyncio.sleep(_LOOK_EVERY_S)

    def close(self) -> None:
        """End the threads, and their connections with them."""
        for pool, threads in ((self._readers, 3), (self._writer, 1), (self._drawer, 1)):
            for _ in range(threads):
                pool.submit(self.counter.store.close)
            pool.shutdown(wait=True)

    # -- visits -------------------------------------------------------------------------------

    def visit(self, request: Request) -> Visit:
        peer = request.client.host if request.client else ""
        return Visit(
            request,
            self.pages.house,
            self.links.words,
            choose_language(request, self.pages.languages),
            self.clock.now(),
            self.proxies.client(peer, request.headers.get("x-forwarded-for", "")),
        )

    def page(
        self, visit: Visit, name: str, *, status: int = 200, path: str = "", **context: Any
    ) -> Response:
        """A rendered page, with the cookies its forms need."""
        html = self.html(visit, name, path=path, **context)
        return self.finish(visit, HTMLResponse(html, status))

    def html(self, visit: Visit, name: str, *, path: str = "", **context: Any) -> str:
        return self.pages.render(
            name,
            visit.language,
            visit.now,
            path=path or _without_language(visit.request),
            person=visit.person,
            csrf=visit.form_word(),
            has_articles=self.library.has_public,
            **context,
        )

    @staticmethod
    def finish(visit: Visit, response: Response) -> Response:
        """With the cookies that a page's forms and its language need."""
        visit.remember_form(response)
        chosen = visit.request.query_params.get("lang")
        if chosen == visit.language != visit.request.cookies.get(LANGUAGE_COOKIE):
            visit.remember_language(response)
        return response

    def missing(self, visit: Visit) -> Response:
        """The same for everything that is not the visitor's, whether it exists or not."""
        return self.page(visit, "message", status=404, path="/?", key="missing")

    def no_link(self, visit: Visit) -> Response:
        """The same 404 for every wrong link, and 429 for who tries too many. A right one opens
        all the same: whoever shares an address with a scanner is not locked out by it."""
        if self.misses.take(neighbourhood(visit.client), self.clock.monotonic()):
            return self.missing(visit)
        return self._later(self.refused(visit, "too_many_links", 429), self.misses)

    def refused(self, visit: Visit, key: str, status: int) -> Response:
        log.info("form refused", reason=key, path=visit.path.split("/")[1])
        return self.page(visit, "message", status=status, key=key)

    def too_many(self, visit: Visit) -> Response | None:
        """A 429 where this visitor has sent too many forms."""
        who = neighbourhood(visit.client)
        if self.forms.take(who, self.clock.monotonic()):
            return None
        return self._later(self.refused(visit, "too_many", 429), self.forms)

    @staticmethod
    def _later(response: Response, limit: Bucket) -> Response:
        response.headers["Retry-After"] = str(int(limit.per.total_seconds()))
        return response


def see_other(path: str, background: BackgroundTask | None = None) -> Response:
    """What follows a form: another page, which may be loaded again."""
    return RedirectResponse(path, status_code=303, background=background)


async def _in(pool: ThreadPoolExecutor, work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(pool, work)


def _without_language(request: Request) -> str:
    """The page's own address, to which a language can be added; its Host has no say in it."""
    asked = request.query_params.multi_items()
    kept = urlencode([(name, value) for name, value in asked if name not in ("lang", "v")])
    return quote(request.scope["path"]) + (f"?{kept}&" if kept else "?")
