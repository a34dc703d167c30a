"""Random SMTP sessions: whatever is said, every command gets one reply and no traceback."""

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.ingest.door_limits import DoorLimits
from maild.ingest.smtp import Door, DoorSettings
from tests.servers.intake import SqliteIntake
from tests.servers.talk import Talk

pytestmark = [pytest.mark.wire, pytest.mark.proof]

WORDS = [
    b"EHLO c.test", b"HELO c.test", b"EHLO", b"NOOP", b"RSET", b"VRFY x", b"HELP", b"HELP MAIL",
    b"MAIL FROM:<a@x.test>", b"MAIL FROM:<>", b"MAIL FROM:a@x.test SIZE=9", b"MAIL FROM:<a@x>",
    b"MAIL FROM:<a@x.test> SIZE=x BODY=8BITMIME", b"MAIL", b"MAIL FROM:",
    b"MAIL FROM:<a@x.test>x",
    b"RCPT TO:<soporte@acme.test>", b"RCPT TO:<x@y.test>", b"RCPT TO:<", b"RCPT TO:<a@b> X=1",
    b"STARTTLS", b"AUTH PLAIN AGEAYg==", b"AUTH", b"EXPN x", b"BDAT 3", b"", b" ", b"\xff\xfe",
    b"M\xc3\x81IL FROM:<a@b.test>", b"MAIL FROM:<" + b"(" * 500 + b"@x>", b"X" * 1500,
    b"DATA x",
]  # fmt: skip
CONTENT = [b"", b".\r\n", b"x: 1\r\n\r\nhola\r\n", b"..\r\n", b"a" * 3000 + b"\r\n", b"\0\r\n"]


def session(chance: random.Random) -> tuple[bytes, int]:
    """The bytes of one session and how many replies they must get, without the greeting."""
    said, replies = [b"EHLO c.test\r\n"], 1
    for _ in range(chance.randrange(1, 9)):
        if chance.random() < 0.3:
            said.append(b"RSET\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<soporte@acme.test>\r\n")
            said.append(b"DATA\r\n" + chance.choice(CONTENT).replace(b"\r\n.", b"\r\n.."))
            said[-1] = said[-1] if said[-1].endswith(b"DATA\r\n.\r\n") else said[-1] + b".\r\n"
            replies += 5
        else:
            word = bytearray(chance.choice(WORDS))
            if word and chance.random() < 0.3:
                word[chance.randrange(len(word))] = chance.choice(b'<>@:"\\ =a\0\x1b\xff')
            if not bytes(word).strip().upper().startswith(b"DATA") or b" " in word.strip():
                said.append(bytes(word) + b"\r\n")
                replies += 1
    return b"".join(said) + b"QUIT\r\n", replies + 1


def test_random_sessions_get_one_reply_a_command(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    """Half a minute of sessions, cut into packets at random: each reply comes, none is 4xx."""
    seed = time.time_ns()
    chance = random.Random(seed)
    limits = DoorLimits(max_per_address=100, max_fruitless=1000)
    intake = SqliteIntake(tmp_path / "intake.db")
    door = Door(
        DoorSettings(port=0, limits=limits), intake, accepts=lambda a: a == "soporte@acme.test"
    )
    door.start()
    until, count = time.monotonic() + 30, 0
    with caplog.at_level(logging.WARNING):
        while time.monotonic() < until:
            said, expected = session(chance)
            with Talk(door.port) as talk:
                while said:
                    cut = chance.choice((len(said), chance.randrange(1, len(said) + 1)))
                    talk.raw(said[:cut])
                    said = said[cut:]
                heard = talk.hears_all().splitlines()
            finals = [line for line in heard if line[3:4] != "-"]
            assert len(finals) == expected, f"seed {seed}: {finals}"
            trouble = [f for f in finals if f[0] not in "235" and f != "454 TLS not available"]
            assert not trouble, f"seed {seed}: {finals}"
            count += 1
    door.stop()
    assert not [r for r in caplog.records if r.exc_info], f"seed {seed}"
    print(f"{count} sessions, seed {seed}")
    record_property("figure", f"{count} sessions: one reply a command, 0 tracebacks")
    record_property("target", "5,000 sessions, 0 tracebacks")
    assert count >= 5_000
