"""A first reading of a mail: who writes, about which ticket, and what proves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from maild.desk.practice import Practice
from maild.desk.roster import Member, Roster
from maild.ingest.trust import Trust, prove
from maild.links import Signer
from maild.model.known import KnownAddress, ReferenceHit
from maild.model.mail import Address, Envelope, Mail, Proof
from maild.model.ticket import Ticket
from maild.threading import Clues, Match, find_clues, match

NOBODY = Address("", "nobody@invalid")


def is_nobody(email: str) -> bool:
    """Stands for somebody whose address is not known, or no longer: no letter finds him."""
    return email.endswith("@invalid")


def _sender(mail: Mail) -> Address:
    """Who writes; whoever has no address keeps his name, and no letter finds him."""
    if mail.from_ or mail.unreachable is None:
        return mail.from_ or NOBODY
    return Address(mail.unreachable.name or mail.unreachable.email, NOBODY.email)


class Look(Protocol):
    """What a reading asks of the casebook."""

    def references(self, ids: Sequence[str]) -> list[ReferenceHit]: ...

    def standing(self, number: int) -> Ticket | None: ...

    def known_address(self, email: str) -> KnownAddress: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail with all that is known before anything is decided."""

    intake: int
    mail: Mail
    envelope: Envelope
    now: datetime
    sender: Address
    member: Member
    clues: Clues
    match: Match
    trust: Trust
    known: KnownAddress
    confirmed: bool = False  #: a held mail whose sender has confirmed it

    @property
    def proven(self) -> bool:
        return self.trust.proof is not Proof.NONE

    @property
    def cause(self) -> str:
        """What letters written because of this mail name as their cause."""
        return f"intake:{self.intake}"

    def why(self) -> dict[str, Any]:
        """The decision record, as far as it is known now."""
        screening = self.mail.screening
        return {
            "thread": {"by": self.match.by.value, "evidence": list(self.match.evidence)},
            "proof": {"proof": self.trust.proof.value, "because": self.trust.because},
            "sender": {"email": self.sender.email, "role": self.member.role.value},
            "screening": {
                "automatic": screening.automatic.value if screening.automatic else None,
                "because": screening.because,
            },
        }


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads mails for one desk."""

    practice: Practice
    roster: Roster
    signer: Signer
    look: Look

    def read(
        self,
        intake: int,
        mail: Mail,
        envelope: Envelope,
        now: datetime,
        *,
        confirmed: bool = False,
    ) -> Reading:
        sender = _sender(mail)
        member = self.roster.member(sender.email)
        clues = find_clues(
            mail,
            envelope,
            signer=self.signer,
            tag=self.practice.tag,
            look_up=self.look.references,
        )
        return Reading(
            intake,
            mail,
            envelope,
            now,
            sender,
            member,
            clues,
            self._match(clues, mail, sender, member, now),
            self._prove(mail, envelope, clues),
            self.look.known_address(sender.email),
            confirmed,
        )

    def _prove(self, mail: Mail, envelope: Envelope, clues: Clues) -> Trust:
        named = (address.email for address in (*mail.to, *mail.cc))
        sent_here = any(self.roster.is_own(email) for email in named)
        return prove(mail, envelope, clues, self.practice.results, sent_here=sent_here)

    def _match(
        self, clues: Clues, mail: Mail, sender: Address, member: Member, now: datetime
    ) -> Match:
        return match(
            clues,
            subject=mail.subject,
            tag=self.practice.tag,
            sender=sender.email,
            staff=member.works,
            now=now,
            standing=self.look.standing,
        )
