"""How this desk works: the settings that decisions depend on, as plain values.

Built once by `app` from the config; a reload replaces it whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from maild.desk.surveys import Surveys
from maild.ingest.trust import AuthResults
from maild.model.mail import Proof


class Mode(StrEnum):
    LIVE = "live"
    PILOT = "pilot"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many in so long."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Practice:
    """What `[desk]`, `[lifecycle]`, `[limits]` and `[security]` say."""

    name: str
    tag: str
    address: str
    timezone: ZoneInfo
    language: str = "es"
    reply_pattern: str = "{local}+{token}@{domain}"  #: "" puts the token in the subject
    envelope_pattern: str = "{local}+{token}@{domain}"  #: "" is the From address
    mode: Mode = Mode.LIVE
    pilot_for: tuple[str, ...] = ()
    reopen_window: timedelta = timedelta(days=14)
    closed_letter: bool = False
    agent_proof: frozenset[Proof] = frozenset({Proof.TOKEN, Proof.REFERENCE, Proof.DMARC})
    results: AuthResults = field(default_factory=AuthResults)
    public_domains: frozenset[str] = frozenset()
    acknowledgements: Allowance = field(default=Allowance(1, timedelta(days=1)))
    answers: Allowance = field(default=Allowance(10, timedelta(hours=1)))
    surveys: Surveys = field(default_factory=Surveys)
    max_participants: int = 50
    relayed_bytes: int = 15_000_000
    confirm_days: int = 7
    channels: frozenset[str] = frozenset({"email", "web", "phone", "chat", "api", "agent"})
    in_hours: Callable[[str, datetime], bool] = field(default=lambda department, at: True)

    def leaves(self, requester: str | None) -> bool:
        """Whether letters of this requester's tickets go out, or are kept."""
        if self.mode is Mode.PILOT and requester is not None:
            return any(fnmatchcase(requester.casefold(), g.casefold()) for g in self.pilot_for)
        return self.mode is Mode.LIVE
