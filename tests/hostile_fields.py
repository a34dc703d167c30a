"""Hostile words in every field that somebody outside controls, and what a letter must be.

`hostile_mail` writes a raw mail with a string in the places asked for; `inspect` reads a
letter back from the bytes that leave.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Set
from email import message_from_bytes, policy
from email.message import EmailMessage

EVIL = "evil@evil.test"
BCC = f"Bcc: {EVIL}"


def encoded(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


#: threats 7 and 25: line ends of every kind, raw and encoded, and second addresses
STRINGS = {
    "crlf": f"\r\n{BCC}",
    "crlf twice": f"\r\n\r\n{BCC}\r\n\r\nhola",
    "lf": f"\n{BCC}",
    "cr": f"\r{BCC}",
    "folded": f"\r\n {BCC}",
    "nul": f"\x00{BCC}",
    "vt and ff": f"\x0b{BCC}\x0c{BCC}",
    "nel": f"\x85{BCC}",
    "line separator": f"\u2028{BCC}\u2029{BCC}",
    "q crlf": f"=?utf-8?q?=0D=0A{BCC.replace(' ', '_')}?=",
    "q cr": f"=?utf-8?q?=0D{BCC.replace(' ', '_')}?=",
    "q lf lf": f"=?utf-8?q?=0A=0A{BCC.replace(' ', '_')}?=",
    "q nul": f"=?utf-8?q?=00{BCC.replace(' ', '_')}?=",
    "b crlf": encoded(f"\r\n{BCC}\r\n"),
    "b separators": encoded(f"\u2028{BCC}\x85{BCC}"),
    "utf-7": "=?utf-7?q?+AA0ACg-Bcc:_evil=40evil.test?=",
    "utf-16": "=?utf-16?b?" + b64encode(f"\r\n{BCC}".encode("utf-16")).decode() + "?=",
    "percent": f"%0D%0A{BCC.replace(' ', '%20')}",
    "escapes": f"\\r\\n{BCC}\\",
    "comma": f", {EVIL}",
    "semicolon": f"; {EVIL}",
    "angle": f"> <{EVIL}",
    "name as address": f"{EVIL} <{EVIL}>, ",
    "quote": f'" <{EVIL}>, "',
    "quote and parameter": f'"; filename="evil.exe"; {BCC}; x="',
    "comment": f"({EVIL})",
    "comment open": f"(({EVIL}",
    "comment closed": f"){EVIL}",
    "group": f"evil: {EVIL};",
    "route": f"<@evil.test,@evil.test:{EVIL}>",
    "percent hack": "%evil.test@",
    "bang": "evil.test!",
    "quoted local": f'"{EVIL}"@x.test',
    "literal": "@[127.0.0.1]",
    "at signs": f"@@{EVIL}@",
    "idn": "@еvil.test",
    "q at": "=?utf-8?q?evil=40evil.test?=",
    "q comma": "=?utf-8?q?=2C_evil=40evil.test_=2C?=",
    "right to left": f"\u202e{EVIL}\u202c",
    "long": "x" * 1200 + f", {EVIL}",
    "surrogate": "\udcff\udcfe",
}

#: where it goes: (header, its value around the string, whether the desk goes on as ever)
FIELDS = {
    "From, name": ("From", 'Luis {} <luis@x.test>'),
    "From, quoted name": ("From", '"Luis {}" <luis@x.test>'),
    "From, comment": ("From", "luis@x.test (Luis {})"),
    "From, local part": ("From", "<luis{}@x.test>"),
    "From, domain": ("From", "<luis@x.test{}>"),
    "From, behind": ("From", "luis@x.test{}"),
    "From, before": ("From", "{}luis@x.test"),
    "Reply-To": ("Reply-To", '"Luis {}" <luis@x.test>'),
    "Reply-To, address": ("Reply-To", "<luis@x.test{}>"),
    "Sender": ("Sender", '"Luis {}" <luis{}@x.test>'),
    "Return-Path": ("Return-Path", "<luis{}@x.test>"),
    "To, name": ("To", '"Soporte {}" <soporte@acme.test>'),
    "To, address": ("To", "soporte@acme.test{}"),
    "Cc, name": ("Cc", '"Bea {}" <bea@x.test>'),
    "Cc, address": ("Cc", "<bea{}@x.test>"),
    "Subject": ("Subject", "No puedo {} acceder"),
    "Date": ("Date", "Mon, 08 Jun 2026 09:00:00 +0200 ({})"),
    "Date, all": ("Date", "{}"),
    "Message-ID": ("Message-ID", "<id{}@client.test>"),
    "Message-ID, behind": ("Message-ID", "<id.behind@client.test>{}"),
    "In-Reply-To": ("In-Reply-To", "<id{}@client.test> {}"),
    "References": ("References", "<id{}@client.test> <a@b.test>{}"),
    "Thread-Topic": ("Thread-Topic", "{}"),
    "List-Id": ("List-Id", "Lista {} <lista{}.x.test>"),
    "List-Unsubscribe": ("List-Unsubscribe", "<mailto:x@x.test{}>"),
    "Auto-Submitted": ("Auto-Submitted", "no{}"),
    "Precedence": ("Precedence", "normal{}"),
    "Importance": ("Importance", "high{}"),
    "X-Maild-Type": ("X-Maild-Type", "reply{}"),
    "X-Maild-Ticket": ("X-Maild-Ticket", "1{}"),
    "Content-Language": ("Content-Language", "es{}"),
    "Content-Type": ("Content-Type", 'multipart/mixed; x="{}"; boundary="b"'),
    "boundary": ("Content-Type", 'multipart/mixed; boundary="b{}"'),
    "charset": ("part: Content-Type", 'text/plain; charset="utf-8{}"'),
    "encoding": ("part: Content-Transfer-Encoding", "8bit{}"),
    "file name": ("file: Content-Disposition", 'attachment; filename="foto {}.png"'),
    "file name, bare": ("file: Content-Disposition", "attachment; filename=foto{}.png"),
    "file name, RFC 2231": (
        "file: Content-Disposition", "attachment; filename*=utf-8''foto{}.png"
    ),
    "file name, pieces": (
        "file: Content-Disposition", 'attachment; filename*0="foto{}"; filename*1=".png"'
    ),
    "file name, in its type": ("file: Content-Type", 'image/png; name="foto {}.png"'),
    "file type": ("file: Content-Type", "image/png{}"),
    "Content-ID": ("file: Content-ID", "<foto{}@x.test>"),
    "Content-Description": ("file: Content-Description", "foto {}"),
    "words": ("text", "Hola {} adiós."),
    "name in the words": ("text", "Hola.\n\n-- \nLuis {}\n"),
    "picture in the words": ("html", '<p>Hola</p><img src="cid:foto{}@x.test">'),
}  # fmt: skip

LUIS = "luis@x.test"
#: who may hear of a request of Luis, with Bea in copy
PEOPLE = {LUIS, "bea@x.test", "ana@acme.test", "leo@acme.test", "jefa@acme.test",
          "admin@acme.test"}  # fmt: skip


def hostile_mail(
    number: int,
    places: Iterable[str],
    said: str,
    *,
    sender: str = "Luis Pérez <luis@x.test>",
    to: str = "soporte@acme.test",
    subject: str = "No puedo acceder",
    answers: tuple[str, str] = ("<o@client.test>", "<o@client.test>"),
    words: str = "Hola: no puedo entrar.",
) -> bytes:
    """Raw, as a door takes it, with the string in those places; no two numbers are alike.
    `answers`: its In-Reply-To and References."""
    fields = {
        "Authentication-Results": "mx.acme.test; dmarc=pass header.from=x.test",
        "From": sender,
        "To": to,
        "Cc": "Bea <bea@x.test>",
        "Subject": subject,
        "Date": f"Mon, 08 Jun 2026 09:00:{number % 60:02} +0200",
        "Message-ID": f"<inj{number}@client.test>",
        "In-Reply-To": answers[0],
        "References": answers[1],
        "X-Number": str(number),
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/mixed; boundary="b"',
    }
    text = {"Content-Type": 'text/plain; charset="utf-8"'}
    page = {"Content-Type": 'text/html; charset="utf-8"'}
    file = {
        "Content-Type": "image/png",
        "Content-Disposition": 'attachment; filename="foto.png"',
        "Content-ID": "<foto@x.test>",
    }
    shown = f"{words}\n\n{number}\n"
    html = ""
    for name, value in (FIELDS[place] for place in places):
        poisoned = value.replace("{}", said)
        where, _, header = name.rpartition(": ")
        if name == "text":
            shown += poisoned
        elif name == "html":
            html = poisoned
        else:
            {"": fields, "part": text, "file": file}[where][header] = poisoned
    parts = [_lines(text) + "\n" + shown, _lines(file) + "\npng"]
    if html:
        parts.insert(1, _lines(page) + "\n" + html)
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return (_lines(fields) + "\n" + body).encode("utf-8", "surrogateescape")


def _lines(fields: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


# -- what a letter must be ----------------------------------------------------------------

ALWAYS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "References", "X-Maild-Type",
    "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
}  # fmt: skip
#: by type: what its header has besides, or may have
MORE = {
    "reply": ("X-Maild-Ticket", "In-Reply-To Cc List-Unsubscribe"),
    "resolved": ("X-Maild-Ticket", "In-Reply-To Cc Auto-Submitted"),
    "acknowledgement": ("X-Maild-Ticket Auto-Submitted", "In-Reply-To"),
    "reopened": ("X-Maild-Ticket Auto-Submitted", "In-Reply-To"),
    "closed": ("X-Maild-Ticket Auto-Submitted", "In-Reply-To"),
    "pending-reminder": ("X-Maild-Ticket Auto-Submitted", "In-Reply-To"),
    "survey-reminder": ("X-Maild-Ticket Auto-Submitted", "In-Reply-To"),
    "confirm": ("List-Id Auto-Submitted", "X-Maild-Ticket"),
    "link": ("Auto-Submitted", "In-Reply-To"),
    "digest": ("List-Id Auto-Submitted", ""),
    "report": ("List-Id Auto-Submitted", ""),
    "admin": ("List-Id Auto-Submitted", "X-Maild-Ticket In-Reply-To"),
    **dict.fromkeys(
        ("agent-new", "agent-message", "assigned", "escalation", "returned", "answer",
         "command-error", "delivery-failed", "low-rating", "sla-warning", "sla-breach"),
        ("X-Maild-Ticket List-Id Auto-Submitted In-Reply-To", ""),
    ),
}  # fmt: skip
PARTS = {
    "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
}  # fmt: skip
_FIELD = re.compile(rb"(?m)^([!-9;-~]+):")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e]")


def inspect(raw: bytes, recipient: str, people: Set[str]) -> None:
    """A letter's bytes, its header, its readers."""
    lines = raw.replace(b"\r\n", b"")
    assert b"\r" not in lines
    assert b"\n" not in lines
    assert b"\0" not in lines
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    head = raw.partition(b"\r\n\r\n")[0]
    written = [name.decode() for name in _FIELD.findall(head)]
    assert written == list(mail.keys())
    assert len(written) == len(set(written))
    must, may = (set(names.split()) for names in MORE[str(mail["X-Maild-Type"])])
    single = {"Content-Transfer-Encoding"}
    assert ALWAYS | must <= set(written) <= ALWAYS | must | may | single, (written, must)
    for name, value in mail.items():
        assert not _CONTROL.search(str(value)), name
    for part in mail.walk():
        assert not part.defects
        if part is not mail:
            assert set(part.keys()) <= PARTS
            assert len(part.keys()) == len(set(part.keys()))
            assert not _CONTROL.search(part.get_filename() or "")
    _readers(mail, recipient, {_plain(email) for email in people})


def _readers(mail: EmailMessage, recipient: str, people: Set[str]) -> None:
    fields = {
        name: [_plain(mailbox.addr_spec) for mailbox in mail[name].addresses]
        for name in ("From", "To", "Reply-To", "Cc") if mail[name]
    }  # fmt: skip
    assert fields["From"] == ["soporte@acme.test"]
    (answer_to,) = fields["Reply-To"]
    assert re.fullmatch(r"soporte\+[\w.~-]+@acme\.test", answer_to)
    assert _plain(recipient) in people, (recipient, mail["X-Maild-Type"])
    (to,) = fields["To"]
    assert to in people
    assert set(fields.get("Cc", ())) <= people


def _plain(email: str) -> str:
    """In one form, however it is written."""
    local, _, domain = email.lower().encode("utf-8", "surrogateescape").decode().rpartition("@")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
