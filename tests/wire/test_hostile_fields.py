"""Hostile words through the running daemon: what arrives at the relay, envelope and bytes."""

import re
import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile_fields import FIELDS, LUIS, PEOPLE, STRINGS, hostile_mail, inspect
from tests.servers.sink import Sink
from tests.wire.desk import Desk

pytestmark = pytest.mark.wire

Record = Callable[[str, object], None]
TRUST = '[security]\nauthserv_id = "mx.acme.test"\n'
#: what letters repeat, and what they are threaded by
PLACES = [
    ["Subject", "Cc, name", "file name", "Content-ID"],
    ["Message-ID", "References", "words", "file type"],
]


def hand_in(desk: Desk, raw: bytes) -> bool:
    """Through the door; with `maild deliver` what the door rightly refuses, and then False."""
    crlf = re.sub(rb"\r?\n", b"\r\n", raw)
    try:
        with smtplib.SMTP("127.0.0.1", desk.port, timeout=30) as client:
            client.ehlo()
            client.mail(LUIS)
            client.rcpt("soporte@acme.test")
            code, _ = client.data(crlf)
    except smtplib.SMTPDataError as refused:
        code = refused.smtp_code
    if code == 250:
        return True
    assert 500 <= code < 600
    assert desk.run("deliver", "--sender", LUIS, given=raw).returncode == 0
    return False


def walk(desk: Desk, sink: Sink, strings: list[str]) -> tuple[int, int]:
    """(how many letters left, how many mails the door refused)."""
    refused = 0
    for number, said in enumerate(strings, 1):
        for turn, places in enumerate(PLACES):
            raw = hostile_mail(number * 10 + turn, places, STRINGS[said])
            refused += not hand_in(desk, raw)
    desk.await_quiet(seconds=90)
    for letter in sink.letters:
        (recipient,) = letter.recipients
        inspect(letter.raw, recipient, PEOPLE)
        assert re.fullmatch(r"soporte\+[a-z0-9]+@acme\.test", letter.sender)
    kinds = [str(letter.message["X-Maild-Type"]) for letter in sink.letters]
    told = kinds.count("agent-new") + kinds.count("agent-message")  # two share an id of his
    assert told == len(strings) * len(PLACES)
    assert set(kinds) <= {"acknowledgement", "agent-new", "agent-message"}
    assert desk.run("verify").returncode == 0
    return len(kinds), refused


def test_what_arrives_at_the_relay(sink: Sink, tmp_path: Path) -> None:
    """Some of the strings; the others in the long one."""
    with Desk(tmp_path, sink=sink, more=TRUST) as desk:
        walk(desk, sink, ["crlf", "cr", "nul", "line separator", "b crlf", "comma"])


@pytest.mark.proof
def test_every_string_at_the_relay(sink: Sink, tmp_path: Path, record_property: Record) -> None:
    """Each header once, each letter to one of those it is for, its envelope the desk's."""
    with Desk(tmp_path, sink=sink, more=TRUST) as desk:
        letters, refused = walk(desk, sink, list(STRINGS))
    count = f"{len(STRINGS)} strings, {len(FIELDS)} places"
    record_property("figure", f"{count}, {letters} letters, {refused} refused at the door")
    record_property("target", "0 headers or readers more")
