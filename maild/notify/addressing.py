"""From whom a letter comes, where its answer goes, and by what ids it will be known again."""

from collections.abc import Callable
from dataclasses import dataclass

from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.links import Signer, personal_reference
from maild.model.mail import Address
from maild.model.people import Department
from maild.model.ticket import Ticket
from maild.notify.letters import Post

MAX_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class Addressing:
    """The desk's addresses, signed for each correspondent."""

    practice: Practice
    roster: Roster
    signer: Signer
    new_id: Callable[[int | None, str], str]  #: (ticket, domain) -> Message-ID

    def department(self, ticket: Ticket | None) -> Department:
        found = self.roster.departments.get(ticket.department) if ticket else None
        return found or self.roster.default

    def post(
        self,
        recipient: str,
        *,
        ticket: Ticket | None,
        sender_name: str,
        to: tuple[Address, ...] = (),
        cc: tuple[Address, ...] = (),
        in_reply_to: str | None = None,
        references: tuple[str, ...] = (),
        thread: bool = False,
        purpose: str = "reply",
        number: int | None = None,
    ) -> Post:
        """A letter's place in the world.

        `thread`: it belongs to the reader's own thread of this ticket (notices), not to the
        customer's. `purpose` and `number` make another signed answer address than the
        ticket's.
        """
        address = self.department(ticket).address
        domain = address.rpartition("@")[2]
        signed = number if number is not None else (ticket.id if ticket else 0)
        token = self.signer.token(signed, recipient, purpose=purpose)
        own = personal_reference(self.signer, signed, recipient, domain)
        before = () if thread else references[-MAX_REFERENCES:]
        return Post(
            sender=Address(sender_name, address),
            recipient=recipient,
            to=to,
            cc=cc,
            reply_to=self._answer_to(address, token),
            message_id=self.new_id(ticket.id if ticket else None, domain),
            in_reply_to=own if thread else in_reply_to,
            references=tuple(dict.fromkeys((own, *before))),
            subject_token="" if self.practice.reply_pattern else f"[~{token}]",
        )

    def _answer_to(self, address: str, token: str) -> Address:
        local, _, domain = address.rpartition("@")
        pattern = self.practice.reply_pattern
        if not pattern:
            return Address("", address)
        return Address("", pattern.format(local=local, token=token, domain=domain))
