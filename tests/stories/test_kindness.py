"""What people do without having read the manual, and what the desk makes of it."""

import pytest

from tests.stories.office import Office, Received, kinds

LUIS = "Luis Pérez <luis@x.test>"
ANA = "ana@acme.test"
BELIEVES = '[security]\nauthserv_id = "mx.acme.test"\n'
PROOF = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}


@pytest.fixture
def notice(office: Office) -> Received:
    """Luis has asked; this is Ana's notice."""
    office.write(LUIS)
    return next(letter for letter in office.letters() if letter.type == "agent-new")


# -- orders in the subject --------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["#cerrar", "Re: #cerrar", "Re: [ACME #1] #Cerrar"])
def test_an_order_in_the_subject_of_an_answer_counts(
    office: Office, notice: Received, subject: str
) -> None:
    """As if it stood on the first line; the quoted notice below it is nobody's text."""
    office.answer(notice, "", subject=subject)
    assert office.ticket()["status"] == "closed"
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer"]


def test_a_note_in_the_subject_keeps_the_text_inside(office: Office, notice: Received) -> None:
    """`#nota` as subject: what follows was surely not for the customer."""
    office.answer(notice, "Este cliente exagera.", subject="Re: [ACME #1] #nota")
    assert all(letter.to != "luis@x.test" for letter in office.letters())
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer", "note"]


def test_a_wrong_order_in_the_subject_comes_back(office: Office, notice: Received) -> None:
    """With the nearest word, and nothing of the mail is sent."""
    office.answer(notice, "Ya está.", subject="Re: [ACME #1] #notta")
    (error,) = office.letters()
    assert error.type == "command-error"
    assert "#nota" in error.text


def test_an_order_as_the_subject_of_a_new_mail(office: Office, notice: Received) -> None:
    """A question is answered, a call opens a ticket; what needs a ticket is told so, and none
    of them opens a ticket of the agent's own."""
    office.write(ANA, "#cola", "\n", to=notice.reply_to)
    assert office.letter("answer").to == ANA
    office.configure(more=BELIEVES)
    office.write(ANA, "#cerrar", "\n", **PROOF)
    assert "#cerrar" in office.letter("command-error").text
    office.write(ANA, "#cliente eva@y.test", "Llama Eva: no imprime.", **PROOF)
    assert office.ticket(2)["requester"]["email"] == "eva@y.test"
    assert office.ticket(2)["subject"] == "Llama Eva: no imprime."


def test_an_ordinary_subject_with_a_sign_is_a_subject(office: Office) -> None:
    """An agent is a customer too, and may write `#1042` or a word nobody knows."""
    office.write(ANA, "#1042 sigue igual", "No imprime.")
    office.write(ANA, "#impresora rota", "No imprime.")
    office.write(ANA, "#open office no arranca", "Nada.")
    assert [office.ticket(n)["requester"]["email"] for n in (1, 2, 3)] == [ANA] * 3


@pytest.mark.parametrize("forward", [False, True])
def test_a_customers_subject_orders_nothing(office: Office, forward: bool) -> None:
    """Whoever chooses the subject must not give orders by the hand of the agent."""
    office.write(LUIS, "#copia evil@evil.test", "Hola.")
    notice = next(letter for letter in office.letters() if letter.type == "agent-new")
    office.answer(notice, "Hola, Luis.")
    assert office.ticket()["cc"] == []
    if forward:
        office.answer(notice, "", subject="Fwd: [ACME #1] #copia evil@evil.test")
    office.write("eva@y.test", "Otra cosa", "Hola.")
    other = next(letter for letter in office.letters() if letter.type == "agent-new")
    office.answer(notice, "#unir 2")
    office.answer(notice, "Hola de nuevo.")  # its subject is still the merged one's
    office.answer(other, "Y a ti.")
    assert office.ticket(2)["cc"] == ["luis@x.test"]


# -- one mail, many things --------------------------------------------------------------------


def test_a_question_beside_orders_shows_what_they_did(office: Office, notice: Received) -> None:
    """`#show` after `#tomar`: it is his already."""
    office.answer(notice, "#tomar\n#prioridad alta\n#ver")
    shown = next(x for x in office.letters() if "--- " in x.text and x.type == "answer")
    assert "alta" in shown.text
    assert " · ana · " in shown.text


def test_a_question_beside_a_call_shows_the_new_ticket(
    office: Office, notice: Received
) -> None:
    """`#cola` under `#cliente`: the request of the phone stands in it."""
    office.configure(more=BELIEVES)
    office.write(ANA, "Llamada", "#cliente eva@y.test\n#cola\n\nNo imprime.", **PROOF)
    queue = office.letter("answer")
    assert "#2" in queue.text


def test_a_draft_is_written_only_when_all_went_well(office: Office, notice: Received) -> None:
    """A mistake after `#kb` leaves no file behind."""
    place = office.folder / "kb" / "es" / "ticket-1.md"
    office.answer(notice, "#kb\n#ver 77\n\nYa está.")
    assert office.letter("command-error")
    assert not place.exists()
    office.answer(notice, "#kb\n#resuelto\n\nYa está.")
    assert "Ya está." in place.read_text("utf-8")
    assert "ticket-1.md" in office.letter("answer", ANA).text


