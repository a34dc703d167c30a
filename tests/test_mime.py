"""Letters as bytes: read back with the stdlib as any mail program would."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.model.letter import File, Letter, LetterType, Picture
from maild.model.mail import Address
from maild.model.ticket import Enclosure
from maild.notify.environment import Environment
from maild.notify.mime import LONGEST_REFERENCES, bare_address, compose, message_ids, shorten
from maild.notify.samples import write_samples

DATE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LETTER = Letter(
    type=LetterType.AGENT_NEW,
    recipient="ana@acme.test",
    sender=Address("Luis Pérez · Soporte ACME", "soporte@acme.test"),
    to=(Address("Ana Ruiz", "ana@acme.test"),),
    cc=(Address("", "berta@x.test"), Address("Núñez, S.L.", "n@x.test")),
    reply_to=Address("", "soporte+1042abc@acme.test"),
    subject="[ACME #1042] No puedo acceder al sistema",
    text="¿Se puede desbloquear?\n\nGracias\n",
    html="<p>¿Se puede desbloquear?</p>\n<p>Gracias</p>\n",
    ticket=1042,
    message_id="<t1042.0123456789abcdef@acme.test>",
    in_reply_to="<1042own@acme.test>",
    references=("<1042own@acme.test>",),
    auto_submitted="auto-generated",
    list_id="<soporte.acme.test>",
    headers=(("X-Auto-Response-Suppress", "OOF, AutoReply"),),
)
#: The header fields of LETTER, whatever is written into them.
FIELDS = [
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To",
    "References", "Auto-Submitted", "List-Id", "X-Maild-Type", "X-Maild-Ticket",
    "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
]  # fmt: skip
STORE = {"a": b"PDF\x00\xff" * 50, "b": b"\x89PNG", "c": b""}
PDF = Enclosure("factura.pdf", "application/pdf", 250, "a")
INLINE = Enclosure("captura.png", "image/png", 4, "b", inline=True, content_id="<img1@x>")


def raw(letter: Letter) -> bytes:
    return compose(letter, lambda enclosure: STORE[enclosure.sha256], date=DATE)


def read(letter: Letter) -> EmailMessage:
    message = message_from_bytes(raw(letter), policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    return message


def tree(part: MIMEPart) -> object:
    """`["mixed", ["alternative", "text/plain", …], …]`."""
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_subtype(), *(tree(p) for p in part.iter_parts())]


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# -- headers -------------------------------------------------------------------------------


def test_headers_stand_as_promised() -> None:
    """Every header of CONTRACT section 4, once, in its usual order."""
    message = read(LETTER)
    assert list(message.keys()) == FIELDS
    assert message["Subject"] == LETTER.subject
    assert message["From"] == "Luis Pérez · Soporte ACME <soporte@acme.test>"
    assert message["Cc"] == 'berta@x.test, "Núñez, S.L." <n@x.test>'
    assert message["Reply-To"] == "soporte+1042abc@acme.test"
    assert message["Date"].datetime == DATE
    assert message["Message-ID"] == LETTER.message_id
    assert message["X-Maild-Type"] == "agent-new"
    assert message["X-Maild-Ticket"] == "1042"
    assert message["List-Id"] == "<soporte.acme.test>"


def test_what_a_letter_lacks_is_left_out() -> None:
    """A person's reply has no Auto-Submitted; a letter of no ticket names none."""
    bare = Letter(
        type=LetterType.REPLY, recipient="a@x.test", sender=Address("", "s@x.test"),
        to=(Address("", "a@x.test"),), subject="Hola", text="Hola\n", message_id="<1@x.test>",
    )  # fmt: skip
    assert list(read(bare).keys()) == [
        "From", "To", "Subject", "Date", "Message-ID", "X-Maild-Type", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding",
    ]  # fmt: skip
    assert tree(read(bare)) == "text/plain"


def test_the_same_letter_is_the_same_bytes() -> None:
    """What goes out twice after a crash is one mail for whoever gets it."""
    letter = replace(LETTER, enclosures=(PDF, INLINE), files=(File("k.csv", "text/csv", b"1"),))
    assert raw(letter) == raw(letter)
    assert raw(letter) != raw(replace(letter, message_id="<other@acme.test>"))


