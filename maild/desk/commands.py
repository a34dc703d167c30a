"""The grammar of commands: what an agent's mail orders, and what a customer's mail wishes.

Only reading: a word that is not understood becomes a `Fault`, never a guess. Whether the
writer may give orders, and what they do, is decided elsewhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from maild.desk.arguments import BadArgument, read_argument
from maild.desk.vocabulary import COMMANDS, FAULTS, FORMS, SPELLINGS, Kind, Word, form_in
from maild.rules.folding import fold

MAX_COMMANDS = 50
MAX_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Command:
    """One order, understood."""

    word: str  #: canonical English name: "resolve"
    argument: str = ""  #: what stood behind it; for `note` and `send` all that followed
    args: tuple[str, ...] = ()  #: the argument's parts, checked: ("high",), ("a@x.test",)
    line: str = ""  #: as it was written

    @property
    def called(self) -> str:
        """The command's word as its writer wrote it: `cerrar`."""
        lead = _LEAD.match(self.line)
        name = _NAME.match(self.line[lead.end() :]) if lead else None
        return name[0].lower() if name else self.word


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is no good order."""

    line: str
    word: str  #: as it was written, without `#`
    reason: str  #: a key of `vocabulary.FAULTS`
    nearest: str = ""  #: the command it may have meant
    value: str = ""  #: the part of the argument that is wrong
    form: str = ""  #: what the command takes


@dataclass(frozen=True, slots=True)
class Orders:
    """An agent's mail: the commands at its top, and the text that follows them."""

    commands: tuple[Command, ...] = ()
    text: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def state_only(self) -> bool:
        """Commands and nothing to say to anybody."""
        texts = any(_WORDS[command.word].kind is Kind.TEXT for command in self.commands)
        return bool(self.commands) and not texts and not self.text


# -- reading an agent's mail --------------------------------------------------------------

_WORDS = {word.name: word for word in COMMANDS}
_NAMES = {name: word for word in COMMANDS for name in (word.name, *word.aliases)}

#: What has no width, and what turns the direction of writing: never meant.
_INVISIBLE = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
#: What editors and mail clients put around a line: bullets, quotation marks, emphasis.
#: Not `>`: what is quoted is no order.
_DECOR = " \t•◦‣▪●·*_`\\\"'«»“”‘’„‹›–—-"
_LEAD = re.compile(rf"[{re.escape(_DECOR)}]*[#＃﹟]\s*(?=[^\W\d_])")
_NAME = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def read(text: str) -> Orders:
    """The orders at the top of an agent's mail; `text` holds only what he wrote himself.

    Commands stand one a line, blank lines between them allowed; the first other line begins
    the text. `note` and `send` take all that follows, so then `Orders.text` is empty.
    """
    lines = text.splitlines()
    commands: list[Command] = []
    faults: list[Fault] = []

    for at, written in enumerate(lines):
        line = _clean(written)
        lead = _LEAD.match(line)
        if line and lead is None:
            return Orders(tuple(commands), "\n".join(lines[at:]).strip(), tuple(faults))
        if lead is None:
            continue
        if len(commands) + len(faults) == MAX_COMMANDS:
            faults.append(Fault(line, "", "too-many", value=str(MAX_COMMANDS)))
            break
        order = _read_line(line, line[lead.end() :], lines[at + 1 :])
        if isinstance(order, Fault):
            faults.append(order)
            continue
        commands.append(order)
        if _WORDS[order.word].kind is Kind.TEXT:
            break
    return Orders(tuple(commands), "", tuple(faults))


def in_subject(subject: str) -> str:
    """The order that a mail's subject is, without `Re:` and tag; "" where it is none.

    One letter wrong still is an order: it comes back with the right word, as in a text.
    """
    line = _clean(subject)
    lead = _LEAD.match(line)
    if lead is None:
        return ""
    order = _read_line(line, line[lead.end() :], [])
    far = isinstance(order, Fault) and order.reason == "unknown" and not order.nearest
    return "" if far else line


def _clean(line: str) -> str:
    """The line without what is not seen; letters and their accents in one piece."""
    seen = _INVISIBLE.sub("", line[: MAX_LINE + 1].replace("&nbsp;", " "))
    return unicodedata.normalize("NFC", seen).replace("\u00a0", " ").strip()


