"""How text is compared: case, accents and ñ/n do not count.

Keywords, regular expressions, command words and fingerprints all see text through `fold`.
Which words matter is the business of those who call it.
"""

import re
import unicodedata
from functools import lru_cache

#: Letters that Unicode does not take apart but readers do.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
#: Accents on their own, soft hyphens and what has no width: part of a word, but no letter.
_MARKS = "\u0300-\u036f\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_MARK = re.compile(f"[{_MARKS}]+")
_WORD = re.compile(f"[^\\W_]+(?:[{_MARKS}]+[^\\W_]*)*")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")


def fold(text: str) -> str:
    """`text` as it is compared: `"Contraseña"` and `"CONTRASENA"` become `"contrasena"`.

    Idempotent. Compatibility forms fold too: full-width letters, ligatures, no-break spaces
    (Unicode's NFKD, then full case folding, then without its marks).
    """
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text).casefold()
    return _MARK.sub("", bare).translate(_PLAIN)


def split(text: str) -> list[str]:
    """The words of `text` as they were written. Underscores and punctuation end a word."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def fold_words(words: list[str]) -> list[str]:
    """Each word folded; as many as there were, so that places still agree."""
    return [
        word.lower() if word.isascii() else _known(word) if len(word) <= SHORT else fold(word)
        for word in words
    ]


#: the same few words make up most mail: those of this length at most are remembered
SHORT = 24
_known = lru_cache(maxsize=8192)(fold)
