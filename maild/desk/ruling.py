"""The rules at work: what they see of a mail, and the desk doing what they say.

The rules themselves are pure (`maild.rules`). Every change they want goes through the case's
verbs with `rule:NAME` as its author, so that the history says which rule it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from maild.desk import opening
from maild.desk.allowance import has_room
from maild.desk.audience import Audience
from maild.desk.case import SYSTEM, Case, make_message
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy
from maild.desk.opening import Request
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.model.mail import Address
from maild.model.ticket import MessageKind, Status, Ticket
from maild.rules import Decision, RuleBook

#: a saved answer by (language, name)
Saved = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rules of one desk, and its obedience to them."""

    book: RuleBook
    practice: Practice
    roster: Roster
    audience: Audience
    cases: Casebook
    saved: Saved

    # -- asking -----------------------------------------------------------------------------

    def on_request(self, reading: Reading, request: Request, text: str) -> Decision:
        """What becomes of a mail that would open a ticket."""
        facts = opening.facts_of(reading, request, self.practice, text=text)
        return self.book.decide(facts, on="new")

    def on_reply(self, reading: Reading, ticket: Ticket, text: str) -> Decision:
        """What becomes of an answer, and of the ticket it joins."""
        request = opening.request_of(reading, self.roster, self.practice, text=text)
        facts = opening.facts_of(reading, request, self.practice, text=text, ticket=ticket)
        return self.book.decide(facts, on="reply")

    # -- doing ------------------------------------------------------------------------------

    def apply(self, case: Case, decision: Decision) -> None:
        """Change the case as the rules say, and find somebody to work on it."""
        moved = self._place(case, decision)
        for name, tags in decision.tags_by_rule:
            case.change_tags(f"rule:{name}", add=tags)
        room = max(0, self.practice.max_participants - len(case.ticket.cc))
        case.change_readers(author(decision, "cc"), add=self._readers(decision)[:room])
        if decision.status:
            case.set_status(Status(decision.status), author(decision, "status"), reason="rule")
        self._assign(case, decision, moved=moved)

    def _place(self, case: Case, decision: Decision) -> bool:
        """Department, priority, level, category; whether other people are in charge now."""
        moved = case.set_department(
            decision.department, author(decision, "department"), reason="rule"
        )
        raised = case.set_level(decision.level, author(decision, "level"), reason="rule")
        case.set_priority(decision.priority, author(decision, "priority"), reason="rule")
        if category := category_of(decision, case.ticket):
            case.categorise(category)
        return moved or raised

    def _readers(self, decision: Decision) -> list[str]:
        return [email for email in decision.cc if not self.roster.is_own(email)]

    def _assign(self, case: Case, decision: Decision, *, moved: bool) -> None:
        """A new or moved ticket finds its agent; one that stays keeps him, unless a rule
        names another."""
        if case.is_new or moved:
            case.assign(None, SYSTEM, reason="rule")
        elif decision.assignee is None:
            return
        opening.assign(
            case,
            self.roster,
            self.cases,
            day=self.today(case),
            wanted=decision.assignee,
            by=author(decision, "assignee"),
        )

    def today(self, case: Case) -> date:
        return case.now.astimezone(self.practice.timezone).date()

    # -- telling ----------------------------------------------------------------------------

    def told(self, case: Case, decision: Decision) -> tuple[Address, ...]:
        """Whom the rules want to hear of the mail, besides the ticket's own people."""
        return tuple(self.audience.of(case, decision.notify)) if decision.notify else ()

    def answer(
        self, case: Case, decision: Decision, *, courtesy: Courtesy, proven: bool
    ) -> None:
        """Add the saved answer that a rule sends, where the sender may be told anything."""
        text = self._saved(case, decision)
        if not text or courtesy is Courtesy.NONE:
            return
        email = case.ticket.requester.email
        if not has_room(
            email, proven=proven, cases=self.cases, practice=self.practice, now=case.now
        ):
            return
        department = self.roster.departments.get(case.ticket.department, self.roster.default)
        message = make_message(
            self.cases.new_message_number(),
            case,
            MessageKind.AUTO,
            sender=Address(department.name, department.address),
            to=(email,),
            text=text,
        )
        case.add_message(message, author(decision, "reply"))

    def _saved(self, case: Case, decision: Decision) -> str | None:
        """In the customer's language, else in the house's."""
        if decision.reply is None:
            return None
        languages = (case.ticket.language, self.practice.language, "en", "es")
        found = (self.saved(language, decision.reply) for language in languages)
        return next(filter(None, found), None)


def author(decision: Decision, what: str) -> str:
    """Whose doing it is: `rule:NAME`; the desk's own where no rule set it."""
    name = decision.by.get(what)
    return f"rule:{name}" if name else SYSTEM


def category_of(decision: Decision, ticket: Ticket) -> str | None:
    """What a rule sets; else, for a ticket without one, the name of the rule that gave it
    its department, or of the first that matched."""
    if decision.category:
        return decision.category
    if ticket.category or not decision.matched:
        return ticket.category
    return decision.by.get("department") or decision.matched[0]
