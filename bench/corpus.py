"""A seeded corpus of mail as a help desk gets it; the same seed gives the same bytes.

Of a hundred: 60 new requests (es and en, half of them with HTML), 25 replies with quotation
and References, 5 with an attachment of 200 kB, 5 in odd or broken charsets, 5 automatic
(away messages, bounces, bulk). Every text carries a marker `MK<number>X` of its own.
"""

import base64
import email.utils
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP

WORDS = {
    "es": """hola buenos días necesito ayuda con la factura del mes pasado porque el importe no
    coincide con el contrato además la impresora no responde desde ayer y el usuario no puede
    entrar cuando intento restablecer la contraseña aparece un error gracias por su atención
    el pedido llegó incompleto falta una pieza según el albarán mañana reunión dirección correo
    configuración red pantalla añadir señal número año""".split(),
    "en": """hello good morning we need help with last month's invoice because the amount does
    not match the contract also the printer has not answered since yesterday and the user
    cannot log in when I try to reset the password an error shows up thank you for your time
    the order arrived incomplete one part is missing tomorrow board meeting mail settings
    network screen add signal number year""".split(),
}
TOPICS = {
    "es": "Factura incorrecta|No puedo iniciar sesión|La impresora no responde|Devolución",
    "en": "Wrong invoice|Cannot log in|Printer does not answer|Refund",
}
ODD = [
    ("iso-8859-1", "quoted-printable", "El camión llegó mañana: ñandú, ¿qué pasó?"),
    ("windows-1252", "8bit", "Precio 1.250\u20ac \u201ccomillas\u201d \u2013 t\u00edpico"),
    ("koi8-r", "base64", "Ошибка при оплате счёта, помогите пожалуйста"),
    ("gb2312", "base64", "发票金额错误，请尽快处理，谢谢"),
    ("utf-8", "broken", "Descripción rota: café más ñ"),
    ("x-unknown-9", "8bit", "charset desconocido: áéí"),
]
FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)
SHARES = {"reply": 25, "attachment": 5, "odd": 5, "automatic": 5}


@dataclass(frozen=True, slots=True)
class Sample:
    """One message: CRLF bytes, its kind, its envelope sender."""

    kind: str
    sender: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """An earlier request that a reply may follow."""

    subject: str
    name: str
    address: str
    text: str
    references: list[str]


