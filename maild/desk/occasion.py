"""The occasion of a decision: what those who write the letters must know about it."""

from dataclasses import dataclass
from enum import StrEnum

from maild.model.mail import Address, Proof
from maild.model.ticket import Message


class Courtesy(StrEnum):
    """What the requester may be told at once."""

    FULL = "full"
    PLAIN = "plain"  #: an address without proof: nothing its sender wrote is repeated
    NONE = "none"  #: nothing goes there


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why letters are written now."""

    cause: str  #: unique; with type and recipient it makes a letter unique
    message: Message | None = None  #: the message that started it
    courtesy: Courtesy = Courtesy.FULL
    proof: Proof = Proof.NONE
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()  #: addresses the agent may make readers
    stranger: bool = False  #: the message is of somebody who takes no part
    also_received: tuple[int, ...] = ()  #: tickets of this requester not yet acknowledged
    by_agent: str | None = None  #: the agent whose mail this is
    text: str = ""  #: what the agent says to the customer
    quiet_types: frozenset[str] = frozenset()  #: letters another one stands for
    encrypted: bool = False
    remarks: tuple[str, ...] = ()  #: sentences for the agents' notice, by key
    also: tuple[Address, ...] = ()  #: whom a rule tells besides the ticket's own people
    silent: bool = False  #: a mail older than the desk: nobody hears of it
