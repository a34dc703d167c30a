"""Who writes in an agent's name and can't show it: held, counted, and told to the admins."""

from datetime import UTC, datetime

import pytest

from maild.model.mail import Envelope
from tests.stories.office import Office, kinds
from tests.stories.test_mornings import ring

BELIEVES = '[security]\nauthserv_id = "mx.acme.test"\n'
TUESDAY = datetime(2026, 6, 9, 6, 0, tzinfo=UTC)  #: eight in Madrid


def forge(
    office: Office, body: str, *, sender: str = "ana@acme.test", remote: str = "203.0.113.7",
    subject: str = "[ACME #1] COMPRA-AHORA", **headers: str,
) -> int:  # fmt: skip
    """Somebody at that address writes in an agent's name."""
    mail = office.mail(sender, subject, body, to="soporte@acme.test", **headers)
    return office.receive(mail, Envelope("smtp", sender, ("soporte@acme.test",), remote))


def morning(office: Office, at: datetime = TUESDAY) -> list[tuple[str, str, str]]:
    """What the timetable's letters of that morning say: (to, subject, text)."""
    office.clock.set(at)
    ring(office, "failed proofs")
    return [(x.to, x.subject, x.text) for x in office.letters() if x.type == "admin"]


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_admins_hear_once_a_day(office: Office, language: str) -> None:
    """How many for each address, what was tried, on which requests, from where and when; and
    nothing that the attacker wrote."""
    office.configure(more=BELIEVES, language=language)
    office.write("Luis <luis@x.test>")
    for _ in range(3):
        forge(office, "#cerrar")
    forge(office, "#asignar eva\n\nCOMPRA-AHORA", remote="203.0.113.8")
    failed = {"Authentication_Results": "mx.acme.test; dmarc=fail header.from=acme.test"}
    forge(office, "#note COMPRA-AHORA", sender="jefa@acme.test", **failed)
    office.letters()
    letters = morning(office)
    assert [to for to, _, _ in letters] == ["admin@acme.test"]
    ((_, subject, text),) = letters
    assert (
        subject
        == {
            "es": "[ACME] Correos sin prueba de quién los envió: 5",
            "en": "[ACME] Mails without proof of who sent them: 5",
        }[language]
    )
    lines = {
        line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.strip()
    }
    answer = {"es": "una respuesta", "en": "an answer"}[language]
    assert lines["ana@acme.test"] == (
        f"ana@acme.test 4 #close ×3, #assign, {answer} #1 ×4 203.0.113.7 ×3, 203.0.113.8 "
        "2026-06-08 09:00"
    )
    assert lines["jefa@acme.test"] == (
        "jefa@acme.test 1 #note #1 203.0.113.7 (dmarc=fail) 2026-06-08 09:00"
    )
    assert "COMPRA" not in subject + text
    assert morning(office) == []


def test_a_quiet_day_is_no_news(office: Office) -> None:
    """Also not where an agent has confirmed what was held."""
    assert morning(office) == []
    office.write("Luis <luis@x.test>")
    held = forge(office, "#prioridad alta")
    confirm = office.letter("confirm")
    office.answer(confirm, "OK")
    assert office.outcome(held) == "command"
    assert morning(office, datetime(2026, 6, 10, 6, 0, tzinfo=UTC)) == []


def test_nothing_is_forgotten_while_the_daemon_is_down(office: Office) -> None:
    """Tried on Monday, up again on Thursday noon: one letter then, of Monday's; the mails
    that have expired by the next one count in the letter of their day only."""
    office.write("Luis <luis@x.test>")
    assert morning(office) == []
    forge(office, "#cerrar")
    office.letters()
    ((_, subject, text),) = morning(office, datetime(2026, 6, 11, 10, 0, tzinfo=UTC))
    assert subject.endswith(": 1")
    assert "2026-06-09" in text
    office.clock.set(datetime(2026, 6, 20, 10, 0, tzinfo=UTC))
    ring(office, "held mail")
    office.letters()
    assert morning(office, datetime(2026, 6, 20, 11, 0, tzinfo=UTC)) == []


def test_it_can_be_switched_off(office: Office) -> None:
    """`report_failed_proof = false`."""
    office.configure(more="[security]\nreport_failed_proof = false\n")
    office.write("Luis <luis@x.test>")
    forge(office, "#cerrar")
    office.letters()
    assert morning(office) == []


def test_an_agent_is_not_asked_without_end(office: Office) -> None:
    """A flood in Ana's name: three questions on a day to an address that never gave a proof,
    ten an hour to one that did; every mail is held and counted all the same."""
    office.write("Luis <luis@x.test>")
    office.letters()
    held = [forge(office, f"#cerrar\n\n{n}") for n in range(30)]
    assert kinds(office.letters()) == [("confirm", "ana@acme.test")] * 3
    assert {office.outcome(number) for number in held} == {"held"}
    office.clock.wind(hours=30)
    office.write("Luis <luis@x.test>", "Otra cosa")
    notice = next(x for x in office.letters() if x.type == "agent-new")
    office.answer(notice, "#tomar")
    for n in range(30, 60):
        forge(office, f"#cerrar\n\n{n}")
    assert kinds(office.letters()) == [("confirm", "ana@acme.test")] * 10
    ((_, subject, _),) = morning(office, datetime(2026, 6, 10, 6, 0, tzinfo=UTC))
    assert subject.endswith(": 60")
