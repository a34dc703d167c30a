"""Raw bytes become a `Mail`. Never raises, always ends.

The steps: `headers.repair`, `bounds` on the bytes, the standard parser's tree (`part`), texts
and attachments (`tree`), then `trim` (what is new) and `screen` (what kind). What cannot be
read becomes a stub that says why. Limits of time and memory are `reader`'s.
"""

import re
from dataclasses import replace
from html import escape

from maild.ingest import bounds, headers, layout, tnef, words
from maild.ingest.html import html_to_text, strip_tags
from maild.ingest.part import Part, read_tree
from maild.ingest.screen import screen
from maild.ingest.tree import Block, Body, TooMany, take_apart
from maild.ingest.trim import trim
from maild.ingest.who import who
from maild.model.mail import Attachment, Mail

TOO_MUCH_MEMORY = "it needed too much memory"
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)
_CID = re.compile(r"cid:([^\s\"'<>)]{1,250})", re.IGNORECASE)
_POINTER = re.compile(
    r"html|browser|navegador|mime|view|ver |visuali[sz]|nicht.{0,20}angezeigt|affich",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)
_STUB = 200  #: characters up to which a plain text may be a mere pointer to the HTML
_TRIMMED = 500_000  #: characters of text in which quotations are looked for
_LOOKS_LIKE_HTML = re.compile(r"\s*(?:<!doctype html|<html\b)", re.IGNORECASE)


def parse(raw: bytes, *, envelope_sender: str | None = None) -> Mail:
    """Read a raw message.

    `envelope_sender` is MAIL FROM: "" for the null sender, None where it is unknown. A mail
    that can't be read has `error` set and holds what a scan of its bytes found.
    """
    try:
        raw = headers.repair(raw)
        reason = bounds.refuse(raw)
        mail = None if reason else _read(raw, envelope_sender)
    except TooMany:
        mail, reason = None, f"it has more than {bounds.MAX_PARTS} parts"
    except RecursionError:
        mail, reason = None, "its parts are nested too deeply"
    except MemoryError:
        mail, reason = None, TOO_MUCH_MEMORY
    except Exception as error:
        mail, reason = None, f"it could not be read ({type(error).__name__})"
    if mail is None:
        return bounds.stub(raw, reason or "", envelope_sender=envelope_sender)
    return mail


def _read(raw: bytes, envelope_sender: str | None) -> Mail:
    root = read_tree(raw)
    body = take_apart(root)
    fields = [(name, str(value)) for name, value in root.raw_items()]
    hint = _hint(body, root)
    people = who(fields, hint, envelope_sender=envelope_sender)
    text, html = _texts(body.blocks)
    clean = headers.decoded(fields, hint)
    mail = Mail(
        subject=next((value for name, value in clean if name.lower() == "subject"), ""),
        from_=people.from_,
        unreachable=people.unreachable,
        senders=people.senders,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        date=people.date,
        message_id=headers.message_id(fields),
        references=headers.references(fields),
        text=text,
        html=html,
        reply=text,
        attachments=_attachments(body, html),
        headers=clean,
        encrypted=body.encrypted or _PGP.search(text[:20_000]) is not None,
    )
    return _judge(mail, envelope_sender)


def _judge(mail: Mail, envelope_sender: str | None) -> Mail:
    """Add what is new in it, and what kind of mail it is."""
    if len(mail.text) <= _TRIMMED:
        files = any(not attachment.inline for attachment in mail.attachments)
        answer = not layout.FORWARD.match(mail.subject)  # else the quotation is the message
        trimmed = trim(mail.text, mail.html, attached=files and answer)
        mail = replace(
            mail,
            reply=trimmed.reply,
            quoted=trimmed.quoted,
            inline_answers=trimmed.inline_answers,
        )
    return replace(mail, screening=screen(mail, envelope_sender=envelope_sender))


def _hint(body: Body, root: Part) -> str | None:
    """The charset of the text, for header bytes without a label."""
    parts = [part for block in body.blocks for part in (*block.plain, *block.html)]
    return next((part.charset for part in parts if part.charset), root.charset)


# -- text --------------------------------------------------------------------------------


def _texts(blocks: list[Block]) -> tuple[str, str | None]:
    """The mail's plain text and its HTML, if it has any."""
    plain: list[str] = []
    rich: list[str] = []
    has_html = False
    for block in blocks:
        text = "\n".join(part.text() for part in block.plain)
        html = _html(block)
        if not block.html and _LOOKS_LIKE_HTML.match(text):
            html, text = text, ""  # labelled plain, but it is not
        has_html = has_html or html is not None
        text = _readable(text, html)
        plain.append(text)
        rich.append(
            html if html is not None else f"<pre>{escape(text)}</pre>" if text.strip() else ""
        )
    joined = "\n".join(text.strip("\n") if len(plain) > 1 else text for text in plain)
    text = joined.rstrip().lstrip("\n")
    return text, "\n".join(filter(None, rich)) if has_html else None


def _html(block: Block) -> str | None:
    if not block.html:
        return None
    pieces = []
    for part in block.html:
        text = part.text()
        pieces.append(text if part.media_type == "text/html" else f"<pre>{escape(text)}</pre>")
    return "\n".join(pieces)


def _readable(text: str, html: str | None) -> str:
    """The plain text, or the HTML's where there is none worth reading."""
    if html is None:
        return text
    stripped = text.strip()
    if not stripped:
        return html_to_text(html)
    if len(stripped) > 10 * _STUB or not _POINTER.search(stripped):
        return text
    said = len(_URL.sub("", stripped))  # the length of a link says nothing
    if said < _STUB and len(_URL.sub("", strip_tags(html[:200_000]))) > 2 * said:
        return html_to_text(html)
    return text


# -- attachments -------------------------------------------------------------------------


def _attachments(body: Body, html: str | None) -> tuple[Attachment, ...]:
    shown = set(_CID.findall(html)) if html else set()
    found = []
    for leaf in body.leaves:
        part = leaf.part
        inline = part.disposition == "inline" or (
            part.content_id is not None
            and (
                part.content_id in shown or (leaf.related and part.disposition != "attachment")
            )
        )
        found.append(
            Attachment(
                filename=part.name,
                content_type=words.clean(part.media_type),
                content=part.content(),
                inline=inline,
                content_id=part.content_id,
            )
        )
        if found[-1].content_type in tnef.TYPES or found[-1].filename == "winmail.dat":
            found += map(_unpacked, tnef.unpack(found[-1].content))
    return tuple(found)


def _unpacked(file: tnef.PackedFile) -> Attachment:
    """A file out of a `winmail.dat`, which stays beside it."""
    return Attachment(file.filename, file.content_type, file.content)
