"""What is said of many durations, and of a share (kpi.md 1.13)."""

import math
from array import array
from statistics import fmean, median
from typing import Any


class Times:
    """Durations in seconds, and what is said of them."""

    def __init__(self) -> None:
        self._seconds = array("d")

    def __len__(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    def mean(self) -> float | None:
        return plain(fmean(self._seconds)) if self._seconds else None

    def within(self, target: float | None) -> float | None:
        """The share of at most `target`, compared unrounded (kpi.md R8)."""
        if target is None or not self._seconds:
            return None
        return ratio(sum(value <= target for value in self._seconds), len(self._seconds))

    def spread(self) -> dict[str, Any]:
        """n, mean, median (even n: mean of two) and p90 by nearest rank (KPI 13)."""
        values = sorted(self._seconds)
        n = len(values)
        return {
            "n": n,
            "mean": self.mean(),
            "median": plain(median(values)) if n else None,
            "p90": plain(values[math.ceil(n * 9 / 10) - 1]) if n else None,
        }


def plain(value: float) -> float:
    """Whole seconds as whole numbers."""
    return int(value) if value.is_integer() else value


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def wilson(good: int, n: int, z: float = 1.96) -> tuple[float | None, float | None]:
    """The 95 % interval of a share (Wilson, 1927)."""
    if not n:
        return None, None
    share = good / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - spread), min(1.0, middle + spread)
