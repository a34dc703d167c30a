"""Letters to the house about the desk itself: troubles, changes, what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.notify.facts import Information
from maild.store import Store

if TYPE_CHECKING:
    from maild.app import App

_CHANGED = {"es": "La configuración ha cambiado", "en": "The configuration has changed"}


@dataclass(frozen=True, slots=True)
class HouseMail:
    """Writes `admin` letters; they leave in any mode."""

    app: "App"

    def tell_admins(self, title: str, text: str, *, cause: str | None = None) -> None:
        """Trouble, in a transaction of its own."""
        with self.app.opened() as store, store.write():
            self.write_admins(store, title, text, cause)

    def tell_changes(self, changes: Sequence[str]) -> None:
        """The admins hear what the new config has changed."""
        title = _CHANGED.get(self.app.practice.language, _CHANGED["en"])
        self.tell_admins(title, "\n".join(changes))

    def write_admins(self, store: Store, title: str, text: str, cause: str | None) -> None:
        """The same within the caller's transaction. A cause is told of once."""
        facts = Information(title=title, lines=tuple(text.splitlines()))
        self.inform(store, self.app.roster.admins, facts, cause=cause)

    def inform(
        self,
        store: Store,
        recipients: Sequence[str],
        facts: Information,
        *,
        cause: str | None = None,
    ) -> None:
        """A letter to each, within the caller's transaction."""
        now, room = self.app.clock.now(), self.app.mailroom(store)
        for email in recipients:
            post = room.addressing.post(
                email, ticket=None, sender_name=room.practice.name, to=(Address("", email),)
            )
            letter = room.writer.draft(
                LetterType.ADMIN, facts, post=post, language=room.practice.language, now=now
            )
            room.send_always(letter, cause or f"admin:{now.isoformat()}", now)
