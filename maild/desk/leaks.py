"""What is written inside stays inside: is there a note in what an agent sends out?

Mail programs quote in ways nobody can list. So besides the signs of a quotation, the words
themselves are looked at: a run of them that stands in one of the ticket's notes, and in
nothing that the customer has read or written, goes to nobody.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from maild.desk.obey import Refusal
from maild.ingest.trim import has_marker
from maild.model.mail import Mail
from maild.model.ticket import Message, MessageKind
from maild.rules.folding import fold, split

#: so many words in a row are no coincidence; a shorter note must stand there whole
RUN: Final = 8
#: a note of one or two words counts only where they are long, such as a password
_TELLING: Final = 10
_MOST: Final = 20_000  #: words looked at

Runs = set[tuple[str, ...]]


def must_not_leak(
    mail: Mail, text: str, messages: Callable[[], Sequence[Message]], *, meant: bool
) -> None:
    """Raises `Refusal` where notes might go along with `text`. `meant`: he wrote `#send`, so
    a note's words in it are his wish; quoted notices are not."""
    if mail.inline_answers:
        raise Refusal("inline")
    if has_marker(text):
        raise Refusal("leak")
    for line in text.splitlines():
        word = line.strip().lstrip("#＃ ").rstrip(" :.").casefold()
        if line.strip()[:1] in "#＃" and word in ("note", "nota"):
            raise Refusal("note-below")  # he means what follows to stay inside
    if not meant and repeats_a_note(text, messages()):
        raise Refusal("note-text")


def repeats_a_note(text: str, messages: Iterable[Message]) -> bool:
    """Does `text` say what only notes say?"""
    told = list(messages)
    notes = [_words(message.text) for message in told if message.kind is MessageKind.NOTE]
    sent = _words(text)
    found = {run for note in notes for run in _telling(note) & _runs(sent, min(RUN, len(note)))}
    if not found:
        return False
    known = [_words(message.text) for message in told if message.public]
    return any(not any(run in _runs(words, len(run)) for words in known) for run in found)


def _words(text: str) -> list[str]:
    """Folded, without quote signs and line ends."""
    return list(islice((word for word in split(fold(text))), _MOST))


def _telling(note: Sequence[str]) -> Runs:
    runs = _runs(note, min(RUN, len(note)))
    short = len(note) < 3
    return {run for run in runs if not short or sum(map(len, run)) >= _TELLING}


def _runs(words: Sequence[str], length: int) -> Runs:
    """Every `length` words in a row."""
    if not length:
        return set()
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
