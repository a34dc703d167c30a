"""What became of a message: the one line that accounts for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.rules import Decision


@dataclass(frozen=True, slots=True)
class Outcome:
    """`maild verify` finds every message ever taken in under exactly one of these."""

    state: str  #: done | held | failed
    outcome: str | None = None  #: ticket reply command question automatic bounce dropped stub …
    ticket: int | None = None
    message: int | None = None
    message_id: str | None = None  #: the mail's own
    error: str | None = None
    until: datetime | None = None  #: held: when it expires
    why: dict[str, Any] | None = None  #: the decision record, for `maild why`
    decision: Decision | None = None  #: what the rules said, where they were asked
