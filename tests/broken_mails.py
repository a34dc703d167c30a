"""Sixty broken mails and five monsters, made here so that no file of them need be kept.

Each broken mail is a few lines; what is wrong with it is its name. The monsters are what
makes parsers run out of time or memory.
"""

import random
from collections.abc import Iterator

TO = b"To: soporte@acme.test\n"


def _mail(
    head: bytes, body: bytes = b"hola\n", *, sender: bytes = b"Luis <luis@x.test>"
) -> bytes:
    return b"From: " + sender + b"\n" + TO + head + b"\n" + body


def _parts(content: bytes, kind: bytes = b"multipart/mixed; boundary=b") -> bytes:
    return _mail(b"Subject: partes\nMIME-Version: 1.0\nContent-Type: " + kind + b"\n", content)


def nested(depth: int) -> bytes:
    """Multiparts in each other, none of which ends."""
    inside = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    return b"From: luis@x.test\n" + TO + b"Subject: nidos\n" + inside + b"\nhola\n"


def many_parts(count: int) -> bytes:
    return _parts(b"--b\n\nx\n" * count + b"--b--\n")


def broken() -> dict[str, bytes]:
    """The sixty, by what is wrong with them."""
    found = {**_senders(), **_headers(), **_words(), **_structures(), **_texts(), **_pages()}
    return {  # no two alike: they would be taken for the same mail
        name: raw.replace(b"Subject: ", b"Subject: %d " % number, 1)
        for number, (name, raw) in enumerate(found.items())
    }


def _senders() -> dict[str, bytes]:
    subject = b"Subject: remite\n"
    return {
        "from without domain": _mail(subject, sender=b"a@"),
        "no from": TO + subject + b"\nhola\n",
        "from twice": b"From: ana@x.test\n" + _mail(subject),
        "from of two": _mail(subject, sender=b"ana@x.test, luis@x.test"),
        "from raw latin-1": _mail(subject, sender=b"Jos\xe9 <jose@x.test>"),
        "from of parentheses": _mail(subject, sender=b"(" * 100_000),
        "from never closed": _mail(subject, sender=b'"Luis <luis@x.test'),
        "from a group": _mail(subject, sender=b"nadie:;"),
        "from a header": _mail(subject, sender=b"=?utf-8?q?a=0D=0ABcc:_x@y.test?= <a@x.test>"),
        "to twenty thousand": _mail(b"Cc: " + b"c@x.test, " * 20_000 + subject),
    }


def _headers() -> dict[str, bytes]:
    return {
        "id cut off": _mail(b"Message-ID: <\nSubject: id\n"),
        "id empty": _mail(b"Message-ID: <>\nSubject: id vacio\n"),
        "ids by the thousand": _mail(
            b"References: " + b"<a@b> " * 30_000 + b"\nSubject: refs\n"
        ),
        "answers prose": _mail(b"In-Reply-To: your mail of monday\nSubject: prosa\n"),
        "date broken": _mail(b"Date: ayer por la tarde\nSubject: fecha\n"),
        "date of nobody": _mail(b"Date: Mon, 99 Feb 99999 77:88:99 +9999\nSubject: fecha\n"),
        "fields by the thousand": _mail(b"X-A: b\n" * 2_500 + b"Subject: campos\n"),
        "field of 300 kB": _mail(b"X-A: " + b"b" * 300_000 + b"\nSubject: largo\n"),
        "prose before header": b"Se lo reenvio:\n" + _mail(b"Subject: prosa antes\n"),
        "blank lines first": b"\n\n\n" + _mail(b"Subject: lineas\n"),
        "mbox line first": b"From luis@x.test Mon Jun  8 09:00:00 2026\n"
        + _mail(b"Subject: m\n"),
        "folded without blank": _mail(b"X-Trace: a b c\nfor d\nSubject: doblado\n"),
        "no header": b"Esto no es un correo.\n",
        "header only": b"From: luis@x.test\n" + TO + b"Subject: cabecera",
        "empty": b"",
    }


def _words() -> dict[str, bytes]:
    return {
        "subject raw bytes": _mail(b"Subject: \xff\xfe\xfd contrase\xf1a\n"),
        "word never ends": _mail(b"Subject: =?utf-8?q?hola\n"),
        "word of unknown charset": _mail(b"Subject: =?klingon-1?q?hola?=\n"),
        "word of bad base64": _mail(b"Subject: =?utf-8?b?SG9sYQ?=\n"),
        "words by the thousand": _mail(b"Subject: " + b"=?utf-8?q?a?= " * 18_000 + b"\n"),
        "word with line ends": _mail(b"Subject: =?utf-8?q?a=0D=0ABcc:_x?=\n"),
        "parameters by the thousand": _mail(
            b"Subject: parametros\nContent-Type: text/plain; "
            + b"".join(b"n*%d=a; " % n for n in range(18_000))
            + b"\n"
        ),
    }


