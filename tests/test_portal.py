"""The pages: what visitors can do, and what nobody can."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from maild.links import Signer
from maild.portal.limits import Bucket, Proxies, neighbourhood
from maild.portal.links import SESSION, SURVEY, TICKET, Words
from maild.portal.mail import email_of
from tests.pages import ORIGIN, PORTAL, Visitor, hidden, link
from tests.stories.office import Office, Received, kinds

LUIS = "Luis Pérez <luis@x.test>"
ASKED = {
    "name": "Luis Pérez",
    "email": "luis@x.test",
    "subject": "No puedo acceder",
    "body": "Desde esta mañana no puedo entrar.\n\nUn saludo",
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A desk with pages on a Monday morning."""
    return Office(tmp_path, more=PORTAL)


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office)


def solved(office: Office) -> str:
    """A ticket of Luis, solved; the path of its survey."""
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.answer(notice, "#resuelto\nYa funciona.")
    return link(office.letter("resolved"), "s")


def ticket_page(office: Office) -> str:
    """A ticket of Luis; the path of its page."""
    office.write(LUIS)
    return link(office.letter("acknowledgement"), "t")


# -- a new request --------------------------------------------------------------------------


def test_a_form_is_one_more_mail(office: Office, visitor: Visitor) -> None:
    """It opens a ticket of channel web, acknowledged and announced like any other."""
    answer = visitor.submit("/", **ASKED)
    assert answer.status_code == 303
    page = visitor.get(answer.headers["location"])
    assert '<p class="number">1</p>' in page.text
    ticket = office.ticket()
    assert ticket["channel"] == "web"
    assert ticket["subject"] == "No puedo acceder"
    assert ticket["requester"] == {"name": "Luis Pérez", "email": "luis@x.test"}
    assert ticket["messages"][0]["text"].startswith("Desde esta mañana no puedo entrar.")
    letters = office.letters()
    assert kinds(letters) == [
        ("acknowledgement", "luis@x.test"),
        ("agent-new", "ana@acme.test"),
    ]
    assert link(letters[0], "t")


def test_the_page_after_a_form_shows_the_number_and_nothing_else(visitor: Visitor) -> None:
    """Neither the ticket's link nor what was written: those go by mail."""
    answer = visitor.submit("/", **ASKED)
    page = visitor.get(answer.headers["location"]).text
    for secret in ("/t/", "luis@x.test", "No puedo acceder", "Desde esta"):
        assert secret not in page


def test_files_come_along(office: Office, visitor: Visitor) -> None:
    """Each file of the form is an attachment, whole."""
    files = [
        ("file", ("captura.png", b"\x89PNG\r\n", "image/png")),
        ("file", ("../../évil.exe", b"MZ", "text/html; charset=x")),
    ]
    visitor.submit("/", files=files, **ASKED)
    attachments = office.ticket()["messages"][0]["attachments"]
    assert [(a["filename"], a["size"]) for a in attachments] == [
        ("captura.png", 6),
        ("évil.exe", 2),
    ]


def test_pasted_text_keeps_its_blanks(office: Office, visitor: Visitor) -> None:
    """Blanks that do not break, as word processors write them, part words all the same."""
    text = "Son 100\u00a0€ al\u00a0mes."
    visitor.submit("/", email="luis@x.test", subject="Precio", body=text)
    (message,) = office.ticket()["messages"]
    assert message["text"].replace("\u00a0", " ") == "Son 100 € al mes."


