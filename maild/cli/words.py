"""Words that options take: one that is not known is refused, with the nearest that is."""

from collections.abc import Iterable

import typer


def refuse_unknown(word: str, option: str, known: Iterable[str]) -> None:
    """Raises a usage error where the word is none of the known ones."""
    from maild.config.faults import did_you_mean

    known = list(known)
    if word not in known:
        hint = did_you_mean(word, known) or f" ({', '.join(known)})"
        raise typer.BadParameter(f'unknown value "{word}"{hint}', param_hint=option)
