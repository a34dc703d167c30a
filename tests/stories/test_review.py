"""What went wrong once: halves of orders, forged reports, notes lost or shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.model.mail import Envelope
from tests.stories.office import Office, Received

PASS = {"Authentication_Results": "mx.acme.test; dmarc=pass header.from=acme.test"}
FORWARD = (
    "---------- Forwarded message ---------\n"
    "De: Rosa Gil <rosa@z.test>\n"
    "Date: lun, 8 jun 2026 a las 8:30\n"
    "Subject: No imprime\n"
    "To: Ana Ruiz <ana@acme.test>\n\n"
    "La impresora no imprime.\n"
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A desk whose mail server says who passed DMARC."""
    yield Office(tmp_path, more='[security]\nauthserv_id = "mx.acme.test"')


@pytest.fixture
def notice(office: Office) -> Received:
    """The agent's notice of the first ticket."""
    office.write("Luis <luis@x.test>")
    return office.letter("agent-new")


@pytest.mark.parametrize("question", ["#report nosuch", "#show 99"])
def test_a_wrong_question_undoes_the_merge_above_it(
    office: Office, notice: Received, question: str
) -> None:
    """Nothing is done: the other ticket gains no words and no reader."""
    office.write("Otro <otro@y.test>", "Otra cosa", "Privado de Otro.")
    office.letters()
    office.answer(notice, f"#merge 2\n{question}")
    assert [letter.type for letter in office.letters()] == ["command-error"]
    other = office.ticket(2)
    assert (other["cc"], other["links"], len(other["messages"])) == ([], [], 1)


def test_an_undo_that_is_refused_leaves_the_merge_as_it_was(
    office: Office, notice: Received
) -> None:
    """`#deshacer` above an order that can't be done takes nothing out of the other ticket."""
    office.write("Otro <otro@y.test>", "Otra cosa", "De Otro.")
    second = office.letter("agent-new")
    office.answer(second, "#unir 1")
    before = office.ticket(1)
    office.clock.wind(minutes=5)
    office.answer(notice, "#deshacer\n#unir 99")
    office.letters()
    after = office.ticket(1)
    assert len(before["messages"]) == 2
    assert after["messages"] == before["messages"]
    assert after["events"] == before["events"]


def test_a_question_beside_orders_that_fail_is_not_answered(office: Office) -> None:
    """The agent hears once, that nothing was done or sent."""
    office.write("ana@acme.test", "Una llamada", "#cola\n#asignar leo\n\nHola", **PASS)
    assert [letter.type for letter in office.letters()] == ["command-error"]


def test_a_forged_delivery_report_mutes_nobody(office: Office) -> None:
    """A report about a letter that never was changes nothing for the address it names."""
    office.receive(
        b"From: MAILER-DAEMON@evil.test\r\nTo: soporte@acme.test\r\n"
        b"Subject: Undelivered\r\nMessage-ID: <b1@evil.test>\r\n"
        b"Date: Mon, 8 Jun 2026 07:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; evil.test\r\n\r\n"
        b"Final-Recipient: rfc822; luis@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b--\r\n",
        Envelope("smtp", sender="", recipients=("soporte@acme.test",)),
    )
    office.write("Luis <luis@x.test>")
    assert "acknowledgement" in {letter.type for letter in office.letters()}


def test_a_note_on_behalf_is_a_note(office: Office) -> None:
    """`#customer` with `#note`: the ticket is the customer's, the words are the house's."""
    office.write(
        "ana@acme.test", "Llamada", "#customer rosa@z.test\n#nota\nEnfadada. NOTA", **PASS
    )
    ticket = office.ticket()
    assert ticket["requester"]["email"] == "rosa@z.test"
    assert [(m["kind"], m["text"]) for m in ticket["messages"]] == [("note", "Enfadada. NOTA")]
    letters = office.letters()
    assert {letter.type for letter in letters} == {"acknowledgement", "agent-new"}
    for letter in letters:
        assert (b"NOTA" in letter.raw) == (letter.to == "ana@acme.test")


def test_words_sent_on_behalf_reach_the_customer(office: Office) -> None:
    """`#customer` with `#send` writes to him first; he answers on the ticket."""
    office.write(
        "ana@acme.test", "Su pedido", "#customer rosa@z.test\n#send\nLlega mañana.", **PASS
    )
    [letter] = [letter for letter in office.letters() if letter.to == "rosa@z.test"]
    assert letter.type == "reply"
    assert "Llega mañana." in letter.text
    office.answer(letter, "Muy bien, ¿a qué hora?")
    assert [m["kind"] for m in office.ticket()["messages"]] == ["agent", "customer"]


