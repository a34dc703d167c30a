"""Where quoted mail begins: attribution lines, header blocks, separators, our own marker.

It looks at lines of plain text and says what each shape is; what to do about it is `trim`'s
and `forwarded`'s business. Every pattern is tried on a bounded piece of text only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from maild.ingest import phrases

LONGEST = 500  #: no line of a mail program is longer; a longer one is text
_LONGEST_OPENING = 240  #: of one line of an attribution
_WINDOW = 5  #: lines over which an attribution may be wrapped


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines `start` to `end` (exclusive) that introduce a quoted mail."""

    start: int
    end: int
    kind: str  #: attribution | block | original | forwarded | marker
    sure: bool = True  #: False: counts only when quoted lines follow
    fields: dict[str, str] = field(default_factory=dict)  #: from, sent, to, cc, subject


def clean(line: str) -> str:
    """A line without the blanks and joiners that only confuse comparison."""
    return line.replace("\xa0", " ").replace("\u202f", " ").replace("\u200b", "").strip()


def is_quoted(line: str) -> bool:
    """`> like this`; a Python prompt is no quotation."""
    head = line[:8].lstrip()
    return head.startswith(">") and not head.startswith(">>> ")


def bare(line: str) -> str:
    """A line without quotation marks and asterisks around it."""
    return clean(line).lstrip("> ").strip("*_ ")


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


# -- separators --------------------------------------------------------------------------


def _any(words: Sequence[str]) -> str:
    longest_first = sorted(set(words), key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in longest_first)


_SEPARATOR = re.compile(
    rf"[-_=*]{{2,20}}\s{{0,3}}(?:(?P<fwd>{_any(phrases.FORWARDED)})|"
    rf"(?:{_any(phrases.ORIGINAL)}))"
    r".{0,80}?[-_=*]{2,20}",
    re.IGNORECASE,
)
_BEGIN = re.compile(rf"(?:{_any(phrases.BEGIN_FORWARDED)})\s?:?$", re.IGNORECASE)
_RULE = re.compile(r"[-_=*—─ ]{5,200}$")


def is_rule(line: str) -> bool:
    """A line drawn with dashes or underscores."""
    return len(line) <= LONGEST and _RULE.match(clean(line)) is not None


def separator(line: str) -> str | None:
    """`original` or `forwarded` when the line announces a quoted mail."""
    if len(line) > LONGEST:
        return None
    text = clean(line).lstrip("> ").strip()
    if text[:1] in "-_=*" and (hit := _SEPARATOR.match(text)):
        return "forwarded" if hit["fwd"] else "original"
    return "forwarded" if _BEGIN.match(text.strip("*_ ")) else None


# -- header blocks -----------------------------------------------------------------------

_ROLES = {name: role for role, names in phrases.FIELDS.items() for name in names}
_FIELD = re.compile(r"[*_]{0,2}([^\W\d_][^:：*]{0,24}?)\s?[*_]{0,2}\s?[:：][*_]{0,2}\s{0,3}")
_ALL_IN_ONE = re.compile(
    r"[\s*](sent|date|enviado(?: el)?|to|para|subject|asunto|fecha|gesendet|betreff)\s?:",
    re.IGNORECASE,
)
_BLOCK_LINES = 16


def header_field(line: str) -> tuple[str, str] | None:
    """(role, value) of `De: Ana`, `*Sent:* Monday`, `Objet : x`; None for anything else."""
    text = clean(line).lstrip("> ")
    hit = _FIELD.match(text[:60])
    if hit is None:
        return None
    name = hit[1].strip().casefold()
    if name in phrases.RAW_FIELDS or name.startswith("x-"):
        return "raw", ""
    role = _ROLES.get(name)
    return (role, text[hit.end() : hit.end() + LONGEST].strip("*_ ")) if role else None


def header_block(lines: Sequence[str], at: int, *, fewest: int = 3) -> Cut | None:
    """A block of at least `fewest` different header fields, From among them."""
    first = header_field(lines[at])
    if first is None or first[0] in ("raw", "other") or len(lines[at]) > LONGEST:
        return None
    if _below_raw(lines, at):
        return None
    fields, end = _read_fields(lines, at)
    known = fields.keys() - {"other"}
    if "raw" in fields or "from" not in fields:
        return None
    if fewest > 1 and not _mailish(fields):
        return None
    if len(known) >= fewest or _all_in_one_line(lines[at]):
        return Cut(at, end, "block", fields=fields)
    return None


