"""The mail inside a forwarded mail: who wrote it, and what the forwarder added."""

from dataclasses import dataclass
from datetime import datetime

from maild.model.mail import Address, Mail


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that somebody passed on."""

    sender: Address
    subject: str
    text: str
    note: str = ""  #: what the forwarder wrote above it
    date: datetime | None = None  #: aware; None when it can't be read


def original(mail: Mail) -> Forwarded | None:
    """The original (first draft)."""
    return None
