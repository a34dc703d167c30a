"""The first pages: a new request, and a person's own requests by a mailed link."""

from functools import partial

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.model.mail import Address
from maild.portal.links import SENT, SIGN_IN
from maild.portal.mail import LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT, Written, email_of
from maild.portal.site import Site, see_other
from maild.portal.visit import FORM_HOLDS, Form, Person, Visit

#: hidden from people; what fills it is a program
TRAP = "homepage"


def routes(site: Site) -> list[Route]:
    return [
        Route("/", partial(ask, site), methods=["GET"]),
        Route("/", partial(take, site), methods=["POST"]),
        Route("/sent/{word}", partial(sent, site), methods=["GET"]),
        Route("/requests", partial(requests, site), methods=["GET"]),
        Route("/requests", partial(send_link, site), methods=["POST"]),
        Route("/requests/{word}", partial(door, site), methods=["GET"]),
        Route("/requests/{word}", partial(enter, site), methods=["POST"]),
        Route("/dashboard/{word}", partial(door, site), methods=["GET"]),
        Route("/dashboard/{word}", partial(enter, site), methods=["POST"]),
        Route("/sign-out", partial(leave, site), methods=["POST"]),
    ]


# -- a new request --------------------------------------------------------------------------


async def ask(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    email = visit.person.email if visit.person else ""
    return site.page(visit, "ask", given={"email": email}, faults={}, trap=TRAP)


async def take(site: Site, request: Request) -> Response:
    """A form is one more mail: durable before the visitor is told so."""
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    if refused := site.too_many(visit):
        return refused
    form = await visit.form()
    word = visit.read_word(form)
    if word is None:
        return _again(site, visit, form, {"form": "stale"}, status=403)
    if form[TRAP]:
        return see_other(_sent_path(visit, 0))
    if faults := _faults(form):
        return _again(site, visit, form, faults, status=422)
    email = email_of(form["email"]) or ""
    known = visit.person is not None and visit.person.email == email.casefold()
    written = Written(
        sender=Address(form.line("name"), email),
        to=site.counter.request_address(email if known else None),
        subject=form.line("subject"),
        text=form["body"],
        id=word[0],
        at=word[1],
        files=form.files,
    )
    intake = await site.write(site.counter.take, written, visit.client)
    return see_other(_sent_path(visit, intake))


def _faults(form: Form) -> dict[str, str]:
    """Field -> the name of what is wrong with it."""
    found = {}
    if not email_of(form["email"]):
        found["email"] = "email" if form["email"].strip() else "missing"
    for name, longest in (
        ("name", LONGEST_NAME), ("subject", LONGEST_SUBJECT), ("body", LONGEST_TEXT),
    ):  # fmt: skip
        if len(form[name]) > longest:
            found[name] = "too_long"
    for name in ("subject", "body"):
        if not form[name].strip():
            found[name] = "missing"
    return found


def _again(
    site: Site, visit: Visit, form: Form, faults: dict[str, str], *, status: int
) -> Response:
    """The form once more, with all that was written and what is wrong with it."""
    return site.page(visit, "ask", status=status, given=form.fields, faults=faults, trap=TRAP)


def _sent_path(visit: Visit, intake: int) -> str:
    return f"/sent/{visit.words.make(SENT, [intake], visit.now + FORM_HOLDS)}"


async def sent(site: Site, request: Request) -> Response:
    """The number of the new request, and nothing else of it."""
    visit = site.visit(request)
    said = visit.words.read(SENT, request.path_params["word"], visit.now)
    if said is None:
        return site.no_link(visit)
    fate = await site.fate(said[0])
    return site.page(visit, "sent", number=fate.ticket if fate else None)


# -- one's own requests ---------------------------------------------------------------------


async def requests(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    person = visit.person
    if person is None:
        return site.page(visit, "sign_in", dashboard=False, fault="", given="", done=False)
    return await _own(site, visit, person)


async def _own(site: Site, visit: Visit, person: Person) -> Response:
    tickets = await site.read(site.counter.tickets_of, person.email)
    found = [(t, _path(site.links.ticket(t.id, person.email, visit.now))) for t in tickets]
    return site.page(visit, "requests", tickets=found, email=person.email)


def _path(url: str) -> str:
    """A link of ours without the site's own address."""
    return "/" + url.partition("://")[2].partition("/")[2]


async def send_link(site: Site, request: Request, *, dashboard: bool = False) -> Response:
    """The same answer for every address; the letter is written after it has been given."""
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    if refused := site.too_many(visit):
        return refused
    form = await visit.form()
    email = email_of(form["email"])
    fault = "stale" if visit.read_word(form) is None else "" if email else "email"
    if fault or email is None:
        status = 403 if fault == "stale" else 422
        given = form["email"]
        return site.page(
            visit, "sign_in", status=status, dashboard=dashboard, fault=fault, given=given,
            done=False,
        )  # fmt: skip
    response = site.page(
        visit, "sign_in", dashboard=dashboard, fault="", given=email, done=True
    )
    send = partial(site.counter.send_link, email, dashboard=dashboard, language=visit.language)
    response.background = BackgroundTask(site.attempt, send, times=6)
    return response


def _read_link(visit: Visit, word: str) -> tuple[str, str, bool] | None:
    said = visit.words.read(SIGN_IN, word, visit.now)
    dashboard = visit.path.startswith("/dashboard/")
    if said is None or bool(said[2]) != dashboard:
        return None
    return said[0], said[1], dashboard


async def door(site: Site, request: Request) -> Response:
    """A button: programs that look at all links of a mail use nothing up."""
    visit = site.visit(request)
    link = _read_link(visit, request.path_params["word"])
    if link is None or not await site.read(site.counter.is_fresh, link[1]):
        return site.no_link(visit)
    return site.page(visit, "enter", dashboard=link[2], email=link[0])


async def enter(site: Site, request: Request) -> Response:
    """The link is used up, and the visitor is signed in."""
    visit = site.visit(request)
    if visit.is_foreign():
        return site.refused(visit, "foreign", 403)
    link = _read_link(visit, request.path_params["word"])
    if link is None:
        return site.no_link(visit)
    email, nonce, dashboard = link
    person = visit.person
    if not await site.write(site.counter.use_link, email, nonce):
        # the page was loaded again: he is in already
        inside = person is not None and person.email == email
        return see_other("/requests") if inside else site.no_link(visit)
    person = Person(email, dashboard)
    if dashboard:
        response = see_other("/dashboard")
    else:
        response = await _own(site, visit, person)
    visit.sign_in(response, person, site.links.lifetimes.session)
    return response


async def leave(site: Site, request: Request) -> Response:
    visit = site.visit(request)
    if visit.is_foreign() or visit.read_word(await visit.form()) is None:
        return site.refused(visit, "foreign", 403)
    response = see_other("/")
    visit.sign_out(response)
    return response
