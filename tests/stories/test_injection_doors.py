"""Hostile words that come another way: forms, programs, delivery reports, forwarded mail, an
agent's orders; and the letters that time writes about them.
"""

import json
from pathlib import Path

import pytest

from tests.hostile_fields import EVIL, LUIS, PEOPLE, STRINGS, hostile_mail, inspect
from tests.pages import PORTAL, Visitor, link
from tests.stories.office import Office, Received
from tests.stories.test_injection import BELIEVES
from tests.stories.test_mornings import REPORT, ring
from tests.test_hooks import Listener

TIMES = """
[lifecycle]
pending_close_after = "3d"
[limits]
automatic_letters = "100000/10m"
[security]
authserv_id = "mx.acme.test"
[survey]
per_person = "1s"
remind_after = "1d"
[[escalation]]
at = "80%"
notify = ["assignee"]
[[escalation]]
at = "100%"
notify = ["assignee", "supervisors"]
"""
ANA = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
each = pytest.mark.parametrize("said", STRINGS)
some = pytest.mark.parametrize("said", list(STRINGS)[::5])


def inspect_all(letters: list[Received], *more: str) -> None:
    for letter in letters:
        inspect(letter.raw, letter.to, {*PEOPLE, *more})


def one_line(said: str) -> str:
    return " ".join(said.replace("\0", "").split())


# -- what time writes -------------------------------------------------------------------------


def test_letters_that_time_writes(tmp_path: Path) -> None:
    """All strings in subject, name, copy and file name of open, waiting and solved requests:
    warnings, breaches, reminders, digests, the report and the admins' letter."""
    office = Office(tmp_path, more=TIMES + REPORT)
    places = ["Subject", "Cc, name", "words", "file name"]
    for number, said in enumerate(STRINGS.values(), 1):
        office.receive(hostile_mail(number, places, said))
        notice = next(x for x in office.letters() if x.type == "agent-new")
        order = ("#tomar", "#esperar", "#resuelto")[number % 3]
        office.answer(notice, f"{order}\n\nHola, Luis.")
        forged = "Ana Ruiz <ana@acme.test>"
        office.receive(
            hostile_mail(900 + number, ["Subject"], said, sender=forged, words="#cerrar")
        )
    office.letters()
    found = []
    for _ in range(40):  # hours of some days
        office.clock.wind(hours=6)
        ring(office, "tickets", "digests", "reports", "failed proofs", "surveys", "held mail")
        found += office.letters()
    inspect_all(found)
    assert {letter.type for letter in found} >= {
        "sla-warning", "sla-breach", "pending-reminder", "survey-reminder", "digest", "report",
        "admin",
    }  # fmt: skip


# -- pages and programs -----------------------------------------------------------------------


def from_the_portal(tmp_path: Path, said: str) -> set[str]:
    """One string in each field of each form; the types of letters that came of it."""
    office = Office(tmp_path, more=PORTAL + BELIEVES)
    visitor = Visitor(office)
    said = said.encode("utf-8", "replace").decode()
    form = {"name": "Luis", "email": LUIS, "subject": "Hola", "body": "No puedo entrar."}
    files = [("file", (f"a{said}.png", b"png", f"image/png{said}"))]
    found = []
    for name in ("file", *form):
        fields = form if name == "file" else {**form, name: f"{form[name]}{said}"}
        sent = visitor.submit("/", files=files if name == "file" else None, **fields)
        assert sent.status_code in (303, 400, 422), sent.text
        office.clock.wind(hours=25)
        found += office.letters()
    visitor.submit("/requests", email=f"{LUIS}{said}")
    visitor.submit("/requests", email=LUIS)
    found += office.letters()
    acknowledged = next(x for x in found if x.type == "acknowledgement")
    page = link(acknowledged, "t")
    visitor.submit(page, body=f"Más {said}", action="answer", files=files)
    notice = next(x for x in found if x.type == "agent-new")
    office.answer(notice, "#resuelto\nYa.")
    found += office.letters()
    survey = link(next(x for x in found if x.type == "resolved"), "s")
    visitor.submit(survey, score="1", comment=f"Mal {said}")
    key = {"Authorization": "Bearer s3cret-key"}
    asked = {"from": LUIS, **form, "channel": "chat", "external_id": "x"}
    del asked["email"]
    for name in asked:
        body = {**asked, "external_id": f"x{name}", name: f"{asked[name]}{said}"}
        sent = visitor.client.post("/api/v1/tickets", json=body, headers=key)
        assert sent.status_code in (200, 201, 422), sent.text
        found += office.letters()
    inspect_all(found)
    visitor.site.close()
    return {letter.type for letter in found}


FROM_PAGES = {"acknowledgement", "agent-new", "agent-message", "link", "resolved", "low-rating"}


@some
def test_forms_and_programs(tmp_path: Path, said: str) -> None:
    """Each field of the request form, the sign-in, a ticket's page, a survey and the API."""
    assert from_the_portal(tmp_path, STRINGS[said]) >= FROM_PAGES


