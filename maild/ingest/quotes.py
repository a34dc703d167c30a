"""Where quoted mail begins: attributions, header blocks, separators, our own marker.

What to do about it is `trim`'s and `forwarded`'s business. Every pattern is tried on a
bounded piece of text only.
"""

import re
from collections.abc import Sequence

from maild.ingest import phrases
from maild.ingest.attribution import attribution
from maild.ingest.header_block import glued_fields, header_block
from maild.ingest.layout import LONGEST, Cut, any_of, bare, clean

# -- our own marker ----------------------------------------------------------------------

_MARKER = re.compile(
    r"por\s+encima\s+de\s+esta\s+l.{1,8}nea|reply\s+above\s+this\s+line", re.IGNORECASE
)


def is_marker(lines: Sequence[str], at: int) -> bool:
    """`## Responda por encima de esta línea · Reply above this line ##`, rewrapped or not."""
    if len(lines[at]) > LONGEST or "##" not in lines[at]:
        return False
    near = " ".join(bare(line)[:LONGEST] for line in lines[at : at + 3])
    hit = _MARKER.search(near)
    return hit is not None and bare(lines[at]).startswith("##") and hit.start() < 40


#: The same of other help desks: it only separates, for below it may stand their message.
_LINE = frozenset(
    "line línea linea línia ligne zeile linha riga regel linje rad linii řádek".split()
)
_BESIDE = frozenset(
    "above below encima arriba debajo sobre dessus oberhalb über unterhalb acima abaixo sopra"
    " sotto boven ovanför powyżej nad pod sota".split()
)
_ANSWER = (
    *("repl", "respon", "respues", "respos", "répon", "rispo", "write", "type", "answer"),
    *("escri", "contest", "antwo", "svar", "odpow", "odpov"),
)
_DRAWN = "#=*_~- "


def _is_others(line: str) -> bool:
    """`##- Please type your reply above this line -##`"""
    text = clean(line).lstrip("> ")
    if len(text) > 140 or not (text[:1] in _DRAWN and text[1:2] in _DRAWN):
        return False
    inner = text.strip(_DRAWN)
    if not (inner and text.endswith(("##", "==", "**", "__", "~~", "--", "-#"))):
        return False
    words = inner.lower().replace("-", " ").split()
    if _LINE.isdisjoint(words) or _BESIDE.isdisjoint(words):
        return False
    return any(word.startswith(_ANSWER) for word in words)


# -- separators --------------------------------------------------------------------------


_SEPARATOR = re.compile(
    rf"[-_=*]{{2,20}}\s{{0,3}}(?:(?P<fwd>{any_of(phrases.FORWARDED)})|"
    rf"(?:{any_of(phrases.ORIGINAL)}))"
    r".{0,80}?[-_=*]{2,20}",
    re.IGNORECASE,
)
_BEGIN = re.compile(rf"(?:{any_of(phrases.BEGIN_FORWARDED)})\s?:?$", re.IGNORECASE)
#: Tobit's david draws no dashes
_PROCESSED = ("Original Message processed by ", "[Original Message processed by ")
_BEGINNINGS = {phrase[:4].casefold() for phrase in phrases.BEGIN_FORWARDED}

#: `Forwarded message:` announces one only above header fields; alone it is a heading.
_HEADING = re.compile(rf"(?:{any_of(phrases.FORWARDED)})\s?:$", re.IGNORECASE)


def separator(line: str) -> str | None:
    """`original` or `forwarded` when the line announces a quoted mail."""
    if len(line) > LONGEST:
        return None
    text = clean(line).lstrip("> ").strip()
    if text[:1] in "-_=*" and (hit := _SEPARATOR.match(text)):
        return "forwarded" if hit["fwd"] else "original"
    text = text.strip("*_ ")
    if text.startswith(_PROCESSED):
        return "original"
    may = text[:4].casefold() in _BEGINNINGS
    return "forwarded" if may and _BEGIN.match(text) else None


#: Notes: `Ana <ana@x.test> ---04/05/2026 10:15:00---what she wrote first`, then fields
_NOTES = re.compile(r".{2,120}?\s---\d{1,4}[./-]\d{1,2}[./-]\d{1,4} \d{1,2}:\d{2}[^-]{0,12}---")


#: What introduces quoted mail holds one of these, or begins with one of those.
_SIGNS = re.compile(r"[\d#=*_~@:：-]")
_BEGINS = re.compile(
    rf"\W{{0,20}}(?:(?:{any_of(phrases.OPENERS)})[\s\d]|在|于|Posted\sby\s|"
    rf"{any_of((*_PROCESSED, *phrases.BEGIN_FORWARDED))})",
    re.IGNORECASE,
)


def find_cut(lines: Sequence[str], at: int) -> Cut | None:
    """What begins at this line, if it introduces quoted mail."""
    line = lines[at]
    if len(line) > LONGEST or not _may_introduce(line):
        return None
    return _introduced(lines, at)


def _may_introduce(line: str) -> bool:
    """A quick look, with which most lines of prose are done."""
    return bool(_SIGNS.search(line) or " via " in line or _BEGINS.match(line))


def _introduced(lines: Sequence[str], at: int) -> Cut | None:
    line = lines[at]
    if not line.strip():
        return None
    if is_marker(lines, at):
        return Cut(at, at + 1, "marker")
    if _is_others(line):
        return Cut(at, at + 1, "original")
    if kind := separator(line):
        return _with_block(lines, Cut(at, at + 1, kind))
    if " ---" in line and _NOTES.match(bare(line)):
        cut = _with_block(lines, Cut(at, at + 1, "original"))
        if cut.fields:
            return cut
    if line.rstrip()[-1:] == ":" and _HEADING.match(bare(line)):
        cut = _with_block(lines, Cut(at, at + 1, "forwarded"))
        return cut if cut.fields else None
    return header_block(lines, at) or attribution(lines, at)


def _with_block(lines: Sequence[str], cut: Cut) -> Cut:
    """A separator together with the header fields behind or below it, however few."""
    if fields := glued_fields(_behind(lines[cut.start])):
        return Cut(cut.start, cut.end, cut.kind, fields=fields)
    for at in range(cut.end, min(cut.end + 3, len(lines))):
        if bare(lines[at]):
            block = header_block(lines, at, fewest=1)
            return _closed(lines, cut, block) if block else cut
    return cut


def _behind(line: str) -> str:
    """What stands behind a separator on its line."""
    hit = _SEPARATOR.match(clean(line).lstrip("> ").strip())
    return clean(line).lstrip("> ").strip()[hit.end() :] if hit else ""


def _closed(lines: Sequence[str], cut: Cut, block: Cut) -> Cut:
    """Zoho draws its separator once more below the fields."""
    subject, drawn, _ = block.fields.get("subject", "").partition(bare(lines[cut.start]))
    fields = block.fields | ({"subject": subject.strip()} if drawn else {})
    return Cut(cut.start, block.end, cut.kind, fields=fields)
