"""Finding many keywords at once: one tree over the words of all rules.

The text is cut into words once; each word is looked up among first words, and only what
begins there is followed. So the cost of a mail hardly depends on how many keywords there
are. What a found keyword means is the business of the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from maild.rules import folding

#: A phrase longer than this is a mistake (a whole mail pasted into the rules).
MAX_WORDS = 12

#: Words of a keyword: (folded word, may it have any ending?)
Parts = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word or phrase, `contraseñ*` or `no puedo acceder`, ready to be looked for."""

    text: str  #: as the admin wrote it
    parts: Parts

    @classmethod
    def read(cls, text: str) -> "Keyword":
        """Understand one keyword; ValueError says what is wrong with it."""
        parts: list[tuple[str, bool]] = []
        for piece in text.split():
            stem = piece.removesuffix("*")
            words = folding.fold_words(folding.split(stem))
            if "*" in stem:
                raise ValueError(f'"{text}": * can only stand at the end of a word')
            if stem != piece and (not words or not stem[-1].isalnum()):
                raise ValueError(f'"{text}": * needs a word before it')
            parts += [(word, False) for word in words]
            if stem != piece:
                parts[-1] = (parts[-1][0], True)
        if not parts:
            raise ValueError(f'"{text}" has no word in it')
        if len(parts) > MAX_WORDS:
            raise ValueError(f'"{text}": a phrase has at most {MAX_WORDS} words')
        return cls(text, tuple(parts))


class Hit(NamedTuple):
    """Where a keyword stands: its first word (counted from 0) and how many it covers."""

    start: int
    length: int


@dataclass(slots=True)
class _Node:
    """What may follow: exact words, beginnings of words; and the keyword that ends here."""

    exact: dict[str, "_Node"] = field(default_factory=dict)
    begun: dict[str, "_Node"] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()  #: of the keys of `begun`
    ends: Parts | None = None

    def child(self, word: str, any_ending: bool) -> "_Node":
        if not any_ending:
            return self.exact.setdefault(word, _Node())
        self.lengths = tuple(sorted({*self.lengths, len(word)}))
        return self.begun.setdefault(word, _Node())

    def after(self, word: str) -> list["_Node"]:
        """The nodes that `word` leads to."""
        found = [node] if (node := self.exact.get(word)) is not None else []
        for length in self.lengths:
            if length > len(word):
                break
            if (node := self.begun.get(word[:length])) is not None:
                found.append(node)
        return found


class KeywordIndex:
    """All keywords of all rules, to be found in one pass over a text."""

    def __init__(self, keywords: Iterable[Keyword]) -> None:
        self._root = _Node()
        for keyword in keywords:
            node = self._root
            for word, any_ending in keyword.parts:
                node = node.child(word, any_ending)
            node.ends = keyword.parts
        #: most mail is made up of the same few words
        self._remembered = lru_cache(maxsize=16_384)(self._look_up)

    def scan(self, words: list[str]) -> dict[Parts, Hit]:
        """Every keyword in these words, as they were written, with the first place where it
        stands."""
        hits: dict[Parts, Hit] = {}
        for start, word in enumerate(words):
            look_up = self._remembered if len(word) <= folding.SHORT else self._look_up
            for node in look_up(word):
                _follow(node, words, start, 1, hits)
        return hits

    def _look_up(self, word: str) -> tuple[_Node, ...]:
        return tuple(self._root.after(folding.fold(word)))


def _follow(
    node: _Node, words: list[str], start: int, length: int, hits: dict[Parts, Hit]
) -> None:
    if node.ends is not None and node.ends not in hits:
        hits[node.ends] = Hit(start, length)
    if (node.exact or node.begun) and start + length < len(words):
        for following in node.after(folding.fold(words[start + length])):
            _follow(following, words, start, length + 1, hits)
