"""Ten thousand forged mails: what they change, and what they make the desk send to others."""

import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from itertools import islice

import pytest

from maild.model.mail import Envelope
from tests.stories.office import Office

pytestmark = pytest.mark.proof

MANY = 10_000
PART = 500
VICTIM = "victim@y.test"
Figure = Callable[[str, object], None]


def flood(office: Office, mails: Iterator[EmailMessage]) -> float:
    """All of them through the whole desk, so many a commit; the seconds it took."""
    began = time.monotonic()
    while part := list(islice(mails, PART)):
        office.store.intake.take_many([(bytes(mail), Envelope("smtp")) for mail in part])
        while office.worker.work():
            pass
        assert not office.troubles, office.troubles
        office.clock.wind(seconds=30)
    return time.monotonic() - began


def report(figure: Figure, said: str, seconds: float, target: str) -> None:
    figure("figure", f"{said} ({seconds:.0f} s)")
    figure("target", target)


def test_ten_thousand_numbers_guessed_open_nothing(
    office: Office, record_property: Figure
) -> None:
    """A number in the subject is a hint, never a key: no ticket gains a word, nobody of it
    hears of the stranger, and he gets one letter with nothing of theirs."""
    for n in range(1, 6):
        office.write(f"c{n}@x.test", f"SECRETO {n}", "Hola, SECRETO.")
    office.letters()
    before = [office.ticket(n)["messages"] for n in range(1, 6)]

    def strangers() -> Iterator[EmailMessage]:
        for n in range(MANY):
            sender = "eve@evil.test" if n % 2 else f"eve{n % 100}@evil.test"
            subject = f"Re: [ACME #{n % 1000 if n < 5000 else n}] hola"
            yield office.mail(sender, subject, f"mensaje {n}", to="soporte@acme.test")

    seconds = flood(office, strangers())
    after = [office.ticket(n)["messages"] for n in range(1, 6)]
    appended = sum(len(a) - len(b) for a, b in zip(after, before, strict=True))
    outside = office.letters(of=lambda to: not to.endswith("@acme.test"))
    assert after == before
    assert {x.to.partition("@")[2] for x in outside} <= {"evil.test"}
    assert sum(x.to == "eve@evil.test" for x in outside) == 1
    assert all(b"SECRETO" not in x.raw for x in outside)
    report(record_property, f"{appended} of {MANY} appended", seconds, "0 appended")


def test_ten_thousand_subjects_to_one_victim(office: Office, record_property: Figure) -> None:
    """The desk is no mail bomb: one letter a day, and none of the attacker's words."""

    def forged() -> Iterator[EmailMessage]:
        for n in range(MANY):
            subject, body = f"COMPRA-AHORA {n}", f"COMPRA-AHORA {n} http://evil.test"
            yield office.mail(f"COMPRA <{VICTIM}>", subject, body, to="soporte@acme.test")

    seconds = flood(office, forged())
    letters = office.letters(of=lambda to: to == VICTIM)
    assert [x.type for x in letters] == ["acknowledgement"]
    assert not [x for x in letters if b"COMPRA" in x.raw or "evil.test" in x.text + x.html]
    report(record_property, f"{len(letters)} letter of {MANY}", seconds, "at most 1")


def test_ten_thousand_questions_in_a_victims_name(
    office: Office, record_property: Figure
) -> None:
    """`status` and `kb` among them: three letters in all on a day."""

    def forged() -> Iterator[EmailMessage]:
        subjects = ("status", "estado", "kb COMPRA-AHORA {}", "COMPRA-AHORA {}")
        for n in range(MANY):
            subject = subjects[n % 4].format(n)
            yield office.mail(VICTIM, subject, f"COMPRA-AHORA {n}", to="soporte@acme.test")

    seconds = flood(office, forged())
    letters = office.letters(of=lambda to: to == VICTIM)
    assert 1 <= len(letters) <= 3
    assert not [x for x in letters if b"COMPRA" in x.raw]
    report(record_property, f"{len(letters)} letters of {MANY}", seconds, "at most 3")


def test_ten_thousand_mails_in_an_agents_name(office: Office, record_property: Figure) -> None:
    """Nothing is done, nobody outside hears anything, and Ana is asked three times."""
    office.write("Luis <luis@x.test>")
    office.letters()

    def forged() -> Iterator[EmailMessage]:
        for n in range(MANY):
            body = f"#cerrar\n\nCOMPRA-AHORA {n}"
            yield office.mail("ana@acme.test", "[ACME #1] x", body, to="soporte@acme.test")

    seconds = flood(office, forged())
    letters = office.letters()
    assert {(x.type, x.to) for x in letters} == {("confirm", "ana@acme.test")}
    assert len(letters) <= 3
    assert office.ticket()["status"] == "new"
    assert len(office.ticket()["messages"]) == 1
    report(record_property, f"0 of {MANY} obeyed", seconds, "0 obeyed")
