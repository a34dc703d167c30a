"""The nouns of routing: what a rule may look at, what it says, and why.

All of them are plain values. `Facts` go in, a `Decision` comes out; who fills in the facts
and who acts on the decision is the desk's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from maild.model.ticket import Priority
from maild.rules.trace import TraceLine

#: When a rule is asked: for a mail that opens a ticket, or for one that joins a ticket.
OCCASIONS = ("new", "reply")

#: The longest book of which every rule's line is kept with every mail.
FULL_TRACE = 100


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One `[[rule]]` of the config, as it was written (checked by `check_rule`)."""

    name: str
    on: tuple[str, ...] = ("new",)
    when: dict[str, Any] = field(default_factory=dict)
    then: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules may know of one mail, and of its ticket before they run."""

    subject: str = ""
    body: str = ""
    from_: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    department: str = ""
    priority: Priority = Priority.NORMAL
    level: int = 1
    channel: str = "email"
    language: str = "es"
    category: str | None = None
    tags: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()  #: file names
    size: int = 0  #: bytes of the whole mail
    automatic: bool = False  #: a machine wrote it
    in_hours: bool = True  #: it came within the department's working hours


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules want done.

    Department, priority, level and category are where the ticket stands after the rules;
    of the rest, None or () means that no rule said anything.
    """

    department: str
    priority: Priority
    level: int = 1
    assignee: str | None = None
    tags: tuple[str, ...] = ()  #: those to be added
    category: str | None = None
    status: str | None = None
    reply: str | None = None  #: the saved answer to send
    notify: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    dropped: str | None = None  #: the reason; such a mail opens nothing
    tags_by_rule: tuple[tuple[str, tuple[str, ...]], ...] = ()  #: (rule, tags it added)
    matched: tuple[str, ...] = ()  #: names of rules, in order
    by: Mapping[str, str] = field(default_factory=dict)  #: field -> rule that set it last
    lines: tuple[TraceLine, ...] = ()  #: of the rules that matched
    book: str = ""  #: digest of the rule book
    asked: int = 0  #: how many rules it has
    on: str = field(default="new", compare=False)  #: the occasion
    facts: Facts | None = field(default=None, repr=False, compare=False)  #: what they saw
    _trace: Callable[[], tuple[TraceLine, ...]] = field(
        default=tuple, repr=False, compare=False
    )

    @property
    def trace(self) -> tuple[TraceLine, ...]:
        """A line for every rule of the book, worked out when somebody asks."""
        return self._trace()

    def outcome(self) -> dict[str, Any]:
        """What would be done, without the why: for comparing and for JSON."""
        return {
            "department": self.department,
            "priority": str(self.priority),
            "level": self.level,
            "assignee": self.assignee,
            "tags": list(self.tags),
            "category": self.category,
            "status": self.status,
            "reply": self.reply,
            "notify": list(self.notify),
            "cc": list(self.cc),
            "dropped": self.dropped,
        }

    def record(self) -> dict[str, Any]:
        """The decision with its reasons, bounded in size, to be kept with the mail.

        While the book is short `trace` holds every rule's line; of a long book only those of
        the rules that matched. The rest can be worked out again from the mail and the book
        that `book` names. `TraceLine.from_json` reads a line.
        """
        lines = self.trace if self.asked <= FULL_TRACE else self.lines
        return self.outcome() | {
            "matched": list(self.matched),
            "book": self.book,
            "trace": [line.as_record() for line in lines],
            "left_out": self.asked - len(lines),
        }

    def as_json(self) -> dict[str, Any]:
        """The form of `rules test --json` (CONTRACT section 1), every rule's line included."""
        lines = [line.as_json() for line in self.trace]
        return self.outcome() | {"matched": list(self.matched), "trace": lines}