def _read_line(line: str, order: str, following: list[str]) -> Command | Fault:
    """One line that begins with `#` and a letter (which `order` begins with)."""
    if len(line) > MAX_LINE:
        return Fault(line[:80] + "…", "", "too-long")
    name = _NAME.match(order)
    assert name is not None
    word, after = _find_word(name[0], order[name.end() :])
    if word is None:
        return Fault(line, name[0], "unknown", _nearest(name[0]))
    if word.kind is Kind.TEXT:
        text = "\n".join([after.lstrip(" :=*_"), *following]).strip()
        return Command(word.name, text, (), line)
    try:
        argument, args = read_argument(word.takes, _bare(after))
    except BadArgument as bad:
        return Fault(line, name[0], bad.reason, value=bad.value, form=word.form)
    return Command(word.name, argument, args, line)


def _find_word(name: str, after: str) -> tuple[Word | None, str]:
    """The command a word names, and what stands behind it."""
    folded = fold(name).replace("-", "")
    second, _, behind = after.strip().partition(" ")
    spelled = SPELLINGS.get(f"{folded} {fold(second.rstrip('?.!'))}")
    if spelled:
        return _WORDS[spelled], behind
    return _NAMES.get(folded) or _WORDS.get(FORMS.get(folded, "")), after


def _bare(after: str) -> str:
    """What stands behind the word, without `:` or `=` before it and marks around it."""
    return after.strip().lstrip(":=").strip(' \t*`_«»“”"')


def _nearest(name: str) -> str:
    found = get_close_matches(fold(name), _NAMES, n=1, cutoff=0.55)
    return found[0] if found else ""


def explain(fault: Fault, language: str) -> str:
    """What the agent is told about a fault, and the nearest command where one is near."""
    sentences = FAULTS.get(language, FAULTS["en"])
    known = {
        "word": fault.word,
        "nearest": fault.nearest,
        "value": fault.value,
        "form": form_in(fault.form, language),
    }
    said = sentences[fault.reason].format(**known)
    return f"{said} {sentences['nearest'].format(**known)}" if fault.nearest else said


# -- reading a customer's mail --------------------------------------------------------------


class Wish(StrEnum):
    """What a customer may ask for in a word."""

    STATUS = "status"  #: his open tickets
    KB = "kb"  #: articles with these words
    SOLVED = "solved"  #: the ticket is done
    RATING = "rating"  #: a survey answered by mail
    UNCC = "uncc"  #: not to read along any more


@dataclass(frozen=True, slots=True)
class CustomerWish:
    kind: Wish
    words: str = ""  #: of `kb`
    score: int | None = None  #: of a rating, 1-5
    comment: str = ""  #: what follows the first line


_SIMPLE = {
    "status": Wish.STATUS,
    "estado": Wish.STATUS,
    "solved": Wish.SOLVED,
    "resuelto": Wish.SOLVED,
    "resuelta": Wish.SOLVED,
    "#uncc": Wish.UNCC,
    "#sincopia": Wish.UNCC,
}
#: Those that the subject can say as well as the first line.
_SUBJECTS = (Wish.STATUS, Wish.KB, Wish.UNCC)


def read_customer(subject: str, text: str) -> CustomerWish | None:
    """What the first line (or the subject) of a customer's mail asks for, if anything.

    Only what it says: whether there is a survey to answer, a ticket to solve and a proof of
    the sender is for the caller to know.
    """
    first, comment = _first_line(text)
    wish = _read_wish(first, comment)
    if wish is None:
        asked = _read_wish(subject.strip(), text.strip())
        wish = asked if asked and asked.kind in _SUBJECTS else None
    return wish


def _first_line(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if _clean(line):
            return line, "\n".join(lines[at + 1 :]).strip()
    return "", ""


def _read_wish(line: str, comment: str) -> CustomerWish | None:
    said = _clean(line).strip(" \t*_`\"'«»“”")
    plain = re.sub(r"^#\s*", "#", fold(said)).rstrip(" .!:")
    if re.fullmatch("[1-5]", fold(said)):
        return CustomerWish(Wish.RATING, score=int(fold(said)), comment=comment)
    if plain in _SIMPLE:
        return CustomerWish(_SIMPLE[plain], comment=comment)
    command, _, words = said.lstrip("# ").partition(" ")
    if fold(command) == "kb" and words.strip():
        return CustomerWish(Wish.KB, words=words.strip(), comment=comment)
    return None