def test_a_forwarded_file_is_not_sent_back(office: Office) -> None:
    """`#tomar` above a forwarded mail with a file: nothing but the acknowledgement goes to
    its writer."""
    office.configure(more=BELIEVES)
    body = (
        "#tomar\n\n---------- Forwarded message ---------\nDe: Eva <eva@y.test>\n"
        "Date: lun, 8 jun 2026 a las 8:00\nSubject: Factura\nTo: <ana@acme.test>\n\nAdjunto.\n"
    )
    mail = office.mail(ANA, "Fwd: Factura", body, to="soporte@acme.test", **PROOF)
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="f.pdf")
    office.receive(mail)
    assert office.ticket()["requester"]["email"] == "eva@y.test"
    assert office.ticket()["assignee"] == "ana"
    out = [letter.type for letter in office.letters() if letter.to == "eva@y.test"]
    assert out == ["acknowledgement"]


def test_nothing_to_change_is_said(office: Office, notice: Received) -> None:
    """A single order that finds its work done is not met with silence."""
    office.answer(notice, "#prioridad normal")
    assert "No había nada que cambiar" in office.letter("answer", ANA).text


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["#RESUELTA", "#Resuelta.", "#resolved", "#solved"])
def test_solved_in_every_form(office: Office, notice: Received, word: str) -> None:
    """A request is feminine in Spanish, and people shout."""
    office.answer(notice, word)
    assert office.ticket()["status"] == "resolved"


@pytest.mark.parametrize(
    ("order", "level", "reason"),
    [
        ("#escalate to level 3", 3, None),
        ("#escalate to the level 3, please", 3, "please"),
        ("#escalar al nivel 3 no es de aquí", 3, "no es de aquí"),
        ("#escalar a 3", 3, None),
        ("#escalate to 3.", 3, None),
        ("#escalate to 3 people it looks broken", 2, "to 3 people it looks broken"),
        ("#escalar no sé qué es", 2, "no sé qué es"),
    ],
)
def test_escalate_as_people_say_it(
    office: Office, notice: Received, order: str, level: int, reason: str | None
) -> None:
    """The level may stand in a sentence; what is no level is the reason."""
    office.answer(notice, order)
    assert office.ticket()["level"] == level
    (moved,) = [e for e in office.ticket()["events"] if e["kind"] == "level"]
    assert moved["detail"]["reason"] == reason


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("#enlazar 1", "nada que enlazar"),
        ("#unir 1", "nada que unir"),
        ("#escalar 1", "ya está en el nivel 1"),
    ],
)
def test_a_request_and_itself(office: Office, notice: Received, order: str, words: str) -> None:
    """The reason names the order that was given."""
    office.answer(notice, order)
    assert words in office.letter("command-error").text


# -- readers ----------------------------------------------------------------------------------


def test_no_more_readers_than_there_is_room_for(office: Office, notice: Received) -> None:
    """Refused as a whole, so that nobody believes somebody reads along who does not; also on
    a ticket that has too many already."""
    office.configure(more="[limits]\nmax_participants = 2\n")
    office.answer(notice, "#copia a@x.test b@x.test c@x.test")
    assert "como mucho 2" in office.letter("command-error").text
    assert office.ticket()["cc"] == []
    office.answer(notice, "#copia a@x.test b@x.test")
    office.configure(more="[limits]\nmax_participants = 1\n")
    office.answer(notice, "#copia c@x.test")
    assert office.letters()[-1].type == "command-error"
    assert office.ticket()["cc"] == ["a@x.test", "b@x.test"]


def test_a_mail_brings_no_more_readers_than_allowed(office: Office) -> None:
    """The agent is told of those who are left."""
    office.configure(more="[limits]\nmax_participants = 2\n")
    office.write(LUIS, Cc="a@x.test, b@x.test")
    letters = office.letters()
    acknowledgement = next(x for x in letters if x.type == "acknowledgement")
    office.answer(acknowledgement, "Añado a otro.", sender=LUIS, Cc="c@x.test")
    assert office.ticket()["cc"] == ["a@x.test", "b@x.test"]
    assert "c@x.test" in office.letter("agent-message").text


def test_a_colleague_in_copy_leaves_with_one_mail(office: Office, notice: Received) -> None:
    """Leo reads along; `#sincopia` to the address he knows takes him off, and only him."""
    office.answer(notice, "#copia leo@acme.test bea@x.test")
    office.letters()
    office.answer(notice, "Hola a todos.")
    copy = next(letter for letter in office.letters() if letter.to == "leo@acme.test")
    office.write("leo@acme.test", "sin copia", "#sincopia", to=copy.reply_to)
    assert office.ticket()["cc"] == ["bea@x.test"]


# -- an answer without words ------------------------------------------------------------------


def test_nothing_above_the_notice_is_an_empty_answer(office: Office, notice: Received) -> None:
    """Reply and send, nothing typed: told so, and not of a leak."""
    office.answer(notice, "")
    error = office.letter("command-error")
    assert "ni órdenes" in error.text
    assert kinds(office.letters()) == []
