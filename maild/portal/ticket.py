"""A ticket's own page: its thread, an answer, files, "solved" and "not solved".

The link is the visitor's proof, so its forms need no other. What he writes is a mail to the
ticket's signed address and takes the way of all mail.
"""

import secrets
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.model.mail import Address
from maild.portal.counter import View
from maild.portal.links import TICKET
from maild.portal.mail import LONGEST_TEXT, OCTETS, Written
from maild.portal.site import Site, see_other
from maild.portal.visit import Form, Visit

#: a visitor's file never runs nor shows as a page of ours
FILE_POLICY = "sandbox; default-src 'none'"


def routes(site: Site) -> list[Route]:
    return [
        Route("/t/{word}", partial(show, site), methods=["GET"]),
        Route("/t/{word}", partial(act, site), methods=["POST"]),
        Route("/t/{word}/file/{message:int}/{place:int}", partial(file, site), methods=["GET"]),
    ]


async def _view(site: Site, visit: Visit) -> View | None:
    said = visit.words.read(TICKET, visit.request.path_params["word"], visit.now)
    return await site.read(site.counter.view, said[0], said[1]) if said else None


async def show(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    view = await _view(site, visit)
    return _page(site, visit, view) if view else site.no_link(visit)


def _page(
    site: Site, visit: Visit, view: View, *, status: int = 200, fault: str = "", given: str = ""
) -> Response:
    articles = [site.library.article(slug, view.ticket.language) for slug in view.articles]
    return site.page(
        visit,
        "ticket",
        status=status,
        view=view,
        ticket=view.ticket,
        articles=[article for article in articles if article],
        word=visit.request.path_params["word"],
        fault=fault,
        given=given,
        sent="sent" in visit.request.query_params,
    )


async def act(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    view = await _view(site, visit)
    if view is None:
        return site.no_link(visit)
    form = await visit.form()
    action = form["action"] or "answer"
    here = f"/t/{request.path_params['word']}"
    if len(form["body"]) > LONGEST_TEXT:
        return _page(site, visit, view, status=422, fault="too_long", given=form["body"])
    if action == "solved":
        await site.write(site.counter.solve, view.ticket.id, view.person)
        return see_other(here)
    if action == "reopen" and view.may_reopen:
        text = form["body"].strip() or site.pages.words(visit.language)["ticket"]["reopened"]
        await site.write(site.counter.reopen, view.ticket.id, view.person, text, form.files)
        return see_other(here)
    if not form["body"].strip() and not form.files:
        return _page(site, visit, view, status=422, fault="missing")
    return see_other(await _answer(site, visit, view, form) or f"{here}?sent")


async def _answer(site: Site, visit: Visit, view: View, form: Form) -> str | None:
    """Send it on its way; where it went, if that is another ticket."""
    ticket, counter = view.ticket, site.counter
    name = ticket.requester.name if ticket.requester.key == view.person else ""
    written = Written(
        sender=Address(name, view.person),
        to=counter.answer_address(ticket, view.person),
        subject=counter.answer_subject(ticket, view.person),
        text=form["body"],
        id=_form_id(visit, form),
        at=visit.now,
        files=form.files,
    )
    intake = await site.write(counter.take, written, visit.client)
    fate = await site.fate(intake)
    if fate is None or fate.ticket in (None, ticket.id):
        return None
    path = site.links.ticket(fate.ticket, view.person, visit.now).removeprefix(site.links.base)
    return f"{path}?sent"


def _form_id(visit: Visit, form: Form) -> str:
    word = visit.read_word(form)
    return word[0] if word else secrets.token_hex(12)


async def file(site: Site, request: Request) -> Response:
    """An attachment, to be saved and never shown."""
    visit = site.visit(request)
    view = await _view(site, visit)
    if view is None:
        return site.no_link(visit)
    path = request.path_params
    found = await site.read(site.counter.file, view, path["message"], path["place"])
    if found is None:
        return site.missing(visit)
    name, content = found
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Security-Policy": FILE_POLICY}
    return Response(content, media_type=OCTETS, headers=headers)