def test_the_same_form_sent_twice_is_one_ticket(office: Office, visitor: Visitor) -> None:
    """A second click, or the page loaded again, changes nothing; other words are another."""
    fields = {**visitor.form("/"), **ASKED}
    assert visitor.post("/", fields).status_code == 303
    again = visitor.post("/", fields)
    assert '<p class="number">1</p>' in visitor.get(again.headers["location"]).text
    visitor.post("/", {**fields, "body": "Otra cosa."})
    assert office.store.portal.tickets_of("luis@x.test")[0].id == 2


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "", "hace falta rellenarlo"),
        ("email", "luis", "no parece una dirección"),
        ("email", "a@b.test\r\nBcc: c@d.test", "no parece una dirección"),
        ("subject", "  ", "hace falta rellenarlo"),
        ("body", "", "hace falta rellenarlo"),
        ("name", "x" * 101, "demasiado largo"),
    ],
)
def test_what_is_missing_is_said_beside_the_field(
    office: Office, visitor: Visitor, field: str, value: str, said: str
) -> None:
    """Nothing is taken, nothing that was written is lost, the title names the error."""
    answer = visitor.submit("/", **{**ASKED, field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'aria-describedby="{field}-fault' in answer.text
    assert "<title>Error: " in answer.text
    kept = "Desde esta mañana" if field != "body" else "No puedo acceder"
    assert kept in answer.text
    assert office.store.intake.waiting() == 0


def test_programs_that_fill_everything_in_open_nothing(
    office: Office, visitor: Visitor
) -> None:
    """The hidden field catches them; they are not told."""
    answer = visitor.submit("/", homepage="http://spam.test", **ASKED)
    assert answer.status_code == 303
    assert visitor.get(answer.headers["location"]).status_code == 200
    assert office.store.browse.whole(1) is None


@pytest.mark.parametrize("path", ["/", "/requests"])
def test_forms_from_elsewhere_are_refused(office: Office, visitor: Visitor, path: str) -> None:
    """A foreign Origin, none with a foreign site, no word, or another visitor's word: 403."""
    fields = {**visitor.form(path), **ASKED}
    assert visitor.post(path, fields, origin="https://evil.test").status_code == 403
    assert visitor.post(path, fields, origin="https://[::1").status_code == 403
    assert visitor.post(path, fields, origin="null").status_code == 403
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.post(path, fields, origin=None, **cross).status_code == 403
    assert visitor.post(path, ASKED).status_code == 403
    assert visitor.post(path, ASKED, origin=None).status_code == 403
    other = Visitor(office)
    assert other.post(path, fields).status_code == 403
    assert office.letters() == []


def test_a_form_open_for_too_long_comes_back_filled_in(
    office: Office, visitor: Visitor
) -> None:
    """What was written is kept, and sending it again works."""
    fields = {**visitor.form("/"), **ASKED}
    office.clock.wind(hours=13)
    late = visitor.post("/", fields)
    assert late.status_code == 403
    assert "Desde esta mañana" in late.text
    assert visitor.post("/", {**fields, **hidden(late.text)}).status_code == 303


def test_too_many_forms_from_one_address(office: Office, visitor: Visitor) -> None:
    """`forms_per_address` of them go through; then 429, until the hour is over."""
    for number in range(30):
        assert visitor.submit("/", **{**ASKED, "body": f"{number}"}).status_code == 303
    refused = visitor.submit("/", **ASKED)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    office.clock.wind(hours=1)
    assert visitor.submit("/", **ASKED).status_code == 303


def test_a_form_too_large_is_refused_whole(tmp_path: Path) -> None:
    """413, and nothing is taken."""
    office = Office(tmp_path, more=PORTAL + '[smtp]\nmax_size = "1MB"\n')
    visitor = Visitor(office)
    files = [("file", ("groß.bin", b"x" * 4_000_000, "application/octet-stream"))]
    assert visitor.submit("/", files=files, **ASKED).status_code == 413
    assert office.store.browse.whole(1) is None


# -- one's own requests ---------------------------------------------------------------------


def sign_in(office: Office, visitor: Visitor, email: str = "luis@x.test") -> str:
    """Ask for a link; the path it leads to."""
    assert visitor.submit("/requests", email=email).status_code == 200
    return link(office.letter("link"), "requests")


def test_a_mailed_link_shows_ones_requests(office: Office, visitor: Visitor) -> None:
    """For people who only ever wrote mails: a button, then the list, then the ticket."""
    office.write(LUIS)
    office.write("eva@y.test", "Otra cosa")
    office.letters()
    door = sign_in(office, visitor)
    for _ in range(2):  # a program looks at all links of a mail first
        assert visitor.client.head(door).status_code == 200
        assert "Ver mis solicitudes" in visitor.get(door).text
    inside = visitor.post(door, {})
    assert inside.status_code == 200
    assert "No puedo acceder" in inside.text
    assert "Otra cosa" not in inside.text
    assert "No puedo acceder" in visitor.get("/requests").text
    page = re.search(r'href="(/t/[^"]+)"', inside.text)
    assert page
    assert "No puedo entrar en la aplicación." in visitor.get(page[1]).text


def test_a_link_is_used_once(office: Office, visitor: Visitor) -> None:
    """A second visitor gets the same 404 as for a link that never was."""
    office.write(LUIS)
    office.letters()
    door = sign_in(office, visitor)
    visitor.post(door, {})
    stranger = Visitor(office)
    used, wrong = stranger.post(door, {}), stranger.post("/requests/abc", {})
    assert used.status_code == wrong.status_code == 404
    assert stranger.get(door).status_code == 404
    assert visitor.post(door, {}).status_code == 303  # his own page, loaded again


def test_a_link_expires(office: Office, visitor: Visitor) -> None:
    """After `link_expires` it opens nothing."""
    office.write(LUIS)
    office.letters()
    door = sign_in(office, visitor)
    office.clock.wind(minutes=15)
    assert visitor.get(door).status_code == 404
    assert visitor.post(door, {}).status_code == 404


def test_every_address_gets_the_same_answer(office: Office, visitor: Visitor) -> None:
    """Known or not: the page says the same, letter by letter; only one gets a letter."""
    office.write(LUIS)
    office.letters()
    known = visitor.submit("/requests", email="luis@x.test")
    unknown = visitor.submit("/requests", email="eve@z.test")
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert kinds(office.letters()) == [("link", "luis@x.test")]


def test_sign_in_letters_are_limited(office: Office, visitor: Visitor) -> None:
    """An address that gave no proof gets three letters a day in all, whoever asks."""
    office.write(LUIS)
    office.letters()
    for _ in range(6):
        visitor.submit("/requests", email="luis@x.test")
    assert len(office.letters()) == 2  # and the acknowledgement before


def test_signing_out(office: Office, visitor: Visitor) -> None:
    """The list is gone, and the form is back."""
    office.write(LUIS)
    office.letters()
    visitor.post(sign_in(office, visitor), {})
    assert visitor.post("/sign-out", visitor.form("/requests")).status_code == 303
    assert "No puedo acceder" not in visitor.get("/requests").text


def test_who_is_signed_in_writes_with_proof(office: Office, visitor: Visitor) -> None:
    """His address is known to be his, so the acknowledgement may call him by his name."""
    office.write(LUIS)
    office.letters()
    visitor.post(sign_in(office, visitor), {})
    visitor.submit("/", **ASKED)
    assert office.ticket(2)["messages"][0]["proof"] == "token"
    assert "Luis Pérez" in office.letter("acknowledgement").text


# -- a ticket -------------------------------------------------------------------------------


def test_the_page_of_a_ticket_shows_its_thread(office: Office, visitor: Visitor) -> None:
    """What the customer and the agent said; no note, no stranger, no agent's address."""
    office.write(LUIS)
    acknowledgement, notice = office.letters()
    office.answer(notice, "Hola, Luis: mire esto. ana@acme.test")
    office.answer(notice, "#nota\nEste cliente paga tarde.")
    office.answer(acknowledgement, "Su código es 123456.", sender="no-reply@shop.test",
                  to="soporte@acme.test")  # fmt: skip
    page = visitor.get(link(acknowledgement, "t")).text
    assert "No puedo entrar en la aplicación." in page
    assert "mire esto" in page
    assert "Ana Ruiz" in page
    for secret in ("paga tarde", "123456", "ana@acme.test", "no-reply@shop.test"):
        assert secret not in page


def test_an_answer_on_the_page_is_an_answer_by_mail(office: Office, visitor: Visitor) -> None:
    """With proof, on the same ticket, told to the agent, with its files."""
    page = ticket_page(office)
    files = [("file", ("log.txt", b"error 7", "text/plain"))]
    answer = visitor.submit(page, files=files, body="Sigue sin ir.", action="answer")
    assert answer.status_code == 303
    messages = office.ticket()["messages"]
    assert [m["text"].strip() for m in messages][1:] == ["Sigue sin ir."]
    assert messages[1]["proof"] == "token"
    assert kinds(office.letters()) == [("agent-message", "ana@acme.test")]
    shown = visitor.get(answer.headers["location"]).text
    assert "Sigue sin ir." in shown
    assert "log.txt" in shown


def test_a_file_is_saved_and_never_shown(office: Office, visitor: Visitor) -> None:
    """Octets, an attachment, no sniffing, in a sandbox; and only by who may see it."""
    page = ticket_page(office)
    evil = [("file", ('<b>"\u202eñ.html', b"<script>alert(1)</script>", "text/html"))]
    visitor.submit(page, files=evil, body="Mire.")
    shown = visitor.get(page).text
    href = re.search(r'href="(/t/[^"]+/file/\d+/\d+)"', shown)
    assert href
    file = visitor.get(href[1])
    assert file.content == b"<script>alert(1)</script>"
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert file.headers["content-disposition"].isascii()
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in file.headers["content-security-policy"]
    assert visitor.get(href[1].replace("/file/", "/file/9")).status_code == 404
    assert visitor.get(f"{href[1][:-1]}7").status_code == 404


def test_solved_and_not_solved(office: Office, visitor: Visitor) -> None:
    """One press each; the agent hears of the second."""
    page = ticket_page(office)
    office.letters()
    assert visitor.submit(page, action="solved").status_code == 303
    assert office.ticket()["status"] == "resolved"
    assert office.ticket()["events"][-1]["detail"]["reason"] == "customer"
    assert office.letters() == []
    assert visitor.submit(page, action="reopen", body="Ha vuelto a fallar.").status_code == 303
    assert office.ticket()["status"] == "open"
    assert "Ha vuelto a fallar." in office.ticket()["messages"][-1]["text"]
    assert ("agent-message", "ana@acme.test") in kinds(office.letters())


def test_what_is_too_large_for_a_letter_is_fetched(tmp_path: Path) -> None:
    """The customer's letter names it with a link, and the link gives it."""
    office = Office(tmp_path, more=PORTAL + '[limits]\nattachments = "1KB"\n')
    office.write(LUIS)
    notice = office.letter("agent-new")
    files = [("plano.pdf", "application/pdf", b"%PDF" * 2000)]
    office.answer(notice, "Aquí va el plano.", files=files)
    letter = office.letter("reply")
    assert letter.files == []
    found = re.search(rf"{ORIGIN}(/t/\S+/file/\d+/0)", letter.text)
    assert found
    assert Visitor(office).get(found[1]).content == b"%PDF" * 2000


def test_what_is_closed_is_not_reopened_but_goes_on(office: Office, visitor: Visitor) -> None:
    """After the window an answer opens a linked ticket, and the page leads there."""
    page = ticket_page(office)
    visitor.submit(page, action="solved")
    office.clock.wind(days=15)
    assert "abre una nueva" in visitor.get(page).text
    visitor.submit(page, action="reopen", body="")
    assert office.ticket()["status"] == "resolved"
    answer = visitor.submit(page, body="Vuelve a fallar lo mismo.")
    assert office.ticket(2)["links"] == [1]
    assert "Vuelve a fallar lo mismo." in visitor.get(answer.headers["location"]).text


def test_an_empty_answer_is_none(office: Office, visitor: Visitor) -> None:
    """It is said beside the field."""
    answer = visitor.submit(ticket_page(office), body=" ")
    assert answer.status_code == 422
    assert "body-fault" in answer.text


def test_a_reader_sees_what_was_written_since_he_joined(
    office: Office, visitor: Visitor
) -> None:
    """A link of his own, and nothing earlier."""
    office.write(LUIS, body="Mi contraseña es queso.")
    _, notice = office.letters()
    office.clock.wind(minutes=5)
    office.answer(notice, "#copia bea@x.test\nHola a los dos.")
    replies = {letter.to: letter for letter in office.letters() if letter.type == "reply"}
    page = link(replies["bea@x.test"], "t")
    assert page != link(replies["luis@x.test"], "t")
    shown = visitor.get(page).text
    assert "Hola a los dos." in shown
    assert "queso" not in shown


def test_who_leaves_loses_the_page(office: Office, visitor: Visitor) -> None:
    """After `#uncc` a reader's link is worth nothing."""
    office.write(LUIS)
    _, notice = office.letters()
    office.answer(notice, "#copia bea@x.test\nHola a los dos.")
    reply = next(letter for letter in office.letters() if letter.to == "bea@x.test")
    page = link(reply, "t")
    assert visitor.get(page).status_code == 200
    office.answer(notice, "#sincopia bea@x.test")
    assert visitor.get(page).status_code == 404


# -- surveys --------------------------------------------------------------------------------


def test_looking_at_a_survey_never_votes(office: Office, visitor: Visitor) -> None:
    """GET and HEAD of all five links, a hundred times: nothing changes."""
    page = solved(office)
    before = office.ticket()
    for number in range(100):
        path = f"{page}?v={number % 5 + 1}"
        assert visitor.get(path, Purpose="prefetch").status_code == 200
        assert visitor.client.head(path).status_code == 200
    assert office.ticket() == before
    assert office.letters() == []


def test_the_link_of_a_score_chooses_it(office: Office, visitor: Visitor) -> None:
    """The page opens with that score, to be confirmed."""
    page = visitor.get(f"{solved(office)}?v=4").text
    chosen = re.findall(r'value="(\d)"[^>]* checked', page)
    assert chosen == ["4"]


def test_a_vote_counts_once_and_can_be_changed(office: Office, visitor: Visitor) -> None:
    """The last mark stands; the same twice is one."""
    page = solved(office)
    for score in ("4", "4", "5"):
        assert visitor.post(page, {"score": score, "comment": "Bien"}).status_code == 303
    assert office.ticket()["rating"]["score"] == 5
    rated = [e for e in office.ticket()["events"] if e["kind"] == "rated"]
    assert [e["detail"] for e in rated] == [
        {"score": 4, "comment": "Bien"},
        {"score": 5, "comment": "Bien"},
    ]
    assert "La nota es un 5 de 5" in visitor.get(page).text


@pytest.mark.parametrize("score", ["", "0", "6", "-1", "4.5", "x", "٤", "99999999999"])
def test_a_score_is_one_to_five(office: Office, visitor: Visitor, score: str) -> None:
    """Anything else is asked again, the comment kept."""
    page = solved(office)
    answer = visitor.post(page, {"score": score, "comment": "Regular"})
    if score == "٤":  # a digit all the same
        assert office.ticket()["rating"]["score"] == 4
        return
    assert answer.status_code == 422
    assert "Regular" in answer.text
    assert office.ticket()["rating"] is None


def test_a_bad_mark_reaches_the_supervisors(office: Office, visitor: Visitor) -> None:
    """At once, with the comment; and with words under it the ticket is open again."""
    page = solved(office)
    visitor.post(page, {"score": "1", "comment": "Sigue sin funcionar nada."})
    letters = office.letters()
    assert ("low-rating", "jefa@acme.test") in kinds(letters)
    low = next(letter for letter in letters if letter.type == "low-rating")
    assert "Sigue sin funcionar nada." in low.text
    assert office.ticket()["status"] == "open"
    assert ("agent-message", "ana@acme.test") in kinds(letters)


def test_not_solved_on_the_survey_reopens(office: Office, visitor: Visitor) -> None:
    """The second button: no vote; and the survey is void until the next solve."""
    page = solved(office)
    assert visitor.post(page, {"action": "reopen", "comment": "No va."}).status_code == 303
    assert office.ticket()["status"] == "open"
    assert office.ticket()["rating"] is None
    assert "abierta de nuevo" in visitor.get(page).text
    visitor.post(page, {"score": "5"})
    assert office.ticket()["rating"] is None


def test_the_next_solve_asks_again(office: Office, visitor: Visitor) -> None:
    """A new survey for the same ticket; the old link does not vote for the new solve."""
    office.write(LUIS)
    notice = office.letter("agent-new")
    office.answer(notice, "#resuelto\nListo.")
    first = link(office.letter("resolved"), "s")
    visitor.post(first, {"action": "reopen"})
    office.letters()
    office.answer(notice, "#resuelto\nAhora sí.")
    second = link(office.letter("resolved"), "s")
    visitor.post(first, {"score": "1"})
    assert office.ticket()["rating"] is None
    visitor.post(second, {"score": "5"})
    assert office.ticket()["rating"]["score"] == 5


def test_a_survey_expires(office: Office, visitor: Visitor) -> None:
    """After `[survey] expires` its page is no more."""
    page = solved(office)
    office.clock.wind(days=29)
    assert visitor.get(page).status_code == 200
    office.clock.wind(days=1)
    assert visitor.get(page).status_code == 404
    assert visitor.post(page, {"score": "5"}).status_code == 404


def test_a_digit_by_mail_is_a_mark(office: Office) -> None:
    """`4` as the first line of an answer; what follows is the comment."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resuelto\nListo.")
    office.answer(office.letter("resolved"), "4\n\nTodo bien, gracias.\n\n-- \nLuis")
    ticket = office.ticket()
    assert (ticket["rating"]["score"], ticket["rating"]["comment"]) == (
        4,
        "Todo bien, gracias.",
    )
    assert ticket["status"] == "resolved"
    assert office.letters() == []


def test_a_one_with_words_by_mail_reopens(office: Office) -> None:
    """And the supervisors hear of it; a bare 1 changes nothing else."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resuelto\nListo.")
    resolved = office.letter("resolved")
    office.answer(resolved, "1")
    assert office.ticket()["status"] == "resolved"
    assert kinds(office.letters()) == [("low-rating", "jefa@acme.test")]
    office.answer(resolved, "1\n\nSigue sin funcionar.")
    assert office.ticket()["status"] == "open"
    assert ("agent-message", "ana@acme.test") in kinds(office.letters())


def test_a_digit_without_proof_is_text(office: Office) -> None:
    """So is one where no survey was asked."""
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "¿Cuántas veces?")
    office.answer(office.letter("reply"), "3")
    assert office.ticket()["rating"] is None
    assert office.ticket()["messages"][-1]["text"].strip() == "3"