def _below_raw(lines: Sequence[str], at: int) -> bool:
    """The lines right above are fields of a raw header."""
    for i in range(at - 1, max(-1, at - 12), -1):
        found = header_field(lines[i]) or (lines[i][:1] in " \t" and lines[i].strip())
        if not found:
            return False
        if found[0] == "raw":
            return True
    return False


def _mailish(fields: dict[str, str]) -> bool:
    """A form has a From and a Date too (`De: Madrid`), but no address and no full date."""
    sent = fields.get("sent", "")
    return bool(_DAY.search(sent) or _TIME.search(sent)) or any(
        "@" in fields.get(role, "") for role in ("from", "to", "cc")
    )


def _read_fields(lines: Sequence[str], at: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    end, wrapped, role = at, 0, ""
    for i in range(at, min(at + _BLOCK_LINES, len(lines))):
        found = header_field(lines[i])
        if found:
            if found[0] in fields and found[0] not in ("other", "cc"):
                break
            role, end, wrapped = found[0], i + 1, 0
            fields.setdefault(role, found[1])
        elif not bare(lines[i]):
            if role == "subject" and fields.get("subject"):
                break
            wrapped += 1
        elif role and i == end and not fields[role]:
            fields[role], end = clean(lines[i])[:LONGEST], i + 1
        elif role in ("to", "cc", "subject", "from") and i == end and wrapped < 2:
            fields[role] = f"{fields[role]} {clean(lines[i])[:LONGEST]}"
            end, wrapped = i + 1, wrapped + 1
            if role == "subject":
                fields, end = _undo_if_text(lines, fields, i)
        else:
            break
        if wrapped > 2:
            break
    return fields, end


def _undo_if_text(
    lines: Sequence[str], fields: dict[str, str], i: int
) -> tuple[dict[str, str], int]:
    """A line right below Subject continues it only where more of the block follows."""
    follows = i + 1 < len(lines) and (not bare(lines[i + 1]) or header_field(lines[i + 1]))
    if follows:
        return fields, i + 1
    return {**fields, "subject": fields["subject"].removesuffix(f" {clean(lines[i])}")}, i


def _all_in_one_line(line: str) -> bool:
    first = header_field(line)
    if first is None or first[0] != "from":
        return False
    return len({hit[1].casefold() for hit in _ALL_IN_ONE.finditer(line[:LONGEST])}) >= 2


# -- attribution lines -------------------------------------------------------------------

_WROTE = re.compile(rf"(?<![^\W\d_])(?:{_any(phrases.WROTE)})(?![^\W\d_])", re.IGNORECASE)
_OPENER = re.compile(
    rf"(?:(?:{_any(phrases.OPENERS)})[\s\d]|在|于)",
    re.IGNORECASE,
)
_PROSE = re.compile(rf"(?<!\w)(?:{_any(phrases.PRONOUNS)})\s?$", re.IGNORECASE)
#: *the technician wrote:* is prose; *Ana wrote:* a program's
_SOMEBODY = re.compile(r"(?<!\w)(?:the|a|el|la|un|una|der|die|ein|le|il|o)\s\w+\s?$", re.I)
_DAY = re.compile(r"(?<!\d)(?:\d{4}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})|\d\s?[年년]")
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
EMAIL = re.compile(r"[\w.+=-]{1,64}@(?:[\w-]{1,63}\.){1,6}\w{2,20}")
_DATED_SENDER = re.compile(
    r"\D{0,20}\d{1,4}\D.{4,90}?(?:<|\(mailto:|<mailto:)[^\s<>@]{1,64}@[^\s<>]{1,100}>?\)?\s?:?$"
)
_ISO_SENDER = re.compile(
    r"20\d\d-\d\d-\d\d\s\d{1,2}:\d\d\s(?:GMT|UTC)[+-]\d\d:\d\d\s[^\d:]{2,60}:?$"
)
_GMAIL_CA = re.compile(r"Missatge de .{3,200} del dia .{4,60}$", re.IGNORECASE)
_POSTED = re.compile(r"Posted by .{1,60} on \d{2}/\d{2}/\d{4}$", re.IGNORECASE)


def attribution(lines: Sequence[str], at: int) -> Cut | None:
    """`On …, Ana wrote:` and its kin in a dozen languages, wrapped over some lines or not."""
    if not _may_open(lines, at) or header_field(lines[at]):
        return None
    joined, perhaps = "", None
    for end in range(at, min(at + _WINDOW, len(lines))):
        line = bare(lines[end])
        if not line or len(line) > _LONGEST_OPENING or len(joined) > 400:
            break
        glue = "" if not joined or joined[-1] in "<(" else " "
        joined = f"{joined}{glue}{line}"
        sure = _is_attribution(joined) if _may_end(line) else None
        if sure is not None:
            perhaps = perhaps or Cut(at, end + 1, "attribution", sure=False)
        if sure:
            return Cut(at, end + 1, "attribution")
        if line.endswith((":", ".", "!", "?")) and not _unfinished(joined):
            break
    return perhaps


def _has_address(text: str) -> bool:
    return "@" in text and EMAIL.search(text) is not None


def _says_wrote(line: str) -> bool:
    lowered = line.lower()
    return any(word in lowered for word in phrases.WROTE)


def _may_open(lines: Sequence[str], at: int) -> bool:
    """A cheap look: only a line like this is worth joining with those below it."""
    line = bare(lines[at]).lstrip("- ") if len(lines[at]) <= _LONGEST_OPENING else ""
    if not line:
        return False
    if _OPENER.match(line[:20]) or line.startswith("Posted by ") or "@" in line:
        return True
    dated = any(map(str.isdigit, line)) and _DAY.search(line) is not None
    if dated and (line[0].isdigit() or _TIME.search(line)):
        return True
    return (dated or " via " in line or lines[at].startswith("--")) and _says_wrote(line)


def _may_end(line: str) -> bool:
    """The last of its lines closes with a mark, an address or the verb."""
    ends = line.rstrip("*_ -").lower().endswith((*":：>)", *phrases.WROTE))
    return ends or line.startswith(("Posted by ", "20")) or line[-1] == "-"


def _unfinished(joined: str) -> bool:
    """Ends in a full stop as abbreviations do (`10:30 a.m.`, `24 aug.`), not as prose."""
    return bool(re.search(r"(?:\d|\b[ap]|\bm|\b\w{2,4})\.$", joined[-8:], re.IGNORECASE))


def _is_attribution(joined: str) -> bool | None:
    """True: surely; False: if quoted lines follow; None: no."""
    text = joined.strip("->*<[] ").removesuffix("：").rstrip(": ") or ""
    ends = joined.rstrip("*_ ").endswith((":", "：", ":>"))
    dashed = joined.startswith("--") and joined.endswith("--")
    if _ISO_SENDER.match(joined) or _POSTED.match(joined):
        return True
    if (
        "@" in joined
        and _DATED_SENDER.match(joined)
        and _DAY.search(joined)
        and not _WROTE.search(joined)
    ):
        return ends  # without a colon it may be a line of a log
    if ends and _GMAIL_CA.match(joined) and _has_address(joined):
        return True
    verb = _last_verb(text)
    if verb is None or not (ends or dashed or verb.end() == len(text)):
        return None
    before, after = text[: verb.start()], text[verb.end() :]
    if _PROSE.search(before[-12:]) or len(after) > 120:
        return None
    if dashed and not after.strip() and len(before) < 80:
        return True  # Sony and Samsung: ---- Ana escribió ----
    return _weigh(text, before, after, ends or dashed)


def _last_verb(text: str) -> "re.Match[str] | None":
    last = None
    for last in _WROTE.finditer(text):  # noqa: B007 - the last one counts
        pass
    return last


def _weigh(text: str, before: str, after: str, ends: bool) -> bool | None:
    opener = _OPENER.match(text) is not None
    address = _has_address(text)
    day, time = _DAY.search(text) is not None, _TIME.search(text) is not None
    if address and (opener or day or time) and (day or time or ends):
        return ends or (opener and day)
    if address and ends and not after.strip() and len(before) < 120:
        return True
    if not (opener or day):
        return True if " via " in before and ends and len(text) < 120 else None
    if (day and time) or (day and opener) or "пользователь" in before:
        named = time or re.search(r"[,，]\s?[^,]{1,60}$", before) or after.strip()
        return ends and bool(named) and not _SOMEBODY.search(before)
    return False if opener and time else None


def find_cut(lines: Sequence[str], at: int) -> Cut | None:
    """What begins at this line, if it introduces quoted mail."""
    line = lines[at]
    if not line or len(line) > LONGEST or not line.strip():
        return None
    if is_marker(lines, at):
        return Cut(at, at + 1, "marker")
    if kind := separator(line):
        return _with_block(lines, Cut(at, at + 1, kind))
    return header_block(lines, at) or attribution(lines, at)


def _with_block(lines: Sequence[str], cut: Cut) -> Cut:
    """A separator together with the header fields below it, however few."""
    for at in range(cut.end, min(cut.end + 3, len(lines))):
        if bare(lines[at]):
            block = header_block(lines, at, fewest=1)
            return Cut(cut.start, block.end, cut.kind, fields=block.fields) if block else cut
    return cut
