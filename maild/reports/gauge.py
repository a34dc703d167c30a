"""A gauge: one entry of `kpis` in the making (CONTRACT section 6)."""

from typing import Any

from maild.reports.chapter import Chapter
from maild.reports.question import Question

Json = dict[str, Any]


class Gauge:
    """Is shown every ticket that counts and gives its result at the end.

    The first line of a gauge's docstring is its definition, and stands in the letter. A
    figure without data is None.
    """

    name = ""

    def __init__(self, question: Question) -> None:
        self.question = question

    def add(self, chapter: Chapter) -> None:
        raise NotImplementedError

    def result(self) -> Json:
        raise NotImplementedError
