"""When one condition implies another: every mail that meets the narrow meets the wide.

Said only where it is certain; a pattern that might cover another is taken not to.
"""

from collections.abc import Sequence

from maild.rules.check import Test
from maild.rules.conditions import KEYWORD_PLACES
from maild.rules.globs import Glob
from maild.rules.keywords import Parts
from maild.rules.values import Globs, Headers, Keywords, Patterns


def implies(narrow: Sequence[Test], wide: Sequence[Test]) -> bool:
    """Does a mail that meets all of `narrow` always meet all of `wide`?"""
    return all(any(covers(test, other) for other in narrow) for test in wide)


def covers(wide: Test, narrow: Test) -> bool:
    """Does a mail that meets `narrow` always meet `wide`?"""
    if wide.key in KEYWORD_PLACES and narrow.key in KEYWORD_PLACES:
        places = set(KEYWORD_PLACES[narrow.key]) <= set(KEYWORD_PLACES[wide.key])
        return places and _words_cover(wide.value, narrow.value)
    if wide.key != narrow.key:
        return False
    if wide.key == "not":  # the narrower what is turned round, the wider the whole
        return implies(wide.value, narrow.value)
    return _values_cover(wide.value, narrow.value)


def _values_cover(wide: object, narrow: object) -> bool:
    match wide, narrow:
        case Globs(), Globs():
            return _globs_cover(wide, narrow)
        case Headers(), Headers():
            have = dict(narrow.all)
            return all(n in have and _globs_cover(globs, have[n]) for n, globs in wide.all)
        case Patterns(), Patterns():
            return {text for text, _ in narrow.all} <= {text for text, _ in wide.all}
        case tuple(), tuple():
            return set(narrow) <= set(wide)
        case bool(), bool():
            return wide == narrow
        case int(), int():  # larger than
            return narrow >= wide
    return False


def _words_cover(wide: Keywords, narrow: Keywords) -> bool:
    return all(any(_phrase_covers(w, n) for w in wide.all) for n in narrow.all)


def _phrase_covers(wide: Parts, narrow: Parts) -> bool:
    """Does the wide phrase stand inside the narrow one?"""
    starts = range(len(narrow) - len(wide) + 1)
    return any(
        all(_word_covers(w, n) for w, n in zip(wide, narrow[at:], strict=False))
        for at in starts
    )


def _word_covers(wide: tuple[str, bool], narrow: tuple[str, bool]) -> bool:
    if wide[1]:
        return narrow[0].startswith(wide[0])
    return wide == narrow


def _globs_cover(wide: Globs, narrow: Globs) -> bool:
    return all(any(_glob_covers(w, n) for w in wide.all) for n in narrow.all)


def _glob_covers(wide: Glob, narrow: Glob) -> bool:
    if wide.pieces == narrow.pieces:
        return True
    # A star of the wide one may stand for a star, but its "?" may not.
    open_ended = len(narrow.pieces) > 1 or "?" in narrow.text
    return wide.matches(narrow.text) and not (open_ended and "?" in wide.text)
