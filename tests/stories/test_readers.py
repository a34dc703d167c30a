"""Who reads along: colleagues in copy, strangers, other agents; and how one leaves."""

from urllib.parse import unquote

import pytest

from tests.stories.office import Office, Received, kinds
from tests.stories.test_mornings import REPORT, ring

LUIS = "Luis Pérez <luis@x.test>"
BELIEVES = '[security]\nauthserv_id = "mx.acme.test"\n'


@pytest.fixture
def notice(office: Office) -> Received:
    """Luis has asked; this is Ana's notice."""
    office.write(LUIS)
    return next(letter for letter in office.letters() if letter.type == "agent-new")


def copies(office: Office, notice: Received) -> dict[str, Received]:
    """The next answer, as Luis and Bea get it."""
    office.answer(notice, "#copia bea@x.test")
    office.letters()
    office.answer(notice, "Hola a los dos.")
    return {letter.to: letter for letter in office.letters()}


def test_a_reader_is_told_how_to_leave(office: Office, notice: Received) -> None:
    """In words and in the field that mail programs make a button of; the requester is not."""
    sent = copies(office, notice)
    assert "#sincopia" in sent["bea@x.test"].text
    assert "#sincopia" in sent["bea@x.test"].html
    assert "#sincopia" not in sent["luis@x.test"].text
    assert sent["luis@x.test"].mail["List-Unsubscribe"] is None


def test_the_button_takes_a_reader_off(office: Office, notice: Received) -> None:
    """A mail to that address with that subject, with or without the body, from her."""
    leave = str(copies(office, notice)["bea@x.test"].mail["List-Unsubscribe"])
    to, _, rest = leave.strip("<>").removeprefix("mailto:").partition("?")
    said = dict(part.split("=") for part in rest.split("&"))
    office.write("bea@x.test", unquote(said["subject"]), "\n", to=to)
    assert office.ticket()["cc"] == []
    assert office.letters() == []
    office.answer(notice, "Solo para Luis.")
    assert kinds(office.letters()) == [("reply", "luis@x.test")]


def test_a_request_of_that_name_takes_nobody_off(office: Office) -> None:
    """Whoever chooses the subject must not order by the hand of whoever answers."""
    office.write(LUIS, "#sincopia", "Hola.")
    notice = next(letter for letter in office.letters() if letter.type == "agent-new")
    letter = copies(office, notice)["bea@x.test"]
    office.answer(letter, "Gracias, lo miro.")
    assert office.ticket()["cc"] == ["bea@x.test"]


def test_a_stranger_is_called_one(office: Office, notice: Received) -> None:
    """His words are not the requester's, now and in later notices; the order that lets him in
    is written out."""
    letter = copies(office, notice)["luis@x.test"]
    office.answer(letter, "Yo también.", sender="Max <max@otro.test>")
    assert "#copia max@otro.test" in office.letter("agent-message").text
    office.answer(letter, "Y yo.", sender="Bea <bea@x.test>")
    later = office.letter("agent-message").text
    assert "Max · ajeno a la solicitud" in later
    office.answer(letter, "Sigue igual.", sender=LUIS)
    assert "Bea · en copia" in office.letter("agent-message").text


def test_whose_ticket_it_is_hears_of_others_answers(office: Office, notice: Received) -> None:
    """Ana's ticket, and Leo, who reads along, answers as an agent: she would answer once
    more. Her own she knows; and who is handed a ticket with words gets one letter."""
    office.answer(notice, "#tomar\n#copia leo@acme.test")
    office.letters()
    office.configure(more=BELIEVES)
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
    office.write("leo@acme.test", "[ACME #1] x", "#enviar\nHe revisado los permisos.", **proof)
    told = {letter.to: letter for letter in office.letters() if letter.to != "leo@acme.test"}
    assert told["ana@acme.test"].type == "agent-message"
    assert "Leo Paz · agente" in told["ana@acme.test"].text
    office.answer(notice, "Ya está.")
    assert "ana@acme.test" not in {letter.to for letter in office.letters()}
    office.answer(notice, "#asignar leo\n#nota\nPara ti.")
    assert kinds(office.letters()) == [
        ("answer", "ana@acme.test"), ("assigned", "leo@acme.test")
    ]  # fmt: skip


def test_a_split_request_has_a_name_of_its_own(office: Office, notice: Received) -> None:
    """Without `Re:` and the number of the one it comes from."""
    office.write(LUIS, "Re: [ACME #1] No puedo acceder", "Y la impresora no va.")
    office.answer(office.letter("agent-message"), "#separar")
    assert office.ticket(2)["subject"] == "No puedo acceder"


def test_many_questions_leave_room_to_be_asked(office: Office, notice: Received) -> None:
    """An hour of orders and answers; then a mail that nothing proves: Ana is asked still."""
    for _ in range(12):
        office.answer(notice, "#cola")
    office.letters()
    office.write("ana@acme.test", "Llamada", "#cliente rosa@w.test\n\nNo imprime.")
    assert kinds(office.letters()) == [("confirm", "ana@acme.test")]


def test_who_left_no_address_is_not_written_to(office: Office) -> None:
    """A mail without a sender is a request all the same; an answer to it says what to do."""
    office.receive(b"To: soporte@acme.test\nSubject: Nadie\nMessage-ID: <n@x.test>\n\nHola.\n")
    notice = office.letter("agent-new")
    office.answer(notice, "Hola.")
    assert "#copia" in office.letter("command-error").text
    office.answer(notice, "#resuelto")
    assert office.letters() == []
    office.answer(notice, "#copia rosa@w.test\n\nHola, Rosa.")
    reply = office.letter("reply")
    assert str(reply.mail["To"]) == "rosa@w.test"