@pytest.mark.proof
@each
def test_all_of_it_through_forms_and_programs(tmp_path: Path, said: str) -> None:
    """The same with every string."""
    assert from_the_portal(tmp_path, STRINGS[said]) >= FROM_PAGES


# -- reports of delivery ----------------------------------------------------------------------


def returned(letter: Received, said: str) -> bytes:
    """A letter that did not arrive, and the string in each field of the report."""
    return (
        f"From: Mail {said} <mailer-daemon@mx.test>\nTo: {letter.reply_to}\n"
        f"Subject: failed {said}\nMIME-Version: 1.0\nMessage-ID: <dsn{said}@mx.test>\n"
        'Content-Type: multipart/report; boundary="b"; report-type=delivery-status\n\n'
        f"--b\n\nfailed {said}\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.test{said}\n\nFinal-Recipient: rfc822; {letter.to}{said}\n"
        f"Original-Recipient: rfc822; {letter.to}{said}\nAction: failed\n"
        f"Status: 5.1.1 {said}\nRemote-MTA: dns; mx{said}\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 {said}\n--b\nContent-Type: message/rfc822\n\n"
        f"Message-ID: {letter.mail['Message-ID']}\nSubject: {letter.subject} {said}\n"
        f"To: {letter.to}{said}\n\nHola {said}\n--b--\n"
    ).encode("utf-8", "surrogateescape")


def test_delivery_reports(tmp_path: Path) -> None:
    """Every field of a report, by every string: the agents hear of it, nobody else."""
    office = Office(tmp_path, more=BELIEVES)
    told = 0
    for number, said in enumerate(STRINGS.values(), 1):
        office.write(f"c{number}@x.test", f"Asunto {number}")
        notice = next(x for x in office.letters() if x.type == "agent-new")
        office.answer(notice, "Hola.")
        office.receive(returned(office.letter("reply"), said))
        for letter in office.letters():
            inspect(letter.raw, letter.to, {"ana@acme.test", "admin@acme.test"})
            told += letter.type == "delivery-failed"
    assert told >= len(STRINGS) * 3 / 4  # some end the report before it says what it is about


# -- by an agent's hand -----------------------------------------------------------------------


def test_forwarded_mail(tmp_path: Path) -> None:
    """Who wrote it stands in the words: at most one person outside hears of the desk."""
    office = Office(tmp_path, more=BELIEVES)
    heads = ("De: Rosa {} <rosa@z.test>", "De: Rosa <rosa{}@z.test>", "De: rosa@z.test {}")
    for number, said in enumerate(STRINGS.values()):
        body = (
            f"---------- Forwarded message ---------\n{heads[number % 3].format(said)}\n"
            f"Date: lun, 8 jun 2026 a las 8:30 {said}\nSubject: No imprime {said}\n"
            f"To: Ana Ruiz {said} <ana@acme.test>\n\nNo imprime.\n"
        )
        body = body.encode("utf-8", "replace").decode()
        office.write("Ana Ruiz <ana@acme.test>", f"Fwd: No imprime {number}", body, **ANA)
        letters = office.letters()
        outside = {letter.to for letter in letters} - PEOPLE
        assert len(outside) <= 1
        inspect_all(letters, *outside)


def test_an_agents_orders(tmp_path: Path) -> None:
    """Readers and requesters whom an agent names with such words: an address or a mistake."""
    office = Office(tmp_path, more=BELIEVES)
    office.write("Luis <luis@x.test>")
    notice = next(x for x in office.letters() if x.type == "agent-new")
    for said in STRINGS.values():
        said = one_line(said).encode("utf-8", "replace").decode()
        office.answer(notice, f"#copia bea@x.test{said}\n\nHola a todos.")
        office.answer(notice, f"#etiqueta {said}\n#escalar {said}")
        office.answer(notice, f"#cliente luis@x.test{said}")
        letters = office.letters()
        named = {*office.ticket()["cc"]} | {letter.to for letter in letters}
        openly = EVIL in said.lower() and "=?" not in said
        assert openly or EVIL not in named
        inspect_all(letters, *named)
        office.answer(notice, "#cliente luis@x.test")
        office.answer(notice, "#sincopia")
        office.letters()


# -- calls to other programs ------------------------------------------------------------------


def test_webhooks(tmp_path: Path) -> None:
    """Each call has the very header fields of a harmless one, and a body that is JSON."""
    listener = Listener()
    hook = f'[webhook.crm]\nurl = "{listener.url}"\nevents = ["created"]\nsecret = "s"\n'
    office = Office(tmp_path, more=BELIEVES + hook)
    ring(office, "webhooks")
    for number, said in enumerate(("nada", *STRINGS.values()), 1):
        office.receive(hostile_mail(number, ["Subject", "Cc, name", "words"], said))
    ring(office, "webhooks")
    listener.server.shutdown()
    listener.server.server_close()
    assert len(listener.told) == len(STRINGS) + 1
    harmless, *others = (sorted(headers) for headers, _ in listener.told)
    assert all(names == harmless for names in others)
    for _, body in listener.told:
        assert json.loads(body)["ticket"]["requester"]["email"] == LUIS
