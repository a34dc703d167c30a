"""The one place that asks the time. Everything else is handed a `Clock` or a `now`."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock: aware UTC, whole microseconds."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring waits inside one process."""
        return time.monotonic()
