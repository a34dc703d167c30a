"""The main job: a customer asks, an agent answers from a mail client, both get their mail."""

import pytest

from tests.stories.office import Office, kinds

LUIS = "Luis Pérez <luis@x.test>"


def test_a_mail_opens_a_ticket_and_both_sides_hear_of_it(office: Office) -> None:
    """One ticket, one acknowledgement, one notice."""
    office.write(LUIS, "No puedo acceder", "Desde esta mañana no puedo entrar.")
    assert kinds(office.letters()) == [
        ("acknowledgement", "luis@x.test"),
        ("agent-new", "ana@acme.test"),
    ]
    ticket = office.ticket()
    assert ticket["status"] == "new"
    assert ticket["subject"] == "No puedo acceder"
    assert ticket["requester"] == {"name": "Luis Pérez", "email": "luis@x.test"}
    assert ticket["messages"][0]["text"].strip() == "Desde esta mañana no puedo entrar."


def test_an_agents_reply_reaches_the_customer_as_the_department(office: Office) -> None:
    """Only his new words, in the customer's thread, without a trace of the agent's side."""
    office.write(LUIS)
    _, notice = office.letters()
    assert notice.type == "agent-new"
    office.answer(notice, "Hola, Luis:\n\nYa puede entrar. ¿Lo prueba?")
    reply = office.letter("reply")
    assert reply.to == "luis@x.test"
    assert "Ya puede entrar. ¿Lo prueba?" in reply.text
    assert str(reply.mail["From"]) == "Ana Ruiz – Soporte técnico <soporte@acme.test>"
    assert reply.subject == "[ACME #1] No puedo acceder"
    assert reply.mail["In-Reply-To"] == "<mail1@client.test>"
    assert reply.mail["Auto-Submitted"] is None
    for secret in ("ana@acme.test", notice.reply_to, "Responda por encima", "mailto:"):
        assert secret.lower().encode() not in reply.raw.lower()
    assert office.ticket()["status"] == "open"


@pytest.mark.parametrize("evidence", ["references", "tag", "address"])
def test_the_customer_answers_and_it_is_the_same_ticket(office: Office, evidence: str) -> None:
    """By References alone, by the tag alone, or by the signed address alone."""
    office.write(LUIS)
    acknowledgement, _ = office.letters()
    how = {
        "references": {"to": "soporte@acme.test", "subject": "Otra cosa", "threaded": True},
        "tag": {"to": "soporte@acme.test", "subject": "Re: [ACME #1] Hola", "threaded": False},
        "address": {"subject": "No puedo acceder", "threaded": False},
    }[evidence]
    office.answer(acknowledgement, "Sigue sin ir.", sender=LUIS, **how)  # type: ignore[arg-type]
    assert kinds(office.letters()) == [("agent-message", "ana@acme.test")]
    assert [m["text"].strip() for m in office.ticket()["messages"]][1:] == ["Sigue sin ir."]


def test_a_guessed_tag_gains_nothing(office: Office) -> None:
    """A stranger's mail opens a ticket of its own, linked; nobody of the first is told."""
    office.write(LUIS)
    office.letters()
    office.write("eve@evil.test", "Re: [ACME #1] No puedo acceder", "Déjeme entrar.")
    assert len(office.ticket()["messages"]) == 1
    assert office.ticket(2)["links"] == [1]
    assert "luis@x.test" not in {letter.to for letter in office.letters()}


def test_a_stranger_with_copied_references_is_seen_by_agents_only(office: Office) -> None:
    """What he writes joins, he does not: no status, no clock, no reader."""
    office.write(LUIS)
    acknowledgement, notice = office.letters()
    office.answer(notice, "Listo. #1\n")
    office.letters()
    office.answer(acknowledgement, "Su código es 123456.", sender="no-reply@shop.test",
                  to="soporte@acme.test")  # fmt: skip
    assert kinds(office.letters()) == [("agent-message", "ana@acme.test")]
    ticket = office.ticket()
    assert ticket["messages"][-1]["public"] is False
    assert ticket["cc"] == []
    office.answer(notice, "Otra respuesta.")
    (reply,) = [letter for letter in office.letters() if letter.type == "reply"]
    assert "123456" not in reply.text
    assert reply.to == "luis@x.test"


def test_a_forged_agent_is_asked_to_confirm(office: Office) -> None:
    """Nothing happens until the registered address answers, and then it happens once."""
    office.write(LUIS)
    _, notice = office.letters()
    office.write("Ana Ruiz <ana@acme.test>", "Re: [ACME #1] No puedo acceder", "#cerrar")
    confirm = office.letter("confirm")
    assert confirm.to == "ana@acme.test"
    assert office.ticket()["status"] == "new"
    office.answer(confirm, "Sí, soy yo.")
    assert office.ticket()["status"] == "closed"
    office.letters()
    office.answer(confirm, "Sí, otra vez.")
    assert kinds(office.letters()) == []
    del notice


def test_somebody_else_cannot_confirm(office: Office) -> None:
    """The confirmation is signed for one address."""
    office.write(LUIS)
    office.letters()
    office.write("ana@acme.test", "Re: [ACME #1] No puedo acceder", "#cerrar")
    confirm = office.letter("confirm")
    office.answer(confirm, "Sí.", sender="eve@evil.test")
    assert office.ticket()["status"] == "new"


def test_the_language_is_the_customers(office: Office) -> None:
    """An English request is acknowledged in English; the agents' notice stays Spanish."""
    office.write("bob@y.test", "Cannot log in", "Hello, I cannot log in since this morning. "
                 "Please help, thanks.")  # fmt: skip
    letters = {letter.type: letter for letter in office.letters()}
    assert letters["acknowledgement"].posted.letter.language == "en"
    assert letters["agent-new"].posted.letter.language == "es"
    assert office.ticket()["language"] == "en"


def test_what_is_kept_of_html_is_clean(office: Office) -> None:
    """No script, no remote picture, no style: `html` of a message can be shown as it is."""
    mail = office.mail(LUIS, "Hola", "Hola", to="soporte@acme.test")
    mail.add_alternative(
        '<p style="x" onclick="y">Hola <img src="http://evil.test/x.png"></p>'
        "<script>alert(1)</script>",
        subtype="html",
    )
    office.receive(mail)
    html = office.ticket()["messages"][0]["html"]
    assert "Hola" in html
    for word in ("script", "onclick", "evil.test", "style"):
        assert word not in html
