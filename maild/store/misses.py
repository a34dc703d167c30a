"""Searches of the knowledge base that found nothing: how often, on which day, never whose."""

from datetime import date, timedelta

from maild.store.engine import Engine

MOST_A_DAY = 500  #: different ones
KEPT = timedelta(days=400)


class Misses:
    """Counts by words and local day."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, words: str, day: date) -> None:
        """Within the caller's transaction: once more. New words of a full day are dropped."""
        again = self._engine.execute(
            "UPDATE missed SET count = count + 1 WHERE day = ? AND words = ?",
            [day.toordinal(), words],
        )
        if again.rowcount or self._is_full(day):
            return
        self._engine.execute(
            "INSERT INTO missed (day, words, count) VALUES (?, ?, 1) "
            "ON CONFLICT (day, words) DO UPDATE SET count = missed.count + 1",
            [day.toordinal(), words],
        )
        self._engine.execute("DELETE FROM missed WHERE day < ?", [(day - KEPT).toordinal()])

    def _is_full(self, day: date) -> bool:
        row = self._engine.one("SELECT count(*) FROM missed WHERE day = ?", [day.toordinal()])
        return row is not None and row[0] >= MOST_A_DAY

    def most(self, first: date, last: date, limit: int = 10) -> list[tuple[str, int]]:
        """The most frequent of these days, both included, and how often."""
        found = self._engine.rows(
            "SELECT words, sum(count) AS times FROM missed WHERE day >= ? AND day <= ? "
            "GROUP BY words ORDER BY times DESC, words LIMIT ?",
            [first.toordinal(), last.toordinal(), limit],
        )
        return [(words, int(times)) for words, times in found]
