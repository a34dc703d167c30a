"""Which messages are the same one: by the header that names them, and all that follows."""

from maild.ingest.digest import content_digest

MAIL = b"From: ana@x.test\r\nMessage-ID: <1@x.test>\r\nSubject: hola\r\n\r\nTexto.\r\n"


def test_the_road_a_mail_came_by_does_not_count() -> None:
    """Trace fields, line ends and blank lines at the end; not the words."""
    other = b"Received: from a by b\n" + MAIL.replace(b"\r\n", b"\n") + b"\n\n"
    assert content_digest(other) == content_digest(MAIL)
    assert content_digest(MAIL.replace(b"Texto", b"Otro")) != content_digest(MAIL)


def test_a_header_too_long_to_read_still_tells_mails_apart() -> None:
    """What stands behind its first 256 kB counts: no mail is lost as another's copy."""
    one, other = (
        b"From: ana@x.test\r\nX-A: "
        + b"a" * 300_000
        + b"\r\nSubject: "
        + subject
        + b"\r\n\r\nx"
        for subject in (b"uno", b"dos")
    )
    assert content_digest(one) != content_digest(other)
