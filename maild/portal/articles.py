"""The knowledge base: a list, a search, an article, and whether it helped."""

from functools import partial
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.portal.site import Site, see_other

_LONGEST_QUESTION = 300


def routes(site: Site) -> list[Route]:
    return [
        Route("/kb", partial(shelf, site), methods=["GET"]),
        Route("/kb", partial(search, site), methods=["POST"]),
        Route("/kb/{slug}", partial(article, site), methods=["GET"]),
        Route("/kb/{slug}", partial(vote, site), methods=["POST"]),
    ]


async def shelf(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    asked = request.query_params.get("q", "").strip()[:_LONGEST_QUESTION]
    language = visit.language
    if asked:
        found = await site.read(site.library.search, asked, lang=language)
    else:
        found = await site.read(site.library.public, language)
    return site.page(visit, "kb", asked=asked, articles=found)


async def search(site: Site, request: Request) -> Response:
    """The form of that page, which leads back to it. Only here a search in vain is counted:
    looking at an address changes nothing, whoever looks."""
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    form = await visit.form()
    asked = form["q"].strip()[:_LONGEST_QUESTION]
    if not asked:
        return see_other("/kb")
    count = None
    if visit.read_word(form) is not None and not await site.read(
        site.library.search, asked, lang=visit.language
    ):
        count = BackgroundTask(site.attempt, partial(site.counter.miss, asked))
    return see_other(f"/kb?{urlencode({'q': asked})}", count)


async def article(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    slug = request.path_params["slug"]
    found = await site.read(site.library.article, slug, visit.language)
    if found is None:
        return site.missing(visit)
    helped, votes = await site.read(site.counter.usefulness, found)
    others = [site.library.article(slug, visit.language) for slug in found.translations]
    return site.page(
        visit,
        "article",
        article=found,
        html=Markup(found.html()),  # noqa: S704 (made by us from Markdown without HTML)
        helped=helped,
        votes=votes,
        others=[other for other in others if other],
        voted="voted" in request.query_params,
    )


async def vote(site: Site, request: Request) -> Response:
    """Did it help? A visitor's last word counts."""
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    if refused := site.too_many(visit):
        return refused
    form = await visit.form()
    if visit.read_word(form) is None:
        return site.refused(visit, "stale", 403)
    slug = request.path_params["slug"]
    found = await site.read(site.library.article, slug, visit.language)
    if found is None:
        return site.missing(visit)
    if form["useful"] in ("yes", "no"):
        useful = form["useful"] == "yes"
        await site.write(site.counter.vote, found, visit.cookie, useful=useful)
    return see_other(f"/kb/{found.slug}?voted")
