"""Which words of an HTML mail stand in a mail program's own quotation element.

Reads tags only, in one pass; the answer is ranges of the plain text of the same mail. Plain
`<blockquote>` is layout and quotes nothing unless it stands in such an element.
"""

import re
from dataclasses import dataclass, field
from html import unescape

_LARGEST = 2_000_000  #: characters of HTML looked at; larger ones are read as text only
_MOST = 400  #: pieces; a mail in more of them is nobody's reply

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})([^<>]{0,6000})>")
_ATTRIBUTE = re.compile(
    r"(?<![\w-])(id|class|type|style|name|data-maild-cut)\s{0,3}(?:=\s{0,3}"
    r"(?:\"([^\"]{0,3000})\"|'([^']{0,3000})'|([^\s\"'>]{1,300})))?",
    re.IGNORECASE,
)
_VOID = frozenset("br hr img meta link input wbr col area base".split())
_UNSEEN = frozenset("style script head title".split())

#: The element and all in it is quoted; what follows it is the sender's again.
_WHOLE = frozenset(
    "gmail_attr moz-cite-prefix yahoo_quoted protonmail_quote tutanota_quote zmail_extra_hr"
    " moz-email-headers-table gmail_signature_quote x_gmail_attr freebirdform"
    " domino-section".split()
)
#: In these the sender may have written between one `<blockquote>` and the next.
_MIXED = frozenset("gmail_quote gmail_quote_container zmail_extra".split())
#: From here on nothing is new.
_REST = frozenset(
    "divrplyfwdmsg appendonsend stopspelling zwchr olk_src_body_section reply-intro replysplit"
    " moz-forward-container mail-editor-reference-message-container includetail"
    " ms-outlook-mobile-reference-message quotedreply mail-quote-collapse".split()
)
_SIGNATURE = frozenset(
    "gmail_signature gmail_signature_prefix moz-signature protonmail_signature_block"
    " protonmail_signature_block-user ms-outlook-mobile-signature applemailsignature"
    " signature composer_signature front-signature ymail_android_signature"
    " ymail_ios_signature".split()
)
#: The line desktop Outlook draws above its block: its colours, and always this padding.
_BORDER = re.compile(
    r"border:\s?none;\s?border-top:\s?solid\s?(?:#\w{6}|windowtext)\s1\.0pt;\s?padding:\s?3\.0pt\s0",
    re.IGNORECASE,
)
#: Most pages have none of the above: one of these stands in each of those names.
_HINTS = tuple(
    "quote signature reply outlook border-top moz- gmail_attr zmail zwchr freebirdform"
    " divrplyfwdmsg appendonsend stopspelling olk_src mail-editor includetail domino"
    " data-maild-cut".split()
)


