"""Everything an agent needs, from an ordinary mail client."""

import pytest

from tests.stories.office import Office, Received, kinds

LUIS = "Luis Pérez <luis@x.test>"


@pytest.fixture
def notice(office: Office) -> Received:
    """Luis has asked; this is Ana's notice."""
    office.write(LUIS)
    return next(letter for letter in office.letters() if letter.type == "agent-new")


@pytest.mark.parametrize(
    ("order", "field", "value"),
    [
        ("#tomar", "assignee", "ana"),
        ("# Take", "assignee", "ana"),
        ("#asignar leo", "assignee", "leo"),
        ("#assign Leo Paz", "assignee", "leo"),
        ("#prioridad alta", "priority", "high"),
        ("#priority urgent", "priority", "urgent"),
        ("#etiqueta vpn red", "tags", ["vpn", "red"]),
        ("#esperar", "status", "pending"),
        ("#hold", "status", "on_hold"),
        ("#resuelto", "status", "resolved"),
        ("#cerrar", "status", "closed"),
        ("#escalar", "level", 2),
        ("#escalate 3 no es de aquí", "level", 3),
        ("#departamento ventas", "department", "ventas"),
        ("#copia bea@x.test", "cc", ["bea@x.test"]),
        ("#spam", "status", "spam"),
    ],
)
def test_an_order_changes_the_ticket(
    office: Office, notice: Received, order: str, field: str, value: object
) -> None:
    """In English or Spanish, above an ordinary reply."""
    office.answer(notice, order)
    assert office.ticket()[field] == value


def test_orders_alone_relay_nothing(office: Office, notice: Received) -> None:
    """`#tomar` above a signature tells the customer nothing; the agent hears of it."""
    office.answer(notice, "#tomar\n\nAna Ruiz\nSoporte técnico\nTel. +34 600 123 456")
    assert office.ticket()["assignee"] == "ana"
    assert kinds(office.letters()) == [("answer", "ana@acme.test")]
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer"]


