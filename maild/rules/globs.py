"""Globs over addresses, file names and headers: `*` is any text, `?` one character.

Nothing else is special, so an address with brackets is just an address. The work grows with
pattern times text at worst, never faster.
"""

from dataclasses import dataclass

#: No address or file name is longer; of a longer header only this much is looked at.
MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern such as `*@ventas.acme.test`; case does not count."""

    text: str  #: as the admin wrote it
    pieces: tuple[str, ...]  #: what stands between the stars

    @classmethod
    def read(cls, text: str) -> "Glob":
        return cls(text, tuple(text.casefold().split("*")))

    @property
    def label(self) -> str | None:
        """What finds it without trying: `ana@x.test`, `*@x.test`; None for other patterns."""
        text = self.text.casefold()
        return None if "?" in text or "*" in text.removeprefix("*@") else text

    def matches(self, text: str) -> bool:
        """Does the pattern describe the whole of `text`?"""
        subject = text[:MAX_TEXT].casefold()
        first, *rest = self.pieces
        if not rest:
            return len(first) == len(subject) and _stands(first, subject, 0)
        *middle, last = rest

        at, end = len(first), len(subject) - len(last)
        if at > end or not _stands(first, subject, 0) or not _stands(last, subject, end):
            return False
        for piece in middle:  # the leftmost place is always good enough
            at = _find(piece, subject, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True


def labels(address: str) -> tuple[str, str]:
    """The labels that globs fitting this address can have."""
    text = address[:MAX_TEXT].casefold()
    return text, "*@" + text.rpartition("@")[2]


def _stands(piece: str, text: str, at: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, at)
    return all(p in ("?", c) for p, c in zip(piece, text[at:], strict=False))


def _find(piece: str, text: str, start: int, end: int) -> int:
    if "?" not in piece:
        return text.find(piece, start, end)
    places = range(start, end - len(piece) + 1)
    return next((at for at in places if _stands(piece, text, at)), -1)
