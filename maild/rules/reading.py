"""One mail while the rules look at it: read once for all of them, and what they decided so far.

Conditions look at a `Reading`, actions write to its `Draft`, so that later rules see what
earlier ones set. Both live only as long as one decision takes.
"""

from dataclasses import dataclass, field
from functools import cached_property

from maild.model.ticket import Priority
from maild.rules import folding
from maild.rules.facts import Facts
from maild.rules.keywords import Hit, KeywordIndex, Parts

#: Characters of a subject and a body that rules look at; a mail's request stands above.
MAX_SUBJECT = 2_000
MAX_BODY = 100_000


@dataclass(slots=True)
class Draft:
    """What has been decided so far. Begins as the ticket stands before the rules."""

    department: str
    priority: Priority
    level: int
    category: str | None
    known_tags: tuple[str, ...]
    tags: list[str] = field(default_factory=list)  #: to be added
    assignee: str | None = None
    status: str | None = None
    reply: str | None = None
    notify: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    dropped: str | None = None
    stopped: bool = False

    @classmethod
    def of(cls, facts: Facts) -> "Draft":
        return cls(facts.department, facts.priority, facts.level, facts.category, facts.tags)

    def all_tags(self) -> list[str]:
        return [*self.known_tags, *self.tags]


class Passage:
    """A subject or a body: its words, and which keywords of all rules stand in it."""

    def __init__(self, place: str, text: str, *, index: KeywordIndex) -> None:
        self.place = place  #: "subject" or "body"
        self.text = text
        self.words = folding.split(text)
        self.hits: dict[Parts, Hit] = index.scan(self.words)

    @cached_property
    def folded(self) -> bytes:
        """What regular expressions look at."""
        return folding.fold(self.text).encode("utf-8", "replace")

    def quote(self, hit: Hit) -> str:
        """The words of a hit, as they were written."""
        return " ".join(self.words[hit.start : hit.start + hit.length])


class Reading:
    """Facts with their text read, and the draft of the decision."""

    def __init__(self, facts: Facts, index: KeywordIndex) -> None:
        self.facts = facts
        self.draft = Draft.of(facts)
        self.subject = Passage("subject", facts.subject[:MAX_SUBJECT], index=index)
        self.body = Passage("body", facts.body[:MAX_BODY], index=index)

    def restart(self) -> "Reading":
        """The same mail with nothing decided; its text is not read again."""
        twin = object.__new__(Reading)
        twin.__dict__.update(self.__dict__)
        twin.draft = Draft.of(self.facts)
        return twin
