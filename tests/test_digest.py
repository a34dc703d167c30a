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


def test_a_large_mail_is_looked_at_in_pieces() -> None:
    """Wherever they end: line ends are one thing, blank lines count only inside."""
    text = b"".join(b"linea %d\r\n" % n for n in range(250_000)) + b"\r\n" * 900_000
    for shift in range(3):
        mail = MAIL + b"x" * shift + text
        assert content_digest(mail) == content_digest(mail.replace(b"\r\n", b"\n"))
        assert content_digest(mail) == content_digest(mail.rstrip())
        assert content_digest(mail + b"fin") != content_digest(mail.rstrip() + b"fin")