@pytest.mark.parametrize(
    "subject",
    [
        "[ACME #1042] No puedo acceder al sistema de ventas desde la oficina de Peñíscola y "
        "además aparece «contraseña caducada» cada mañana, sobre todo los lunes",
        "[ACME #1042] " + "ñ" * 200,
        "[ACME #1042] 注文番号の確認をお願いします " * 4,
        "[ACME #1042] 👩‍👩‍👧 familia",
        "[ACME #1042] plain =?utf-8?q?a=0D=0ABcc:_x@evil.test?= words",
        "[ACME #1042] " + "x" * 220,
        "[ACME #1042] Prüfung, 100 % = ¿qué_tal?",
    ],
)
def test_long_and_foreign_subjects_arrive_whole(subject: str) -> None:
    """Folded as RFC 2047 says, read back by both parsers of the stdlib, tag in plain sight."""
    data = raw(replace(LETTER, subject=subject.strip()))
    assert message_from_bytes(data, policy=default)["Subject"] == " ".join(subject.split())
    old = message_from_bytes(data)["Subject"].replace("\r\n", "")
    assert str(make_header(decode_header(old))) == " ".join(subject.split())
    assert b"\r\nSubject: [ACME #1042]" in data
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?]+\?.\?[^?]*\?=", data))


@pytest.mark.parametrize(
    "name",
    [
        "Luis Pérez Ñandú de la Torre y García-Mansilla, S.A. · Soporte técnico de la sede",
        'Ana "la jefa" Ruiz',
        "Ruiz, Ana (ventas)",
        "=?utf-8?q?x=0D=0ABcc:_evil?=",
        "李 明",
        "a\\b",
        "Ana.Ruiz@acme.test",
        "Élodie – Soporte <otro@evil.test>, b@evil.test",
    ],
)
def test_names_arrive_as_they_are(name: str) -> None:
    """A display name is only ever a name: no second address, no other header."""
    message = read(replace(LETTER, sender=Address(name, "soporte@acme.test")))
    (sender,) = message["From"].addresses
    assert sender.addr_spec == "soporte@acme.test"
    assert sender.display_name == name
    assert list(message.keys()) == FIELDS


EVIL = [
    "\r\nBcc: x@evil.test",
    "\nBcc: x@evil.test",
    "\r\n\r\nbody",
    "\rBcc: x@evil.test",
    "\x00",
    "\u2028Bcc: x@evil.test",
    "\x85Bcc: x@evil.test",
    "\x0bBcc: x@evil.test",
    "=?utf-8?q?=0D=0ABcc:_x@evil.test?=",
    "=?utf-8?b?" + b64encode(b"\r\nBcc: x@evil.test").decode() + "?=",
    "\u202egnp.exe",
    "\ud800",
    ", x@evil.test",
    "> <x@evil.test",
    '"; filename="evil.exe',
]


def poisoned(evil: str) -> Iterator[Letter]:
    """LETTER with the words in each field that may hold what a customer wrote."""
    name, email = Address(f"Ana{evil}", "a@x.test"), Address("", f"a@x.test{evil}")
    for address in (name, email):
        yield replace(LETTER, sender=address)
        yield replace(LETTER, to=(address,))
        yield replace(LETTER, cc=(address,))
        yield replace(LETTER, reply_to=address)
    yield replace(LETTER, subject=f"Hola{evil} fin")
    yield replace(LETTER, references=(f"<a{evil}@x>", f"<a@x>{evil}", "<1042own@acme.test>"))
    yield replace(LETTER, headers=(("X-Auto-Response-Suppress", f"OOF{evil}"),))
    yield replace(LETTER, list_id=f"<s.x.test>{evil}")
    for one in (PDF, INLINE):
        yield replace(LETTER, enclosures=(replace(one, filename=f"a{evil}.pdf"),))
        yield replace(LETTER, enclosures=(replace(one, content_type=f"a/b{evil}"),))
    shown = replace(INLINE, content_id=f"img{evil}")
    yield replace(LETTER, enclosures=(shown,), html=f"<img src='cid:img{evil}'>")


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_no_field_brings_another_header_along(evil: str) -> None:
    """Line breaks, controls and tricks in any field: the header set stays what it is."""
    for letter in poisoned(evil):
        data = raw(letter)
        head = data.partition(b"\r\n\r\n")[0]
        assert re.findall(rb"(?m)^([\w-]+):", head) == [f.encode() for f in FIELDS]
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert b"\r" not in data.replace(b"\r\n", b"")
        message = message_from_bytes(data, policy=default)
        assert list(message.keys()) == FIELDS
        for part in message.walk():
            assert set(part.keys()) - set(FIELDS) <= {
                "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"
            }  # fmt: skip
            assert part.get("Bcc") is None
        for field in ("From", "To", "Reply-To"):
            assert len(message[field].addresses) == 1
        assert len(message["Cc"].addresses) == (2 if letter.cc == LETTER.cc else 1)


