"""Walk a MIME tree: which parts are the text of a mail, and which are attachments.

Every leaf ends up as one or the other. The rules are RFC 8621, section 4.1.4, with what
help desks need: attached messages and reports stay whole, and are never read for text.
"""

from dataclasses import dataclass, field
from email.errors import CloseBoundaryNotFoundDefect

from maild.ingest.bounds import MAX_PARTS
from maild.ingest.part import Part, read_part

MAX_DEPTH = 150
_TEXTS = ("text/plain", "text/html")
_ENVELOPED = ("application/pkcs7-mime", "application/x-pkcs7-mime")


class TooMany(Exception):
    """More parts than a mail may have."""


@dataclass(slots=True)
class Block:
    """A piece of the mail's text, in one or two forms."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Leaf:
    """A part that becomes an attachment."""

    part: Part
    related: bool = False  #: belongs to the HTML beside it


@dataclass(slots=True)
class Body:
    """A mail taken apart."""

    blocks: list[Block] = field(default_factory=list)  #: top to bottom
    leaves: list[Leaf] = field(default_factory=list)
    encrypted: bool = False
    count: int = 0  #: leaves seen
    started: bool = False  #: some text was seen


def take_apart(root: Part) -> Body:
    """The texts and attachments of a mail. Raises `TooMany`."""
    body = Body()
    body.blocks = _walk(root, body, depth=0)
    if not any(block.plain or block.html for block in body.blocks):
        _promote(body)
    below = (root.epilogue or "").strip()
    if below and not body.leaves and not any(_has_words(block) for block in body.blocks):
        body.blocks = [Block(plain=[read_part(below)])]
    return body


def _has_words(block: Block) -> bool:
    return any(part.content().strip() for part in (*block.plain, *block.html))


def _promote(body: Body) -> None:
    """No text at all: an unnamed text marked as attachment was meant to be read."""
    for leaf in body.leaves:
        if leaf.part.media_type in _TEXTS and not leaf.part.filename and not body.encrypted:
            body.leaves.remove(leaf)
            html = leaf.part.media_type == "text/html"
            body.blocks = [Block(html=[leaf.part]) if html else Block(plain=[leaf.part])]
            return


def _walk(part: Part, body: Body, *, depth: int, alternative: bool = False) -> list[Block]:
    if depth > MAX_DEPTH:
        raise RecursionError
    children = _children(part)
    if children is None:
        return _leaf(part, body, alternative=alternative)
    kind = part.media_type
    below = depth + 1
    if part.disposition == "attachment" and depth:
        for child in children:
            _attach(child, body, depth=below)
        return []
    if kind == "multipart/alternative":
        return _alternative(children, body, depth=below)
    if kind == "multipart/related":
        return _related(part, children, body, depth=below, alternative=alternative)
    if kind in ("multipart/signed", "multipart/report"):
        blocks = _walk(children[0], body, depth=below, alternative=alternative)
        for child in children[1:]:
            _attach(child, body, depth=below)
        return blocks
    if kind == "multipart/encrypted":
        body.encrypted = True
        for child in children:
            _attach(child, body, depth=below)
        return []
    return [
        block
        for child in children
        for block in _walk(child, body, depth=below, alternative=alternative)
    ]


def _children(part: Part) -> list[Part] | None:
    payload = part.get_payload() if part.is_multipart() else None
    if not payload:
        return None
    children = [child for child in payload if isinstance(child, Part)]
    if children and any(isinstance(d, CloseBoundaryNotFoundDefect) for d in part.defects):
        children[-1].end_at(part.get_boundary() or "")
    return children


def _leaf(part: Part, body: Body, *, alternative: bool) -> list[Block]:
    _count(body)
    if not _is_text(part, body, alternative=alternative):
        if part.media_type in _ENVELOPED and "certs-only" not in str(part.type_parameters):
            body.encrypted = body.encrypted or not body.started  # even if only signed: opaque
        body.leaves.append(Leaf(part))
        return []
    body.started = True
    html = part.media_type == "text/html"
    return [Block(html=[part]) if html else Block(plain=[part])]


def _is_text(part: Part, body: Body, *, alternative: bool) -> bool:
    if part.disposition == "attachment":
        return False
    kind = part.media_type
    if kind not in _TEXTS and not kind.startswith("multipart/"):
        return False
    return alternative or not body.started or not part.filename


def _count(body: Body) -> None:
    body.count += 1
    if body.count > MAX_PARTS:
        raise TooMany


def _alternative(children: list[Part], body: Body, *, depth: int) -> list[Block]:
    """The plainest and the richest form; what else there is becomes an attachment.

    Where all are plain, the sender took the type for another: each that differs is text.
    """
    forms = []
    for child in children:
        body.started = False
        forms.append(_walk(child, body, depth=depth, alternative=True))
    body.started = any(forms)
    plain = next((i for i, f in enumerate(forms) if f and not any(b.html for b in f)), None)
    html = next((i for i in reversed(range(len(forms))) if any(b.html for b in forms[i])), None)
    if plain is not None and html is None:
        return _each_once(forms)
    if plain is not None and _empty(forms[plain]):
        others = [i for i, f in enumerate(forms) if f and not any(b.html for b in f)]
        plain = next((i for i in others if not _empty(forms[i])), plain)
    for i, form in enumerate(forms):
        if i not in (plain, html):
            parts = [part for block in form for part in (*block.plain, *block.html)]
            body.leaves += [Leaf(part) for part in parts]
    if plain is None or html is None:
        chosen = plain if html is None else html
        return forms[chosen] if chosen is not None else []
    rich = [part for block in forms[html] for part in (*block.plain, *block.html)]
    return [Block([part for block in forms[plain] for part in block.plain], rich)]


def _each_once(forms: list[list[Block]]) -> list[Block]:
    """Blocks of plain text without those that say what another has said."""
    said: dict[bytes, Block] = {}
    for block in (block for form in forms for block in form):
        words = b"".join(part.content() for part in block.plain).split()
        said.setdefault(b" ".join(words), block)
    return [block for words, block in said.items() if words] or list(said.values())


def _empty(form: list[Block]) -> bool:
    return not any(part.content().strip() for block in form for part in block.plain)


def _related(
    part: Part, children: list[Part], body: Body, *, depth: int, alternative: bool
) -> list[Block]:
    """The root part is text; the others belong to it."""
    start = part.type_parameters.get("start", "").strip("<> ")
    root = next((c for c in children if start and c.content_id == start), children[0])
    blocks: list[Block] = []
    for child in children:
        if child is root or (not blocks and child.media_type.startswith("multipart/")):
            blocks = _walk(child, body, depth=depth, alternative=alternative)
        else:
            _attach(child, body, depth=depth, related=True)
    return blocks


def _attach(part: Part, body: Body, *, depth: int, related: bool = False) -> None:
    """Every leaf below a part, as attachments."""
    if depth > MAX_DEPTH:
        raise RecursionError
    children = _children(part)
    if children is None:
        _count(body)
        body.leaves.append(Leaf(part, related))
        return
    for child in children:
        _attach(child, body, depth=depth + 1, related=related)
