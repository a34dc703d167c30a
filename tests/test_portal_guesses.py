"""Whoever guesses gets nowhere: links, forms sent from elsewhere, forged hosts, addresses."""

import http.client
import re
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.routing import Route

from maild.links import Signer
from maild.portal.links import FORM, SENT, SESSION, SIGN_IN, SURVEY, TICKET, Words
from tests.pages import ORIGIN, PORTAL, Visitor, hidden, link
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.stories.office import Office
from tests.wire.desk import Desk, mail

LUIS = "Luis Pérez <luis@x.test>"
PURPOSES = (TICKET, SURVEY, SIGN_IN, SESSION, FORM, SENT)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, more=PORTAL)


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office)


# -- links ----------------------------------------------------------------------------------


def test_twenty_thousand_guesses(
    office: Office, record_property: Callable[[str, object], None]
) -> None:
    """10,000 random words and 10,000 of one changed bit: none says anything, whatever the
    purpose it is tried for; and the right one opens nothing else."""
    now = office.clock.now()
    words = Words(Signer(b"secret").derived("portal"))
    word = words.make(TICKET, [1, "luis@x.test"], now + timedelta(days=180))
    assert [words.read(p, word, now) for p in PURPOSES] == [[1, "luis@x.test"], *[None] * 5]
    hits = 0
    for number in range(10_000):
        guess = secrets.token_urlsafe(16 + number % 64)
        at, bit = number % len(word), number // len(word) % 7
        changed = word[:at] + chr(ord(word[at]) ^ (1 << bit)) + word[at + 1 :]
        if number >= 7 * len(word):  # all of these are through: now within random words
            payload, _, _ = word.rpartition(".")
            changed = f"{payload}.{secrets.token_urlsafe(32)[: len(word) - len(payload) - 1]}"
        purpose = PURPOSES[number % len(PURPOSES)]
        hits += words.read(purpose, guess, now) is not None
        hits += words.read(TICKET, changed, now) is not None
    record_property("figure", f"20,000 guesses, {hits} hits")
    record_property("target", "0 hits")
    assert hits == 0


def test_who_tries_too_many_links_is_told_to_wait(office: Office, visitor: Visitor) -> None:
    """Twenty wrong ones a minute get their 404, whatever they are for; then 429. The right
    one opens all the same: others may sit behind that address."""
    office.write(LUIS)
    page = link(office.letter("acknowledgement"), "t")
    kinds = ("t", "s", "requests", "dashboard", "sent")
    for number in range(20):
        answer = visitor.get(f"/{kinds[number % 5]}/{secrets.token_urlsafe(40)}")
        assert answer.status_code == 404
    for kind in kinds:
        refused = visitor.get(f"/{kind}/{secrets.token_urlsafe(40)}")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) == 60
    assert visitor.post(f"/t/{secrets.token_urlsafe(40)}", {"body": "x"}).status_code == 429
    assert visitor.get(page).status_code == 200
    office.clock.wind(minutes=1, seconds=1)
    assert visitor.get("/t/wrong").status_code == 404


def test_expired_wrong_and_foreign_links_look_alike(office: Office, visitor: Visitor) -> None:
    """The same 404 to the letter, so that nobody learns what exists."""
    office.write(LUIS)
    now = office.clock.now()
    words = visitor.site.links.words
    later = now + timedelta(days=1)
    tried = {
        "expired": words.make(TICKET, [1, "luis@x.test"], now),
        "no such ticket": words.make(TICKET, [99, "luis@x.test"], later),
        "not his": words.make(TICKET, [1, "eva@y.test"], later),
        "a survey's": words.make(SURVEY, [1, 1], later),
        "nonsense": "nonsense",
    }
    pages = {why: visitor.get(f"/t/{word}") for why, word in tried.items()}
    assert {answer.status_code for answer in pages.values()} == {404}
    bare = {re.sub(r'value="[^"]+"', "", answer.text) for answer in pages.values()}
    assert len(bare) == 1


# -- forms sent from elsewhere --------------------------------------------------------------


