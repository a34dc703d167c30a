"""`On …, Ana wrote:` and its kin in a dozen languages, wrapped over some lines or not.

An attribution needs a verb and proof that a program wrote it: an address, a date with its
time, a name in the place for names. *The technician wrote me:* is prose.
"""

import re
from collections.abc import Sequence

from maild.ingest import phrases
from maild.ingest.header_block import header_field
from maild.ingest.layout import DAY, EMAIL, LONGEST, TIME, Cut, any_of, bare, clean

_LONGEST_OPENING = 240  #: characters of one line of an attribution
_WINDOW = 5  #: lines over which it may be wrapped

_VERBS = (*phrases.WROTE, *phrases.WROTE_UNSPACED)
_WROTE = re.compile(
    rf"(?<![^\W\d_])(?:{any_of(phrases.WROTE)})(?![^\W\d_])|{any_of(phrases.WROTE_UNSPACED)}",
    re.IGNORECASE,
)
_OPENER = re.compile(
    rf"(?:(?:{any_of(phrases.OPENERS)})[\s\d]|在|于)",
    re.IGNORECASE,
)
_PROSE = re.compile(rf"(?<!\w)(?:{any_of(phrases.PRONOUNS)})\s?$", re.IGNORECASE)
#: *the technician wrote:* is prose; *Ana wrote:* a program's
_SOMEBODY = re.compile(r"(?<!\w)(?:the|a|el|la|un|una|der|die|ein|le|il|o)\s\w+\s?$", re.I)
_DATED_SENDER = re.compile(
    r"\D{0,20}\d{1,4}\D.{4,90}?(?:<|\(mailto:|<mailto:)[^\s<>@]{1,64}@[^\s<>]{1,100}>?\)?\s?:?$"
)
_ISO_SENDER = re.compile(
    r"20\d\d-\d\d-\d\d\s\d{1,2}:\d\d\s(?:GMT|UTC)[+-]\d\d:\d\d\s[^\d:]{2,60}:?$"
)
#: `Quoting Ana <ana@x.test>:`, and `Ana <ana@x.test> sent:`, which without the colon is prose
_QUOTING = re.compile(
    rf"(?:{any_of(phrases.QUOTING)})\s.{{0,100}}[\w.+-]@[\w.-]{{3,100}}>?\s?:$", re.IGNORECASE
)
_SENT = re.compile(r".{8,200}<[^<>\s@]{1,64}@[^<>\s]{3,100}>\s?sent:$")
#: `* Ana <ana@x.test> [2026-05-04 10:15]:`, and `Ana Ruiz wrote:` and no more
_BRACKETED = re.compile(r"\*?\s?.{0,60}<[^<>\s@]{1,64}@[^<>\s]{3,100}>\s\[[\d.:/ -]{8,25}\]:$")
#: Tutanota: `4 may 2026, 10:15 por ana@x.test:`
_BY = re.compile(
    r"\d:\d{2}(?:\s?[ap]\.?\s?m\.?)?,?\s(?:by|por|von|par|per|da|de|door|av|af|fra|przez|od|от)\s"
    r"[^\s<>@]{1,64}@[^\s<>:]{3,100}:$",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[^\W\d_a-z][\w.'’-]{0,30}\s?){1,4}$")
_LINK_FOLLOWS = re.compile(r"<\s?(?:mailto:|$)", re.IGNORECASE)
#: the verb opens: *Missatge de Ana <…> del dia …*, *Wiadomość napisana przez Ana <…> w dniu …*,
#: *Hau idatzi du Ana (<…>) erabiltzaileak (…)*
_MESSAGE_OF = re.compile(
    r"(?:Missatge de .{3,200} del dia|Wiadomość napisana przez .{3,200} w dniu|"
    r"Hau idatzi du .{3,200} erabiltzaileak) .{4,60}$",
    re.IGNORECASE,
)
#: what a mail server answered, in a bounce
_SERVER_SAID = re.compile(
    r"(?:host|server) [\w.-]{1,255}(?: ?[\[(][\da-fA-F.:]{2,45}[\])])? said:?$", re.IGNORECASE
)
_POSTED = re.compile(r"Posted by .{1,60} on \d{2}/\d{2}/\d{4}$", re.IGNORECASE)


def attribution(lines: Sequence[str], at: int) -> Cut | None:
    """`On …, Ana wrote:` and its kin in a dozen languages, wrapped over some lines or not."""
    if not _may_open(lines, at) or header_field(lines[at]):
        return None
    joined, perhaps = "", None
    for end in range(at, min(at + _WINDOW, len(lines))):
        line = _continued(lines[end], joined)
        if len(line) > _LONGEST_OPENING or len(joined) > 400:
            break
        if not line:
            if _gap(lines, end, joined):
                continue
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


#: As an attribution begins behind words on the same line; its verb closes the line.
_BEGINS_BEHIND = re.compile(
    r"\s(?=(?:-{2,6}\s)?(?:On|El|Le|Am|Em|Il|Op|Den|Dne|Missatge de)\s.{0,24}?\d)"
)


def begins_behind(line: str) -> int | None:
    """Where in the line a dated attribution begins behind somebody's words; None: nowhere."""
    if line.rstrip()[-1:] != ":" or not 40 <= len(line) <= LONGEST or not TIME.search(line):
        return None
    for hit in _BEGINS_BEHIND.finditer(line):
        rest = line[hit.end() :]
        if len(rest) <= _LONGEST_OPENING and DAY.search(rest) and _is_attribution(rest):
            words = bare(line[: hit.start()])
            return hit.start() if words and words.casefold() not in phrases.OPENERS else None
    return None


#: Yahoo's telephones write the quoted mail behind the attribution, set apart by blanks.
_GLUED = re.compile(r">?\s{0,2}(?:[^\W\d_]{2,12}\s)?[^\W\d_]{2,12}:(?=[ \xa0]{2,8}\S)")


def ends_before(line: str) -> int | None:
    """Where in the line the quoted mail begins that is glued to its attribution; None: it
    is not."""
    if ":  " not in line and ":\xa0" not in line and ": \xa0" not in line:
        return None
    for hit in _GLUED.finditer(line, 0, _LONGEST_OPENING):
        head = line[: hit.end()]
        if _OPENER.match(bare(head)) and _has_address(head) and TIME.search(head):
            return hit.end() if _is_attribution(bare(head)) else None
    return None


def _continued(line: str, joined: str) -> str:
    """A line of it; a `>` that closes the address above is no quotation mark."""
    if joined.rfind("<") > joined.rfind(">") and line.lstrip()[:1] == ">":
        return ">" + bare(line)
    return bare(line)


def _gap(lines: Sequence[str], at: int, joined: str) -> bool:
    """A blank line between date and address, as programs leave that make links of both."""
    if at + 1 >= len(lines) or not (TIME.search(joined) and DAY.search(joined)):
        return False
    return _LINK_FOLLOWS.match(clean(lines[at + 1])) is not None


def _has_address(text: str) -> bool:
    return "@" in text and EMAIL.search(text) is not None


def _says_wrote(line: str) -> bool:
    lowered = line.lower()
    return any(word in lowered for word in _VERBS)


def _may_open(lines: Sequence[str], at: int) -> bool:
    """A cheap look: only a line like this is worth joining with those below it."""
    line = bare(lines[at]).lstrip("- ") if len(lines[at]) <= _LONGEST_OPENING else ""
    if not line:
        return False
    if _OPENER.match(line[:20]) or line.startswith("Posted by ") or "@" in line:
        return True
    dated = any(map(str.isdigit, line)) and DAY.search(line) is not None
    if dated and (line[0].isdigit() or TIME.search(line)):
        return True
    short = len(line) < 80 and line.endswith((":", "："))
    if not (dated or short or " via " in line or lines[at].startswith("--")):
        return False
    return _says_wrote(line)


def _may_end(line: str) -> bool:
    """The last of its lines closes with a mark, an address or the verb."""
    ends = line.rstrip("*_ -").lower().endswith((*":：>)", *_VERBS))
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
    if _QUOTING.match(joined) or _BRACKETED.match(joined):
        return False
    if _SENT.match(joined) and DAY.search(joined):
        return True
    if joined.endswith(" >>>") and DAY.search(joined) and TIME.search(joined):
        return True  # GroupWise: >>> Ana <ana@x.test> 4/5/2026 10:15 >>>
    if joined[-1] == ":" and DAY.search(joined) and _BY.search(joined[-180:]):
        return False
    if (
        "@" in joined
        and _DATED_SENDER.match(joined)
        and DAY.search(joined)
        and not _WROTE.search(joined)
    ):
        return ends  # without a colon it may be a line of a log
    if ends and _MESSAGE_OF.match(joined) and _has_address(joined):
        return True
    verb = _last_verb(text)
    if verb is None or not (ends or dashed or verb.end() == len(text)):
        return None
    before, after = text[: verb.start()], text[verb.end() :]
    if _PROSE.search(before[-12:]) or _SERVER_SAID.search(text[-340:]) or len(after) > 120:
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
    day, time = DAY.search(text) is not None, TIME.search(text) is not None
    if address and (opener or day or time) and (day or time or ends):
        return ends or (opener and day)
    if address and ends and not after.strip() and len(before) < 120:
        return True
    if ends and text.lower().startswith("in message <"):
        return False
    if not (opener or day):
        if ends and not after.strip() and _NAME.match(before):
            return None if _SOMEBODY.search(before) else False
        return True if " via " in before and ends and len(text) < 120 else None
    if (day and time) or (day and opener) or "пользователь" in before:
        named = time or re.search(r"[,，]\s?[^,]{1,60}$", before) or after.strip()
        return ends and bool(named) and not _SOMEBODY.search(before)
    return False if opener and time else None