SIGNATURES = {
    "outlook": "Un cordial saludo.\n\nAna Ruiz Gómez\nTécnica de soporte\nACME, S.A.\n"
    "C/ Mayor, 12, 3.º B\n28013 Madrid\nTel.: 91 123 45 67 | Móvil: 600 12 34 56\n"
    "ana.ruiz@acme.test | www.acme.test",
    "lawyers": "Un saludo,\nAna Ruiz\nSoporte técnico · ACME\nTel. 600 123 456\nwww.acme.test\n"
    "\nEste mensaje es confidencial y va dirigido exclusivamente a su destinatario.",
    "a title": "Ana Ruiz\nResponsable de atención al cliente\n\nDe conformidad con el RGPD, le "
    "informamos de que sus datos serán tratados por ACME, y de que puede oponerse a ello.",
    "a picture": "[cid:image001.png@01D9A1B2.C3D4E5F0]\nAna Ruiz | Sistemas\n"
    "Planta 3, despacho 12",
    "thanks": "Gracias,\nAna",
    "in English": "Thanks,\nAna Ruiz\nSupport team\n\nThis email and any attachments are "
    "confidential and intended solely for the individual to whom they are addressed.",
    "dashes": "-- \nAna\nllámame cuando quieras",
    "iPhone": "Enviado desde mi iPhone",
    "Outlook for iOS": "Get Outlook for iOS",
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_signatures_are_no_text(office: Office, notice: Received, signature: str) -> None:
    """Of Outlook, Gmail and telephones, with and without dashes, with what lawyers add."""
    office.answer(notice, f"#tomar\n\n{signature}")
    assert office.ticket()["assignee"] == "ana"
    assert {letter.to for letter in office.letters()} <= {"ana@acme.test"}
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer"]


@pytest.mark.parametrize(
    "words",
    ["Ya está.", "Ana Ruiz ya no trabaja aquí.", "Gracias, Luis. Ana", "Reinicie ahora"],
)
def test_few_words_are_an_answer(office: Office, notice: Received, words: str) -> None:
    """However short, and whoever is named in them."""
    office.answer(notice, f"#tomar\n\n{words}")
    assert words in office.letter("reply").text


def test_a_mistake_does_nothing_at_all(office: Office, notice: Received) -> None:
    """One wrong word stops all of the mail; it comes back with the nearest command."""
    office.answer(notice, "#tomar\n#resulto\n\nYa está, Luis.")
    (error,) = office.letters()
    assert (error.type, error.to) == ("command-error", "ana@acme.test")
    assert "#resuelto" in error.text
    assert "Ya está, Luis." in error.text
    assert office.ticket()["assignee"] is None
    assert office.ticket()["status"] == "new"


def test_an_unknown_agent_is_named_with_the_known_ones(
    office: Office, notice: Received
) -> None:
    """A name nobody has comes back, and nothing before it was done either."""
    office.answer(notice, "#prioridad alta\n#asignar pepe")
    (error,) = office.letters()
    assert error.type == "command-error"
    assert "pepe" in error.text
    assert office.ticket()["priority"] == "normal"


def test_a_note_reaches_no_customer(office: Office, notice: Received) -> None:
    """Not now, not in a later answer, not quoted."""
    office.answer(notice, "#nota\nEste cliente exagera CLAVE-INTERNA.")
    assert all(letter.to != "luis@x.test" for letter in office.letters())
    office.answer(notice, "Hola, Luis: ya está.")
    office.answer(notice, "#resuelto\nQueda resuelto.")
    for letter in office.letters():
        if letter.to == "luis@x.test":
            assert b"CLAVE-INTERNA" not in letter.raw
    assert [m["kind"] for m in office.ticket()["messages"]] == [
        "customer", "note", "agent", "agent"
    ]  # fmt: skip


def test_resolved_with_words_is_one_letter(office: Office, notice: Received) -> None:
    """The requester gets the words in the resolved letter, readers get them as a reply."""
    office.answer(notice, "#copia bea@x.test")
    office.letters()
    office.answer(notice, "#resuelto\nHemos cambiado la contraseña.")
    letters = {letter.to: letter for letter in office.letters() if letter.type != "answer"}
    assert {to: letter.type for to, letter in letters.items()} == {
        "luis@x.test": "resolved",
        "bea@x.test": "reply",
    }
    assert "Hemos cambiado la contraseña." in letters["luis@x.test"].text
    assert letters["luis@x.test"].mail["Auto-Submitted"] is None


def test_the_customer_reopens_and_thanks_do_not(office: Office, notice: Received) -> None:
    """Thanks leave a solved ticket alone and disturb nobody; trouble reopens it."""
    office.answer(notice, "#resuelto")
    resolved = office.letter("resolved")
    office.answer(resolved, "¡Muchas gracias!")
    assert office.ticket()["status"] == "resolved"
    assert office.letters() == []
    office.answer(resolved, "Sigue sin funcionar.")
    assert office.ticket()["status"] == "open"
    assert ("agent-message", "ana@acme.test") in kinds(office.letters())


def test_long_after_the_solve_an_answer_is_a_new_ticket(
    office: Office, notice: Received
) -> None:
    """Linked with the old one, both ways."""
    office.answer(notice, "#resuelto")
    resolved = office.letter("resolved")
    office.clock.wind(days=15)
    office.answer(resolved, "Otra vez lo mismo.")
    assert office.ticket()["status"] == "resolved"
    assert office.ticket(2)["links"] == [1]
    assert office.ticket(1)["links"] == [2]


def test_merge_and_what_is_written_later(office: Office, notice: Received) -> None:
    """The merged one stands still; its mail goes to the other; undo parts them again."""
    office.write("eva@y.test", "Tampoco puedo entrar", "Igual que ayer.")
    letters = office.letters()
    second = next(letter for letter in letters if letter.type == "agent-new")
    receipt = next(letter for letter in letters if letter.type == "acknowledgement")
    office.answer(second, "#unir 1")
    assert office.ticket(2)["status"] == "merged"
    assert office.ticket(2)["merged_into"] == 1
    assert [m["from"]["email"] for m in office.ticket()["messages"]] == [
        "luis@x.test", "eva@y.test"
    ]  # fmt: skip
    office.letters()
    office.answer(receipt, "¿Alguna novedad?")
    assert office.ticket()["messages"][-1]["text"].strip() == "¿Alguna novedad?"
    office.answer(notice, "#deshacer")
    assert office.ticket(2)["status"] == "new"
    assert office.ticket(2)["merged_into"] is None
    assert "Igual que ayer." not in [m["text"].strip() for m in office.ticket()["messages"]]


def test_undo_takes_the_last_action_back(office: Office, notice: Received) -> None:
    """Only the last one, all of it, and once."""
    office.answer(notice, "#prioridad alta")
    office.clock.wind(minutes=1)
    office.answer(notice, "#tomar\n#etiqueta vpn")
    office.clock.wind(minutes=1)
    office.answer(notice, "#deshacer")
    ticket = office.ticket()
    assert (ticket["assignee"], ticket["tags"], ticket["priority"]) == (None, [], "high")
    office.clock.wind(minutes=1)
    office.answer(notice, "#undo")
    assert office.ticket()["priority"] == "normal"


def test_split_gives_a_message_a_ticket_of_its_own(office: Office, notice: Received) -> None:
    """The message answered, with its writer as requester."""
    receipt_answer = office.write(
        LUIS, "Re: [ACME #1] No puedo acceder", "Y además la impresora no va."
    )
    assert office.outcome(receipt_answer) == "reply"
    message = office.letter("agent-message")
    office.answer(message, "#separar")
    split = office.ticket(2)
    assert split["messages"][0]["text"].strip() == "Y además la impresora no va."
    assert split["requester"]["email"] == "luis@x.test"
    assert split["links"] == [1]


def test_on_behalf_of_a_customer_on_the_phone(office: Office, notice: Received) -> None:
    """The customer is the requester, the channel is in the record; it can be solved at once."""
    acknowledgement_to = "rosa@z.test"
    office.answer(
        notice,
        "#cliente rosa@z.test\n#canal teléfono\n#resuelto\n\nNo encontraba el botón.",
        to=notice.reply_to.replace("+" + notice.reply_to.split("+")[1].split("@")[0], ""),
        subject="Llamada de Rosa",
        threaded=False,
    )
    # without a proof it is held: the agent is asked first
    confirm = office.letter("confirm")
    office.answer(confirm, "Sí.")
    ticket = office.ticket(2)
    assert ticket["requester"]["email"] == acknowledgement_to
    assert ticket["channel"] == "phone"
    assert ticket["status"] == "resolved"
    assert ticket["subject"] == "Llamada de Rosa"
    assert acknowledgement_to in {letter.to for letter in office.letters()}


def test_a_forwarded_mail_makes_its_writer_the_requester(
    office: Office, notice: Received
) -> None:
    """From the agent, proven; the note above it stays inside."""
    body = (
        "Para nosotros, creo. NOTA-DE-ANA\n\n"
        "---------- Forwarded message ---------\n"
        "De: Rosa Gil <rosa@z.test>\n"
        "Date: lun, 8 jun 2026 a las 8:30\n"
        "Subject: No imprime\n"
        "To: Ana Ruiz <ana@acme.test>\n\n"
        "La impresora no imprime.\n"
    )
    office.write("Ana Ruiz <ana@acme.test>", "Fwd: No imprime", body)
    confirm = office.letter("confirm")
    office.answer(confirm, "Sí.")
    ticket = office.ticket(2)
    assert ticket["requester"] == {"name": "Rosa Gil", "email": "rosa@z.test"}
    assert ticket["subject"] == "No imprime"
    assert [m["kind"] for m in ticket["messages"]] == ["customer", "note"]
    for letter in office.letters():
        if letter.to == "rosa@z.test":
            assert b"NOTA-DE-ANA" not in letter.raw


def test_a_forwarded_mail_of_anybody_else_is_his_own(office: Office) -> None:
    """Only the house may speak for others."""
    body = (
        "---------- Forwarded message ---------\nDe: Rosa Gil <rosa@z.test>\n"
        "Date: lun, 8 jun 2026 a las 8:30\nSubject: No imprime\nTo: Luis <luis@x.test>\n\n"
        "La impresora no imprime.\n"
    )
    office.write(LUIS, "Fwd: No imprime", body)
    assert office.ticket()["requester"]["email"] == "luis@x.test"


def test_answers_between_the_quoted_lines_come_back(office: Office, notice: Received) -> None:
    """They could carry notes along: nothing is sent, the agent is told why."""
    lines = [f"> {line}" for line in notice.text.splitlines()[:8]]
    lines.insert(4, "Pues aquí contesto yo.")
    mail = office.mail(
        "ana@acme.test",
        f"Re: {notice.subject}",
        "\n".join(lines),
        to=notice.reply_to,
        In_Reply_To=str(notice.mail["Message-ID"]),
        References=str(notice.mail["Message-ID"]),
    )
    office.receive(mail)
    assert kinds(office.letters()) == [("command-error", "ana@acme.test")]


def test_a_saved_answer(office: Office, notice: Received) -> None:
    """Its text goes to the customer in the customer's language."""
    office.answer(notice, "#respuesta contraseña")
    reply = office.letter("reply")
    assert "He olvidado la contraseña" in reply.text


def test_questions_are_answered_by_mail(office: Office, notice: Received) -> None:
    """And change nothing."""
    before = office.ticket()
    for question in ("#ver", "#porque", "#cola", "#mias", "#buscar acceder", "#ayuda"):
        office.answer(notice, question)
        answer = office.letter("answer")
        assert answer.to == "ana@acme.test", question
    assert office.ticket()["events"] == before["events"]


def test_a_supervisors_words_are_a_note(office: Office, notice: Received) -> None:
    """Text of somebody who is no agent goes out only under `#send`."""
    office.answer(notice, "Esto urge.", sender="jefa@acme.test")
    confirm = office.letter("confirm", "jefa@acme.test")
    office.answer(confirm, "Sí.", sender="jefa@acme.test")
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer", "note"]
    assert "luis@x.test" not in {letter.to for letter in office.letters()}


def test_a_new_reader_gets_nothing_written_earlier(office: Office, notice: Received) -> None:
    """Only what is written from then on, and he may leave."""
    office.answer(notice, "Primera respuesta SECRETA-1.")
    office.letters()
    office.answer(notice, "#copia bea@x.test")
    office.letters()
    office.answer(notice, "Segunda respuesta.")
    reply = office.letter("reply", "bea@x.test")
    assert "SECRETA-1" not in reply.raw.decode()
    office.answer(reply, "#sincopia")
    assert office.ticket()["cc"] == []


def test_attachments_travel_both_ways(office: Office, notice: Received) -> None:
    """Whole, with their names; programs stay behind and the agent is told."""
    receipt = b"%PDF-1.4 factura"
    office.answer(notice, "Aquí va.", files=[("año.pdf", "application/pdf", receipt)])
    reply = office.letter("reply")
    assert reply.files == [("año.pdf", receipt)]
    mail = office.mail(LUIS, "Re: [ACME #1] x", "Mire esto.", to="soporte@acme.test")
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="a.exe")
    mail.add_attachment(b"PNG", maintype="image", subtype="png", filename="captura.png")
    office.receive(mail)
    message = office.letter("agent-message")
    assert message.files == [("captura.png", b"PNG")]
    assert "a.exe" in message.text


