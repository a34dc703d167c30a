"""The survey's page. Opening it never votes: programs open all links of a mail."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.portal.counter import SurveyView
from maild.portal.links import SURVEY
from maild.portal.site import Site, see_other
from maild.portal.visit import Visit

LONGEST_COMMENT = 5_000


def routes(site: Site) -> list[Route]:
    return [
        Route("/s/{word}", partial(show, site), methods=["GET"]),
        Route("/s/{word}", partial(vote, site), methods=["POST"]),
    ]


async def _view(site: Site, visit: Visit) -> tuple[SurveyView, int] | None:
    said = visit.words.read(SURVEY, visit.request.path_params["word"], visit.now)
    view = await site.read(site.counter.survey, said[0], said[1]) if said else None
    return (view, said[1]) if said and view else None


async def show(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    found = await _view(site, visit)
    if found is None:
        return site.no_link(visit)
    return _page(site, visit, found[0], score=_score(site, request.query_params.get("v", "")))


def _page(
    site: Site,
    visit: Visit,
    view: SurveyView,
    *,
    status: int = 200,
    score: int | None = None,
    comment: str | None = None,
    fault: str = "",
) -> Response:
    rating = view.ticket.rating
    return site.page(
        visit,
        "survey",
        status=status,
        view=view,
        ticket=view.ticket,
        rating=rating,
        score=score or (rating.score if rating else None),
        comment=rating.comment if comment is None and rating else comment or "",
        fault=fault,
    )


async def vote(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    found = await _view(site, visit)
    if found is None:
        return site.no_link(visit)
    view, solve = found
    form = await visit.form()
    here = f"/s/{request.path_params['word']}"
    comment = form["comment"].strip()[:LONGEST_COMMENT]
    if form["action"] == "reopen":
        await _reopen(site, visit, view, comment)
        return see_other(here)
    score = _score(site, form["score"])
    if score is None:
        return _page(site, visit, view, status=422, comment=comment, fault="score")
    await site.write(site.counter.rate, view.ticket, solve, score, comment)
    return see_other(here)


async def _reopen(site: Site, visit: Visit, view: SurveyView, comment: str) -> None:
    text = comment or site.pages.words(visit.language)["ticket"]["reopened"]
    ticket = view.ticket
    await site.write(site.counter.reopen, ticket.id, ticket.requester.email, text)


def _score(site: Site, text: str) -> int | None:
    """The score somebody chose; None where it is none."""
    if not text.strip().isdecimal() or len(text) > 4:
        return None
    score = int(text)
    return score if site.counter.practice.surveys.takes(score) else None
