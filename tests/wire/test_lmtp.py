"""LMTP over real sockets: one answer for every recipient, in order."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.errors import Temporary
from maild.ingest.smtp import Door, DoorSettings
from tests.servers.intake import SqliteIntake
from tests.servers.talk import Talk

pytestmark = pytest.mark.wire

MAIL = b"Subject: hola\r\n\r\nx\r\n"


@pytest.fixture
def intake(tmp_path: Path) -> SqliteIntake:
    return SqliteIntake(tmp_path / "intake.db")


@pytest.fixture
def door(intake: SqliteIntake) -> Iterator[Door]:
    settings = DoorSettings(port=0, protocol="lmtp")
    door = Door(settings, intake, accepts=lambda a: a.startswith("soporte"))
    door.start()
    yield door
    door.stop(grace=1)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_every_recipient_has_its_reply(door: Door, intake: SqliteIntake, count: int) -> None:
    """As many replies follow the dot as recipients were taken; the mail is kept once."""
    with Talk(door.port) as talk:
        talk.say("LHLO mta.test")
        talk.say("MAIL FROM:<luis@x.test>")
        codes = []
        for number in range(count):
            codes.append(talk.say(f"RCPT TO:<soporte+{number}@acme.test>")[:3])
            codes.append(talk.say(f"RCPT TO:<nadie+{number}@acme.test>")[:3])
        assert codes == ["250", "550"] * count
        talk.say("DATA")
        talk.raw(MAIL + b".\r\n")
        assert [talk.hear()[:3] for _ in range(count)] == ["250"] * count
        assert talk.say("NOOP").startswith("250")
    (mail,) = intake.taken
    assert mail.envelope.source == "lmtp"
    assert len(mail.envelope.recipients) == count


def test_a_locked_store_is_451_for_each(door: Door, intake: SqliteIntake) -> None:
    """The MTA keeps the mail for all of them and tries again."""
    intake.fail = Temporary("database is locked")
    with Talk(door.port) as talk:
        talk.begin("soporte@acme.test", "soporte+2@acme.test", hello="LHLO")
        talk.raw(MAIL + b".\r\n")
        assert [talk.hear()[:3] for _ in range(2)] == ["451", "451"]
        intake.fail = None
        talk.begin("soporte@acme.test", "soporte+2@acme.test", hello="LHLO")
        talk.raw(MAIL + b".\r\n")
        assert [talk.hear()[:3] for _ in range(2)] == ["250", "250"]


def test_a_refused_content_is_refused_for_each(door: Door) -> None:
    """5xx replies, too, come once for every recipient."""
    with Talk(door.port) as talk:
        talk.begin("soporte@acme.test", "soporte+2@acme.test", hello="LHLO")
        talk.raw(b"bare\nline\r\n.\r\n")
        assert [talk.hear()[:3] for _ in range(2)] == ["550", "550"]
        assert talk.say("NOOP").startswith("250")


def test_smtp_is_not_spoken_here(door: Door) -> None:
    """EHLO is refused on an LMTP door (RFC 2033 section 4.1), and smtplib.LMTP is served."""
    with Talk(door.port) as talk:
        assert talk.say("EHLO c.test").startswith("500")
    with smtplib.LMTP("127.0.0.1", door.port) as client:
        assert client.sendmail("luis@x.test", ["soporte@acme.test"], MAIL) == {}