def test_a_file_above_the_quotation_is_an_answer(office: Office, notice: Received) -> None:
    """He answers with nothing but a file: the customer gets it, and nothing of the notice."""
    receipt = b"%PDF-1.4 factura"
    office.answer(notice, "", files=[("factura.pdf", "application/pdf", receipt)])
    reply = office.letter("reply")
    assert reply.files == [("factura.pdf", receipt)]
    assert "escribió:" not in reply.text
    assert [m["kind"] for m in office.ticket()["messages"]] == ["customer", "agent"]


def test_a_customers_file_above_the_quotation_comes_alone(
    office: Office, notice: Received
) -> None:
    """What he sends back quoted is folded away for the agent, too."""
    office.answer(notice, "¿Me manda una foto?")
    office.answer(office.letter("reply"), "", files=[("foto.png", "image/png", b"PNG")])
    message = office.letter("agent-message")
    assert message.files == [("foto.png", b"PNG")]
    assert office.ticket()["messages"][-1]["text"] == ""


def test_a_note_in_the_middle_is_sent_to_nobody(office: Office, notice: Received) -> None:
    """Commands stand at the top; what follows a later `#nota` was surely not for outside."""
    office.answer(notice, "Hola, Luis:\n#nota\nSECRETO")
    assert kinds(office.letters()) == [("command-error", "ana@acme.test")]
    assert len(office.ticket()["messages"]) == 1
