"""Which ticket a mail belongs to, by the order of CONTRACT section 3."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from maild.model.ticket import Ticket
from maild.threading.clues import Clues, bare_subject

SILENCE = timedelta(days=14)


class By(StrEnum):
    """The evidence that led to the ticket."""

    TOKEN = "token"
    REFERENCE = "reference"
    TAG = "tag"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket a mail belongs to, or that it opens one, and why."""

    ticket: Ticket | None = None
    by: By = By.NOTHING
    link: int | None = None  #: a new ticket is linked to this one
    evidence: tuple[str, ...] = ()  #: one sentence a step, for `maild why`


def match(
    clues: Clues,
    *,
    subject: str,
    tag: str,
    sender: str,
    staff: bool,
    now: datetime,
    standing: Callable[[int], Ticket | None],
) -> Match:
    """`standing` gives the ticket a number leads to today (merged ones followed).

    `staff`: the sender's address is an agent's, supervisor's or admin's; what he may do is
    decided elsewhere.
    """
    said: list[str] = []
    if found := _by_token(clues, subject, tag, now, standing, said):
        return found
    if found := _by_reference(clues, standing, said):
        return found
    return _by_tag(clues, sender, staff, standing, said)


def _by_token(
    clues: Clues,
    subject: str,
    tag: str,
    now: datetime,
    standing: Callable[[int], Ticket | None],
    said: list[str],
) -> Match | None:
    for token in clues.tokens:
        if token.purpose != "reply" or not (ticket := standing(token.number)):
            continue
        if _only_remembers_address(clues, ticket, subject, tag, now):
            said.append(
                f"sent to the signed address of ticket {ticket.id}, but about something else "
                "and long after: a new ticket"
            )
            return Match(None, By.NOTHING, ticket.id, tuple(said))
        said.append(f"sent to the signed address of ticket {token.number}")
        return Match(ticket, By.TOKEN, None, tuple(said))
    return None


def _only_remembers_address(
    clues: Clues, ticket: Ticket, subject: str, tag: str, now: datetime
) -> bool:
    """Mail clients remember addresses: a signed one can open a quite different matter."""
    if clues.answers_something or clues.tags:
        return False
    if bare_subject(subject, tag).casefold() == bare_subject(ticket.subject, tag).casefold():
        return False
    return ticket.status.done or now - ticket.updated_at > SILENCE


def _by_reference(
    clues: Clues, standing: Callable[[int], Ticket | None], said: list[str]
) -> Match | None:
    named = [(hit.ticket, f"answers {hit.msgid}") for hit in clues.references]
    named += [(signed.number, "carries an id of ours") for signed in clues.personal]
    for number, what in reversed(named):
        if number and (ticket := standing(number)):
            said.append(f"{what}, of ticket {number}")
            return Match(ticket, By.REFERENCE, None, tuple(said))
    return None


def _by_tag(
    clues: Clues,
    sender: str,
    staff: bool,
    standing: Callable[[int], Ticket | None],
    said: list[str],
) -> Match:
    for number in clues.tags:
        ticket = standing(number)
        if ticket is None:
            said.append(f"tag #{number}: there is no such ticket")
        elif staff or ticket.takes_part(sender):
            said.append(f"tag #{number}, and the sender takes part")
            return Match(ticket, By.TAG, None, tuple(said))
        else:
            said.append(f"tag #{number}, but the sender takes no part in it: linked only")
            return Match(None, By.NOTHING, ticket.id, tuple(said))
    said.append("nothing names a ticket")
    return Match(None, By.NOTHING, None, tuple(said))
