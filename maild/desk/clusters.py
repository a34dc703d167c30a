"""Alert storms: the first mail opens a ticket, its near-likes are counted there.

A storm lasts while one mail follows another within its window; once its ticket is solved the
next mail opens a new one. What is alike is `rules.cluster`'s business.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from maild.desk.case import SYSTEM, Case, make_message
from maild.desk.casebook import Casebook
from maild.desk.reading import Reading
from maild.model.ticket import Message, MessageKind, Status, Ticket
from maild.rules import ClusterSpec, fingerprint

#: occurrences kept as messages of the ticket; those beyond are only counted (and their raw
#: mail kept)
KEPT = 500


@dataclass(frozen=True, slots=True)
class Storm:
    """How one storm stands. `count` includes the mail that opened the ticket."""

    ticket: int
    first: datetime
    latest: datetime
    count: int


class Sky(Protocol):
    """Where storms are remembered (`store.storms`)."""

    def find(self, key: str, now: datetime) -> Storm | None: ...

    def note(self, key: str, storm: Storm) -> None: ...


class Clear:
    """A sky without storms, for desks that gather none."""

    def find(self, key: str, now: datetime) -> Storm | None:
        return None

    def note(self, key: str, storm: Storm) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Front:
    """A mail that may belong to a storm."""

    key: str  #: names its likes: cluster and fingerprint
    storm: Storm | None  #: the one that rages now, if it does
    ticket: Ticket | None


@dataclass(frozen=True, slots=True)
class Clusters:
    """The desk's conduct in storms."""

    specs: Sequence[ClusterSpec]
    sky: Sky
    cases: Casebook

    def look(self, reading: Reading) -> Front | None:
        """Where this new mail stands; None where no cluster takes its sender."""
        mail = reading.mail
        spec = next((s for s in self.specs if s.takes(reading.sender.email)), None)
        if spec is None or mail.error is not None or mail.encrypted:
            return None
        key = _key(spec, fingerprint(mail.subject, mail.own_words))
        storm = self.sky.find(key, reading.now)
        if storm is None or reading.now - storm.latest > spec.window:
            return Front(key, None, None)
        ticket = self.cases.standing(storm.ticket)
        over = ticket is None or (ticket.status.done and ticket.status is not Status.SPAM)
        return Front(key, None, None) if over else Front(key, storm, ticket)

    def begin(self, front: Front, case: Case) -> None:
        """Its likes go to this ticket from now on."""
        self.sky.note(front.key, Storm(case.ticket.id, case.now, case.now, 1))

    def join(self, front: Front, reading: Reading) -> tuple[Case | None, Message | None]:
        """One more of the same: counted, kept, and nobody is told. No case once there are
        so many that they are only counted."""
        assert front.storm is not None and front.ticket is not None
        count = front.storm.count + 1
        latest = max(front.storm.latest, reading.now)
        self.sky.note(front.key, replace(front.storm, latest=latest, count=count))
        if count > KEPT:
            return None, None
        case = self.cases.open_case(front.ticket.id, reading.now)
        assert case is not None
        return case, self._keep(case, reading)

    def _keep(self, case: Case, reading: Reading) -> Message:
        """As a machine's word: it changes no status and no clock."""
        message = make_message(
            self.cases.new_message_number(),
            case,
            MessageKind.AUTO,
            sender=reading.sender,
            text=reading.mail.own_words,
            subject=reading.mail.subject,
            message_id=reading.mail.message_id,
            proof=reading.trust.proof,
            public=False,
        )
        return case.add_message(message, SYSTEM)


def _key(spec: ClusterSpec, likeness: str) -> str:
    globs = " ".join(glob.text.casefold() for glob in spec.from_)
    return hashlib.sha256(f"{globs}\n{likeness}".encode("utf-8", "replace")).hexdigest()