def test_one_survey_a_week_for_a_person(office: Office) -> None:
    """A second ticket solved within `per_person` asks nothing; a week later it does."""
    for number in (1, 2):
        office.write(LUIS, f"Asunto {number}")
        office.answer(office.letter("agent-new"), "#resuelto\nListo.")
        resolved = office.letter("resolved")
        assert ("/s/" in resolved.text) == (number == 1)
    office.clock.wind(days=7, minutes=1)
    office.write(LUIS, "Asunto 3")
    office.answer(office.letter("agent-new"), "#resuelto\nListo.")
    assert "/s/" in office.letter("resolved").text


def test_surveys_of_their_own_and_one_reminder(tmp_path: Path) -> None:
    """With `after` the solve asks nothing; a day later the survey goes, then one reminder."""
    more = PORTAL + '[survey]\nafter = "24h"\nremind_after = "3d"\n'
    office = Office(tmp_path, more=more)
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#resuelto\nListo.")
    assert "/s/" not in office.letter("resolved").text
    job = next(job for job in office.app.jobs(office.store) if job.name == "surveys")
    job.run(office.clock.now())
    assert office.letters() == []
    office.clock.wind(hours=25)
    job.run(office.clock.now())
    assert link(office.letter("survey"), "s")
    for _ in range(5):
        office.clock.wind(days=1)
        job.run(office.clock.now())
    assert kinds(office.letters()) == [("survey-reminder", "luis@x.test")]
    sent = [e for e in office.ticket()["events"] if e["kind"] == "survey_sent"]
    assert len(sent) == 1


