"""What pages do: read a ticket as its visitor may see it, and act for him.

Words become mail and go into the intake like any other; acts without words are one decision
of the desk in one transaction. Nothing here knows HTTP.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from maild.desk.allowance import ASKED_FOR, UNPROVEN_A_DAY
from maild.desk.case import Case
from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.desk.surveys import solves
from maild.desk.visitors import Visitors
from maild.errors import Temporary
from maild.ingest.digest import content_digest
from maild.interfaces import Clock
from maild.kb.article import Article
from maild.kb.unanswered import kept_words
from maild.links import Signer
from maild.model.letter import LetterType
from maild.model.mail import Address, Attachment, Envelope
from maild.model.ticket import Enclosure, Event, EventKind, Message, MessageKind, Ticket
from maild.notify.facts import SignIn
from maild.notify.mailroom import Mailroom
from maild.portal.limits import Bucket
from maild.portal.links import Links
from maild.portal.mail import Written, compose
from maild.store import Store
from maild.store.fields import to_micros
from maild.store.portal import Fate

_SEEN = (MessageKind.CUSTOMER, MessageKind.AGENT)


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a visitor sees it: no addresses of agents, no notes."""

    number: int
    who: str
    by_house: bool
    at: datetime
    text: str
    files: tuple[Enclosure, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A ticket as one of those who take part in it sees it."""

    ticket: Ticket
    person: str
    department: str
    thread: tuple[Said, ...]
    may_reopen: bool
    articles: tuple[str, ...] = ()  #: suggested ones, by slug

    @property
    def may_solve(self) -> bool:
        return not self.ticket.status.done


@dataclass(frozen=True, slots=True)
class SurveyView:
    """A survey as its page shows it."""

    ticket: Ticket
    is_open: bool
    may_reopen: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """The desk's side of the pages, over one store."""

    store: Store
    visitors: Visitors
    room: Mailroom
    practice: Practice
    roster: Roster
    signer: Signer
    links: Links
    clock: Clock
    mail_waits: Callable[[], None]  #: rings the worker
    letters_wait: Callable[[], None]  #: rings the delivery
    _misses: Bucket = field(default_factory=lambda: Bucket(30, timedelta(minutes=1)))

    # -- requests ------------------------------------------------------------------------------

    def take(self, written: Written, client: str) -> int:
        """A form as a mail, durable when this returns; its intake number."""
        number = self.store.intake.take(compose(written), Envelope("web", remote=client))
        self.mail_waits()
        return number

    def fate(self, intake: int) -> Fate | None:
        return self.store.portal.fate(intake)

    def request_address(self, person: str | None) -> str:
        """Where a new request goes; signed for those whose address we know to be theirs."""
        address = self.roster.default.address
        if person is None:
            return address
        return self._signed(address, 0, person)

    def answer_address(self, ticket: Ticket, person: str) -> str:
        """The signed address of this ticket and person, as in the letters he gets."""
        department = self.roster.departments.get(ticket.department) or self.roster.default
        return self._signed(department.address, ticket.id, person)

    def answer_subject(self, ticket: Ticket, person: str) -> str:
        """The subject of an answer; it bears the proof where addresses can't."""
        tag = f"[{self.practice.tag} #{ticket.id}]"
        if not self.practice.reply_pattern:
            tag = f"{tag} [~{self.signer.token(ticket.id, person)}]"
        return f"Re: {tag} {ticket.subject}"

    def _signed(self, address: str, number: int, person: str) -> str:
        local, _, domain = address.rpartition("@")
        pattern = self.practice.reply_pattern or "{local}@{domain}"
        token = self.signer.token(number, person)
        return pattern.format(local=local, token=token, domain=domain)

    # -- a ticket ------------------------------------------------------------------------------

    def view(self, number: int, person: str) -> View | None:
        """The ticket this number leads to, for somebody who takes part in it; else None."""
        ticket = self._theirs(number, person)
        if ticket is None:
            return None
        case = Case(ticket, self.clock.now(), history=self.store.cases.events(ticket.id))
        department = self.roster.departments.get(ticket.department) or self.roster.default
        joined = _joined(case, person)
        return View(
            ticket,
            person,
            department.name,
            tuple(
                self._said(message, ticket, department.name)
                for message in self.store.cases.messages(ticket.id)
                if message.public and message.kind in _SEEN and message.at >= joined
            ),
            self.visitors.may_reopen(case),
            _suggested(case.history) if ticket.requester.key == person else (),
        )

    def _theirs(self, number: int, person: str) -> Ticket | None:
        """Where the number leads today, or the merged ticket itself."""
        cases = self.store.cases
        for ticket in (cases.standing(number), cases.ticket(number)):
            if ticket is not None and ticket.takes_part(person):
                return ticket
        return None

    def _said(self, message: Message, ticket: Ticket, department: str) -> Said:
        by_house = message.kind is MessageKind.AGENT
        name = message.sender.name
        return Said(
            message.id,
            (name or department) if by_house else (name or message.sender.email),
            by_house,
            message.at,
            self.room.telling.without_agents(message.text, ticket.department),
            message.attachments,
        )

    def file(self, view: View, message: int, place: int) -> tuple[str, bytes] | None:
        """Name and content of an attachment the visitor may see."""
        said = next((s for s in view.thread if s.number == message), None)
        if said is None or not 0 <= place < len(said.files):
            return None
        enclosure = said.files[place]
        return enclosure.filename, self.store.outbox.content(enclosure.sha256)

    def solve(self, ticket: int, person: str) -> bool:
        return self._decide(ticket, lambda case: self.visitors.solve(case, person))

    def reopen(
        self, ticket: int, person: str, text: str, files: Sequence[Attachment] = ()
    ) -> bool:
        return self._decide(
            ticket, lambda case: self.visitors.reopen(case, person, text, tuple(files))
        )

    def _decide(self, ticket: int, act: Callable[[Case], bool]) -> bool:
        """One decision about one ticket, in one transaction."""
        with self.store.write():
            case = self.store.cases.open_case(ticket, self.clock.now())
            done = case is not None and act(case)
            if case is not None and case.events:
                self.store.cases.save(case)
        self.letters_wait()
        return done

    # -- surveys -------------------------------------------------------------------------------

    def survey(self, number: int, solve: int) -> SurveyView | None:
        """The survey about the `solve`th solution of a ticket."""
        ticket = self.store.cases.ticket(number)
        if ticket is None:
            return None
        case = Case(ticket, self.clock.now(), history=self.store.cases.events(number))
        if solve > solves(case.history):
            return None
        is_open = self.practice.surveys.is_open(case, solve)
        return SurveyView(ticket, is_open, self.visitors.may_reopen(case))

    def rate(self, ticket: Ticket, solve: int, score: int, comment: str) -> bool:
        person = ticket.requester.email
        return self._decide(
            ticket.id, lambda case: self.visitors.rate(case, person, score, comment, solve)
        )

    def miss(self, asked: str) -> None:
        """A search that found nothing: counted by its words, so that somebody writes what is
        missing; many in a minute are not. No ticket, person or figure changes by it."""
        now = self.clock.now()
        words = kept_words(asked)
        if words and self._misses.take("", now.timestamp()):
            with self.store.write():
                today = now.astimezone(self.practice.timezone).date()
                self.store.misses.note(words, today)

    # -- people --------------------------------------------------------------------------------

    def tickets_of(self, person: str) -> list[Ticket]:
        return self.store.portal.tickets_of(person)

    def supervises(self, person: str) -> bool:
        """May see the dashboard."""
        return self.roster.oversees(person)

    def send_link(self, email: str, *, dashboard: bool, language: str) -> bool:
        """A sign-in link to somebody it is for; whether one was written. His knowing so is
        the letter's business alone: pages answer all addresses alike."""
        if not (self.supervises(email) if dashboard else self.store.portal.knows(email)):
            return False
        now = self.clock.now()
        with self.store.write():
            if not self._may_ask(email, now):
                return False
            nonce = secrets.token_urlsafe(16)
            facts = SignIn(
                href=self.links.sign_in(email, nonce, now, dashboard=dashboard),
                valid=self.links.lifetimes.sign_in,
                dashboard=dashboard,
            )
            post = self.room.addressing.post(
                email, ticket=None, sender_name=self.practice.name, to=(Address("", email),)
            )
            letter = self.room.writer.draft(
                LetterType.LINK, facts, post=post, language=language, now=now
            )
            self.room.send(letter, f"link:{nonce}", now, about=email)
        self.letters_wait()
        return True

    def _may_ask(self, email: str, now: datetime) -> bool:
        """`answers_per_address`, and three a day to who never gave a proof."""
        cases, limit = self.store.cases, self.practice.answers
        known = cases.known_address(email)
        if known.muted_until is not None and known.muted_until > now:
            return False
        if cases.letters_since(email, ASKED_FOR, now - limit.per) >= limit.count:
            return False
        types = (*ASKED_FOR, "acknowledgement")
        today = cases.letters_since(email, types, now - timedelta(days=1))
        return known.proven or self.roster.member(email).works or today < UNPROVEN_A_DAY

    def is_fresh(self, nonce: str) -> bool:
        return not self.store.portal.is_used(nonce)

    def use_link(self, email: str, nonce: str) -> bool:
        """Use a sign-in link up; it proves that the address is the visitor's."""
        now = self.clock.now()
        with self.store.write():
            first = self.store.portal.use(nonce, now, now + self.links.lifetimes.sign_in)
            if first:
                self.store.cases.remember_proof(email, now)
        return first

    # -- programs ------------------------------------------------------------------------------

    def submit(self, source: str, name: str, written: Written, client: str) -> int:
        """A program's request; the same `name` again gives the first one's intake number."""
        key, raw = external_key(source, name), compose(written)
        envelope = Envelope(f"api:{source}", remote=client)
        with self.store.intake.adding():
            known = self.store.portal.submission(key)
            if known is None:
                now = to_micros(self.clock.now())
                known = self.store.intake.insert(raw, envelope, content_digest(raw), now)
                self.store.portal.note_submission(key, known)
        self.mail_waits()
        return known

    def was_submitted(self, source: str, name: str) -> bool:
        return self.store.portal.submission(external_key(source, name)) is not None

    def named(self, source: str, name: str) -> int | None:
        """The ticket of a name that a program used before (or an import brought)."""
        return self.store.portal.by_external_id(external_key(source, name))

    # -- articles ------------------------------------------------------------------------------

    def usefulness(self, article: Article) -> tuple[int, int]:
        return self.store.portal.usefulness(f"{article.lang}/{article.slug}")

    def vote(self, article: Article, voter: str, *, useful: bool) -> None:
        key = sha256(f"{article.lang}/{article.slug}:{voter}".encode()).hexdigest()[:32]
        with self.store.write():
            self.store.portal.vote(f"{article.lang}/{article.slug}", key, useful=useful)

    def is_well(self) -> bool:
        """Whether the store answers."""
        try:
            self.store.engine.one("SELECT 1")
        except Temporary:
            return False
        return True


def external_key(source: str, name: str) -> str:
    return f"{source}:{name}"


def _joined(case: Case, person: str) -> datetime:
    """Since when somebody reads along: a reader gets nothing that was written before."""
    if case.ticket.requester.key == person:
        return case.ticket.created_at
    added = [
        event.at
        for event in case.history
        if event.kind is EventKind.CC
        and person in (email.casefold() for email in event.detail.get("added", ()))
    ]
    return added[-1] if added else case.ticket.created_at


def _suggested(history: Sequence[Event]) -> tuple[str, ...]:
    found = [e.detail.get("articles", ()) for e in history if e.kind is EventKind.SUGGESTED]
    return tuple(found[-1]) if found else ()