def _structures() -> dict[str, bytes]:
    inner = b"--A\nContent-Type: multipart/alternative; boundary=B\n\nno such boundary\n"
    return {
        "boundary empty": _parts(b"--\n\nhola\n----\n", b'multipart/mixed; boundary=""'),
        "boundary missing": _parts(b"--b\n\nhola\n--b--\n", b"multipart/mixed"),
        "boundary never starts": _parts(b"hola\n", b"multipart/mixed; boundary=zz"),
        "boundary never ends": _parts(b"--b\n\nhola\n"),
        "inner never starts": _parts(inner, b"multipart/mixed; boundary=A"),
        "no parts": _parts(b"--b--\n"),
        "type nonsense": _parts(b"hola\n", b"/"),
        "type of one word": _parts(b"hola\n", b"multipart"),
        "nested too deep": nested(5_000),
        "messages in messages": _mail(
            b"Subject: matriosca\n" + b"Content-Type: message/rfc822\n\n" * 3_000
        ),
        "too many parts": many_parts(10_000),
        "name climbs": _parts(
            b"--b\nContent-Disposition: attachment; filename=../../x\n\nx\n--b--"
        ),
        "name of 50 kB": _parts(
            b'--b\nContent-Disposition: attachment; filename="'
            + b"=?utf-8?q?a?= " * 4_000
            + b'"\n\nx'
        ),
        "report without report": _parts(
            b"--b\n\nx\n--b\nContent-Type: message/delivery-status\n\n"
        ),
        "outlook's parcel cut off": _parts(
            b"--b\nContent-Type: application/ms-tnef; name=winmail.dat\n"
            b"Content-Transfer-Encoding: base64\n\neJ8+IgE=\n--b--"
        ),
    }


def _texts() -> dict[str, bytes]:
    def text(head: bytes, body: bytes) -> bytes:
        return _mail(b"Subject: texto\nContent-Type: text/plain" + head + b"\n", body)

    noise = random.Random(7).randbytes(3_000).translate(None, b"\x00\r\n")
    return {
        "charset unknown": text(b"; charset=x-nadie", b"contrase\xf1a\n"),
        "charset a codec": text(b"; charset=punycode", b"contrase\xf1a\n"),
        "charset utf-16": text(b"; charset=utf-16", b"hola\n"),
        "charset utf-7": text(b"; charset=utf-7", b"+AGg-ola +ADw-\n"),
        "japanese cut off": text(b"; charset=iso-2022-jp", b"\x1b$B4]?t;\n"),
        "base64 cut off": text(b"\nContent-Transfer-Encoding: base64", b"SG9sYSBtdW5kb\n"),
        "base64 that is not": text(b"\nContent-Transfer-Encoding: base64", b"hola, mundo\n"),
        "quoted-printable broken": text(
            b"\nContent-Transfer-Encoding: quoted-printable", b"=ZZ=3=\n=C3=B\n"
        ),
        "uuencode broken": text(
            b"\nContent-Transfer-Encoding: x-uuencode", b"begin 644 x\n$#!\n"
        ),
        "encoding unknown": text(b"\nContent-Transfer-Encoding: rot13", b"ubyn\n"),
        "noise": text(b"; charset=utf-8", noise + b"\n"),
        "quoted to the ground": text(b"", b">" * 100_000 + b"\n"),
        "NUL": text(b"", b"ho\x00la\n"),
    }


def _pages() -> dict[str, bytes]:
    def page(html: bytes) -> bytes:
        return _mail(b"Subject: pagina\nContent-Type: text/html\n", html + b"\n")

    return {
        "divs unclosed": page(b"<div>" * 20_000 + b"hola"),
        "comments unclosed": page(b"<!--" * 200_000),
        "nothing but <": page(b"<" * 500_000),
    }


def monsters() -> Iterator[tuple[str, bytes]]:
    """What takes parsers seconds and hundreds of megabytes, one at a time."""
    yield (
        "100k nested div",
        _mail(b"Subject: divs\nContent-Type: text/html\n", b"<div>" * 100_000 + b"hola\n"),
    )
    yield "1 MB of encoded words", _mail(b"Subject: " + b"=?utf-8?q?a?=\n " * 70_000 + b"x\n")
    yield "5,000 nested parts", nested(5_000)
    yield "10,000 parts", many_parts(10_000)
    line = b"hola que tal estan ustedes, esto no tiene fin en el mundo.\n"
    yield "50 MB of text", _mail(b"Subject: largo\n", line * (50_000_000 // len(line)))
