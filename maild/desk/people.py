"""Who reads a ticket: whom a mail brings along, and whom it does not (CONTRACT section 3)."""

from dataclasses import dataclass

from maild.desk.case import Case
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster


@dataclass(frozen=True, slots=True)
class Company:
    """The others named in a mail: those who become readers, those only offered to the agent."""

    readers: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


def company_of(reading: Reading, practice: Practice, roster: Roster) -> Company:
    """Others become readers where the sender is proven, or where they share his domain and
    that domain is his firm's own, not a public provider's."""
    named = [a.email for a in (*reading.mail.to, *reading.mail.cc)]
    others = [email for email in dict.fromkeys(e.casefold() for e in named)
              if _outsider(email, reading, roster)][: practice.max_participants]  # fmt: skip
    if reading.proven:
        return Company(readers=tuple(others))
    domain = reading.sender.domain
    own = domain not in practice.public_domains and bool(domain)
    readers = tuple(e for e in others if own and e.rpartition("@")[2] == domain)
    return Company(readers, tuple(e for e in others if e not in readers))


def admit(case: Case, company: Company, actor: str, *, most: int) -> tuple[str, ...]:
    """Make readers of them while there is room; who is left for the agent to name."""
    fresh = [email for email in company.readers if not case.ticket.takes_part(email)]
    room = max(0, most - len(case.ticket.cc))
    case.change_readers(actor, add=fresh[:room])
    return (*fresh[room:], *company.offered)


def _outsider(email: str, reading: Reading, roster: Roster) -> bool:
    return (
        email != reading.sender.key
        and "@" in email
        and not roster.is_own(email)
        and not roster.member(email).works
    )