def test_a_bad_in_reply_to_is_left_out() -> None:
    """Better no thread than a broken header."""
    message = read(replace(LETTER, in_reply_to="<a@x>\r\nBcc: b@x"))
    assert "In-Reply-To" not in message
    assert "Bcc" not in message


# -- references ----------------------------------------------------------------------------


def test_references_keep_first_last_and_our_own() -> None:
    """At most 1,500 characters; what ties the thread together stays, in order."""
    foreign = [f"<{n:060d}@mail.x.test>" for n in range(60)]
    ours = [f"<t1042.{n:030x}@acme.test>" for n in range(3)]
    kept = shorten([*foreign[:30], *ours, *foreign[30:]], own=LETTER.message_id)
    assert kept[0] == foreign[0]
    assert kept[-1] == foreign[-1]
    assert [one for one in kept if one in ours] == ours
    assert foreign[-2] in kept
    assert foreign[1] not in kept
    assert len(" ".join(kept)) <= LONGEST_REFERENCES
    assert len(raw(replace(LETTER, references=tuple(foreign))).partition(b"\r\n\r\n")[0]) < 4096


def test_ids_are_taken_once_and_only_good_ones() -> None:
    """Ids of strangers are put in a header only if they are fit for one."""
    assert message_ids(
        ["<a@x>", "a@x", "<a@x>", "<b c@x>", "<é@x>", "<" + "y" * 300 + ">"]
    ) == ["<a@x>"]


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("ana@acme.test", "ana@acme.test"),
        ('"a, b"@x.test', '"a, b"@x.test'),
        ("ana@españa.test", "ana@xn--espaa-rta.test"),
        ("ñandú@x.test", "ñandú@x.test"),
        ("a@x.test, b@evil.test", "a@x.testb@evil.test"),
        ("a@x.test>\r\nBcc: <b@evil", "a@x.testBccb@evil"),
    ],
)
def test_an_address_is_one_address(email: str, written: str) -> None:
    """Domains in ASCII; whatever would begin a second address is gone."""
    assert bare_address(email) == written


# -- structure -----------------------------------------------------------------------------


def test_text_and_html_are_alternatives() -> None:
    """Plain first, HTML last, both in UTF-8 and word for word."""
    message = read(LETTER)
    assert tree(message) == ["alternative", "text/plain", "text/html"]
    assert content(message, "plain") == LETTER.text
    assert content(message, "html") == LETTER.html


def test_a_report_has_its_pictures_inside_and_its_tables_attached() -> None:
    """mixed(alternative(plain, related(html, png…)), csv…), as CONTRACT section 4 has it."""
    report = replace(
        LETTER,
        type=LetterType.REPORT,
        html='<img src="cid:kpi@maild" alt="SLA 93,8 %">',
        pictures=(Picture("kpi@maild", "kpi.png", "image/png", b"\x89PNG"),),
        files=(File("kpi.csv", "text/csv", b"\xef\xbb\xbfkpi;valor\r\n"),),
    )
    message = read(report)
    related = ["related", "text/html", "image/png"]
    assert tree(message) == ["mixed", ["alternative", "text/plain", related], "text/csv"]
    (csv,) = message.iter_attachments()
    assert csv.get_filename() == "kpi.csv"
    assert csv.get_payload(decode=True) == report.files[0].content
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<kpi@maild>"
    assert picture.get_content_disposition() == "inline"


