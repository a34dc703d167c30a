"""Colours that follow from the desk's own: what stands on it, and what it is in the dark."""

from collections.abc import Mapping
from functools import lru_cache

#: of the grounds that links stand on, those where it is hardest to read them
_LIGHT_GROUND, _DARK_GROUND = (0xEE, 0xF0, 0xF3), (0x27, 0x2B, 0x32)
_LEGIBLE = 4.5  #: WCAG 2.2, 1.4.3: contrast of text


@lru_cache(maxsize=8)
def shades(color: str) -> Mapping[str, str]:
    """What the words in our style sheets stand for, given the desk's `#rrggbb`."""
    own = _rgb(color)
    return {
        "DESK-COLOR": color,
        "DESK-INK": "#ffffff" if _contrast(own, (255,) * 3) >= _LEGIBLE else "#14171a",
        "DESK-LINK": _hex(_until_legible(own, _LIGHT_GROUND, towards=0)),
        "DESK-LIGHT": _hex(_until_legible(own, _DARK_GROUND, towards=255)),
    }


def _rgb(color: str) -> tuple[int, ...]:
    digits = color.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    return tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))


def _hex(color: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in color)


def _until_legible(
    color: tuple[int, ...], ground: tuple[int, ...], *, towards: int
) -> tuple[int, ...]:
    """The colour, made as much darker or lighter as it takes to read it on that ground."""
    for step in range(21):
        mixed = tuple(round(part + (towards - part) * step / 20) for part in color)
        if _contrast(mixed, ground) >= _LEGIBLE:
            return mixed
    return (towards,) * 3


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: tuple[int, ...]) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [p / 255 for p in color]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
