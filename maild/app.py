"""COMPOSITION ROOT: from settings to a desk that runs. The only file that knows every part.

`build` reads nothing but its arguments and the store's signing secret; everything it makes
is handed what it needs and asks for nothing else.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from maild.accounts import Supply, accounts
from maild.bell import Bell
from maild.checkup import expiring, watched
from maild.clock import SystemClock
from maild.config import promises
from maild.config.differences import describe
from maild.config.rulewords import specs
from maild.config.settings import Settings
from maild.config.web import Portal
from maild.desk.agents import Agents
from maild.desk.audience import Audience
from maild.desk.automatic import Robots
from maild.desk.behalf import Behalf
from maild.desk.clusters import Clusters
from maild.desk.customers import Customers
from maild.desk.deadlines import Deadlines
from maild.desk.lifecycle import Lifecycle
from maild.desk.obey import Refusal
from maild.desk.outcome import Outcome
from maild.desk.practice import Allowance, Mode, Practice
from maild.desk.questions import Questions, Reply
from maild.desk.reading import Reader as FirstReader
from maild.desk.receive import Desk
from maild.desk.roster import Member, Roster, plain
from maild.desk.rounds import Rounds
from maild.desk.ruling import Ruling
from maild.desk.sentences import say
from maild.desk.surveys import Surveys
from maild.digests import DigestRounds
from maild.errors import NotFound
from maild.health.watch import HealthWatch
from maild.hooks import Hook, HookRounds
from maild.ingest.public_domains import PUBLIC_DOMAINS
from maild.ingest.trust import AuthResults
from maild.interfaces import Clock
from maild.jobs import HeldMail, Planning, TicketRounds
from maild.kb.article import Article
from maild.kb.draft import write_draft
from maild.kb.library import Fault, Library
from maild.kb.watch import LibraryWatch
from maild.kept import KeptLetters
from maild.links import Signer, new_message_id
from maild.listeners import Listeners
from maild.model.letter import LetterType
from maild.model.mail import Address, Mail, Proof
from maild.model.people import Agent, Assign, Department
from maild.model.ticket import Message, Ticket
from maild.notify.addressing import Addressing
from maild.notify.alarms import AlarmLetters
from maild.notify.environment import Environment, builtin_templates, report_environment
from maild.notify.facts import Desk as DeskFacts
from maild.notify.facts import Information
from maild.notify.letters import Writer
from maild.notify.notices import Notices
from maild.notify.saved import SavedAnswers
from maild.notify.telling import Telling
from maild.oauth.keeper import Keeper
from maild.portal.links import Links
from maild.processes import Role, Stop
from maild.reporting import Reporting, ReportRounds
from maild.reports.figures import Names
from maild.rules import ClusterSpec, RuleBook, compile_rules
from maild.sla import timeline
from maild.sla.clocks import clocks
from maild.sla.policy import Rulebook
from maild.store import Store, open_store
from maild.store.engine import sqlite_path
from maild.store.intake import Item
from maild.store.retention import Retention, RetentionRounds
from maild.store.store import new_holder
from maild.store.tokens import Tokens
from maild.surveying import SurveyRounds
from maild.timetable import Job
from maild.website import Website, links_of

#: how long "ready" waits for mailboxes that don't answer
MAILBOX_PATIENCE_S = 4.5
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
    return App(settings, clock, Signer(secret), listeners or Listeners(), Bell(), Bell())


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
    mail_bell: Bell  #: there is mail to work on
    letters_bell: Bell  #: there are letters to send
    holder: str = field(default_factory=new_holder)  #: this node, among those of one store

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
    def rulebook(self) -> Rulebook:
        """What is promised, in whose working hours."""
        return promises.rulebook(self.settings, self.clock.now().year)

    @cached_property
    def deadlines(self) -> Deadlines:
        """The promises, applied to cases."""
        lifecycle = self.settings.lifecycle
        return Deadlines(
            self.rulebook,
            promises.escalation_steps(self.settings),
            Lifecycle(lifecycle.close_after, lifecycle.pending_close_after),
        )

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
            in_hours=lambda department, at: self._is_open(department, at),
            surveys=self._surveys,
        )

    @property
    def _surveys(self) -> Surveys:
        asked = self.settings.survey
        return Surveys(
            asked.scale, asked.expires, asked.after, asked.remind_after, asked.per_person
        )

    def _is_open(self, department: str, at: datetime) -> bool:
        return self.rulebook.calendar_of(department).is_open(at)

    @cached_property
    def rules(self) -> RuleBook:
        return compile_rules(specs(self.settings))

    @cached_property
    def storms(self) -> tuple[ClusterSpec, ...]:
        """Whose mails are gathered."""
        return tuple(ClusterSpec.read(c.from_, c.window) for c in self.settings.cluster)

    @cached_property
    def audience(self) -> Audience:
        """Finds the people of a ticket."""
        return Audience(self.roster, tuple(self.settings.levels), self.practice.timezone)

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
        answers = self.saved_answers
        ruling = Ruling(
            self.rules, self.practice, self.roster, self.audience, cases, answers.find
        )
        customers = Customers(self.practice, self.roster, ruling, cases, keep, notices)
        agents = Agents(
            self.practice,
            self.roster,
            cases,
            keep,
            notices,
            tuple(self.settings.levels),
            customers,
            self.questions(store),
            answers.find,
            answers.names,
            partial(self._draft, store),
        )
        return Desk(
            practice=self.practice,
            reader=FirstReader(self.practice, self.roster, self.signer, cases),
            customers=customers,
            clusters=Clusters(self.storms, store.storms, cases),
            agents=agents,
            behalf=Behalf(agents),
            robots=Robots(self.practice, self.signer, cases, notices),
            cases=cases,
            waiting=store.intake,
            shelf=self._shelf,
        )

    def questions(self, store: Store) -> Questions:
        """What agents may ask by mail."""
        return Questions(
            self.practice,
            self.roster,
            store.browse,
            partial(self._clock_lines, store),
            self._report_asker(store),
        )

    def _clock_lines(
        self, store: Store, ticket: Ticket, language: str, now: datetime
    ) -> list[str]:
        events = store.cases.events(ticket.id)
        return timeline.lines(clocks(events, self.rulebook, now, ticket=ticket), language)

    def _report_asker(self, store: Store) -> Callable[[str, str, Member, str, datetime], None]:
        reporting = self.reporting(store)

        def ask(name: str, period: str, member: Member, cause: str, now: datetime) -> None:
            try:
                reporting.ask(name, period, member, cause, now)
            except NotFound as error:
                known = ", ".join(self.settings.report) or "—"
                raise Refusal("no-report", word=name, known=known) from error
            except ValueError as error:
                raise Refusal("no-period", word=period, reason=error) from error

        return ask

    def reporting(self, store: Store) -> Reporting:
        """Reports over one store handle."""
        settings = self.settings
        return Reporting(
            reports=settings.report,
            store=store,
            rulebook=self.rulebook,
            zone=self.practice.timezone,
            tag=settings.desk.tag,
            language=settings.desk.language,
            first_department=settings.default_department,
            names=Names(
                {key: found.name for key, found in settings.department.items()},
                {number: level.name for number, level in settings.levels.items()},
                {key: agent.name for key, agent in settings.agent.items()},
            ),
            environment=report_environment(self._own_templates),
            addressing=self.addressing,
            sender_name=settings.desk.name,
            balance=lambda period: store.histories.balance(period.start, period.end),
        )

    @cached_property
    def saved_answers(self) -> SavedAnswers:
        return SavedAnswers((Path(self.settings.desk.templates), builtin_templates()))

    @cached_property
    def templates(self) -> Environment:
        return Environment(self._own_templates, color=_color(self.settings.portal))

    @property
    def _own_templates(self) -> Path | None:
        own = Path(self.settings.desk.templates)
        return own if own.is_dir() else None

    @cached_property
    def addressing(self) -> Addressing:
        return Addressing(self.practice, self.roster, self.signer, new_message_id)

    def notices(self, store: Store) -> Notices:
        """Who writes the letters."""
        desk, portal = self.settings.desk, self.settings.portal
        writer = Writer(
            self.templates,
            DeskFacts(
                name=desk.name,
                tag=desk.tag,
                address=desk.address,
                timezone=self.practice.timezone,
                portal_url=portal.base if portal else "",
                color=_color(portal),
            ),
            new_id=lambda ticket: new_message_id(ticket, desk.address.rpartition("@")[2]),
            language=desk.language,
        )
        levels = {number: level.name for number, level in self.settings.levels.items()}
        return Notices(
            practice=self.practice,
            roster=self.roster,
            cases=store.cases,
            writer=writer,
            addressing=self.addressing,
            telling=Telling(self.roster, levels),
            post_letter=lambda letter, cause, now, kept: store.outbox.post(
                letter, cause, now=now, state="kept" if kept else "queued"
            ),
            links=self.links,
            suggest=self._suggest,
            surveyed=store.portal.surveyed_since,
        )

    @cached_property
    def links(self) -> Links | None:
        """What letters lead to; None without a portal."""
        return links_of(self.settings, self.signer)

    @cached_property
    def library(self) -> Library:
        """The knowledge base."""
        return Library(Path(self.settings.kb.folder), self.clock.monotonic)

    def _suggest(self, ticket: Ticket, text: str) -> Sequence[Article]:
        return self.library.suggest(
            f"{ticket.subject}\n{text}",
            lang=ticket.language,
            department=ticket.department,
            most=self.settings.kb.suggest,
        )

    def _shelf(self, words: str, language: str) -> Reply:
        """What a mail that asks for articles is answered."""
        found = self.library.search(words, lang=language, most=5)
        links = self.links
        said = say("kb-none", language) if not found else ""
        return Reply(
            say("kb-title", language),
            lines=(said,) if said else (),
            links=tuple((a.title, links.article(a.slug) if links else "") for a in found),
        )

    def _draft(self, store: Store, ticket: Ticket, messages: Sequence[Message]) -> str:
        """`#kb`: the file, and a letter to its owner, within the caller's transaction."""
        folder = Path(self.settings.kb.folder)
        path = write_draft(folder, ticket, messages)
        place = str(path.relative_to(folder.parent))
        self._tell_kb_owner(
            store,
            f"{place}: [{self.practice.tag} #{ticket.id}] {ticket.subject}",
            path.read_text("utf-8"),
            f"draft:{ticket.id}",
        )
        return place

    def _tell_kb_owner(self, store: Store, title: str, text: str, cause: str) -> None:
        owner = self.settings.kb.owner
        agent = self.roster.agents.get(owner)
        recipients = (agent.email,) if agent else (owner,) if owner else self.roster.admins
        facts = Information(title=title, lines=tuple(text.splitlines()))
        self.inform(store, recipients, facts, cause=cause)

    def _tell_broken(self, store: Store, fault: Fault) -> None:
        with store.write():
            self._tell_kb_owner(
                store,
                f"{fault.path.name} can't be used",
                f"{fault.path}: {fault.reason}\nUntil then the other articles are shown.",
                f"kb:{fault.key}",
            )
        self.letters_bell.ring()

    @property
    def _hooks(self) -> dict[str, Hook]:
        return {
            name: Hook(hook.url, hook.events, hook.secret.reveal)
            for name, hook in self.settings.webhook.items()
        }

    def _tell_hook(self, store: Store, name: str, reason: str) -> None:
        title = f"[webhook.{name}] took no event for a day"
        day = self.clock.now().date()
        self.write_admins(store, title, reason, f"webhook:{name}:{day}")
        self.letters_bell.ring()

    def website(self, store: Store) -> Website:
        """The pages over one store."""
        portal = self.settings.portal
        assert portal is not None
        assert self.links is not None
        return Website(
            settings=self.settings,
            portal=portal,
            store=store,
            notices=self.notices(store),
            practice=self.practice,
            roster=self.roster,
            signer=self.signer,
            links=self.links,
            library=self.library,
            reporting=self.reporting(store),
            clock=self.clock,
            mail_waits=self.mail_bell.ring,
            letters_wait=self.letters_bell.ring,
        )

    def rounds(self, store: Store) -> Rounds:
        """What is done when a ticket's time comes."""
        notices = self.notices(store)
        letters = AlarmLetters(
            self.practice, store.cases, notices.writer, notices.addressing, notices.telling
        )
        return Rounds(self.deadlines, self.audience, notices, letters)

    def tell_admins(self, title: str, text: str, *, cause: str | None = None) -> None:
        """A letter about trouble, written in a transaction of its own."""
        store = self.open_store()
        try:
            with store.write():
                self.write_admins(store, title, text, cause)
        finally:
            store.close()

    def changes_since(self, before: "App") -> list[str]:
        """What this config says otherwise than that one, a sentence each."""
        return describe(before.settings, self.settings, language=self.practice.language)

    def tell_changes(self, changes: Sequence[str]) -> None:
        """The admins hear what the new config has changed."""
        titles = {"es": "La configuración ha cambiado", "en": "The configuration has changed"}
        title = titles.get(self.practice.language, titles["en"])
        self.tell_admins(title, "\n".join(changes))

    def write_admins(self, store: Store, title: str, text: str, cause: str | None) -> None:
        facts = Information(title=title, lines=tuple(text.splitlines()))
        self.inform(store, self.roster.admins, facts, cause=cause)

    def inform(
        self,
        store: Store,
        recipients: Sequence[str],
        facts: Information,
        *,
        cause: str | None = None,
    ) -> None:
        """An `admin` letter to each, within the caller's transaction; it leaves in any mode."""
        now = self.clock.now()
        notices = self.notices(store)
        for email in recipients:
            post = notices.addressing.post(
                email, ticket=None, sender_name=self.practice.name, to=(Address("", email),)
            )
            letter = notices.writer.draft(
                LetterType.ADMIN, facts, post=post, language=self.practice.language, now=now
            )
            store.outbox.post(letter, cause or f"admin:{now.isoformat()}", now=now)

    def take_over(self) -> None:
        """Nobody else holds the store: what a forerunner had in hand is free again."""
        with closing(self.open_store()) as store:
            store.outbox.free_leases()

    # -- the parts of the daemon ---------------------------------------------------------------

    def roles(self) -> list[Role]:
        """The processes of `maild run`. What they share is made here, in the parent: listening
        sockets, and the calendars, which are looked up in yet another process."""
        assert self.rulebook
        roles = [
            self._role("worker"),
            self._role("delivery"),
            self._role("timetable"),
        ]
        smtp = self.settings.smtp
        if smtp is not None:
            self.listeners.open(smtp.listen.host, smtp.listen.port)
            roles.append(self._role("door"))
        if self.settings.mailbox:
            roles.append(self._role("mailboxes"))
        metrics = self.settings.metrics.listen
        if metrics is not None:
            self.listeners.open(metrics.host, metrics.port)
            roles.append(self._role("metrics"))
        portal = self.settings.portal
        if portal is not None:
            self.listeners.open(portal.listen.host, portal.listen.port)
            roles.append(self._role("portal"))
        return roles

    def _role(self, name: str) -> Role:
        """A part by its name: `maild.parts.NAME`, imported in its own process."""

        def main(stop: Stop, ready: Callable[[], None]) -> None:
            import_module(f"maild.parts.{name}").run(self, stop, ready)

        return Role(name, main)

    def at_work(self, desk: Desk) -> "DeskAtWork":
        return DeskAtWork(desk, self.clock)

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

    def jobs(self, store: Store) -> list[Job]:
        """What the timetable does."""
        return [
            *self._trial_jobs(store),
            TicketRounds(
                store,
                self.rounds(store),
                self.letters_bell.ring,
                lambda ticket, reason: self.write_admins(
                    store,
                    f"The deadlines of request {ticket} could not be handled",
                    reason,
                    f"deadlines:{ticket}",
                ),
            ),
            HeldMail(store, partial(self._tell_expired, store)),
            HealthWatch(
                store,
                watched(self.settings),
                partial(expiring, self.settings, store),
                partial(self.write_admins, store),
                self.letters_bell.ring,
            ),
            Planning(store, promises.fingerprint(self.settings, self.rulebook)),
            RetentionRounds(store.engine, self._retention, self.practice.timezone),
            ReportRounds(self.reporting(store), self.letters_bell.ring),
            LibraryWatch(self.library, partial(self._tell_broken, store)),
            HookRounds(store, self._hooks, self.practice.tag, partial(self._tell_hook, store)),
            SurveyRounds(
                store,
                self.practice.surveys,
                self.roster,
                self.notices(store),
                self.letters_bell.ring,
            ),
            DigestRounds(
                store,
                self.notices(store),
                self.rulebook,
                self.practice.timezone,
                self.letters_bell.ring,
            ),
        ]

    @property
    def _retention(self) -> Retention:
        kept = self.settings.retention
        return Retention(kept.raw_mail, kept.closed_tickets)

    def _trial_jobs(self, store: Store) -> list[Job]:
        """While letters are held back: what would have left, once a day."""
        if self.practice.mode is Mode.LIVE:
            return []

        def tell(facts: Information, cause: str) -> None:
            self.inform(store, self.roster.admins, facts, cause=cause)
            self.letters_bell.ring()

        mode, language = self.practice.mode.value, self.practice.language
        return [KeptLetters(store, mode, language, self.practice.timezone, tell)]

    def _tell_expired(self, store: Store, number: int) -> None:
        item = store.intake.item(number)
        sender = (item.envelope.sender if item else None) or "an unknown sender"
        self.write_admins(
            store,
            f"Message {number} was never confirmed",
            f"It came from {sender} in an agent's name. Nothing of it was done.\n"
            f"maild queue raw in{number}",
            f"expired:{number}",
        )
        self.letters_bell.ring()

    def tokens(self, store: Store) -> dict[str, Supply]:
        """Who supplies each account with access tokens."""
        room = Tokens(store.engine, store.leases, new_holder())
        return {
            name: Keeper(name, account.client, room, clock=self.clock).access
            for name, account in accounts(self.settings).items()
        }

    def free_disk(self) -> int:
        if not self.settings.store.url.startswith("sqlite"):
            return 1 << 62
        return shutil.disk_usage(sqlite_path(self.settings.store.url).parent).free


@dataclass(frozen=True, slots=True)
class DeskAtWork:
    """The desk as the worker needs it: an inbox item and its mail."""

    desk: Desk
    clock: Clock

    def receive(self, item: Item, mail: Mail) -> Outcome:
        now = self.clock.now() if item.confirmed else item.received
        return self.desk.receive(
            item.id, mail, item.envelope, now=now, confirmed=item.confirmed
        )


def _color(portal: Portal | None) -> str:
    return portal.color if portal else "#0072B2"