@pytest.mark.parametrize("head", ["#note Es VIP. NOTA\n\n", "#nota\nEs VIP. NOTA\n\n"])
def test_a_note_above_a_forwarded_mail_is_kept(office: Office, head: str) -> None:
    """Beside the customer's words, for the house alone."""
    office.write("ana@acme.test", "Fwd: No imprime", head + FORWARD, **PASS)
    ticket = office.ticket()
    assert [(m["kind"], m["text"]) for m in ticket["messages"]] == [
        ("customer", "La impresora no imprime."),
        ("note", "Es VIP. NOTA"),
    ]
    for letter in office.letters():
        if letter.to == "rosa@z.test":
            assert b"NOTA" not in letter.raw


def test_words_sent_with_a_forwarded_mail_reach_its_writer(office: Office) -> None:
    """`#send` above it: the reply goes out in place of an acknowledgement."""
    office.write("ana@acme.test", "Fwd: No imprime", f"#send Ahora voy.\n\n{FORWARD}", **PASS)
    letters = office.letters()
    [letter] = [letter for letter in letters if letter.to == "rosa@z.test"]
    assert letter.type == "reply"
    assert "Ahora voy." in letter.text
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer", "agent"]
    [told] = [letter for letter in letters if letter.type == "agent-new"]
    assert "La impresora no imprime." in told.text


def test_a_mail_of_nobody_is_not_acknowledged(office: Office) -> None:
    """Without a From and a sender there is nobody to write to; the agents hear of it."""
    office.receive(b"Subject: hola\r\nMessage-ID: <n1@x.test>\r\n\r\nSin remitente.\r\n")
    assert [letter.type for letter in office.letters()] == ["agent-new"]


def test_two_mails_without_a_header_are_two_mails(office: Office) -> None:
    """Rubbish too is told apart by what it says."""
    taken = [office.receive(raw) for raw in (b"rubbish", b"other rubbish", b"", b"rubbish\n")]
    assert len(set(taken)) == 3
    assert taken[0] == taken[3]


def test_a_signed_address_in_an_answer_goes_to_nobody(office: Office, notice: Received) -> None:
    """An agent pastes from his notice: its customer could write in his name with that."""
    signed = notice.reply_to
    office.answer(notice, f"Escriba a {signed} o <mailto:{signed.replace('+', '%2B')}>.")
    reply = office.letter("reply")
    word = signed.partition("+")[2].partition("@")[0]
    assert "Escriba a soporte@acme.test" in reply.text
    assert word.encode() not in reply.raw
    assert word not in reply.text
    assert word not in reply.html


@pytest.mark.parametrize(
    "closing",
    [
        "Saludos cordiales\n\nAna Ruiz\nSoporte técnico | ACME\nC/ Mayor 1, Madrid\n"
        "Tel: +34 600 11 22 33\nwww.acme.test",
        "Best,\nAna Ruiz | Support Engineer | ACME Corp | +34 91 000 00 00",
        "[cid:image001.png@01DC1234.5678ABCD]\nAna Ruiz",
    ],
)
def test_a_whole_signature_under_an_order_is_not_sent(
    office: Office, notice: Received, closing: str
) -> None:
    """Names, telephone, street and a picture: the customer gets nothing, the agent hears."""
    office.answer(notice, f"#tomar\n\n{closing}")
    assert [letter.type for letter in office.letters()] == ["answer"]
    assert office.ticket()["assignee"] == "ana"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("¡Muchas gracias! Todo perfecto.", "resolved"),
        ("Many thanks,\nLuis", "resolved"),
        ("Gracias, ya funciona.\n\nLuis Gómez", "resolved"),
        ("Gracias, ya no funciona.", "open"),
        ("Gracias, pero no funciona", "open"),
        ("Gracias.\n\n¿Y la impresora?", "open"),
        ("Gracias.\n\nSIGUE IGUAL", "open"),
        ("Gracias por nada", "open"),
        ("Gracias.\nUrgente", "open"),
    ],
)
def test_thanks_with_a_name_under_them_are_thanks(
    office: Office, notice: Received, said: str, status: str
) -> None:
    """They leave a solved ticket alone; the least doubt reopens it."""
    office.answer(notice, "#resolve")
    office.answer(office.letter("resolved"), said)
    assert office.ticket()["status"] == status


def test_a_token_in_a_subject_is_not_kept(tmp_path: Path) -> None:
    """Where no plus-addressing is: what is handed over on a person holds no agent's token."""
    office = Office(tmp_path, desk='reply_to = ""')
    office.write("Luis <luis@x.test>")
    office.answer(office.letter("agent-new"), "Hola", to="soporte@acme.test", threaded=False)
    assert office.ticket()["messages"][-1]["kind"] == "agent"
    assert office.ticket()["messages"][-1]["subject"] == "Re: [ACME #1] No puedo acceder"


def test_a_split_message_keeps_its_own_proof(office: Office, notice: Received) -> None:
    """The agent's proof is not his customer's."""
    office.answer(notice, "#separar")
    assert office.ticket(2)["messages"][0]["proof"] == "none"
