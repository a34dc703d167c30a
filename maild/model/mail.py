"""A message as maild understood it, and what a first look says of it.

Everything here is plain, clean text: no field holds CR, LF (bodies aside), NUL, a lone
surrogate or a bidirectional control. How raw bytes become a `Mail` is `ingest.parse`'s
business; the nouns here only name the result.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: `Ana Ruiz <ana@acme.test>`. `email` is kept as it was written."""

    name: str
    email: str

    @property
    def key(self) -> str:
        """The form in which addresses are compared: case does not count."""
        return self.email.casefold()

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Attachment:
    """One leaf of the MIME tree that is not the text of the mail, whole."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str | None = None

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


class Automatic(StrEnum):
    """Why a mail is not (only) a person speaking (CONTRACT section 3)."""

    BOUNCE = "bounce"  #: a delivery report
    AUTO_REPLY = "auto-reply"  #: out of office and the like
    REACTION = "reaction"  #: a thumbs-up, a read receipt, a recall
    NO_ANSWER = "no-answer"  #: a robot's request: a ticket, but nothing is sent back
    OWN = "own"  #: maild's own letter coming back


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a bounce says (RFC 3464, or what could be read from its text)."""

    recipient: str  #: the address that failed; "" when the report names none
    status: str  #: enhanced status code such as "5.1.1"; "" when unknown
    action: str  #: failed | delayed | delivered | relayed | expanded
    reason: str  #: one line for people
    message_ids: tuple[str, ...] = ()  #: ids of the returned original, ours among them
    passes: bool = False  #: a full mailbox, or the letter itself: the next may well arrive

    @property
    def failed(self) -> bool:
        """The letter will not arrive, were it because nothing answered for five days."""
        return self.action == "failed"

    @property
    def permanent(self) -> bool:
        """It is the address that fails, and the next letter would too."""
        return self.failed and not self.passes and not self.status.startswith("4.")


@dataclass(frozen=True, slots=True)
class Screening:
    """The verdict of `ingest.screen`: what kind of mail this is, and the sign that says so."""

    automatic: Automatic | None = None
    because: str = ""  #: the header or words that decided, for `maild why`
    report: DeliveryReport | None = None


@dataclass(frozen=True, slots=True)
class Signing:
    """What we found of a mail's DKIM signatures (`ingest.dkim`)."""

    domain: str  #: whose signature holds and speaks for the From; "" where none does
    because: str  #: the signature, or why none holds, for `maild why`


@dataclass(frozen=True, slots=True)
class Mail:
    """A raw message, read. Never an exception: `error` says why it would become a stub."""

    subject: str = ""
    from_: Address | None = None
    unreachable: Address | None = None  #: without `from_`: whom From names, by no address
    senders: tuple[Address, ...] = ()  #: every address of every From field
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: datetime | None = None  #: aware, UTC
    message_id: str | None = None  #: with angle brackets
    references: tuple[str, ...] = ()  #: oldest first, In-Reply-To last
    text: str = ""  #: all that was written, quotes included
    html: str | None = None  #: as sent, decoded; not cleaned
    shown_html: str | None = None  #: the same made harmless (`ingest.reader`)
    reply: str = ""  #: what is new in it
    quoted: str = ""  #: what was folded away: reply + quoted hold every word of text
    inline_answers: bool = False  #: written between the quoted lines
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  #: top level, in order, decoded and clean
    encrypted: bool = False  #: PGP or S/MIME that can't be read here
    screening: Screening = Screening()
    signing: Signing | None = None  #: None: its signatures were not looked at
    error: str | None = None

    @property
    def own_words(self) -> str:
        """What its sender wrote; "" where there is nothing but a quotation (and files)."""
        return self.reply if self.quoted else self.reply or self.text

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next(iter(self.all_headers(name)), None)

    def all_headers(self, name: str) -> list[str]:
        """Every header of that name, topmost first."""
        return list(_by_name(self.headers).get(name.lower(), ()))


@lru_cache(maxsize=4)  # one mail is asked for many headers in a row
def _by_name(headers: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Values by name in lower case, topmost first."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found


class Proof(StrEnum):
    """What shows that a mail's From is true; the strongest that holds (CONTRACT section 3)."""

    TOKEN = "token"  #: its address was signed for this ticket and this sender
    REFERENCE = "reference"  #: it names an unguessable id sent to that very address
    DMARC = "dmarc"  #: the mail server we believe says dmarc=pass
    DKIM = "dkim"  #: its signature holds, as we checked ourselves
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a raw message came from: the door, and what the door was told."""

    source: str  #: "smtp" | "lmtp" | "imap:NAME" | "pipe" | "web" | "api:SOURCE"
    sender: str | None = None  #: MAIL FROM; "" is the null sender, None unknown
    recipients: tuple[str, ...] = ()  #: RCPT TO; empty where the door knows none
    remote: str = ""  #: the client's address, for the log
    department: str | None = None  #: where this door's mail goes if no address says otherwise
    silent: bool = False  #: older than the first start: nothing of it is answered
