"""What letters are told: plain values, one small class for each kind of letter.

A template sees the fields of its class by name, beside `desk`, `words`, `now` and, in
letters to agents, `actions`. States, priorities and channels stand here as the model names
them; their words in each language are the templates' business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import quote

from maild.model.letter import LetterType, Picture
from maild.notify.wording import one_line


@dataclass(frozen=True, slots=True)
class Desk:
    """Who writes: the same for all letters."""

    name: str  #: "Soporte ACME"
    tag: str  #: "ACME"
    address: str
    timezone: tzinfo
    portal_url: str = ""  #: "" where there are no pages
    color: str = "#0072B2"
    logo: Picture | None = None  #: shown above letters to customers


@dataclass(frozen=True, slots=True)
class Person:
    name: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name, 80))

    @property
    def shown(self) -> str:
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Deadline:
    """A running clock: when it runs out, and how long that is from now."""

    clock: str  #: a `ticket.Clock`
    at: datetime
    left: timedelta  #: negative once it is over
    day: timedelta | None = None  #: length of a working day, where `left` is working time


@dataclass(frozen=True, slots=True)
class TicketFacts:
    number: int
    subject: str
    requester: Person
    department: str  #: its name
    status: str = "new"
    priority: str = "normal"
    level: str = ""  #: its name
    channel: str = "email"
    assignee: str = ""  #: the agent's name; "" when it is nobody's
    link: str = ""  #: the reader's own page of this ticket; "" without a portal
    due: tuple[Deadline, ...] = ()
    tags: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()  #: addresses in copy; shown to agents only
    links: tuple[int, ...] = ()  #: other tickets it belongs with; shown to agents only
    copied: bool = False  #: whoever reads this is in copy, and may leave

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", one_line(self.subject))


@dataclass(frozen=True, slots=True)
class Attached:
    """A file by name and size (bytes); `href` where it is fetched instead of sent along."""

    name: str
    size: int
    href: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name, 120))


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """Something that was written."""

    who: Person
    at: datetime
    text: str  #: what is new in it
    kind: str = "customer"  #: a `ticket.MessageKind`
    files: tuple[Attached, ...] = ()
    role: str = ""  #: whose it is: its kind, or "reader" or "stranger" beside the requester


@dataclass(frozen=True, slots=True)
class Link:
    """A title and where it leads: an article, a step of the survey's scale."""

    title: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One click of an agent: the name of a command, and the mail it prepares."""

    name: str  #: take | resolve | pending | escalate | note
    href: str  #: mailto:


# -- what each letter needs --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`acknowledgement`. `plain`: its sender proved nothing, so nothing of him is repeated."""

    ticket: TicketFacts
    plain: bool = False
    also: tuple[int, ...] = ()  #: numbers of his other requests not acknowledged yet
    suggestions: tuple[Link, ...] = ()
    answer_by: datetime | None = None  #: when the first answer is due
    hours: str = ""  #: opening hours in words: "lunes a viernes, de 9:00 a 18:00"


@dataclass(frozen=True, slots=True)
class Notice:
    """`agent-new`, `agent-message`, `assigned`, `escalation`, `returned`, and `sla-warning`,
    `sla-breach` (both need `deadline`)."""

    ticket: TicketFacts
    message: MessageFacts  #: the one it is about; else the customer's last
    previous: tuple[MessageFacts, ...] = ()  #: newest first; two at most are shown
    remarks: tuple[str, ...] = ()  #: sentences that the agent must read first
    offered: tuple[str, ...] = ()  #: addresses that `#cc` would make readers
    by: str = ""  #: who assigned, escalated, gave back; "" for the desk itself
    reason: str = ""  #: what he said to it; internal
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`reply`: a person's words to the requester and the readers."""

    ticket: TicketFacts
    message: MessageFacts
    signature: tuple[str, ...] = ()  #: lines: the agent's name, the department's
    last: MessageFacts | None = None  #: what is answered, to be quoted; never a stranger's


