"""What people write on a page, as the mail it might have been: RFC 5322, from them to us."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from maild.ingest.words import clean_body
from maild.model.mail import Address, Attachment
from maild.notify.wording import one_line

LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT = 100, 250, 100_000
_EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"]{1,189}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Written:
    """A form that was filled in."""

    sender: Address
    to: str
    subject: str
    text: str
    id: str  #: unguessable; the same form sent twice is the same mail
    at: datetime  #: when the form was handed out
    files: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


def email_of(text: str) -> str | None:
    """The address somebody typed, its domain in ASCII; None where it is none."""
    typed = text.strip()
    if len(typed) > 254 or not typed.isprintable() or not _EMAIL.fullmatch(typed):
        return None
    local, _, domain = typed.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    wrong = local.startswith(".") or local.endswith(".") or ".." in local or not local.isascii()
    if wrong or not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        return None
    return f"{local}@{ascii_domain}"


def compose(written: Written) -> bytes:
    """The raw message."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=200))
    name = one_line(written.sender.name, LONGEST_NAME)
    mail["From"] = HeaderAddress(name, addr_spec=written.sender.email)
    mail["To"] = HeaderAddress("", addr_spec=written.to)
    mail["Subject"] = one_line(written.subject, LONGEST_SUBJECT)
    mail["Date"] = format_datetime(written.at)
    mail["Message-ID"] = f"<web.{written.id}@{written.to.rpartition('@')[2]}>"
    for header, value in written.headers:
        mail[header] = one_line(value)
    mail.set_content(clean_body(written.text)[:LONGEST_TEXT])
    for file in written.files:
        main, _, sub = media_type(file.content_type).partition("/")
        named = one_line(file.filename, 150) or "file"
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=named)
    return mail.as_bytes()


def media_type(text: str) -> str:
    """The type a browser names, where it is one that a single file can have."""
    kind = text.partition(";")[0].strip().lower()
    composite = kind.startswith(("multipart/", "message/"))
    return kind if _TYPE.fullmatch(kind) and not composite else OCTETS
