"""What the store knows of ids and addresses that a mail brings along."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReferenceHit:
    """One known Message-ID, and where it leads."""

    msgid: str
    ticket: int  #: 0 for letters about no ticket
    address: str  #: whom we sent it to; "" for an id that came in
    type: str  #: the letter's type; "" for an id that came in
    letter: int | None = None

    @property
    def ours(self) -> bool:
        return bool(self.address)


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """What is known of a correspondent."""

    proven: bool = False
    muted_until: datetime | None = None
    language: str | None = None
