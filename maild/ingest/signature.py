"""Signatures: set them aside, and tell when a text is nothing else."""

from collections.abc import Sequence


def set_aside(text: str, *, known: Sequence[str] = ()) -> tuple[str, str]:
    """(body, signature) (first draft)."""
    body, mark, rest = text.partition("\n-- \n")
    return body, mark.lstrip("\n") + rest


def looks_like_signature(text: str) -> bool:
    """Nothing but a name, phone or address (first draft)."""
    return not text.strip()
