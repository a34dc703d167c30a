"""What is refused before it is parsed, and what a stub still knows of it."""

import pytest

from maild.ingest import bounds
from maild.ingest.parse import parse
from maild.model.mail import Address, Mail

HEAD = (
    b"From: =?utf-8?q?Ana?= <ana@x.test>\r\nSubject: =?utf-8?q?Contrase=C3=B1a?=\r\n"
    b"Message-ID: <1@x.test>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
)
BOMBS = {
    "size": HEAD + b"\r\n" + b"x" * (bounds.MAX_SIZE + 1),
    "header": HEAD + b"X: " + b"y" * 300_000 + b"\r\n\r\nhola",
    "endless header": HEAD + b"X: " + b"y" * 3_000_000,
    "fields": HEAD + b"X: y\r\n" * 2_500 + b"\r\nhola",
    "nested": HEAD
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(5_000)
    ),
    "parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000,
    "delimiters": HEAD + b"\r\n" + b"--\r\n" * 50_000,
    "lines": HEAD + b"\r\n" + b"\n" * 4_500_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_become_stubs_that_name_their_sender(name: str) -> None:
    """A refused mail says why, who sent it and what it was about."""
    mail = parse(BOMBS[name])
    assert mail.error
    assert mail.from_ == Address("Ana", "ana@x.test")
    assert mail.subject == "Contraseña"
    assert mail.message_id == "<1@x.test>"
    assert mail.text == ""
    assert mail.attachments == ()


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\r\n" + b"hola\r\n" * 100_000,
        HEAD + b"".join(b"Received: x\r\n\ty\r\n" for _ in range(1_500)) + b"\r\nhola",
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 900,
        HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"hola",
    ],
)
def test_what_is_merely_big_is_read(raw: bytes) -> None:
    """Long texts, many hops, 900 parts and messages in messages are mail."""
    assert parse(raw).error is None


def test_nothing_is_known_of_an_empty_header() -> None:
    """A stub of no bytes is empty but for its reason; the envelope names the sender."""
    assert bounds.stub(b"", "why") == Mail(error="why")
    assert bounds.stub(b"", "why", envelope_sender="a@x").from_ == Address("", "a@x")
