"""What customers are told: which letter follows from which event, and when none does.

A notice takes `(case, event, occasion)`; how its letter is made is `customer_letters`'
business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.desk.case import SYSTEM, Case
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.desk.sentences import say
from maild.desk.surveys import solves
from maild.kb.article import Article
from maild.model.letter import LetterType
from maild.model.mail import Address
from maild.model.ticket import (
    Event,
    EventKind,
    MessageKind,
    Priority,
    Status,
    Ticket,
)
from maild.notify.customer_letters import CustomerLetters
from maild.notify.facts import Acknowledgement, Answer, Change, Information, Link, Resolution
from maild.notify.happened import by_customer, by_rule, is_spam, public_words, turned
from maild.portal.links import Links

#: articles that may answer a new ticket by themselves, best first
Suggest = Callable[[Ticket, str], Sequence[Article]]
#: whether an address was asked how it went since then, about another ticket than this
Surveyed = Callable[[str, datetime, int], bool]


@dataclass(frozen=True, slots=True)
class ToCustomers:
    """Notices to the requester and the readers."""

    letters: CustomerLetters
    cases: Casebook
    practice: Practice
    roster: Roster
    links: Links | None = None  #: to the pages, where there are any
    suggest: Suggest = lambda ticket, text: ()
    surveyed: Surveyed = lambda email, since, ticket: False

    # -- a new ticket -------------------------------------------------------------------------

    def acknowledge(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Once per new ticket, to people only, and never more than the limits say."""
        if occasion.courtesy is Courtesy.NONE or occasion.by_agent or is_spam(case):
            return
        requester = case.ticket.requester
        since = case.now - self.practice.acknowledgements.per
        facts = Acknowledgement(
            ticket=self.letters.ticket(case),
            plain=occasion.courtesy is Courtesy.PLAIN,
            also=tuple(self.cases.unacknowledged(requester.email, since)),
            suggestions=self._suggestions(case, occasion),
            answer_by=case.ticket.due.first_response,
        )
        self.letters.send(case, LetterType.ACKNOWLEDGEMENT, facts, occasion, requester)

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

    # -- an answer ----------------------------------------------------------------------------

    def relay(self, case: Case, event: Event, occasion: Occasion) -> None:
        """An agent's words to the requester and the readers, one letter each."""
        message = public_words(case)
        if message is None or message.id != event.detail["message"]:
            return
        resolved = turned(case, Status.RESOLVED)
        facts = Answer(
            ticket=self.letters.ticket(case),
            message=self.letters.spoken(case, message),
            signature=self.letters.signature(case, occasion),
        )
        for reader in _audience(case.ticket):
            if resolved and reader == case.ticket.requester:
                continue  # the resolved letter carries the words
            self.letters.send(case, LetterType.REPLY, facts, occasion, reader, message=message)

    def answer_by_rule(self, case: Case, event: Event, occasion: Occasion) -> None:
        """A saved answer that a rule sends to the requester."""
        message = next((m for m in case.messages if m.id == event.detail["message"]), None)
        if message is None or message.kind is not MessageKind.AUTO or not message.public:
            return
        ticket, room = case.ticket, self.letters.room
        facts = Information(
            title=say("rule-answer", ticket.language),
            lines=tuple(part for part in message.text.split("\n\n") if part.strip()),
            ticket=self.letters.ticket(case),
            internal=False,
        )
        letter = room.writer.draft(
            LetterType.ANSWER,
            facts,
            post=room.answer_post(ticket.requester, ticket, occasion),
            language=ticket.language,
            now=case.now,
        )
        room.file(case, letter, occasion.cause, message=message)

    # -- another state ------------------------------------------------------------------------

    def resolve(self, case: Case, event: Event, occasion: Occasion) -> None:
        if event.detail["to"] != Status.RESOLVED or by_customer(event):
            return
        if by_rule(event) and occasion.courtesy is not Courtesy.FULL:
            return
        spoken = public_words(case)
        facts = Resolution(
            ticket=self.letters.ticket(case),
            message=self.letters.spoken(case, spoken) if spoken else None,
            signature=self.letters.signature(case, occasion) if spoken else (),
            scale=self._survey(case, event, occasion),
            reopen_until=case.now + self.practice.reopen_window,
        )
        requester = case.ticket.requester
        self.letters.send(case, LetterType.RESOLVED, facts, occasion, requester, message=spoken)

    def close(self, case: Case, event: Event, occasion: Occasion) -> None:
        """Only where no `resolved` went before, or where the config wants it."""
        quiet = event.detail["from"] == Status.RESOLVED and not self.practice.closed_letter
        if event.detail["to"] != Status.CLOSED or quiet or by_customer(event):
            return
        if by_rule(event) and occasion.courtesy is not Courtesy.FULL:
            return
        self._tell_change(case, LetterType.CLOSED, occasion)

    def reopen(self, case: Case, event: Event, occasion: Occasion) -> None:
        was = event.detail["from"]
        if was not in (Status.RESOLVED, Status.CLOSED) or event.detail["to"] != Status.OPEN:
            return
        if occasion.courtesy is Courtesy.FULL:
            self._tell_change(case, LetterType.REOPENED, occasion)

    def _tell_change(self, case: Case, type: LetterType, occasion: Occasion) -> None:
        facts = Change(self.letters.ticket(case))
        self.letters.send(case, type, facts, occasion, case.ticket.requester)

    # -- questions to the requester -----------------------------------------------------------

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
            self.letters.ticket(case),
            until=datetime.fromisoformat(event.detail["until"]),
            message=self.letters.spoken(case, said[-1]) if said else None,
        )
        requester = case.ticket.requester
        self.letters.send(case, LetterType.PENDING_REMINDER, facts, occasion, requester)

    def ask(self, case: Case, event: Event, occasion: Occasion) -> None:
        """How it went, in a letter of its own."""
        self._ask_with(LetterType.SURVEY, case, occasion)

    def _ask_with(self, type: LetterType, case: Case, occasion: Occasion) -> None:
        facts = Resolution(ticket=self.letters.ticket(case), scale=self._scale(case))
        self.letters.send(case, type, facts, occasion, case.ticket.requester)

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
        if self.letters.muted(requester.email, case.now):
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


def _audience(ticket: Ticket) -> list[Address]:
    """Who reads what is said to the customer."""
    return [ticket.requester, *(Address("", email) for email in ticket.cc)]
