"""What a line of mail looks like, and the shape of what introduces a quotation."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

LONGEST = 500  #: no line of a mail program is longer; a longer one is text

EMAIL = re.compile(r"[\w.+=-]{1,64}@(?:[\w-]{1,63}\.){1,6}\w{2,20}")
DAY = re.compile(r"(?<!\d)(?:\d{4}(?!\d)|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4})|\d\s?[年년]")
TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
#: The subject of a mail that is passed on.
FORWARD = re.compile(
    r"\s{0,3}(?:\[[^\]]{1,40}\]\s?)?(?:fwd?|rv|reenv(?:iado|ío|iar)?|wg|w\.|tr|enc|i|vs|vb|"
    r"doorst|pd|vl|ilt|redir\.?|videresend(?:t)?|továbbítás|转发|轉寄|転送|전달)"
    r"\s?(?:\[\d\])?\s?[:：]",
    re.IGNORECASE,
)
_FULL = 60  #: characters from which on a line may have been wrapped
_TITLED = re.compile(r"([-_=*—─])\1{3,60}\s?[^\W_].{1,60}?\1{4,60}$")
_RULE = re.compile(r"[-_=*—─ ]{5,200}$")


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
    if line.isascii():
        return line.strip()
    line = line.replace("\xa0", " ").replace("\u202f", " ").replace("\u200b", "")
    return line.replace("\u2060", "").replace("\u2063", "").strip()


def is_quoted(line: str) -> bool:
    """`> like this`; a Python prompt is no quotation."""
    head = line[:8].lstrip()
    return head.startswith(">") and not head.startswith(">>> ")


def quoted_lines(lines: Sequence[str]) -> list[bool]:
    """For each line, whether it is quoted with `>`, seen among its neighbours.

    `>>> ` between lines of other depths is a third quotation, no prompt. What a program broke
    off the end of a quoted line belongs to it, unless nothing was written above.
    """
    marked = [is_quoted(line) for line in lines]
    if True not in marked:
        return marked
    for i, line in enumerate(lines):
        if not marked[i] and line.startswith(">") and i and marked[i - 1]:
            marked[i] = True
    for i in range(len(lines) - 2, -1, -1):
        if not marked[i] and lines[i].startswith(">") and marked[i + 1]:
            marked[i] = True
    first = marked.index(True)
    if any(any(map(str.isalnum, line)) for line in lines[:first]):
        for i in range(first + 1, len(lines) - 1):
            if not marked[i] and marked[i - 1] and marked[i + 1]:
                marked[i] = _broken_off(lines[i - 1], lines[i])
    return marked


def _broken_off(above: str, line: str) -> bool:
    """A line that a program wrapped without a `>`: the one above is full, or left open."""
    end = above.rstrip()[-1:]
    if len(above) >= _FULL and line[:1].islower() and end not in ".?!:;":
        return True
    one_word = " " not in line.strip() and bool(line.strip())
    return one_word and any(above.rfind(a) > above.rfind(z) for a, z in ("()", "<>"))


def bare(line: str) -> str:
    """A line without quotation marks and asterisks around it."""
    return clean(line).lstrip("> ").strip("*_ ")


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of some phrases, however wide their blanks."""
    longest_first = sorted(set(words), key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in longest_first)


def is_rule(line: str) -> bool:
    """A line drawn with dashes or underscores."""
    return len(line) <= LONGEST and _RULE.match(clean(line)) is not None


def is_titled_rule(line: str) -> bool:
    """`-----Something-----`: what it announces stands below it."""
    return len(line) <= LONGEST and _TITLED.match(clean(line)) is not None
