"""A line of the table, and how it is timed and printed."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: str
    aim: str = ""
    reached: bool = True

    def print(self) -> None:
        verdict = "" if not self.aim else "reached" if self.reached else "NOT reached"
        print(f"{self.what:<64} {self.value:>9}  {self.aim:<9} {verdict}", flush=True)


def at_least(what: str, value: float, aim: float) -> Figure:
    """A ratio that should not be smaller."""
    return Figure(what, f"{value:.2f}", f">= {aim:.2f}", value >= aim)


def at_most(what: str, value: float, aim: float, unit: str = "") -> Figure:
    """A figure that should not be larger."""
    shown = f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return Figure(what, f"{shown}{unit}", f"<= {aim:g}{unit}", value <= aim)


def timed(work: Callable[[], object]) -> float:
    """Seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fastest(work: Callable[[], object], times: int) -> float:
    """Seconds of the fastest run: what the work costs when nobody disturbs it."""
    gc.collect()
    return min(timed(work) for _ in range(times))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies (the nearest one, none made up)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share * len(ranked)))]


median = statistics.median
