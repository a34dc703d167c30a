"""Which parts of the daemon live, asked of the kernel (Linux)."""

import os
from collections.abc import Iterable
from pathlib import Path


def living(parent: int | None = None) -> set[str] | None:
    """Names of our siblings as `ps` shows them (15 characters); None where nobody tells."""
    parent = os.getppid() if parent is None else parent
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return None
    return {name for child in children if (name := _name(child))}


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def missing(expected: Iterable[str], found: set[str] | None) -> list[str]:
    """Parts that should live and do not."""
    if found is None:
        return []
    return [part for part in expected if f"maild-{part}"[:15] not in found]
