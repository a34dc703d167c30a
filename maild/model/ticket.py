"""Tickets, their messages and their history: the nouns of the desk (CONTRACT section 5)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from maild.model.mail import Address, Proof


class Status(StrEnum):
    NEW = "new"  #: no agent has touched it
    OPEN = "open"  #: waiting for us
    PENDING = "pending"  #: waiting for the customer
    ON_HOLD = "on_hold"  #: waiting for a third party
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    SPAM = "spam"

    @property
    def done(self) -> bool:
        """No more work is expected: resolved, closed, merged or spam."""
        return self in _DONE


_DONE = frozenset({Status.RESOLVED, Status.CLOSED, Status.MERGED, Status.SPAM})


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Clock(StrEnum):
    """The deadlines a ticket can have (kpi.md section 2)."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Due:
    """When each running clock runs out; None where it is stopped, paused or absent."""

    first_response: datetime | None = None
    next_response: datetime | None = None
    resolution: datetime | None = None
    level: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    score: int
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request and where it stands. Times are aware UTC."""

    id: int
    subject: str
    requester: Address
    department: str
    created_at: datetime
    updated_at: datetime
    status: Status = Status.NEW
    priority: Priority = Priority.NORMAL
    level: int = 1
    assignee: str | None = None  #: the agent's name in the config (`[agent.ana]` -> "ana")
    cc: tuple[str, ...] = ()  #: readers besides the requester
    channel: str = "email"
    language: str = "es"
    tags: tuple[str, ...] = ()
    category: str | None = None
    external_id: str | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    merged_into: int | None = None
    links: tuple[int, ...] = ()
    due: Due = Due()
    rating: Rating | None = None
    imported_at: datetime | None = None  #: its history came from elsewhere; what was due
    #: before that is nobody's news

    def takes_part(self, email: str) -> bool:
        """Is this address the requester or a reader of the ticket?"""
        key = email.casefold()
        return key == self.requester.key or key in (c.casefold() for c in self.cc)


class MessageKind(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    NOTE = "note"
    AUTO = "auto"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An attachment by what is known of it; its bytes live in the store under `sha256`."""

    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a ticket. `public` ones may be read by all who take part."""

    id: int
    ticket: int
    kind: MessageKind
    sender: Address
    at: datetime
    text: str  #: what is new in it
    subject: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    quoted: str = ""  #: what was folded away
    html: str | None = None  #: cleaned
    message_id: str | None = None
    proof: Proof = Proof.NONE
    public: bool = True
    attachments: tuple[Enclosure, ...] = ()


class EventKind(StrEnum):
    """What can happen to a ticket; `detail` of each as CONTRACT section 5 says."""

    CREATED = "created"
    MESSAGE = "message"
    DEPARTMENT = "department"
    ASSIGNED = "assigned"
    PRIORITY = "priority"
    LEVEL = "level"
    STATUS = "status"
    TAGS = "tags"
    CC = "cc"
    SLA_WARNING = "sla_warning"
    SLA_BREACH = "sla_breach"
    REMINDED = "reminded"  #: the customer, that an answer is awaited: {until}
    SURVEY_SENT = "survey_sent"
    RATED = "rated"
    MERGED = "merged"
    LINKED = "linked"
    SUGGESTED = "suggested"
    DELIVERY_FAILED = "delivery_failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a ticket's history. Events alone are enough to recompute every figure."""

    ticket: int
    at: datetime
    kind: EventKind
    actor: str  #: customer:ADDR | agent:NAME | rule:NAME | system
    detail: dict[str, Any] = field(default_factory=dict)
    id: int = 0  #: given by the store; rises within a ticket