def test_inline_pictures_are_shown_where_the_html_shows_them() -> None:
    """Others, and all of a letter that shows none, are attachments that nobody misses."""
    shown = replace(LETTER, enclosures=(PDF, INLINE), html='<img src="cid:img1@x">')
    related = ["related", "text/html", "image/png"]
    assert tree(read(shown)) == [
        "mixed", ["alternative", "text/plain", related], "application/pdf"
    ]  # fmt: skip
    listed = replace(LETTER, enclosures=(PDF, INLINE))
    assert tree(read(listed)) == [
        "mixed", ["alternative", "text/plain", "text/html"], "application/pdf", "image/png"
    ]  # fmt: skip


def test_attachments_arrive_byte_for_byte() -> None:
    """Also the empty one."""
    empty = Enclosure("vacío.txt", "text/plain", 0, "c")
    parts = list(read(replace(LETTER, enclosures=(PDF, empty))).iter_attachments())
    assert [part.get_payload(decode=True) for part in parts] == [STORE["a"], b""]
    assert [part.get_filename() for part in parts] == ["factura.pdf", "vacío.txt"]


@pytest.mark.parametrize(
    "filename",
    [
        "factura de octubre de la compañía eléctrica con un nombre que no se acaba nunca.pdf",
        "請求書.pdf",
        "a b (1), final; v2.pdf",
        'con "comillas".pdf',
        "x" * 140 + ".pdf",
        "日" * 140 + ".pdf",
    ],
)
def test_file_names_survive(filename: str) -> None:
    """RFC 2231, in pieces that fit a line."""
    letter = replace(LETTER, enclosures=(replace(PDF, filename=filename),))
    (part,) = read(letter).iter_attachments()
    assert part.get_filename() == filename
    assert max(map(len, raw(letter).split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("given_type", "sent"),
    [
        ("application/pdf", "application/pdf"),
        ("Text/HTML; charset=x", "text/html"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_types_of_strangers_are_checked(given_type: str, sent: str) -> None:
    """A type that would change the structure of the letter becomes plain bytes."""
    letter = replace(LETTER, enclosures=(replace(PDF, content_type=given_type),))
    (part,) = read(letter).iter_attachments()
    assert part.get_content_type() == sent


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello\n.\nFrom here\n", "7bit"),
        ("¿Qué tal? = bien \n.\n", "quoted-printable"),
        ("x" * 5000 + "\n", "quoted-printable"),
        ("日本語のメール\n" * 50, "base64"),
        ("a\x00b\x1b[2Jc\ud800\n", "7bit"),
    ],
)
def test_text_finds_its_encoding(text: str, encoding: str) -> None:
    """Every text arrives as written, less what no text holds; lines stay within limits."""
    letter = replace(LETTER, text=text, html=None)
    message = read(letter)
    assert message["Content-Transfer-Encoding"] == encoding
    assert content(message, "plain") == re.sub("[\x00\x1b\ud800]", "", text)
    assert max(map(len, raw(letter).split(b"\r\n"))) <= 998


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=300), st.text(max_size=80), st.text(max_size=2000), st.text(max_size=60)
)
def test_anything_at_all_makes_a_sound_mail(
    subject: str, name: str, text: str, filename: str
) -> None:
    """Whatever people type: no defects, no long line, no header more, nothing but ASCII."""
    letter = replace(
        LETTER, subject=subject, sender=Address(name, "s@acme.test"), text=text,
        enclosures=(replace(PDF, filename=filename),),
    )  # fmt: skip
    data = raw(letter)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    message = read(letter)
    assert set(message.keys()) <= set(FIELDS)
    assert len(message["From"].addresses) == 1


def test_a_foreign_local_part_is_sent_as_it_is() -> None:
    """Only then the message is not ASCII; the courier asks for SMTPUTF8."""
    data = raw(replace(LETTER, to=(Address("Ñandú", "ñandú@x.test"),)))
    assert "<ñandú@x.test>".encode() in data
    assert not data.isascii()
    assert raw(LETTER).isascii()


def test_every_letter_can_be_composed() -> None:
    """All types in both languages come back as they were written."""
    environment = Environment()
    for language in ("es", "en"):
        for letter in write_samples(environment, language):
            message = read(letter)
            assert message["Subject"] == letter.subject
            assert content(message, "plain") == letter.text
            assert content(message, "html").strip() == (letter.html or "").strip()