@dataclass(slots=True)
class _Piece:
    quoted: bool
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A quoting element we are in, and how many of its own name are open inside it."""

    tag: str
    kind: str  #: whole | mixed | quote
    depth: int = 1
    answered: bool = False  #: mixed: a blockquote has closed, the sender may speak again


def quoted_ranges(text: str, html: str) -> list[tuple[int, int]] | None:
    """Character ranges of `text` that quotation elements of `html` hold.

    None when the HTML has none, or when text and HTML do not say the same.
    """
    if len(html) > _LARGEST or len(text) > _LARGEST:
        return None
    low = html.lower()
    if not any(hint in low for hint in _HINTS):
        return None
    pieces = _pieces(html)
    if not any(piece.quoted for piece in pieces) or len(pieces) > _MOST:
        return None
    return _locate(text, pieces)


# -- pieces of the HTML ------------------------------------------------------------------


def _pieces(html: str) -> list[_Piece]:
    pieces = [_Piece(False)]
    stack: list[_Open] = []
    rest = False
    unseen = ""
    at = 0
    html = _without_comments(html)
    for tag in _TAG.finditer(html):
        if not unseen and tag.start() > at:
            _add(pieces, _is_quoted(stack, rest), html[at : tag.start()])
        at = tag.end()
        closing, name, rest_of_tag = tag[1] == "/", tag[2].lower(), tag[3]
        if name in _UNSEEN:
            unseen = "" if closing else (unseen or name)
        elif closing:
            _close(stack, name)
        elif name not in _VOID or name == "hr":
            rest = _open(stack, name, rest_of_tag, rest) or rest
        if len(pieces) > _MOST:
            break
    if not unseen:
        _add(pieces, _is_quoted(stack, rest), html[at:])
    return pieces


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (begin := html.find("<!--", at)) >= 0:
        kept.append(html[at:begin])
        end = html.find("-->", begin)
        if end < 0:
            return "".join(kept)
        at = end + 3
    return "".join([*kept, html[at:]])


def _add(pieces: list[_Piece], quoted: bool, raw: str) -> None:
    if not raw.strip():
        return
    if pieces[-1].quoted != quoted:
        pieces.append(_Piece(quoted))
    pieces[-1].text.append(unescape(raw))


def _is_quoted(stack: list[_Open], rest: bool) -> bool:
    if rest:
        return True
    return any(o.kind != "mixed" or not o.answered for o in stack)


def _close(stack: list[_Open], name: str) -> None:
    for i in range(len(stack) - 1, -1, -1):
        if stack[i].tag == name:
            stack[i].depth -= 1
            if stack[i].depth == 0:
                if stack[i].kind == "quote" and i:
                    stack[i - 1].answered = True
                del stack[i:]
            return


def _open(stack: list[_Open], name: str, raw: str, rest: bool) -> bool:
    """Note a quoting element; True when from here on everything is quoted."""
    for one in stack:
        if one.tag == name:
            one.depth += 1
    names, attributes = _names(raw)
    if "data-maild-cut" in attributes or names & _REST:
        return True
    style = attributes.get("style", "")
    if name in ("div", "p") and len(style) < 400 and _BORDER.search(style):
        return True
    kind = _kind(stack, name, names, attributes)
    if kind and len(stack) < 50 and not rest:
        stack.append(_Open(name, kind))
    return False


def _kind(
    stack: list[_Open], name: str, names: set[str], attributes: dict[str, str]
) -> str | None:
    if names & (_WHOLE | _SIGNATURE):
        return "whole"
    if name == "blockquote":
        # Gmail gives its class to what a person sets apart himself, too; then no element
        # of its own stands around it.
        return "quote" if attributes.get("type", "").lower() == "cite" or stack else None
    return "mixed" if names & _MIXED else None


def _names(raw: str) -> tuple[set[str], dict[str, str]]:
    """The element's id and classes, without the `x_` that Outlook prefixes; attributes."""
    attributes: dict[str, str] = {}
    if raw.strip():
        for key, *values in _ATTRIBUTE.findall(raw):
            attributes.setdefault(key.lower(), next(filter(None, values), ""))
    words = f"{attributes.get('id', '')} {attributes.get('class', '')}".lower().split()
    return {re.sub(r"^(?:x_){1,20}", "", word) for word in words[:50]}, attributes


# -- where they are in the text ----------------------------------------------------------


def _locate(text: str, pieces: list[_Piece]) -> list[tuple[int, int]] | None:
    """Follow the pieces through the text by their letters and digits alone."""
    where = [i for i, char in enumerate(text) if char.isalnum()]
    letters = "".join([text[i] for i in where])
    at, ranges = 0, []
    quoted_from: int | None = None
    for piece in pieces:
        wanted = "".join(filter(str.isalnum, "".join(piece.text)))
        if not wanted:
            continue
        begin = _find(letters, wanted, at)
        if begin is None:
            return None
        if quoted_from is not None:
            ranges.append((where[quoted_from], where[begin - 1] + 1 if begin else 0))
            quoted_from = None
        if piece.quoted:
            quoted_from = begin
        at = begin + (
            len(wanted) if letters.startswith(wanted, begin) else min(40, len(wanted))
        )
    if quoted_from is not None:
        ranges.append((where[quoted_from], len(text)))
    return ranges or None


def _find(letters: str, wanted: str, at: int) -> int | None:
    """Where a piece begins: right here, or further on by its first words."""
    if letters.startswith(wanted[:40], at):
        return at
    if len(wanted) < 12:
        return None
    found = letters.find(wanted[:40], at)
    return found if found >= 0 else None
