"""How the desk tells people: the seam to `notify.notices`, which has the letters written.

No letter leaves before the case it belongs to is saved.
"""

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


class Replies(Protocol):
    """Letters to the writer of a mail, in answer to it."""

    def list_done(
        self, case: Case, occasion: Occasion, member: Member, lines: Sequence[str]
    ) -> None:
        """What was done, to the agent whose commands did it."""
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

    def confirm(self, reading: Reading, ticket: Ticket | None, occasion: Occasion) -> None:
        """Ask the registered owner of an address whether a mail is his."""
        ...


class House(Protocol):
    """Letters to those who answer for the desk."""

    def pass_on(
        self,
        recipients: Sequence[str],
        title: str,
        text: str,
        occasion: Occasion,
        *,
        now: datetime,
    ) -> None:
        """Words that belong to no ticket, to supervisors or admins."""
        ...


class Notices(Protocol):
    """Whoever has to know of a decision, hears of it."""

    @property
    def replies(self) -> Replies: ...

    @property
    def house(self) -> House: ...

    def tell(self, case: Case, occasion: Occasion) -> None:
        """Whoever has to know of the case's new events."""
        ...
