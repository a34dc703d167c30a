"""COMPOSITION ROOT: from settings to a desk that runs. The table of contents of maild.

`App` names the parts, each built when first asked for; how one is put together from settings
and other parts stands in `maild/wiring/`. `build` reads nothing but its arguments and the
store's signing secret; everything it makes is handed what it needs and asks for nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from maild.bell import Bell
from maild.clock import SystemClock
from maild.config import promises
from maild.config.differences import describe
from maild.config.rulewords import specs
from maild.config.settings import Settings
from maild.desk.audience import Audience
from maild.desk.deadlines import Deadlines
from maild.desk.practice import Practice
from maild.desk.receive import Desk
from maild.desk.roster import Roster
from maild.desk.rounds import Rounds
from maild.interfaces import Clock
from maild.kb.library import Library
from maild.links import Signer, new_message_id
from maild.listeners import Listeners
from maild.notify.addressing import Addressing
from maild.notify.environment import Environment
from maild.notify.mailroom import Mailroom
from maild.notify.notices import Notices
from maild.notify.saved import SavedAnswers
from maild.portal.links import Links
from maild.processes import Role
from maild.reporting import Reporting
from maild.rules import RuleBook, compile_rules
from maild.sla.policy import Rulebook
from maild.store import Store, open_store
from maild.store.store import new_holder
from maild.timetable import Job
from maild.wiring import (
    accounts,
    conduct,
    desk,
    letters,
    people,
    reports,
    roles,
    timetable,
    website,
)
from maild.wiring.house import HouseMail
from maild.wiring.shelf import Shelf


def build(
    settings: Settings, *, clock: Clock | None = None, listeners: Listeners | None = None
) -> "App":
    """An app over these settings. Raises `ConfigError` or `StoreUnusable`; opens no door."""
    clock = clock or SystemClock()
    store = open_store(settings.store.url, clock)
    try:
        secret = store.secret()
    finally:
        store.close()
    return App(settings, clock, Signer(secret), listeners or Listeners(), Bell(), Bell())


@dataclass
class App:
    """The parts of one desk. What works on stored things is made over a `Store`, one for each
    process or thread."""

    settings: Settings
    clock: Clock
    signer: Signer
    listeners: Listeners
    mail_bell: Bell  #: there is mail to work on
    letters_bell: Bell  #: there are letters to send
    holder: str = field(default_factory=new_holder)  #: this node, among those of one store

    # -- who works here, and by which rules ---------------------------------------------------

    @cached_property
    def roster(self) -> Roster:
        return people.roster(self.settings)

    @cached_property
    def audience(self) -> Audience:
        """Finds the people of a ticket."""
        return Audience(self.roster, tuple(self.settings.levels), self.practice.timezone)

    @cached_property
    def practice(self) -> Practice:
        """What the desk does and does not do."""
        return conduct.practice(
            self.settings, lambda where, at: self.rulebook.calendar_of(where).is_open(at)
        )

    @cached_property
    def rules(self) -> RuleBook:
        """Where new mail goes."""
        return compile_rules(specs(self.settings))

    @cached_property
    def rulebook(self) -> Rulebook:
        """What is promised, in whose working hours."""
        return promises.rulebook(self.settings, self.clock.now().year)

    @cached_property
    def deadlines(self) -> Deadlines:
        """The promises, applied to cases."""
        return conduct.deadlines(self.settings, self.rulebook)

    # -- mail in ------------------------------------------------------------------------------

    @cached_property
    def addresses(self) -> people.Addresses:
        """What the SMTP door takes mail for."""
        return people.addresses(self.settings)

    def desk(self, store: Store) -> Desk:
        """Decides what becomes of a mail."""
        return desk.desk(self, store)

    # -- letters out --------------------------------------------------------------------------

    @cached_property
    def addressing(self) -> Addressing:
        return Addressing(self.practice, self.roster, self.signer, new_message_id)

    @cached_property
    def templates(self) -> Environment:
        return letters.templates(self.settings)

    @cached_property
    def saved_answers(self) -> SavedAnswers:
        return letters.saved_answers(self.settings)

    @cached_property
    def links(self) -> Links | None:
        """What letters lead to; None without a portal."""
        return website.links_of(self.settings, self.signer)

    def mailroom(self, store: Store) -> Mailroom:
        """What every letter is made with."""
        return letters.mailroom(self, store)

    def notices(self, store: Store) -> Notices:
        """Who is told what."""
        return letters.notices(self, store)

    @property
    def house(self) -> HouseMail:
        """Letters to the house about the desk itself."""
        return HouseMail(self)

    # -- what time, visitors and supervisors want --------------------------------------------

    def rounds(self, store: Store) -> Rounds:
        """What is done when a ticket's time comes."""
        return desk.rounds(self, store)

    def jobs(self, store: Store) -> list[Job]:
        """What the timetable does."""
        return timetable.jobs(self, store)

    def reporting(self, store: Store) -> Reporting:
        return reports.reporting(self, store)

    @cached_property
    def library(self) -> Library:
        """The knowledge base."""
        return Library(Path(self.settings.kb.folder), self.clock.monotonic)

    def shelf(self, store: Store) -> Shelf:
        """The knowledge base at the desk's hand."""
        return Shelf(self, store)

    def website(self, store: Store) -> website.Website:
        """The pages."""
        return website.website(self, store)

    def tokens(self, store: Store) -> dict[str, accounts.Supply]:
        """Who supplies each mail account with access tokens."""
        return accounts.tokens(self.settings, store, self.clock)

    # -- the daemon ---------------------------------------------------------------------------

    def roles(self) -> list[Role]:
        """The processes of `maild run`: see `maild/parts/`."""
        return list(roles.roles(self))

    def open_store(self) -> Store:
        """The store, with these deadlines reckoned whenever a case is saved."""
        url = self.settings.store.url
        return open_store(url, self.clock, reckon=self.deadlines.reckon)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store, closed at the end of the block."""
        store = self.open_store()
        try:
            yield store
        finally:
            store.close()

    def take_over(self) -> None:
        """Nobody else holds the store: what a forerunner had in hand is free again."""
        with self.opened() as store:
            store.outbox.free_leases()

    def changes_since(self, before: "App") -> list[str]:
        """What this config says otherwise than that one, a sentence each."""
        return describe(before.settings, self.settings, language=self.practice.language)