def test_every_form_refuses_another_sites_origin(office: Office, visitor: Visitor) -> None:
    """Each page that takes a POST, asked of the routes themselves; and nothing happens."""
    office.write(LUIS)
    page = link(office.letter("acknowledgement"), "t")
    door = visitor.site.links.sign_in("luis@x.test", "n", office.clock.now(), dashboard=False)
    paths = {
        "/t/{word}": page,
        "/s/{word}": "/s/any",
        "/requests/{word}": door.removeprefix(ORIGIN),
        "/dashboard/{word}": "/dashboard/any",
        "/kb/{slug}": "/kb/any",
    }
    routes = visitor.client.app.routes  # type: ignore[attr-defined]
    forms = [r.path for r in routes if isinstance(r, Route) and "POST" in (r.methods or ())]
    assert len(forms) >= 8
    before = office.ticket()
    for path in forms:
        if path.startswith("/api/"):
            continue  # a key of its own, and no cookie counts there
        fields = {"body": "x", "action": "solved", "email": "luis@x.test", "useful": "yes"}
        fields |= {"score": "1", **hidden(visitor.get("/").text)}
        for headers in (
            {"Origin": "https://evil.test"},
            {"Origin": "null"},
            {"Origin": "https://help.acme.test.evil.test"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            sent = visitor.client.post(paths.get(path, path), data=fields, headers=headers)
            assert sent.status_code == 403, (path, headers)
    assert office.ticket() == before
    assert visitor.post(door, {}).status_code == 200  # it has not been used up


def test_a_forged_host_is_in_no_letter_and_no_page(office: Office, visitor: Visitor) -> None:
    """Whatever Host, X-Forwarded-Host and Forwarded say, in all that is written for it."""
    lies = {
        "Host": "evil.test",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Proto": "evil",
        "Forwarded": "host=evil.test",
        "X-Original-URL": "http://evil.test/",
    }
    office.write(LUIS)
    letters = office.letters()
    page = link(letters[0], "t")
    pages = [visitor.get(path, **lies) for path in ("/", "/requests", "/kb", "/none", page)]
    asked = {"email": "luis@x.test", "subject": "Otra", "body": "Cosa"}
    new = {**asked, "email": "eva@y.test"}
    pages.append(visitor.post("/", {**visitor.form("/"), **new}, **lies))
    pages.append(visitor.post("/requests", {**visitor.form("/requests"), **asked}, **lies))
    pages.append(visitor.post(page, {"body": "Más", "action": "answer"}, **lies))
    assert [answer.status_code for answer in pages[-3:]] == [303, 200, 303]
    for answer in pages:
        assert "evil" not in answer.text
        assert "evil" not in str(answer.headers)
    office.answer(next(x for x in letters if x.type == "agent-new"), "#resuelto\nListo.")
    written = office.letters()
    assert {"acknowledgement", "link", "resolved"} <= {letter.type for letter in written}
    for letter in written:
        assert b"evil" not in letter.raw


# -- who is known ---------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, sink: Sink) -> Iterator[tuple[Desk, int]]:
    """A running daemon with pages, and their port."""
    port = free_port()
    more = f'[portal]\nlisten = "127.0.0.1:{port}"\nforms_per_address = "10000/hour"\n'
    with Desk(tmp_path / "desk", sink=sink, more=more) as desk:
        yield desk, port


@pytest.mark.wire
@pytest.mark.proof
def test_known_and_unknown_addresses_look_alike(
    site: tuple[Desk, int], record_property: Callable[[str, object], None]
) -> None:
    """Same status, same length, same time: the letter is written once the answer is given."""
    desk, port = site
    customers = [f"persona{number:02}@conocida.test" for number in range(60)]
    for customer in customers:
        desk.send(mail(customer, "No puedo acceder"))
    desk.await_quiet()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    cookie, word = _form(line)
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    seen = set()
    for number, customer in enumerate(customers):
        for kind in ("known", "unknown") if number % 2 else ("unknown", "known"):
            email = customer if kind == "known" else customer.replace("conocida", "inventad")
            fields = urlencode({"csrf": word, "email": email})
            headers = {
                "Cookie": cookie,
                "Content-Type": "application/x-www-form-urlencoded",
            }
            line.close()  # idle ones are closed by the other side
            line.connect()
            started = time.perf_counter()
            line.request("POST", "/requests", fields, headers)
            answer = line.getresponse()
            first = time.perf_counter() - started
            body = re.sub(rb'value="[^"]+"', b"", answer.read())
            times[kind].append(first)
            seen.add((answer.status, len(body), body))
            if kind == "known":
                desk.letter("link", customer)  # no work is left over for the next one
    assert len(seen) == 1
    known, unknown = (statistics.median(times[kind]) for kind in ("known", "unknown"))
    record_property("figure", f"known {known * 1e3:.2f} ms, unknown {unknown * 1e3:.2f} ms")
    record_property("target", "within a quarter or 1 ms")
    assert abs(known - unknown) < max(0.001, 0.25 * unknown)


def _form(line: http.client.HTTPConnection) -> tuple[str, str]:
    line.request("GET", "/requests")
    answer = line.getresponse()
    cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
    return cookie, hidden(answer.read().decode())["csrf"]
