"""The seams: what the middle of maild asks of its edges, and no more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from maild.model.letter import Letter
from maild.model.mail import Envelope


class Clock(Protocol):
    """Tells the time; `clock.SystemClock`, or one that a test winds."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class Intake(Protocol):
    """Where doors put raw mail. When it returns, the mail is durable."""

    def take(self, raw: bytes, envelope: Envelope) -> int:
        """Commit one raw message; its intake number.

        A message known already (same content, whatever the door) gets its old number.
        Raises `Temporary` when it could not be made durable: the door says "try again".
        """
        ...

    def take_many(self, mails: Sequence[tuple[bytes, Envelope]]) -> list[int]:
        """The same for several, in one commit: all of them or none."""
        ...


class Courier(Protocol):
    """Carries one letter out."""

    def send(self, letter: Letter, message: bytes) -> None:
        """Hand over; raises `Temporary` (try again) or `Permanent` (never will)."""
        ...


class WorkingTime(Protocol):
    """A calendar of working hours (`sla.hours.Calendar`). All instants are aware UTC."""

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two instants; 0 when end <= start."""
        ...

    def due(self, start: datetime, budget: timedelta) -> datetime:
        """The instant at which `budget` of working time is used up."""
        ...

    def is_open(self, at: datetime) -> bool: ...