# -- safety ---------------------------------------------------------------------------------


def test_every_answer_is_guarded(office: Office, visitor: Visitor) -> None:
    """Policy, no sniffing, no frames, no referrer to elsewhere; no script in any page."""
    pages = ["/", "/requests", "/kb", "/nothing", ticket_page(office), "/healthz"]
    for path in pages:
        answer = visitor.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "<script" not in answer.text
        assert " style=" not in answer.text


def test_cookies_are_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    """HttpOnly, SameSite=Lax, and Secure where the address is https."""
    cookie = visitor.get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" in cookie


XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}{% raw %}",
    "&lt;b&gt;<b>&amp;",
    '<a href="javascript:alert(1)">x</a>',
    "\u2028<iframe srcdoc='<script>alert(1)</script>'>",
]


class Tags(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets |= {value or "" for name, value in attrs if name in ("href", "action")}


@pytest.mark.parametrize("evil", XSS)
def test_hostile_words_stay_words(office: Office, visitor: Visitor, evil: str) -> None:
    """As name, subject, text, address and search: no element, attribute or link comes of them,
    and no template is run."""
    office.write(LUIS, f"Hola {' '.join(evil.splitlines())}", f"Texto {evil}")
    page = link(office.letter("acknowledgement"), "t")
    bad = visitor.submit("/", name=evil, email=evil, subject=evil, body=evil)
    found = visitor.client.get("/kb", params={"q": evil})
    for answer in (visitor.get(page), bad, found):
        tags = Tags(answer.text)
        assert not tags.names & {"script", "img", "svg", "iframe"}
        assert not any(name.startswith("on") or name == "srcdoc" for name in tags.attributes)
        assert not any(target.startswith("javascript:") for target in tags.targets)
    assert "7*7" in bad.text or "7*7" not in evil


def test_an_altered_link_opens_nothing(office: Office, visitor: Visitor) -> None:
    """Every single character changed, of a ticket's and a survey's link; and the purposes
    don't mix."""
    page = ticket_page(office)
    word = page.removeprefix("/t/")
    wrong = visitor.get("/t/wrong")
    assert wrong.status_code == 404
    for at in range(len(word)):
        for char in {"A", "B", "_", "0"} - {word[at]}:
            altered = f"/t/{word[:at]}{char}{word[at + 1 :]}"
            office.clock.wind(seconds=5)  # who tries more is told to wait
            answer = visitor.get(altered)
            assert answer.status_code == 404, altered
            assert _bare(answer.text) == _bare(wrong.text)
    for other in ("/s/", "/requests/", "/dashboard/", "/sent/"):
        assert visitor.get(other + word).status_code == 404


def _bare(page: str) -> str:
    """A page without what is new in it each time."""
    return re.sub(r'name="csrf" value="[^"]+"', "", page)


def test_words_are_bound_to_purpose_and_time(office: Office) -> None:
    """Ten thousand one-bit changes of a word: none is read as anything."""
    now = office.clock.now()
    words = Words(Signer(b"secret").derived("portal"))
    word = words.make(TICKET, [1, "luis@x.test"], now + timedelta(days=1))
    assert words.read(TICKET, word, now) == [1, "luis@x.test"]
    assert words.read(SURVEY, word, now) is None
    assert words.read(SESSION, word, now) is None
    assert words.read(TICKET, word, now + timedelta(days=1)) is None
    assert Words(b"other").read(TICKET, word, now) is None
    tried = 0
    for at in range(len(word)):
        for bit in range(7):
            altered = word[:at] + chr(ord(word[at]) ^ (1 << bit)) + word[at + 1 :]
            assert words.read(TICKET, altered, now) is None
            tried += 1
    assert tried > 500


def test_links_of_earlier_letters_still_open(office: Office) -> None:
    """The word of a link made by an earlier release is read as it was meant."""
    word = (
        "WzEwNDIsImx1aXNAeC50ZXN0IiwxODA5MTI5NjAwXQ.0ZKTckwDDKO3DlgKfWVAcuxo3aiV6wsjQBGZHYeGueE"
    )
    assert Words(b"secret").read(TICKET, word, office.clock.now()) == [1042, "luis@x.test"]


def test_links_never_come_from_the_request(office: Office, visitor: Visitor) -> None:
    """A forged Host is in no letter and in no page."""
    fields = {**visitor.form("/"), **ASKED}
    answer = visitor.post("/", fields, **{"Host": "evil.test", "X-Forwarded-Host": "evil.test"})
    assert answer.status_code == 303
    assert "evil" not in answer.headers["location"]
    for letter in office.letters():
        assert b"evil.test" not in letter.raw


def test_a_slash_too_many_leads_to_the_page(visitor: Visitor) -> None:
    """By a path alone, whatever the Host; and to our own pages only."""
    for asked, leads in (("/kb/", "/kb"), ("//evil.test/", "/evil.test"), ("/x/", "/x")):
        answer = visitor.client.get(f"{ORIGIN}{asked}", headers={"Host": "evil.test"})
        assert (answer.status_code, answer.headers["Location"]) == (307, leads)
    assert visitor.post("/requests/", {}).status_code == 404


def test_header_lines_in_fields_stay_text(office: Office, visitor: Visitor) -> None:
    """No field of a form can add a header to any mail."""
    evil = "x\r\nBcc: victim@x.test\r\n\r\nbody"
    visitor.submit("/", **{**ASKED, "name": evil, "subject": evil})
    assert office.ticket()["cc"] == []
    for letter in office.letters():
        assert letter.mail["Bcc"] is None
        people = [a.addr_spec for name in ("To", "Cc") for a in _addresses(letter, name)]
        assert "victim@x.test" not in people


def _addresses(letter: Received, header: str) -> list[Any]:
    value = letter.mail[header]
    return list(value.addresses) if value else []


def test_looking_changes_nothing(office: Office, visitor: Visitor) -> None:
    """GET and HEAD of every page leave each table as it was."""
    page = ticket_page(office)
    office.letters()
    tables = ("ticket", "event", "message", "intake", "letter", "usedlink", "articlevote")

    def counted() -> list[object]:
        return [office.store.engine.rows(f"SELECT * FROM {table}") for table in tables]

    before = counted()
    for path in ("/", "/requests", "/kb", "/kb?q=acceso", page, f"{page}?sent", "/healthz"):
        visitor.get(path)
        visitor.client.head(path)
    assert counted() == before


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("en-GB,en;q=0.9,es;q=0.5", "en"), ("fr, es-MX;q=0.8", "es"), ("", "es"), ("de", "es")],
)
def test_pages_speak_the_visitors_language(
    visitor: Visitor, accepts: str, language: str
) -> None:
    """By what the browser asks for; the page says which it is."""
    assert f'<html lang="{language}">' in visitor.get("/", **{"Accept-Language": accepts}).text


