"""A letter: one mail of ours to one person, complete but not yet in MIME.

`notify.letters` fills it from a template, the outbox keeps it, `notify.mime` turns it into
bytes at the moment it leaves. Its ids are fixed when it is written, so that sending it a
second time after a crash sends the same mail.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from maild.model.mail import Address
from maild.model.ticket import Enclosure


class LetterType(StrEnum):
    """`X-Maild-Type` (CONTRACT section 4)."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    RESOLVED = "resolved"
    SURVEY = "survey"
    SURVEY_REMINDER = "survey-reminder"
    PENDING_REMINDER = "pending-reminder"
    REOPENED = "reopened"
    CLOSED = "closed"
    AGENT_NEW = "agent-new"
    AGENT_MESSAGE = "agent-message"
    ASSIGNED = "assigned"
    ESCALATION = "escalation"
    RETURNED = "returned"
    SLA_WARNING = "sla-warning"
    SLA_BREACH = "sla-breach"
    REPORT = "report"
    DIGEST = "digest"
    ANSWER = "answer"
    COMMAND_ERROR = "command-error"
    CONFIRM = "confirm"
    LINK = "link"
    DELIVERY_FAILED = "delivery-failed"
    LOW_RATING = "low-rating"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that belongs to the letter itself (a chart, the logo), shown by `cid:`."""

    cid: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file made for this letter (a CSV), attached."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one recipient (`recipient`), whatever its To and Cc lines show."""

    type: LetterType
    recipient: str  #: the one address it is sent to (RCPT TO)
    sender: Address  #: From
    to: tuple[Address, ...]  #: the To line
    subject: str
    text: str
    html: str | None = None
    cc: tuple[Address, ...] = ()  #: the Cc line
    reply_to: Address | None = None
    ticket: int | None = None
    message_id: str = ""  #: `<…>`, fixed when the letter is written
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()  #: oldest first; one is the recipient's own secret id
    auto_submitted: str | None = None  #: auto-replied | auto-generated; None: a person's
    list_id: str | None = None  #: on letters to agents and supervisors
    envelope: str = ""  #: MAIL FROM; "" is the null sender
    headers: tuple[tuple[str, str], ...] = ()  #: further ones
    enclosures: tuple[Enclosure, ...] = ()  #: attachments relayed; bytes in the store
    pictures: tuple[Picture, ...] = ()
    files: tuple[File, ...] = ()
    language: str = "es"
    draft: dict[str, Any] | None = None  #: facts not yet in words (`notify.drafts`)
