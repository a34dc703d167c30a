"""What is new in a mail: the reply, and the quoted rest to fold away.

Our own marker decides first, then what mail programs write above a quotation (`quotes`),
the elements they put around it in HTML (`containers`), and quotequail as a second opinion.
Text is only ever cut at a line's end: reply + quoted hold every word. In doubt all is reply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import quotequail
from quotequail._patterns import HEADER_MAP

from maild.ingest import containers, layout, quotes, signature
from maild.ingest.attribution import begins_behind, ends_before


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text taken apart; reply + quoted hold every word of it."""

    reply: str
    quoted: str = ""
    inline_answers: bool = False  #: quoted lines stand in `reply`: answers between or below


def trim(text: str, html: str | None = None, *, attached: bool = False) -> Trimmed:
    """Take a mail's text apart; `html` is the same mail's HTML body, if it has one.

    Where the sender wrote between or below quoted lines, those stay. `attached`: files came
    with it, so that nothing above a quotation is an answer too, the files; else a text that
    is a quotation alone is the reply. Never raises; time is linear in the size of the text.
    """
    lines = _lines(text)
    page = _read(lines, _mask(lines, text, html))
    cut, inline = _decide(page)
    if cut is None:
        cut = _second_opinion(lines)
    end = len(lines) if cut is None else cut
    end = _without_rules(lines, min(end, signature.start(lines[:end])))
    if not _has_words(lines[:end]):
        if attached and cut is not None:
            return Trimmed("", text.strip("\r\n"), False)
        return Trimmed(text.strip("\r\n"), "", False)
    reply, quoted = "\n".join(lines[:end]), "\n".join(lines[end:])
    return Trimmed(reply.rstrip().lstrip("\r\n"), quoted.strip("\r\n").rstrip(), inline)


def _lines(text: str) -> list[str]:
    """The text's lines; an attribution behind words begins a line of its own, and so does
    the mail behind an attribution."""
    lines: list[str] = []
    for line in text.split("\n"):
        end = ends_before(line)
        head, rest = (line, []) if end is None else (line[:end], [line[end + 1 :]])
        at = begins_behind(head)
        lines += [head, *rest] if at is None else [head[:at], head[at + 1 :], *rest]
    return lines


def _without_rules(lines: Sequence[str], end: int) -> int:
    """The line drawn above a quotation belongs to it."""
    while 0 < end < len(lines) and _is_rule_or_blank(lines[end - 1]):
        end -= 1
    return end


def _is_rule_or_blank(line: str) -> bool:
    short = layout.clean(line) in _SHORT_RULES
    return not line.strip() or short or layout.is_rule(line) or layout.is_titled_rule(line)


def has_marker(text: str) -> bool:
    """Our "Reply above this line" stands in it: nothing below is the sender's."""
    lines = text.split("\n")
    return any(quotes.is_marker(lines, at) for at in range(len(lines)))


# -- look --------------------------------------------------------------------------------


_SHORT_RULES = ("--", "---", "----", "==", "===", "====", "__", "___", "____", "* * *")
_LINES_READ = 4000  #: nobody answers above a quotation at such length; that is a log


@dataclass(frozen=True, slots=True)
class _Page:
    """A text's lines, and what is known of each."""

    lines: Sequence[str]
    quoted: Sequence[bool]  #: by `>` or by an HTML element
    cuts: dict[int, layout.Cut]  #: by first line


def _read(lines: Sequence[str], mask: Sequence[bool]) -> _Page:
    marked = layout.quoted_lines(lines)
    quoted = [mask[i] or marked[i] for i in range(len(lines))]
    cuts: dict[int, layout.Cut] = {}
    at = 0
    while at < min(len(lines), _LINES_READ):
        cut = None if marked[at] else quotes.find_cut(lines, at)
        if cut:
            cuts[at] = cut
        at = cut.end if cut else at + 1
    return _Page(lines, quoted, cuts)


def _mask(lines: Sequence[str], text: str, html: str | None) -> list[bool]:
    """For each line: is its first word in a quotation element of the HTML?"""
    ranges = containers.quoted_ranges(text, html) if html else None
    mask = [False] * len(lines)
    if not ranges:
        return mask
    at, which = 0, 0
    for i, line in enumerate(lines):
        first = at + next((k for k, char in enumerate(line) if char.isalnum()), len(line))
        while which < len(ranges) and ranges[which][1] <= first:
            which += 1
        mask[i] = which < len(ranges) and ranges[which][0] <= first and bool(line.strip())
        at += len(line) + 1
    return mask


