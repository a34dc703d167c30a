"""How the desk tells people: the seam to `notify.notices`, which writes the letters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from maild.desk.case import Case
from maild.desk.occasion import Occasion
from maild.desk.questions import Reply
from maild.desk.reading import Reading
from maild.desk.roster import Member
from maild.model.mail import Address
from maild.model.ticket import Ticket


class Notices(Protocol):
    """Puts letters into cases; none of them leaves before the case is saved."""

    def tell(self, case: Case, occasion: Occasion) -> None:
        """Whoever has to know of the case's new events."""
        ...

    def answer(
        self, case: Case, occasion: Occasion, member: Member, lines: Sequence[str]
    ) -> None:
        """What was done, to the agent whose commands did it."""
        ...

    def command_error(
        self,
        ticket: Ticket | None,
        occasion: Occasion,
        member: Member,
        reasons: Sequence[str],
        text: str,
        *,
        now: datetime,
    ) -> None:
        """Nothing was done, and why; his text comes back."""
        ...

    def inform(
        self,
        recipient: Address,
        reply: Reply,
        occasion: Occasion,
        *,
        now: datetime,
        ticket: Ticket | None = None,
        language: str,
        internal: bool = True,
    ) -> None:
        """The answer to a question."""
        ...

    def tell_house(
        self,
        recipients: Sequence[str],
        title: str,
        text: str,
        occasion: Occasion,
        *,
        now: datetime,
    ) -> None:
        """Words for supervisors or admins."""
        ...

    def confirm(self, reading: Reading, ticket: Ticket | None, occasion: Occasion) -> None:
        """Ask the registered owner of an address whether a mail is his."""
        ...
