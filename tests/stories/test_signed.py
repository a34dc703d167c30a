"""Agents whose mail system signs what they write: DKIM as a proof that the desk checks."""

import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage

import pytest

from maild.ingest.dkim_keys import KeyedReader, KeyRing
from maild.ingest.smtp import Door, DoorSettings
from tests.servers.name_server import NameServer
from tests.servers.signer import MailSystem
from tests.servers.talk import Talk
from tests.stories.office import Here, Office

ACME = MailSystem()
DKIM = '[security]\nagent_proof = ["token", "reference", "dkim"]\n'
ORDER = "#prioridad urgente"


@pytest.fixture
def signed(office: Office) -> Iterator[Office]:
    """A desk that believes signatures, and the DNS it asks; Luis has opened a request."""
    dns = NameServer({(ACME.name, "TXT"): ACME.texts})
    office.reader = KeyedReader(
        Here(),
        KeyRing(time.monotonic, dns.async_resolver(), patience=1.0),
        lambda email: office.app.roster.member(email).works,
    )
    office.configure(more=DKIM)
    office.write("Luis <luis@x.test>")
    office.letters()
    yield office
    dns.close()


def order(
    office: Office, *, to: str = "soporte@acme.test", sender: str = "ana@acme.test"
) -> bytes:
    """A new mail of Ana's that orders something."""
    mail = office.mail(sender, "Re: [ACME #1] No puedo acceder", f"{ORDER}\n", to=to)
    return bytes(mail)


def proof_of(office: Office, intake: int) -> dict[str, str]:
    """What `maild why` says of a mail's sender."""
    (found,) = [d for d in office.store.browse.decisions(1) if d["intake"] == intake]
    proof: dict[str, str] = found["proof"]
    return proof


def test_a_signed_order_is_obeyed(signed: Office) -> None:
    """Without any question; and `why` names the key."""
    number = signed.receive(ACME.sign(order(signed)))
    assert signed.ticket()["priority"] == "urgent"
    said = proof_of(signed, number)
    assert said == {"proof": "dkim", "because": "signed by acme.test (s1)"}


@pytest.mark.parametrize("kind", ["unsigned", "altered", "other domain", "l=", "two From"])
def test_what_is_not_signed_is_asked_about(signed: Office, kind: str) -> None:
    """Ana gets a question at her own address; nothing is done."""
    raw = order(signed)
    raw = {
        "unsigned": lambda: raw,
        "altered": lambda: ACME.sign(raw.replace(b"urgente", b"alta")).replace(
            b"alta", b"urgente"
        ),
        "other domain": lambda: MailSystem("evil.test").sign(raw),
        "l=": lambda: ACME.sign(raw, length=True),
        "two From": lambda: b"From: ana@acme.test\r\n" + ACME.sign(raw),
    }[kind]()
    number = signed.receive(raw)
    assert signed.ticket()["priority"] == "normal"
    assert signed.outcome(number) == "held"
    assert [(x.type, x.to) for x in signed.letters()] == [("confirm", "ana@acme.test")]


def test_a_letter_to_somebody_else_orders_nothing(signed: Office) -> None:
    """Whoever got a signed mail of Ana's could hand it in: its To must name the desk."""
    number = signed.receive(ACME.sign(order(signed, to="eve@evil.test")))
    assert signed.outcome(number) == "held"
    assert "neither To nor Cc" in proof_of(signed, number)["because"]


def test_the_same_mail_again_is_a_duplicate(signed: Office) -> None:
    """Also under another envelope and with other fields on top."""
    raw = ACME.sign(order(signed))
    signed.receive(raw)
    signed.receive(b"Received: from evil\r\nReferences: <x@y.test>\r\n" + raw)
    events = [e for e in signed.ticket()["events"] if e["kind"] == "priority"]
    assert len(events) == 1


def test_without_dkim_in_the_config_it_is_no_proof(office: Office) -> None:
    """The default list has it not."""
    office.write("Luis <luis@x.test>")
    number = office.receive(ACME.sign(order(office)))
    assert office.outcome(number) == "held"


def test_through_the_door(signed: Office) -> None:
    """As the wire carries it: dots, long lines and all; the door waits for no DNS."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ana Ruiz <ana@acme.test>", "soporte@acme.test"
    mail["Subject"], mail["Date"] = "[ACME #1]", "Mon, 08 Jun 2026 09:00:00 +0200"
    mail["Message-ID"] = "<door1@acme.test>"
    mail.set_content(f"{ORDER}\n#nota\n.ñandú\n..\n" + "palabra " * 60, cte="8bit")
    raw = ACME.sign(bytes(mail))
    accepts = signed.app.addresses.accepts
    with closing(signed.app.open_store()) as store:
        door = Door(DoorSettings(port=0), store.intake, accepts=accepts)
        door.start()
        with Talk(door.port) as talk:
            for line in (
                "EHLO c.test",
                "MAIL FROM:<ana@acme.test>",
                "RCPT TO:<soporte@acme.test>",
            ):
                assert talk.say(line)[:3] == "250"
            talk.say("DATA")
            stuffed = raw.replace(b"\r\n.", b"\r\n..")
            assert talk.say(stuffed + b".")[:3] == "250"
        door.stop()
    while signed.worker.work():
        pass
    assert signed.ticket()["priority"] == "urgent"
