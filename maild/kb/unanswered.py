"""What was looked for in the knowledge base and not found, in words fit to be kept. Pure."""

from typing import Final

from maild.rules.folding import fold_words, split

MOST_WORDS: Final = 6
LONGEST: Final = 30


def kept_words(asked: str) -> str:
    """The words of a search as they are counted: folded, the first few, without what may
    name somebody: addresses, and whatever holds a digit. "" if nothing is left."""
    plain = " ".join(part for part in asked[:1000].split() if "@" not in part)
    words = fold_words(split(plain))
    fit = (w for w in words if 1 < len(w) <= LONGEST and not any(c.isdigit() for c in w))
    return " ".join(list(fit)[:MOST_WORDS])
