"""What `maild doctor` finds: one sentence about one thing, and what to do where it is bad."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"  #: could not be looked at from here


@dataclass(frozen=True, slots=True)
class Finding:
    """`area` is a table of the config or "dns", "store" …; `advice` is what to do."""

    area: str
    name: str
    state: State
    message: str
    advice: str = ""


Check = Callable[[], Sequence[Finding]]


def ok(area: str, name: str, message: str) -> Finding:
    return Finding(area, name, State.OK, message)


def warning(area: str, name: str, message: str, advice: str = "") -> Finding:
    return Finding(area, name, State.WARNING, message, advice)


def failed(area: str, name: str, message: str, advice: str) -> Finding:
    return Finding(area, name, State.FAILED, message, advice)


def skipped(area: str, name: str, message: str, advice: str = "") -> Finding:
    return Finding(area, name, State.SKIPPED, message, advice)


def run(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """All at once, told in their order; a check that breaks is a finding itself."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        results = [(area, pool.submit(check)) for area, check in checks]
        found: list[Finding] = []
        for area, result in results:
            try:
                found += result.result()
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
                found.append(failed(area, "check", what, "This is a fault of maild: tell us."))
    return found
