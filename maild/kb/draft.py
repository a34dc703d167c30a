"""`#kb`: a ticket becomes the draft of an article, a new file for its owner to finish.

Addresses and long numbers are marked, never copied: an article is read by everybody.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from maild.kb.article import FENCE
from maild.model.ticket import Message, MessageKind, Ticket
from maild.reports.recurring import key_of

_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{1,190}")
_NUMBER = re.compile(r"\+?\d[\d .-]{5,30}\d")
_HEADS = {
    "es": ("Pregunta", "Respuesta", "Borrador de la solicitud {}: quite lo personal ([…])."),
    "en": ("Question", "Answer", "Draft of request {}: take out what is personal ([…])."),
}
_LONGEST = 4000


def draft_text(ticket: Ticket, messages: Sequence[Message]) -> str:
    """The file: what was asked first, and what was answered last."""
    question, answer, hint = _HEADS.get(ticket.language, _HEADS["en"])
    parts = [
        FENCE,
        f"title = {_quoted(_veiled(ticket.subject, ticket))}",
        f'lang = "{ticket.language}"',
        "keywords = []",
        f"department = {_quoted(ticket.department)}",
        'visibility = "public"',
        'status = "draft"',
        f"key = {_quoted(_key(ticket))}",
        FENCE,
        f"> {hint.format(ticket.id)}",
        "",
        f"## {question}",
        _said(ticket, messages, MessageKind.CUSTOMER, first=True),
        "",
        f"## {answer}",
        _said(ticket, messages, MessageKind.AGENT, first=False),
        "",
    ]
    return "\n".join(parts)


def write_draft(folder: Path, ticket: Ticket, messages: Sequence[Message]) -> Path:
    """Write the draft beside the articles; one that is there already stays as it is."""
    place = folder / _plain(ticket.language)
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"ticket-{ticket.id}.md"
    if not path.exists():
        whole = path.with_suffix(".new")
        whole.write_text(draft_text(ticket, messages), encoding="utf-8")
        whole.rename(path)
    return path


def _key(ticket: Ticket) -> str:
    """Of the recurring problem that it answers, as reports name it; "" where it has none."""
    subject = _veiled(ticket.subject, ticket).replace("[…]", " ")
    key = key_of(ticket.department, ticket.category, subject)
    return "" if key.endswith("/—") else key


def _said(
    ticket: Ticket, messages: Sequence[Message], kind: MessageKind, *, first: bool
) -> str:
    texts = [m.text.strip() for m in messages if m.kind is kind and m.public and m.text.strip()]
    if not texts:
        return "…"
    return _veiled((texts[0] if first else texts[-1])[:_LONGEST], ticket)


def _veiled(text: str, ticket: Ticket) -> str:
    """Without addresses, telephone numbers and the requester's name."""
    text = _NUMBER.sub("[…]", _ADDRESS.sub("[…]", text))
    for word in ticket.requester.name.split():
        if len(word) > 2:
            text = re.sub(rf"\b{re.escape(word)}\b", "[…]", text)
    return text


def _quoted(text: str) -> str:
    """A TOML basic string."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(language: str) -> str:
    return language if language.isalpha() else "es"
