"""A grant as it is kept: the access token in use, and what the next one is asked for with.

Neither shows in a repr, so that no log line and no traceback can carry one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: of its life an access token is used; then it is renewed while the old one still works
USED_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Token:
    """All instants are aware UTC."""

    access: str = field(repr=False)
    got: datetime
    expires: datetime
    refresh: str = field(default="", repr=False)  #: "" where the grant needs none
    refresh_expires: datetime | None = None  #: where the provider says so

    def is_fresh(self, now: datetime) -> bool:
        """Whether it need not be renewed yet."""
        return self.got - timedelta(minutes=5) <= now < self.renew_at

    def is_valid(self, now: datetime) -> bool:
        """Whether a server should still take it."""
        return now < self.expires

    @property
    def renew_at(self) -> datetime:
        return self.got + (self.expires - self.got) * USED_SHARE

    def as_json(self) -> dict[str, Any]:
        """What the store keeps."""
        return {
            "access": self.access,
            "refresh": self.refresh,
            "got": self.got.isoformat(),
            "expires": self.expires.isoformat(),
            "refresh_expires": self.refresh_expires and self.refresh_expires.isoformat(),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Token":
        """The token again."""
        ends = kept.get("refresh_expires")
        return cls(
            access=kept["access"],
            refresh=kept["refresh"],
            got=datetime.fromisoformat(kept["got"]),
            expires=datetime.fromisoformat(kept["expires"]),
            refresh_expires=datetime.fromisoformat(ends) if ends else None,
        )