@dataclass(frozen=True, slots=True)
class Resolution:
    """`resolved`, `survey`, `survey-reminder`. `scale` holds one link a score, 1 first."""

    ticket: TicketFacts
    message: MessageFacts | None = None  #: the agent's words, if the solution came with any
    signature: tuple[str, ...] = ()
    last: MessageFacts | None = None
    scale: tuple[Link, ...] = ()  #: empty: no survey; without href: answered by mail
    reopen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """`reopened`, `closed`, `pending-reminder` (`until`: when it is closed for want of an
    answer; `message`: what was asked)."""

    ticket: TicketFacts
    until: datetime | None = None
    message: MessageFacts | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`confirm`: a mail in an agent's name waits for his word."""

    text: str  #: the mail as it came
    subject: str
    until: datetime
    ticket: TicketFacts | None = None
    commands: tuple[str, ...] = ()  #: what it would do, a line each


@dataclass(frozen=True, slots=True)
class CommandFault:
    """`command-error`: nothing was done; the mail goes back whole."""

    reason: str
    text: str
    line: str = ""  #: the line at fault
    nearest: str = ""  #: "#prioridad"
    ticket: TicketFacts | None = None


@dataclass(frozen=True, slots=True)
class Information:
    """`answer`, `admin`: a title and what there is to say."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()  #: names of the table's columns
    rows: tuple[tuple[str, ...], ...] = ()
    pre: str = ""  #: text whose columns must stand
    links: tuple[Link, ...] = ()
    ticket: TicketFacts | None = None
    internal: bool = True  #: False: to a customer


@dataclass(frozen=True, slots=True)
class SignIn:
    """`link`: opens the pages once."""

    href: str
    valid: timedelta
    dashboard: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """`delivery-failed`: a letter that did not arrive."""

    ticket: TicketFacts
    address: str
    reason: str
    text: str = ""  #: the letter's
    muted_until: datetime | None = None  #: until then it gets no automatic letters


@dataclass(frozen=True, slots=True)
class LowRating:
    """`low-rating`."""

    ticket: TicketFacts
    score: int
    scale: int
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DigestLine:
    ticket: TicketFacts
    deadline: Deadline | None = None
    link: str = ""  #: mailto or page


@dataclass(frozen=True, slots=True)
class Digest:
    """`digest`: an agent's morning. Lines in order of urgency."""

    who: Person
    overdue: tuple[DigestLine, ...] = ()
    today: tuple[DigestLine, ...] = ()
    waiting: tuple[DigestLine, ...] = ()  #: the rest that is his and open


Facts = (
    Acknowledgement
    | Notice
    | Answer
    | Resolution
    | Change
    | Confirmation
    | CommandFault
    | Information
    | SignIn
    | Failure
    | LowRating
    | Digest
)

#: The facts of each letter. `report` is written by `reports.letter`.
NEEDS: dict[LetterType, type[Facts]] = {
    LetterType.ACKNOWLEDGEMENT: Acknowledgement,
    LetterType.REPLY: Answer,
    LetterType.RESOLVED: Resolution,
    LetterType.SURVEY: Resolution,
    LetterType.SURVEY_REMINDER: Resolution,
    LetterType.PENDING_REMINDER: Change,
    LetterType.REOPENED: Change,
    LetterType.CLOSED: Change,
    LetterType.AGENT_NEW: Notice,
    LetterType.AGENT_MESSAGE: Notice,
    LetterType.ASSIGNED: Notice,
    LetterType.ESCALATION: Notice,
    LetterType.RETURNED: Notice,
    LetterType.SLA_WARNING: Notice,
    LetterType.SLA_BREACH: Notice,
    LetterType.DIGEST: Digest,
    LetterType.ANSWER: Information,
    LetterType.COMMAND_ERROR: CommandFault,
    LetterType.CONFIRM: Confirmation,
    LetterType.LINK: SignIn,
    LetterType.DELIVERY_FAILED: Failure,
    LetterType.LOW_RATING: LowRating,
    LetterType.ADMIN: Information,
}


def mailto(address: str, subject: str, body: str) -> str:
    """A `mailto:` link (RFC 6068): breaks as %0D%0A, blanks as %20, the rest in UTF-8."""
    lines = "\r\n".join(body.splitlines()) + ("\r\n" if body.endswith("\n") else "")
    fields = (("subject", one_line(subject)), ("body", lines))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields)
    return f"mailto:{quote(address, safe='@+')}?{query}"


def commands(address: str, subject: str, said: Sequence[tuple[str, str]]) -> tuple[Action, ...]:
    """Links that send an agent's commands; `said` holds (name, body) of each."""
    return tuple(Action(name, mailto(address, subject, body)) for name, body in said)
