"""COMPOSITION ROOT: from settings to a desk that runs. The only file that knows every part.

`build` reads nothing but its arguments and the store's signing secret; everything it makes
is handed what it needs and asks for nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from maild.bell import Bell
from maild.clock import SystemClock
from maild.config.settings import Settings
from maild.desk.agents import Agents
from maild.desk.automatic import Robots
from maild.desk.customers import Customers
from maild.desk.failures import Failures
from maild.desk.outcome import Outcome
from maild.desk.practice import Allowance, Mode, Practice
from maild.desk.reading import Reader as FirstReader
from maild.desk.receive import Desk
from maild.desk.roster import Roster, plain
from maild.ingest.public_domains import PUBLIC_DOMAINS
from maild.ingest.trust import AuthResults
from maild.interfaces import Clock
from maild.links import Signer
from maild.listeners import Listeners, split_listen
from maild.model.mail import Mail, Proof
from maild.model.people import Agent, Assign, Department
from maild.notify.notices import Notices
from maild.processes import Role, Stop
from maild.rules import RuleBook, RuleSpec, compile_rules
from maild.sla.hours import Calendar, always
from maild.store import Store, open_store
from maild.store.engine import sqlite_path
from maild.store.intake import Item
from maild.store.outbox import Posted

log = structlog.get_logger("app")


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
    return App(settings, clock, Signer(secret), listeners or Listeners())


def lock_path(settings: Settings) -> Path | None:
    """The file that says a daemon holds the store; None where several may run."""
    if settings.store.url.startswith("sqlite"):
        path = sqlite_path(settings.store.url)
        return path.with_name(path.name + "-lock")
    return None


@dataclass
class App:
    """The parts, each built when first asked for."""

    settings: Settings
    clock: Clock
    signer: Signer
    listeners: Listeners

    # -- who and how -------------------------------------------------------------------------

    @cached_property
    def roster(self) -> Roster:
        settings = self.settings
        agents = [
            Agent(
                key=key,
                name=agent.name,
                email=agent.email,
                aliases=agent.aliases,
                departments=agent.departments,
                levels=agent.level,
                away=agent.away,
                signature=agent.signature,
                digest=agent.digest,
            )
            for key, agent in settings.agent.items()
        ]
        departments = [
            Department(
                key=key,
                name=department.name,
                address=department.address,
                language=department.language or settings.desk.language,
                calendar=department.calendar or None,
                assign=Assign(department.assign),
                supervisors=department.supervisors,
            )
            for key, department in settings.department.items()
        ]
        return Roster(agents, departments, settings.desk.admins)

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        """Working hours by department; around the clock where none is named."""
        zone = ZoneInfo(str(self.settings.desk.timezone))
        named = {key: self._calendar(key, zone) for key in self.settings.calendar}
        return {
            key: named.get(department.calendar) or always(zone)
            for key, department in self.settings.department.items()
        }

    def _calendar(self, key: str, zone: ZoneInfo) -> Calendar:
        from maild.sla.building import calendar_of

        return calendar_of(key, self.settings.calendar[key], zone, self.clock.now().year)

    @cached_property
    def practice(self) -> Practice:
        settings = self.settings
        security, limits, lifecycle = settings.security, settings.limits, settings.lifecycle
        microsoft = frozenset(
            f"imap:{key}"
            for key, mailbox in settings.mailbox.items()
            if mailbox.provider == "microsoft365"
        )
        return Practice(
            name=settings.desk.name,
            tag=settings.desk.tag,
            address=settings.desk.address,
            timezone=ZoneInfo(str(settings.desk.timezone)),
            language=settings.desk.language,
            reply_pattern=settings.desk.reply_to,
            envelope_pattern=settings.relay.envelope,
            mode=Mode(settings.desk.mode),
            pilot_for=settings.desk.pilot_for,
            reopen_window=lifecycle.reopen_window,
            closed_letter=lifecycle.closed_letter,
            agent_proof=frozenset(Proof(p) for p in security.agent_proof if p != "dkim"),
            results=AuthResults(security.authserv_id, microsoft),
            public_domains=PUBLIC_DOMAINS | {d.casefold() for d in security.public_domains},
            acknowledgements=Allowance(
                limits.auto_replies_per_address.count, limits.auto_replies_per_address.per
            ),
            answers=Allowance(limits.answers_per_address.count, limits.answers_per_address.per),
            max_participants=limits.max_participants,
            relayed_bytes=limits.attachments,
            in_hours=lambda department, at: self.calendars[department].is_open(at),
        )

    @cached_property
    def rules(self) -> RuleBook:
        return compile_rules(
            [RuleSpec(r.name, r.on, dict(r.when), dict(r.then)) for r in self.settings.rule]
        )

    def accepts(self, address: str) -> bool:
        """Whether the SMTP door takes mail for this address."""
        key = address.casefold()
        local, _, domain = key.rpartition("@")
        if plain(key) in self._addresses or key in self._addresses:
            return True
        return local == "postmaster" and domain in self._domains

    @cached_property
    def _addresses(self) -> frozenset[str]:
        smtp = self.settings.smtp
        own = [d.address for d in self.settings.department.values()]
        more = smtp.accept_for if smtp else ()
        return frozenset(a.casefold() for a in (*own, self.settings.desk.address, *more))

    @cached_property
    def _domains(self) -> frozenset[str]:
        return frozenset(address.rpartition("@")[2] for address in self._addresses)

    # -- the desk ----------------------------------------------------------------------------

    def desk(self, store: Store) -> Desk:
        """The desk over one store handle."""
        notices = self.notices(store)
        cases, keep = store.cases, store.outbox.keep
        return Desk(
            practice=self.practice,
            reader=FirstReader(self.practice, self.roster, self.signer, cases),
            customers=Customers(self.practice, self.roster, self.rules, cases, keep, notices),
            agents=Agents(
                self.practice, self.roster, cases, keep, notices, tuple(self.settings.levels)
            ),
            robots=Robots(self.practice, self.signer, cases, notices),
            cases=cases,
            waiting=store.intake,
        )