def test_a_supervisor_speaks_under_his_name(office: Office, notice: Received) -> None:
    """As an agent does; the address is the department's."""
    office.configure(more=BELIEVES)
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
    office.write("Jefa Uno <jefa@acme.test>", "[ACME #1] x", "#enviar\nLe llamaré.", **proof)
    reply = office.letter("reply", "luis@x.test")
    assert str(reply.mail["From"]) == "Jefa Uno – Soporte técnico <soporte@acme.test>"
    assert "Jefa Uno\nSoporte técnico" in reply.text.replace("\r\n", "\n")
    assert b"jefa@acme.test" not in reply.raw


def test_a_call_keeps_the_callers_name(office: Office) -> None:
    """`#cliente Rosa Gil <rosa@w.test>`: she is greeted by it."""
    office.configure(more=BELIEVES)
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
    order = "#cliente Rosa Gil <rosa@w.test>\n#canal teléfono\n\nNo imprime."
    office.write("ana@acme.test", "Llamada", order, **proof)
    assert office.ticket()["requester"] == {"name": "Rosa Gil", "email": "rosa@w.test"}
    assert "Hola, Rosa Gil:" in office.letter("acknowledgement").text


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("#ver", ["Luis Pérez", "solicitante", "nota interna", "En copia: bea@x.test"]),
        ("#porque", ["#porque", "solicitud nueva", "prueba ninguna"]),
        ("#cola", ["#cola", "No puedo acceder"]),
        ("#ayuda", ["#asignar NOMBRE", "#escalar [N] [motivo]"]),
        ("#informe", ["NOMBRE [PERÍODO]"]),
    ],
)
def test_answers_speak_spanish(
    office: Office, notice: Received, order: str, words: list[str]
) -> None:
    """Under the word that was asked, and in no other language."""
    office.answer(notice, "#copia bea@x.test\n#nota\nSolo para nosotros.")
    office.letters()
    office.answer(notice, order)
    (answer,) = office.letters()
    for word in words:
        assert word in answer.text


def test_a_name_stands_once_below_an_answer(office: Office, notice: Received) -> None:
    """Ana signs by hand: her name is not put below it again."""
    office.answer(notice, "Ya puede entrar.\n\nUn saludo,\nAna Ruiz\nTécnica de sistemas")
    assert office.letter("reply").text.count("Ana Ruiz") == 1
    office.answer(notice, "Ya puede entrar.\n\nUn saludo,\nAna")
    assert "Ana Ruiz" not in office.letter("reply").text
    office.answer(notice, "Ya puede entrar.")
    assert "Ana Ruiz" in office.letter("reply").text


def test_an_escalation_begins_with_the_requesters_words(
    office: Office, notice: Received
) -> None:
    """Not with a stranger's, who wrote in between."""
    office.answer(notice, "Hola.")
    office.answer(office.letter("reply"), "Yo también.", sender="Max <max@otro.test>")
    office.answer(notice, "#escalar 3")
    letter = next(x for x in office.letters() if x.type == "escalation")
    assert "Max" not in str(letter.mail["From"])


def test_a_linked_request_says_with_what(office: Office, notice: Received) -> None:
    """The agent of the second one finds the first."""
    office.answer(notice, "#cerrar")
    office.answer(office.letter("closed"), "Otra vez lo mismo.", sender=LUIS)
    letters = {letter.type: letter for letter in office.letters()}
    assert "Enlazada con: #1" in letters["agent-new"].text
    assert "Enlazada con" in letters["agent-new"].html
    assert "Enlazada" not in letters["acknowledgement"].text


@pytest.mark.parametrize(
    ("order", "shown"), [("#tomar", "en curso"), ("#esperar", "a la espera de respuesta")]
)
def test_a_customer_reads_one_word_for_a_state(
    office: Office, notice: Received, order: str, shown: str
) -> None:
    """In the foot of letters and in the answer to `estado` alike."""
    office.configure(more=BELIEVES)
    office.answer(notice, f"{order}\n\nHola.")
    assert shown in office.letter("reply").text
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=x.test"}
    office.write(LUIS, "estado", "\n", **proof)
    assert shown in office.letter("answer").text


def test_a_muted_sender_is_nobodys_news(office: Office, notice: Received) -> None:
    """What answers a request marked as spam is kept with it, in silence; undone, it counts."""
    office.answer(notice, "#spam")
    number = office.write(LUIS, "Re: [ACME #1] No puedo acceder", "¿Hola?")
    assert (office.outcome(number), office.letters()) == ("reply", [])
    assert office.ticket()["status"] == "spam"
    office.answer(notice, "#deshacer")
    assert [m["text"].strip() for m in office.ticket()["messages"]][-1] == "¿Hola?"


def test_an_answer_to_the_acknowledgement_keeps_the_subject(office: Office) -> None:
    """Months later it opens another request, which is not called *Solicitud recibida*."""
    office.configure(more=BELIEVES)
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=x.test"}
    office.write(LUIS, **proof)
    letters = {letter.type: letter for letter in office.letters()}
    office.answer(letters["agent-new"], "#cerrar")
    office.answer(letters["acknowledgement"], "Otra vez.", sender=LUIS)
    assert office.ticket(2)["subject"] == "No puedo acceder"


def test_words_to_a_report_reach_somebody(office: Office) -> None:
    """The only supervisor answers her own report: then the admins read it."""
    office.configure(more=BELIEVES + REPORT)
    proof = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
    office.write("jefa@acme.test", "x", "#informe semanal", **proof)
    ring(office, "reports")
    report = next(letter for letter in office.letters() if letter.type == "report")
    office.answer(report, "Muy buenas cifras.", sender="jefa@acme.test", **proof)
    assert "Muy buenas cifras." in office.letter("admin", "admin@acme.test").text
