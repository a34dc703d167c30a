"""What must be true of a desk after a storm, from outside: ledger, letters, JSON and log.

Imports nothing of maild. A sender writes down each mail it sent and what it was told; the
checker holds that against what the desk says it has and what has left it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

Json = Mapping[str, Any]


@dataclass
class Sent:
    """One mail, by the mark that stands in its subject and its text."""

    mark: str
    sender: str
    acknowledged: int = 0  #: how often a door said that it is durable
    silent: bool = False  #: came with an empty envelope sender


@dataclass
class Checker:
    """`faults()` lists every broken promise, in sentences; an empty list is a pass."""

    ledger: list[Sent]
    tickets: list[dict[str, Any]]  #: `list --json`
    show: Callable[[int], Json]  #: `show --json`
    queue: dict[str, Any]
    letters: list[EmailMessage]
    log: str
    kills: int
    carriers: int = 1  #: letters that may be on their way at one instant
    every: int = 1  #: `show` every so-manieth ticket; those that were touched later, always
    _faults: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        self._faults = []
        self._mails()
        self._letters()
        self._machines()
        self._queue()
        if "Traceback" in self.log:
            self._say("a traceback in the log")
        return self._faults

    def _say(self, sentence: str) -> None:
        self._faults.append(sentence)

    # -- what came in ---------------------------------------------------------------------

    def _mails(self) -> None:
        """Every acknowledged mail is one message of one ticket; the others at most that."""
        found: Counter[str] = Counter()
        for number, ticket in enumerate(self.tickets):
            if number % self.every and ticket["updated_at"] == ticket["created_at"]:
                found[_mark(ticket["subject"])] += 1  # it has the mail that opened it
                continue
            for message in self.show(ticket["id"])["messages"]:
                found[_mark(message["text"])] += 1
        for sent in self.ledger:
            times = found.pop(sent.mark, 0)
            if sent.acknowledged and times == 0:
                self._say(f"{sent.mark} was acknowledged and is lost")
            if times > 1:
                self._say(f"{sent.mark} stands there {times} times")
        for mark, times in found.items():
            self._say(f"{times} messages nobody sent: {mark!r}")

    # -- what went out --------------------------------------------------------------------

    def _letters(self) -> None:
        """One letter a type, ticket and reader; copies of it bear the same Message-ID."""
        copies = Counter(str(letter["Message-ID"]) for letter in self.letters)
        extra = sum(copies.values()) - len(copies)
        if extra > self.kills * self.carriers:
            self._say(f"{extra} extra copies after {self.kills} kills")
        for id, count in copies.items():
            if count - 1 > self.kills:
                self._say(f"{count} copies of {id}")
        ids: dict[tuple[str, str, str], set[str]] = {}
        for letter in self.letters:
            key = (
                str(letter["X-Maild-Type"]),
                str(letter["X-Maild-Ticket"]),
                str(letter["To"]),
            )
            ids.setdefault(key, set()).add(str(letter["Message-ID"]))
        for key, several in ids.items():
            if len(several) > 1:
                self._say(f"{len(several)} different letters {key}")
        self._told(Counter(kind for kind, _, _ in ids))

    def _told(self, kinds: Mapping[str, int]) -> None:
        """A notice for each ticket, an acknowledgement for each that may have one."""
        if kinds.get("agent-new", 0) != len(self.tickets):
            self._say(f"{kinds.get('agent-new', 0)} notices of {len(self.tickets)} tickets")
        silent = {sent.mark for sent in self.ledger if sent.silent}
        polite = [ticket for ticket in self.tickets if _mark(ticket["subject"]) not in silent]
        if kinds.get("acknowledgement", 0) != len(polite):
            count = kinds.get("acknowledgement", 0)
            self._say(f"{count} acknowledgements of {len(polite)} tickets")

    def _machines(self) -> None:
        """Nothing automatic goes to one who sent with an empty envelope."""
        silent = {sent.sender for sent in self.ledger if sent.silent}
        for letter in self.letters:
            if letter["Auto-Submitted"] and silent & set(_words(str(letter["To"]))):
                self._say(f"{letter['X-Maild-Type']} to {letter['To']}, a null sender")

    def _queue(self) -> None:
        for end, states in ((name, self.queue[name]) for name in ("intake", "outgoing")):
            for state, count in states.items():
                if count:
                    self._say(f"{count} {state} in {end}")


def _mark(text: str) -> str:
    """The first word that looks like a mark."""
    return next((word for word in _words(text) if word.startswith("mark-")), text[:40])


def _words(text: str) -> Iterable[str]:
    return text.replace("<", " ").replace(">", " ").split()