def test_the_language_can_be_switched(visitor: Visitor) -> None:
    """A link on each page, and the choice is remembered."""
    assert 'href="/?lang=en"' in visitor.get("/").text
    assert "New request" in visitor.get("/?lang=en").text
    assert "New request" in visitor.get("/").text


def test_healthz_says_no_figures(visitor: Visitor) -> None:
    """`ok`, and that is all."""
    assert visitor.get("/healthz").text == "ok\n"


# -- small parts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" luis@x.test ", "luis@x.test"),
        ("luis.perez+a@sub.x.test", "luis.perez+a@sub.x.test"),
        ("ana@españa.test", "ana@xn--espaa-rta.test"),
        ("luis", None),
        ("luis@", None),
        ("a b@x.test", None),
        ("<a@x.test>", None),
        ("a@x..test", None),
        (".a@x.test", None),
        ("ñ@x.test", None),
        ("a@x.test\n", "a@x.test"),
        ("a@x.test\nb@x.test", None),
        (f"{'a' * 65}@x.test", None),
    ],
)
def test_addresses_as_people_type_them(typed: str, read: str | None) -> None:
    """Blanks aside, domains in ASCII; nothing that could be two."""
    assert email_of(typed) == read


def test_a_proxy_is_believed_only_where_it_is_ours() -> None:
    """The last address of the chain that is no proxy of ours, and never a word."""
    ours = Proxies(("10.0.0.0/8", "::1/128"))
    assert ours.client("10.1.1.1", "6.6.6.6, 5.5.5.5") == "5.5.5.5"
    assert ours.client("10.1.1.1", "6.6.6.6, 5.5.5.5, 10.2.2.2") == "5.5.5.5"
    assert ours.client("7.7.7.7", "5.5.5.5") == "7.7.7.7"
    assert ours.client("::1", "<script>") == "::1"
    assert Proxies().client("7.7.7.7", "5.5.5.5") == "7.7.7.7"


def test_one_visitor_is_an_address_or_a_64() -> None:
    """Somebody with a whole IPv6 network is one visitor."""
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2:ffff::9")
    assert neighbourhood("2001:db8:1:3::4") != neighbourhood("2001:db8:1:2::4")
    assert neighbourhood("::ffff:1.2.3.4") == "1.2.3.4"


def test_a_bucket_fills_and_empties() -> None:
    """Two a minute for each key."""
    bucket = Bucket(2, timedelta(minutes=1))
    assert [bucket.take("a", now) for now in (0, 1, 2)] == [True, True, False]
    assert bucket.take("b", 2)
    assert [bucket.take("a", now) for now in (59, 60.5, 60.6)] == [False, True, False]


def test_pages_are_served_under_their_own_address(visitor: Visitor) -> None:
    """The address in letters is the configured one."""
    assert visitor.site.links.base == ORIGIN
