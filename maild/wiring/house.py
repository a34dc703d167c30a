"""Letters to the house about the desk itself: troubles, changes, what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maild.health.sentences import told
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.notify.facts import Information
from maild.store import Store

if TYPE_CHECKING:
    from maild.app import App


@dataclass(frozen=True, slots=True)
class HouseMail:
    """Writes `admin` letters; they leave in any mode."""

    app: "App"

    def tell_unused(self, reason: str) -> None:
        """The new config is not used, and why; in a transaction of its own."""
        with self.app.opened() as store, store.write():
            self.write_trouble(store, "not-used", None, reason=reason)

    def tell_changes(self, changes: Sequence[str]) -> None:
        """What the new config has changed."""
        with self.app.opened() as store, store.write():
            self.write_trouble(store, "changed", None, reason="\n".join(changes))

    def write_trouble(
        self, store: Store, key: str, cause: str | None, **values: object
    ) -> None:
        """One of `health.sentences` to the admins, within the caller's transaction."""
        title, text = told(key, self.app.practice.language, **values)
        self.write_admins(store, title, text, cause)

    def write_admins(self, store: Store, title: str, text: str, cause: str | None) -> None:
        """Words to the admins, within the caller's transaction. A cause is told of once."""
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