# -- decide ------------------------------------------------------------------------------


def _decide(page: _Page) -> tuple[int | None, bool]:
    """(line to cut at or None, whether quoted lines stay above it)."""
    soft: int | None = None  # the first quoted line, or what announces it
    at, last = 0, len(page.lines)
    while at < last:
        cut = page.cuts.get(at)
        if cut and _is_hard(page, cut):
            last = at
        elif cut and (_quotes_follow(page, cut.end)):
            soft = at if soft is None else soft
            at = cut.end
        else:
            if soft is None and page.quoted[at]:
                typed = _typed_run(page, at)
                soft = at if not typed else None
                at += max(0, typed - 1)
            at += 1
    if soft is None:
        return (last if last < len(page.lines) else None), False
    if _sender_speaks(page, soft, last):
        return (last if last < len(page.lines) else None), True
    return soft, False


def _is_hard(page: _Page, cut: layout.Cut) -> bool:
    """Everything below is history: nothing there is marked as quoted line by line."""
    if not cut.sure:
        return False
    if cut.kind in ("marker", "forwarded") and not page.quoted[cut.start]:
        return True
    return not _quotes_follow(page, cut.end)


def _quotes_follow(page: _Page, at: int) -> bool:
    """The next line with words is quoted, or is our marker."""
    for i in range(at, min(at + 6, len(page.lines))):
        if page.quoted[i] or (i in page.cuts and page.cuts[i].kind == "marker"):
            return True
        if page.lines[i].strip():
            return False
    return False


def _typed_run(page: _Page, at: int) -> int:
    """How many lines from here on only happen to begin with `>`: output under `Falla:`"""
    above = next((page.lines[i] for i in range(at - 1, -1, -1) if page.lines[i].strip()), "")
    if not layout.clean(above[-20:]).endswith(":"):
        return 0
    end = at
    while end < len(page.lines) and page.lines[end].startswith(">"):
        end += 1
    return end - at


def _sender_speaks(page: _Page, soft: int, last: int) -> bool:
    """Between or below the quoted lines stands text that is no signature and no header."""
    end = soft + signature.start(page.lines[soft:last])
    spoken: list[str] = []
    below = True
    at = soft
    while at < end:
        cut = page.cuts.get(at)
        if cut:
            at = cut.end
            continue
        if not page.quoted[at]:
            spoken.append(page.lines[at])
        elif _has_words(spoken):
            below = False
        at += 1
    if not _has_words(spoken):
        return False
    above = _has_words(page.lines[:soft])
    return not (above and below and signature.surely_signs("\n".join(spoken).strip()))


def _has_words(lines: Sequence[str]) -> bool:
    return any(any(map(str.isalnum, line)) or _is_emoji(line) for line in lines)


def _is_emoji(line: str) -> bool:
    return any(ord(char) > 0x2190 for char in line[:200])


# -- second opinion ----------------------------------------------------------------------

_OPINION_LINES = 300
#: it is asked for header fields, and it is slow: without a subject's line it has none to find
_SUBJECT_WORDS = tuple(f"{word}:" for word, field in HEADER_MAP.items() if field == "subject")


def _is_mail(found: Mapping[str, str]) -> bool:
    """Its fields are a mail's, not a form's: an address, or a date with its time."""
    address = "@" in found.get("from", "") + found.get("to", "")
    date = found.get("date", "")
    dated = layout.DAY.search(date) is not None and layout.TIME.search(date) is not None
    return {"from", "subject"} <= found.keys() and (address or dated)


def _second_opinion(lines: Sequence[str]) -> int | None:
    """quotequail's cut, where it found header fields and nothing below the quotation."""
    some = "\n".join(line if len(line) <= 200 else "" for line in lines[:_OPINION_LINES])
    low = some.lower()
    if not any(word in low for word in _SUBJECT_WORDS) or "\nreceived: " in low:
        return None  # no fields, or the raw header of a mail, which is evidence
    try:
        found = quotequail.unwrap(some)
    except Exception:  # a second opinion must not cost us the mail
        return None
    if not found or found.get("text_bottom") or not _is_mail(found):
        return None
    top = found.get("text_top", "").strip()
    above = len([line for line in top.split("\n") if line.strip()])
    for i, line in enumerate(lines):
        if line.strip():
            if above == 0:
                return i if top else None
            above -= 1
    return None
