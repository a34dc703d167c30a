"""A real MTA in front of the door: what it brings, what it keeps, what it hears."""

import smtplib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.errors import Temporary
from maild.ingest.smtp import Door, DoorSettings
from tests.servers.intake import SqliteIntake
from tests.servers.postfix import Postfix

pytestmark = pytest.mark.wire


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_delivers_and_tries_again(
    tmp_path: Path, start_postfix: Callable[..., Postfix], protocol: str
) -> None:
    """Twenty mails arrive once each, after a spell of 451 too; the queue ends empty."""
    intake = SqliteIntake(tmp_path / "intake.db")
    intake.fail = Temporary("locked")
    settings = DoorSettings(port=0, protocol=protocol)
    door = Door(settings, intake, accepts=lambda a: a.startswith(("soporte@", "ventas@")))
    door.start()
    postfix = start_postfix(door.port, transport=protocol)
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        for number in range(20):
            to = ["soporte@acme.test", "ventas@acme.test"][: 1 + number % 2]
            body = f"Subject: {number}\r\n\r\n..x\r\n{'y' * 2000}\r\n"
            client.sendmail("luis@x.test", to, body)
    deadline = time.monotonic() + 20
    while door.traffic.put_off == 0:
        assert postfix.queue and time.monotonic() < deadline, postfix.log
    intake.fail = None
    postfix.await_empty()
    door.stop()
    assert len(intake.taken) == 20
    assert {m.raw.count(b"\r\n..x\r\n") for m in intake.taken} == {1}
    assert sum(len(m.envelope.recipients) for m in intake.taken) == 30
