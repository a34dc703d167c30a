"""Who is told what: the table from events to letters.

`Notices.tell` goes through the events of a decision; `NOTICES` at the end is the table of
contents. What a letter says is its template's business, how it is addressed `addressing`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from maild.desk.case import SYSTEM, Case
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.practice import Practice
from maild.desk.questions import Reply
from maild.desk.reading import Reading
from maild.desk.roster import Member, Roster
from maild.desk.sentences import say
from maild.desk.surveys import LOW, solves
from maild.kb.article import Article
from maild.model.letter import Letter, LetterType
from maild.model.mail import Address
from maild.model.people import Agent
from maild.model.ticket import (
    Enclosure,
    Event,
    EventKind,
    Message,
    MessageKind,
    Priority,
    Status,
    Ticket,
)
from maild.notify.addressing import Addressing
from maild.notify.facts import (
    Acknowledgement,
    Answer,
    Change,
    CommandFault,
    Confirmation,
    Failure,
    Information,
    Link,
    LowRating,
    MessageFacts,
    Notice,
    Resolution,
    TicketFacts,
)
from maild.notify.letters import Post, Writer
from maild.notify.relaying import Relayed, sort_enclosures
from maild.notify.telling import Telling, before, message_facts
from maild.portal.links import Links

#: letters that also go to those whom a rule names
_NEWS = (
    LetterType.AGENT_NEW,
    LetterType.AGENT_MESSAGE,
    LetterType.ESCALATION,
    LetterType.RETURNED,
)
Keeps = Callable[[Letter, str, datetime, bool], None]
ToCustomer = Acknowledgement | Answer | Resolution | Change

#: articles that may answer a new ticket by themselves, best first
Suggest = Callable[[Ticket, str], Sequence[Article]]
#: whether an address was asked how it went since then, about another ticket than this
Surveyed = Callable[[str, datetime, int], bool]


@dataclass(frozen=True, slots=True)
class Notices:
    """Writes the letters that follow from what was decided."""

    practice: Practice
    roster: Roster
    cases: Casebook
    writer: Writer
    addressing: Addressing
    telling: Telling
    post_letter: Keeps  #: for letters that belong to no case: (letter, cause, now, kept)
    links: Links | None = None  #: to the pages, where there are any
    suggest: Suggest = lambda ticket, text: ()
    surveyed: Surveyed = lambda email, since, ticket: False

    def tell(self, case: Case, occasion: Occasion) -> None:
        self.cases.reckon(case)
        if occasion.silent:
            return
        for event in list(case.events):
            for notice in NOTICES.get(event.kind, ()):
                notice(self, case, event, occasion)

    # -- to the requester -------------------------------------------------------------------

    def acknowledge(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Once per new ticket, to people only, and never more than the limits say."""
        if occasion.courtesy is Courtesy.NONE or occasion.by_agent or _is_spam(case):
            return
        requester = case.ticket.requester
        since = case.now - self.practice.acknowledgements.per
        facts = Acknowledgement(
            ticket=self._outside(case),
            plain=occasion.courtesy is Courtesy.PLAIN,
            also=tuple(self.cases.unacknowledged(requester.email, since)),
            suggestions=self._suggestions(case, occasion),
            answer_by=case.ticket.due.first_response,
        )
        self._to_customer(case, LetterType.ACKNOWLEDGEMENT, facts, occasion, requester)

    def _suggestions(self, case: Case, occasion: Occasion) -> tuple[Link, ...]:
        """Articles that may help at once; never in haste, never to who proved nothing."""
        urgent = case.ticket.priority is Priority.URGENT
        words = occasion.message
        if urgent or occasion.courtesy is not Courtesy.FULL or not (words and words.public):
            return ()
        found = self.suggest(case.ticket, words.text)
        if found:
            slugs = [article.slug for article in found]
            case.record(EventKind.SUGGESTED, SYSTEM, {"articles": slugs})
        return tuple(
            Link(article.title, self.links.article(article.slug) if self.links else "")
            for article in found
        )

    def relay(self, case: Case, event: Event, occasion: Occasion) -> None:
        """An agent's words to the requester and the readers, one letter each."""
        message = _public_words(case)
        if message is None or message.id != event.detail["message"]:
            return
        resolved = _turned(case, Status.RESOLVED)
        facts = self._answer_facts(case, occasion, message)
        for reader in self._audience(case):
            if resolved and reader == case.ticket.requester:
                continue  # the resolved letter carries the words
            self._to_customer(case, LetterType.REPLY, facts, occasion, reader, message=message)

    def _answer_facts(self, case: Case, occasion: Occasion, message: Message) -> Answer:
        return Answer(
            ticket=self._outside(case),
            message=self._spoken(case, message),
            signature=self._signature(case, occasion),
        )

    def resolve(self, case: Case, event: Event, occasion: Occasion) -> None:
        if event.detail["to"] != Status.RESOLVED or _by_customer(event):
            return
        if _by_rule(event) and occasion.courtesy is not Courtesy.FULL:
            return
        spoken = _public_words(case)
        facts = Resolution(
            ticket=self._outside(case),
            message=self._spoken(case, spoken) if spoken else None,
            signature=self._signature(case, occasion) if spoken else (),
            scale=self._survey(case, event, occasion),
            reopen_until=case.now + self.practice.reopen_window,
        )
        requester = case.ticket.requester
        self._to_customer(case, LetterType.RESOLVED, facts, occasion, requester, message=spoken)

    def _survey(self, case: Case, solved: Event, occasion: Occasion) -> tuple[Link, ...]:
        """The scale, where this solve is asked about at once."""
        rules, requester = self.practice.surveys, case.ticket.requester
        if occasion.courtesy is Courtesy.NONE:
            return ()
        if not rules.goes_along(solved) or self.roster.member(requester.email).works:
            return ()
        since = case.now - rules.per_person
        if self.surveyed(requester.email, since, case.ticket.id):
            return ()
        if self._muted(requester.email, case.now):
            return ()
        case.record(EventKind.SURVEY_SENT, SYSTEM, {"solve": solves(case.all_events)})
        return self._scale(case)

    def _scale(self, case: Case) -> tuple[Link, ...]:
        """A step for each score; each leads to its page where there are pages."""
        scores = self.practice.surveys.scale
        hrefs = ("",) * scores
        if self.links:
            number, solve = case.ticket.id, solves(case.all_events)
            hrefs = self.links.scale(number, solve, case.now, scores=scores)
        return tuple(Link(str(score), href) for score, href in enumerate(hrefs, 1))

    def ask(self, case: Case, event: Event, occasion: Occasion) -> None:
        """How it went, in a letter of its own."""
        self._ask_with(LetterType.SURVEY, case, occasion)

    def _ask_with(self, type: LetterType, case: Case, occasion: Occasion) -> None:
        facts = Resolution(ticket=self._outside(case), scale=self._scale(case))
        self._to_customer(case, type, facts, occasion, case.ticket.requester)

    def close(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Only where no `resolved` went before, or where the config wants it."""
        quiet = event.detail["from"] == Status.RESOLVED and not self.practice.closed_letter
        if event.detail["to"] != Status.CLOSED or quiet or _by_customer(event):
            return
        if _by_rule(event) and occasion.courtesy is not Courtesy.FULL:
            return
        facts = Change(self._outside(case))
        self._to_customer(case, LetterType.CLOSED, facts, occasion, case.ticket.requester)

    def reopen(self, case: Case, event: Event, occasion: Occasion) -> None:
        was = event.detail["from"]
        if was not in (Status.RESOLVED, Status.CLOSED) or event.detail["to"] != Status.OPEN:
            return
        if occasion.courtesy is not Courtesy.FULL:
            return
        facts = Change(self._outside(case))
        self._to_customer(case, LetterType.REOPENED, facts, occasion, case.ticket.requester)

    def answer_by_rule(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A saved answer that a rule sends to the requester."""
        message = next((m for m in case.messages if m.id == event.detail["message"]), None)
        if message is None or message.kind is not MessageKind.AUTO or not message.public:
            return
        language, requester = case.ticket.language, case.ticket.requester
        facts = Information(
            title=say("rule-answer", language),
            lines=tuple(part for part in message.text.split("\n\n") if part.strip()),
            ticket=self._outside(case),
            internal=False,
        )
        post = self._answer_post(requester, case.ticket, occasion)
        letter = self.writer.draft(
            LetterType.ANSWER, facts, post=post, language=language, now=case.now
        )
        self._put(case, letter, occasion, message=message)

    def remind(self, case: Case, event: Event, occasion: Occasion) -> None:
        """He was asked something, and has not answered yet."""
        if "survey" in event.detail:
            self._ask_with(LetterType.SURVEY_REMINDER, case, occasion)
            return
        said = [
            message
            for message in self.cases.messages(case.ticket.id, last=20)
            if message.kind is MessageKind.AGENT and message.public
        ]
        facts = Change(
            self._outside(case),
            until=datetime.fromisoformat(event.detail["until"]),
            message=self._spoken(case, said[-1]) if said else None,
        )
        requester = case.ticket.requester
        self._to_customer(case, LetterType.PENDING_REMINDER, facts, occasion, requester)

    def _to_customer(
        self,
        case: Case,
        type: LetterType,
        facts: ToCustomer,
        occasion: Occasion,
        reader: Address,
        *,
        message: Message | None = None,
    ) -> None:
        ticket = case.ticket
        if occasion.courtesy is Courtesy.NONE:
            return
        if message is None and self._muted(reader.email, case.now):
            return
        if self.links:
            page = self.links.ticket(ticket.id, reader.email, case.now)
            facts = replace(facts, ticket=replace(facts.ticket, link=page))
            facts = self._with_large_files(facts, message, page)
        others = tuple(Address("", email) for email in ticket.cc) if message else ()
        post = self.addressing.post(
            reader.email,
            ticket=ticket,
            sender_name=self._sender_name(case, occasion if message else None),
            to=(ticket.requester,),
            cc=others,
            in_reply_to=occasion.in_reply_to,
            references=occasion.references,
        )
        if type is LetterType.ACKNOWLEDGEMENT:
            post = replace(post, references=tuple(dict.fromkeys(
                (*([occasion.in_reply_to] if occasion.in_reply_to else []), post.references[0])
            )))  # fmt: skip
        letter = self.writer.draft(
            type,
            facts,
            post=post,
            language=ticket.language,
            now=case.now,
            enclosures=self._relayed(message).sent if message else (),
        )
        self._put(case, letter, occasion, message=message)

    def _with_large_files(self, facts: ToCustomer, message: Message | None, page: str) -> Any:
        """What is too large for a letter is fetched from the reader's page."""
        large = self._relayed(message).too_large
        said = getattr(facts, "message", None)
        if message is None or said is None or not large:
            return facts
        files = tuple(
            replace(shown, href=f"{page}/file/{message.id}/{place}") if kept in large else shown
            for place, (shown, kept) in enumerate(
                zip(said.files, message.attachments, strict=True)
            )
        )
        return replace(facts, message=replace(said, files=files))

    def _sender_name(self, case: Case, occasion: Occasion | None) -> str:
        """`Ana Ruiz – Soporte técnico` for a person's words, else the department."""
        department = self.addressing.department(case.ticket).name
        agent = self.roster.agents.get(occasion.by_agent or "") if occasion else None
        return f"{agent.name} – {department}" if agent and agent.name else department

    def _signature(self, case: Case, occasion: Occasion) -> tuple[str, ...]:
        agent = self.roster.agents.get(occasion.by_agent or "")
        names = (agent.name if agent else "", self.addressing.department(case.ticket).name)
        return tuple(name for name in names if name)

    def _audience(self, case: Case) -> list[Address]:
        return [case.ticket.requester, *(Address("", email) for email in case.ticket.cc)]

    def _spoken(self, case: Case, message: Message) -> MessageFacts:
        text = self.telling.without_agents(message.text, case.ticket.department)
        facts = message_facts(message, text)
        department = self.addressing.department(case.ticket)
        return replace(facts, who=replace(facts.who, email=department.address))

    def _outside(self, case: Case) -> TicketFacts:
        return self.telling.ticket(case.ticket, now=case.now, internal=False)

    def _muted(self, email: str, now: datetime) -> bool:
        until = self.cases.known_address(email).muted_until
        return until is not None and until > now

    # -- to agents ----------------------------------------------------------------------------

    def announce(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A new ticket, to its agent or to all who might take it, and to whom a rule names."""
        if not _is_spam(case):
            self._to_agents(case, LetterType.AGENT_NEW, occasion, self._people(case))

    def pass_on(self, case: Case, event: Event, occasion: Occasion) -> None:
        """What was written on a ticket that is known already."""
        message = occasion.message
        if case.is_new or message is None or message.id != event.detail["message"]:
            return
        if message.kind is MessageKind.AGENT or message.kind is MessageKind.AUTO:
            return
        if _moved_by_rule(case):
            return  # the letter about that carries the words
        people = [agent for agent in self._people(case) if agent.key != occasion.by_agent]
        if message.kind is MessageKind.NOTE and case.ticket.assignee is None:
            return
        if message.kind is not MessageKind.BOUNCE:
            self._to_agents(case, LetterType.AGENT_MESSAGE, occasion, people)

    def hand_over(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Somebody else's from now on (the first one is told by `announce`)."""
        agent = self.roster.agents.get(event.detail["to"] or "")
        moved = _has(case, EventKind.LEVEL) or _has(case, EventKind.DEPARTMENT)
        if case.is_new or agent is None or agent.key == occasion.by_agent or moved:
            return
        self._to_agents(case, LetterType.ASSIGNED, occasion, [agent], event)

    def change_level(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Up: the new level's people. Down: whoever gets it back."""
        if case.is_new:
            return
        up = event.detail["to"] > event.detail["from"]
        type = LetterType.ESCALATION if up else LetterType.RETURNED
        self._to_agents(case, type, occasion, self._people(case), event)

    def move(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A new department's people hear of it as of a new ticket."""
        if not case.is_new and not _has(case, EventKind.LEVEL):
            self._to_agents(case, LetterType.AGENT_NEW, occasion, self._people(case), event)

    def report_failure(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A letter did not arrive: somebody has to find another way."""
        number = event.detail.get("message")
        lost = self.cases.message(number) if number else None
        facts = Failure(
            ticket=self.telling.ticket(case.ticket, now=case.now, internal=True),
            address=event.detail.get("recipient") or case.ticket.requester.email,
            reason=event.detail["reason"],
            text=lost.text if lost else "",
        )
        for agent in self._people(case):
            post = self._agent_post(case, agent.address, self.practice.name)
            letter = self.writer.draft(
                LetterType.DELIVERY_FAILED,
                facts,
                post=post,
                language=self._house_language(case),
                now=case.now,
            )
            self._put(case, letter, occasion)

    def report_rating(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A bad mark, to the supervisors."""
        score, comment = event.detail["score"], event.detail["comment"]
        if score > LOW:
            return
        facts = LowRating(
            ticket=self.telling.ticket(case.ticket, now=case.now, internal=True),
            score=score,
            scale=self.practice.surveys.scale,
            at=event.at,
            comment=comment,
        )
        for email in self.roster.supervisors(case.ticket.department):
            post = self.addressing.post(
                email,
                ticket=case.ticket,
                sender_name=self.practice.name,
                to=(Address("", email),),
                thread=True,
            )
            letter = self.writer.draft(
                LetterType.LOW_RATING,
                facts,
                post=post,
                language=self._house_language(case),
                now=case.now,
            )
            self._put(case, letter, occasion)

    def _people(self, case: Case) -> list[Agent]:
        """The assignee; without one, or while he is away, the agents of that department and
        level as well, else of the whole department."""
        ticket = case.ticket
        day = case.now.astimezone(self.practice.timezone).date()
        agent = self.roster.agents.get(ticket.assignee or "")
        if agent and not agent.is_away(day):
            return [agent]
        team = self.roster.team(ticket.department, ticket.level, day)
        team = team or self.roster.whole_department(ticket.department)
        return [agent, *(a for a in team if a is not agent)] if agent else team

    def _to_agents(
        self,
        case: Case,
        type: LetterType,
        occasion: Occasion,
        people: Sequence[Agent],
        event: Event | None = None,
    ) -> None:
        message = occasion.message or self._last_words(case)
        told = {agent.address.key: agent.address for agent in people}
        if type in _NEWS:
            told |= {a.key: a for a in occasion.also if a.key not in told}
        if message is None or not told:
            return
        relayed = self._relayed(message)
        facts = self._notice(case, occasion, message, relayed, event)
        for reader in told.values():
            letter = self.writer.draft(
                type,
                facts,
                post=self._agent_post(case, reader, self._speaker(case, message)),
                language=self._house_language(case),
                now=case.now,
                enclosures=relayed.sent,
            )
            self._put(case, letter, occasion)

    def _notice(
        self,
        case: Case,
        occasion: Occasion,
        message: Message,
        relayed: Relayed,
        event: Event | None,
    ) -> Notice:
        earlier = () if case.is_new else self.cases.messages(case.ticket.id, last=3)
        return Notice(
            ticket=self.telling.ticket(case.ticket, now=case.now, internal=True),
            message=message_facts(message),
            previous=before(earlier, message),
            remarks=tuple(self._remarks(case, occasion, relayed)),
            offered=occasion.offered,
            by=self._name_of(event.actor) if event else "",
            reason=(event.detail.get("reason") or "") if event else "",
        )

    def _remarks(self, case: Case, occasion: Occasion, relayed: Relayed) -> list[str]:
        language = self._house_language(case)
        said = []
        if occasion.stranger:
            said.append(say("remark-stranger", language))
        if occasion.encrypted:
            said.append(say("remark-encrypted", language))
        if case.is_new and occasion.courtesy is not Courtesy.FULL:
            said.append(say(f"remark-courtesy-{occasion.courtesy.value}", language))
        for key, files in (
            ("remark-program", relayed.programs),
            ("remark-large", relayed.too_large),
        ):
            if files:
                said.append(say(key, language, files=", ".join(f.filename for f in files)))
        return said

    def _speaker(self, case: Case, message: Message) -> str:
        """`Luis Pérez · Soporte ACME`: whose words these are."""
        return f"{message.sender.name or message.sender.email} · {self.practice.name}"

    def _agent_post(self, case: Case, reader: Address, name: str) -> Post:
        return self.addressing.post(
            reader.email,
            ticket=case.ticket,
            sender_name=name,
            to=(reader,),
            thread=True,
        )

    def _last_words(self, case: Case) -> Message | None:
        human = [
            message
            for message in self.cases.messages(case.ticket.id, last=20)
            if message.kind in (MessageKind.CUSTOMER, MessageKind.AGENT)
        ]
        return human[-1] if human else None

    def _name_of(self, actor: str) -> str:
        kind, _, key = actor.partition(":")
        agent = self.roster.agents.get(key) if kind == "agent" else None
        return (agent.name or agent.key) if agent else ""

    def _house_language(self, case: Case) -> str:
        return self.addressing.department(case.ticket).language

    # -- to whoever asked ---------------------------------------------------------------------

    def answer(
        self, case: Case, occasion: Occasion, member: Member, lines: Sequence[str]
    ) -> None:
        """What was done, to the agent whose commands did it."""
        language = self._house_language(case)
        reply = Reply(say("done-title", language), tuple(lines))
        letter = self._information(
            member.address, reply, occasion, case.ticket, language, case.now, internal=True
        )
        self._put(case, letter, occasion)

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
        letter = self._information(
            recipient, reply, occasion, ticket, language, now, internal=internal
        )
        self._post(letter, occasion, ticket, now)

    def _information(
        self,
        recipient: Address,
        reply: Reply,
        occasion: Occasion,
        ticket: Ticket | None,
        language: str,
        now: datetime,
        *,
        internal: bool,
    ) -> Letter:
        facts = Information(
            title=reply.title,
            lines=reply.lines,
            head=reply.head,
            rows=reply.rows,
            pre=reply.pre,
            links=tuple(Link(title, href) for title, href in reply.links),
            ticket=self._inside(ticket, now),
            internal=internal,
        )
        return self.writer.draft(
            LetterType.ANSWER,
            facts,
            post=self._answer_post(recipient, ticket, occasion),
            language=language,
            now=now,
        )

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
        facts = CommandFault(
            reason="\n".join(reasons), text=text, ticket=self._inside(ticket, now)
        )
        letter = self.writer.draft(
            LetterType.COMMAND_ERROR,
            facts,
            post=self._answer_post(member.address, ticket, occasion),
            language=self.addressing.department(ticket).language,
            now=now,
        )
        self._post(letter, occasion, ticket, now)

    def tell_house(
        self,
        recipients: Sequence[str],
        title: str,
        text: str,
        occasion: Occasion,
        *,
        now: datetime,
    ) -> None:
        facts = Information(title=title, lines=tuple(text.splitlines()[:200]))
        for email in recipients:
            letter = self.writer.draft(
                LetterType.ADMIN,
                facts,
                post=self._answer_post(Address("", email), None, occasion),
                language=self.practice.language,
                now=now,
            )
            admin = email.casefold() in (a.casefold() for a in self.roster.admins)
            kept = not (admin or self.practice.leaves(None))
            self.post_letter(letter, occasion.cause, now, kept)

    def _answer_post(
        self, recipient: Address, ticket: Ticket | None, occasion: Occasion
    ) -> Post:
        return self.addressing.post(
            recipient.email,
            ticket=ticket,
            sender_name=self.practice.name,
            to=(recipient,),
            in_reply_to=occasion.in_reply_to,
            references=occasion.references,
        )

    def _inside(self, ticket: Ticket | None, now: datetime) -> TicketFacts | None:
        return self.telling.ticket(ticket, now=now, internal=True) if ticket else None

    def _post(
        self, letter: Letter, occasion: Occasion, ticket: Ticket | None, now: datetime
    ) -> None:
        kept = not self.practice.leaves(ticket.requester.email if ticket else None)
        self.post_letter(letter, occasion.cause, now, kept)

    def confirm(self, reading: Reading, ticket: Ticket | None, occasion: Occasion) -> None:
        """Ask the registered owner of an address whether a mail is his."""
        member = reading.member
        department = self.addressing.department(ticket)
        post = self.addressing.post(
            member.address.email,
            ticket=ticket,
            sender_name=self.practice.name,
            to=(member.address,),
            purpose="confirm",
            number=reading.intake,
        )
        facts = Confirmation(
            text=reading.mail.reply or reading.mail.text,
            subject=reading.mail.subject,
            until=reading.now + timedelta(days=self.practice.confirm_days),
            ticket=self._inside(ticket, reading.now),
        )
        letter = self.writer.draft(
            LetterType.CONFIRM, facts, post=post, language=department.language, now=reading.now
        )
        self._post(letter, occasion, ticket, reading.now)

    # -- the end ------------------------------------------------------------------------------

    def _relayed(self, message: Message | None) -> Relayed:
        files: tuple[Enclosure, ...] = message.attachments if message else ()
        return sort_enclosures(files, limit=self.practice.relayed_bytes)

    def _put(
        self,
        case: Case,
        letter: Letter,
        occasion: Occasion,
        *,
        message: Message | None = None,
    ) -> None:
        kept = not self.practice.leaves(case.ticket.requester.email)
        number = message.id if message else None
        case.put(letter, occasion.cause, message=number, kept=kept)


def _turned(case: Case, status: Status) -> bool:
    return any(
        event.kind is EventKind.STATUS and event.detail["to"] == status for event in case.events
    )


def _has(case: Case, kind: EventKind) -> bool:
    return any(event.kind is kind for event in case.events)


def _moved_by_rule(case: Case) -> bool:
    """A rule gave a ticket that was known already to other people."""
    moves = (EventKind.DEPARTMENT, EventKind.LEVEL)
    return any(event.kind in moves and _by_rule(event) for event in case.events)


def _is_spam(case: Case) -> bool:
    return case.ticket.status is Status.SPAM


def _by_rule(event: Event) -> bool:
    return event.actor.startswith("rule:")


def _by_customer(event: Event) -> bool:
    return event.actor.startswith("customer:")


def _public_words(case: Case) -> Message | None:
    """What an agent says to the customer in this mail."""
    spoken = [m for m in case.messages if m.kind is MessageKind.AGENT and m.public]
    return spoken[-1] if spoken else None


Notify = Callable[[Notices, Case, Event, Occasion], None]

#: event -> who is told. The whole behaviour of the desk towards people, in one place.
NOTICES: dict[EventKind, tuple[Notify, ...]] = {
    EventKind.CREATED: (Notices.acknowledge, Notices.announce),
    EventKind.MESSAGE: (Notices.relay, Notices.answer_by_rule, Notices.pass_on),
    EventKind.STATUS: (Notices.resolve, Notices.close, Notices.reopen),
    EventKind.REMINDED: (Notices.remind,),
    EventKind.SURVEY_SENT: (Notices.ask,),
    EventKind.RATED: (Notices.report_rating,),
    EventKind.ASSIGNED: (Notices.hand_over,),
    EventKind.LEVEL: (Notices.change_level,),
    EventKind.DEPARTMENT: (Notices.move,),
    EventKind.DELIVERY_FAILED: (Notices.report_failure,),
}
