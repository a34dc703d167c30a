"""A letter to a customer: from whom, in which thread, with which files and links.

Which letters there are, and when, is `to_customers`' business.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.reading import is_nobody
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.model.ticket import Message, MessageKind
from maild.notify.facts import (
    Acknowledgement,
    Answer,
    Change,
    MessageFacts,
    Resolution,
    TicketFacts,
)
from maild.notify.letters import Post
from maild.notify.mailroom import Mailroom
from maild.notify.telling import message_facts
from maild.portal.links import Links

#: what a reader's mail program writes for him: in both places, since some send only one
_LEAVING = "subject=%23uncc&body=%23uncc"
ToCustomer = Acknowledgement | Answer | Resolution | Change


@dataclass(frozen=True, slots=True)
class CustomerLetters:
    """Writes letters that leave the house: no agent's address, no word that acts as one."""

    room: Mailroom
    cases: Casebook
    links: Links | None  #: to the pages, where there are any

    def send(
        self,
        case: Case,
        type: LetterType,
        facts: ToCustomer,
        occasion: Occasion,
        reader: Address,
        *,
        message: Message | None = None,
    ) -> None:
        """One letter to one reader; none where he is to be left alone. `message`: the agent's
        words it brings, which no muting holds back."""
        if occasion.courtesy is Courtesy.NONE or is_nobody(reader.email):
            return
        if message is None and self.muted(reader.email, case.now):
            return
        if self.links:
            page = self.links.ticket(case.ticket.id, reader.email, case.now)
            facts = replace(facts, ticket=replace(facts.ticket, link=page))
            facts = self._with_large_files(facts, message, page)
        if copied := reader.key != case.ticket.requester.key:
            facts = replace(facts, ticket=replace(facts.ticket, copied=copied))
        letter = self.room.writer.draft(
            type,
            facts,
            post=self._post(case, type, occasion, reader, message),
            language=case.ticket.language,
            now=case.now,
            enclosures=self.room.relayed(message).sent,
        )
        self.room.file(case, letter, occasion.cause, message=message)

    def _post(
        self,
        case: Case,
        type: LetterType,
        occasion: Occasion,
        reader: Address,
        message: Message | None,
    ) -> Post:
        ticket, before = case.ticket, occasion.in_reply_to
        plain = occasion.courtesy is Courtesy.PLAIN  # then the name too may be anybody's words
        post = self.room.addressing.post(
            reader.email,
            ticket=ticket,
            sender_name=self._sender_name(case, occasion if message else None),
            to=(_shown(ticket.requester, reader, plain=plain),),
            cc=tuple(Address("", email) for email in ticket.cc) if message else (),
            in_reply_to=before,
            references=occasion.references,
        )
        if reader.key != ticket.requester.key and post.reply_to and not post.subject_token:
            post = replace(post, leave=f"mailto:{post.reply_to.email}?{_LEAVING}")
        if type is LetterType.ACKNOWLEDGEMENT:  # repeats nothing else its sender wrote
            ids = ([before] if before else []) + [post.references[0]]
            post = replace(post, references=tuple(dict.fromkeys(ids)))
        return post

    def _with_large_files(self, facts: ToCustomer, message: Message | None, page: str) -> Any:
        """What is too large for a letter is fetched from the reader's page."""
        large = self.room.relayed(message).too_large
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
        department = self.room.addressing.department(case.ticket).name
        name = self._speaker(occasion) if occasion else ""
        return f"{name} – {department}" if name else department

    def _speaker(self, occasion: Occasion) -> str:
        """Whose words they are: an agent by the config's name, a supervisor by his own."""
        agent = self.room.roster.agents.get(occasion.by_agent or "")
        if agent or occasion.message is None:
            return agent.name if agent else ""
        spoken = occasion.message
        return spoken.sender.name if spoken.kind is MessageKind.AGENT else ""

    # -- what they say ------------------------------------------------------------------------

    def signature(self, case: Case, occasion: Occasion) -> tuple[str, ...]:
        """Who speaks, and for which department; a name he signed with himself not again."""
        department = self.room.addressing.department(case.ticket).name
        speaker = self._speaker(occasion)
        signed = occasion.message is not None and _signed_by(occasion.message.text, speaker)
        names = ("" if signed else speaker, department)
        return tuple(name for name in names if name)

    def spoken(self, case: Case, message: Message) -> MessageFacts:
        """An agent's words as outsiders may read them."""
        text = self.room.telling.without_agents(message.text, case.ticket.department)
        facts = message_facts(message, text)
        department = self.room.addressing.department(case.ticket)
        return replace(facts, who=replace(facts.who, email=department.address))

    def ticket(self, case: Case) -> TicketFacts:
        return self.room.outside(case.ticket, case.now)

    def muted(self, email: str, now: datetime) -> bool:
        """Whether this address gets nothing but people's words."""
        until = self.cases.known_address(email).muted_until
        return until is not None and until > now


def _shown(requester: Address, reader: Address, *, plain: bool) -> Address:
    """Whom the To line names: the requester, where there is one."""
    if is_nobody(requester.email):
        return reader
    return Address("", requester.email) if plain else requester


def _signed_by(text: str, name: str) -> bool:
    """One of its last lines is this name, or the first word of it."""
    lines = [line for line in text.splitlines() if line.strip()][1:]
    last = {line.strip(" *_,.").casefold() for line in lines[-4:]}
    return bool(name) and not last.isdisjoint((name.casefold(), name.split()[0].casefold()))