class Corpus:
    """Makes samples; `to` is the desk's address."""

    def __init__(self, *, seed: int, to: str) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._to = to
        self._asked: list[Asked] = []
        self._number = 0

    def make(self, count: int) -> Iterator[Sample]:
        """`count` samples in the mix above."""
        kinds = [kind for kind, share in SHARES.items() for _ in range(count * share // 100)]
        kinds += ["new"] * (count - len(kinds) - 1)
        self._chance.shuffle(kinds)
        for number, kind in enumerate(["new", *kinds]):
            self._number = number
            sender, raw = getattr(self, f"_{kind}")()
            yield Sample(kind, sender, raw)

    # -- kinds ------------------------------------------------------------------------------

    def _new(self, attachment: bytes | None = None) -> tuple[str, bytes]:
        language = self._chance.choice(["es", "en"])
        topic = self._chance.choice(TOPICS[language].split("|"))
        name, address = self._person()
        mail = self._mail(f"{topic} ({self._number})", name, address)
        text = self._text(language, int(300 * 30 ** self._chance.random()), name)
        self._fill(mail, text)
        if attachment:
            mail.add_attachment(
                attachment, maintype="application", subtype="pdf", filename="factura año.pdf"
            )
        references = [str(mail["Message-ID"])]
        self._asked.append(Asked(str(mail["Subject"]), name, address, text, references))
        return address, self._bytes(mail)

    def _attachment(self) -> tuple[str, bytes]:
        return self._new(b"%PDF-1.4\n" + self._chance.randbytes(200_000))

    def _reply(self) -> tuple[str, bytes]:
        asked = self._chance.choice(self._asked)
        mail = self._mail(f"Re: {asked.subject}", asked.name, asked.address)
        mail["In-Reply-To"] = asked.references[-1]
        mail["References"] = " ".join(asked.references[-8:])
        asked.references.append(str(mail["Message-ID"]))
        quoted = "\n".join(f"> {line}" for line in asked.text.splitlines()[:60])
        text = self._text("es", self._chance.randrange(300, 3000), asked.name)
        self._fill(mail, f"{text}\nEl lun, 2 mar 2026, <{self._to}> escribió:\n{quoted}\n")
        return asked.address, self._bytes(mail)

    def _odd(self) -> tuple[str, bytes]:
        charset, encoding, phrase = ODD[self._number % len(ODD)]
        real = "windows-1252" if charset.startswith("x-") else charset
        name, address = self._person()
        body = f"{self._marker()}\n{(phrase + chr(10)) * 20}".encode(real, "replace")
        if encoding == "broken":
            body = body.replace("é".encode(), b"\xe9") + b"\xff\xfe\x80 tail\n"
        elif encoding == "base64":
            body = base64.encodebytes(body)
        elif encoding == "quoted-printable":
            body = quopri.encodestring(body)
        mail = self._mail("x", name, address)
        mail.replace_header("Subject", "SUBJECT")
        mail["MIME-Version"] = "1.0"
        head = mail.as_bytes(policy=SMTP).rstrip()
        head += f"\nContent-Type: text/plain; charset={charset}".encode()
        head += b"\nContent-Transfer-Encoding: " + encoding.replace("broken", "8bit").encode()
        subject = phrase.encode(real, "replace")[:40]
        if encoding in ("base64", "quoted-printable"):
            subject = Header(phrase[:18], real).encode().encode()
        raw = head.replace(b"SUBJECT", subject) + b"\n\n" + body
        return address, b"\r\n".join(raw.splitlines()) + b"\r\n"

    def _automatic(self) -> tuple[str, bytes]:
        kind = self._number % 3
        address = f"auto{self._number}@vacation.example"
        if kind == 0:
            return "", self._bounce()
        mail = self._mail(f"Fuera de la oficina {self._number}", "Ausente", address)
        if kind == 1:
            mail["Auto-Submitted"] = "auto-replied"
        else:
            mail["Precedence"] = "bulk"
        mail.set_content(f"{self._marker()}\nEstoy fuera de la oficina hasta el lunes.\n")
        return address, mail.as_bytes(policy=SMTP)

    def _bounce(self) -> bytes:
        edge = f"=_bounce{self._number}"
        mail = self._mail("Undelivered Mail", "Mail System", "MAILER-DAEMON@mx.example")
        mail["MIME-Version"] = "1.0"
        head = mail.as_bytes(policy=SMTP).decode().rstrip()
        lines = f"""{head}
Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"

--{edge}
Content-Type: text/plain

{self._marker()}
<nobody@gone.example>: host gone.example said: 550 5.1.1 User unknown

--{edge}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; nobody@gone.example
Action: failed
Status: 5.1.1

--{edge}--
"""
        return b"\r\n".join(lines.encode().splitlines()) + b"\r\n"

    # -- pieces -----------------------------------------------------------------------------

    def _person(self) -> tuple[str, str]:
        number = self._chance.randrange(2000)
        domain = ("acme", "globex", "initech", "umbrella", "hooli")[number % 5]
        return f"Ana Muñoz {number}", f"user{number}@{domain}.example"

    def _mail(self, subject: str, name: str, address: str) -> EmailMessage:
        """Headers as they look after two hops and a signature."""
        mail = EmailMessage()
        domain = address.rpartition("@")[2]
        when = email.utils.format_datetime(FIRST + timedelta(seconds=37 * self._number))
        for hop in (f"from mx.example by store.example; {when}", f"from x by mx; {when}"):
            mail["Received"] = hop
        digest = base64.b64encode(self._chance.randbytes(32)).decode()
        signature = base64.b64encode(self._chance.randbytes(225)).decode()
        mail["DKIM-Signature"] = (
            f"v=1; a=rsa-sha256; d={domain}; s=s1; h=from; bh={digest}; b={signature}"
        )
        mail["Authentication-Results"] = f"mx.example; dkim=pass header.d={domain}"
        mail["Message-ID"] = f"<{self._seed}.{self._number}.{self._chance.random()}@{domain}>"
        mail["Date"] = when
        mail["User-Agent"] = self._chance.choice(["Mozilla Thunderbird", "Outlook 16.0"])
        mail["From"] = email.utils.formataddr((name, address), "utf-8")
        mail["To"] = self._to
        mail["Subject"] = subject
        return mail

    def _bytes(self, mail: EmailMessage) -> bytes:
        """On the wire; boundaries are ours, so that they are the same each time."""
        for number, part in enumerate(mail.walk()):
            if part.is_multipart():
                part.set_boundary(f"=_{self._seed}_{self._number}_{number}")
        return mail.as_bytes(policy=SMTP)

    def _marker(self) -> str:
        return f"MK{self._seed}x{self._number:07d}X"

    def _text(self, language: str, size: int, name: str) -> str:
        lines = [self._marker()]
        while size > 0:
            line = " ".join(self._chance.choices(WORDS[language], k=10))
            lines.append(line)
            size -= len(line)
        return "\n".join([*lines, "", "-- ", name, ""])

    def _fill(self, mail: EmailMessage, text: str) -> None:
        mail.set_content(text, cte="quoted-printable")
        if self._chance.random() < 0.5:
            lines = "".join(f'<p style="margin:0">{line}</p>\n' for line in text.splitlines())
            html = f"<html><style>p{{margin:0}}</style><body>{lines}</body></html>"
            mail.add_alternative(html, subtype="html", cte="quoted-printable")


def corpus(count: int, *, seed: int = 7, to: str = "soporte@acme.test") -> list[Sample]:
    """`count` messages to `to`."""
    return list(Corpus(seed=seed, to=to).make(count))
