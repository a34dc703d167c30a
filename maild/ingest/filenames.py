"""Names for attachments: as sent where that is safe, made up where there is none."""

import mimetypes
import re
from unicodedata import normalize

from maild.ingest import words

MAX_BYTES = 120
_SEPARATORS = re.compile(r"[/\\]+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
#: Names for unnamed parts, by what they are.
_NAMES = {
    "text/plain": "text.txt",
    "text/html": "text.html",
    "text/calendar": "invite.ics",
    "text/rfc822-headers": "headers.txt",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "pgp-version.txt",
    "application/pgp-keys": "key.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/ms-tnef": "winmail.dat",
    "application/octet-stream": "attachment.bin",
}
#: Fixed, so that a name does not depend on the machine's own list.
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "text/csv": ".csv",
    "text/x-amp-html": ".html",
    "text/watch-html": ".html",
    "text/rtf": ".rtf",
    "application/rtf": ".rtf",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/x-patch": ".patch",
    "text/markdown": ".md",
    "application/ics": ".ics",
    "application/x-pdf": ".pdf",
    "audio/mpeg": ".mp3",
}
_TYPES = mimetypes.MimeTypes()


def safe(name: str) -> str:
    """The last part of a path, without controls, at most 120 bytes; "" if nothing is left.

    Letters and their accents are one character each, however the sender's system keeps them.
    """
    name = normalize("NFC", name)
    name = _SEPARATORS.split(words.clean(name).rstrip("/\\ "))[-1].strip()
    name = name.lstrip(". ").rstrip(". ")
    if _DEVICES.match(name):
        name = "_" + name
    return _shorten(name)


def invented(content_type: str) -> str:
    """A name for a part that has none."""
    if content_type in _NAMES:
        return _NAMES[content_type]
    kind = content_type.partition("/")[0]
    stem = kind if kind in ("image", "audio", "video") else "attachment"
    return stem + ending(content_type)


def ending(content_type: str) -> str:
    """`.pdf` for application/pdf; `.bin` for what nobody knows."""
    known = _ENDINGS.get(content_type) or _TYPES.guess_extension(content_type)
    return known or (".txt" if content_type.startswith("text/") else ".bin")


def of_message(subject: str) -> str:
    """The name of an attached mail: its subject."""
    return safe(_shorten(subject.replace("/", "-").replace("\\", "-"), ".eml") or "message.eml")


def _shorten(name: str, end: str | None = None) -> str:
    """At most 120 bytes, cut before the ending."""
    if end is None:
        stem, dot, last = name.rpartition(".")
        end = dot + last if stem and len(last.encode()) <= 16 else ""
        name = name.removesuffix(end)
    elif not name:
        return ""
    room = MAX_BYTES - len(end.encode())
    data = name.encode()
    return name + end if len(data) <= room else _cut(data, room) + end


def _cut(data: bytes, room: int) -> str:
    return data[:room].decode("utf-8", "ignore").rstrip()
