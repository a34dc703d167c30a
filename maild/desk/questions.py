"""Questions that are answered by mail: `#why #sla #show #queue #mine #search #help`, and a
customer's `estado`. Pure reading; an answer is a title, lines and a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from maild.desk.commands import Command
from maild.desk.obey import Refusal, say_outside, say_priority, say_status
from maild.desk.practice import Practice
from maild.desk.reasons import decision_lines, in_words
from maild.desk.roster import Member, Roster
from maild.desk.sentences import say
from maild.desk.vocabulary import help_text
from maild.model.ticket import Event, Message, MessageKind, Ticket

MOST = 50


@dataclass(frozen=True, slots=True)
class Reply:
    """What an `answer` letter says."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pre: str = ""
    links: tuple[tuple[str, str], ...] = ()  #: title and where it leads


class Library(Protocol):
    """What questions ask of the store."""

    def whole(self, number: int) -> tuple[Ticket, list[Message], list[Event]] | None: ...

    def decisions(self, ticket: int) -> list[dict[str, Any]]: ...

    def search(self, words: str, limit: int = 100) -> list[Ticket]: ...

    def open_in(self, departments: Sequence[str], limit: int = 100) -> list[Ticket]: ...

    def open_of(self, assignee: str, limit: int = 100) -> list[Ticket]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at hand."""

    command: Command
    member: Member
    ticket: Ticket | None
    language: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Questions:
    """Answers what can be read from the store."""

    practice: Practice
    roster: Roster
    library: Library
    clock_lines: Callable[[Ticket, str, datetime], list[str]]
    report: Callable[[str, str, Member, str, datetime], None]  #: name, period, to, cause, now

    def answer(self, asked: Asked) -> Reply:
        """Raises `Refusal` where there is nothing to answer."""
        return ANSWERS[asked.command.word](self, asked)

    # -- one ticket ---------------------------------------------------------------------------

    def show(self, asked: Asked) -> Reply:
        """The ticket with its thread, notes included: for agents only."""
        args = asked.command.args
        number = int(args[0]) if args else self._here(asked).id
        whole = self.library.whole(number)
        if whole is None:
            raise Refusal("no-ticket", word=number)
        found, messages, _ = whole
        return Reply(
            title=f"[{self.practice.tag} #{found.id}] {found.subject}",
            lines=tuple(self._state(found, asked.language)),
            pre="\n\n".join(
                self._message(message, found, asked.language) for message in messages[-20:]
            ),
        )

    def _state(self, ticket: Ticket, language: str) -> Iterator[str]:
        """How it stands; then who reads along, and its tags, where there are any."""
        yield " · ".join((
            say_status(ticket.status, language),
            say_priority(ticket.priority, language),
            say("level", language, level=ticket.level).rstrip("."),
            ticket.department,
            ticket.assignee or "—",
            str(ticket.requester),
        ))  # fmt: skip
        if ticket.cc:
            yield say("readers", language, readers=", ".join(ticket.cc)).rstrip(".")
        if ticket.tags:
            yield say("tags", language, tags=", ".join(ticket.tags)).rstrip(".")

    def _message(self, message: Message, ticket: Ticket, language: str) -> str:
        at = message.at.astimezone(self.practice.timezone)
        role = say(f"by-{_role(message, ticket)}", language)
        return f"--- {at:%Y-%m-%d %H:%M} · {role} · {message.sender}\n{message.text}"

    def why(self, asked: Asked) -> Reply:
        """Every decision on its mails: evidence, proof, rules."""
        ticket = self._here(asked)
        lines: list[str] = []
        for decision in self.library.decisions(ticket.id):
            at = decision["received"].astimezone(self.practice.timezone)
            lines.append(
                f"{at:%Y-%m-%d %H:%M} · {in_words(decision['outcome'], asked.language)}"
            )
            lines += [f"  {line}" for line in decision_lines(decision, asked.language)]
        return Reply(
            f"#{asked.command.called} · [{self.practice.tag} #{ticket.id}]",
            pre="\n".join(lines),
        )

    def sla(self, asked: Asked) -> Reply:
        """The clocks' story, line by line."""
        ticket = self._here(asked)
        lines = self.clock_lines(ticket, asked.language, asked.now)
        return Reply(
            f"#{asked.command.called} · [{self.practice.tag} #{ticket.id}]",
            pre="\n".join(lines),
        )

    def _here(self, asked: Asked) -> Ticket:
        if asked.ticket is None:
            raise Refusal("not-here", word=asked.command.called)
        return asked.ticket

    # -- many tickets -------------------------------------------------------------------------

    def queue(self, asked: Asked) -> Reply:
        """What is open in the asker's departments."""
        agent = self.roster.agents.get(asked.member.key)
        departments = agent.departments if agent else tuple(self.roster.departments)
        return self._list(
            f"#{asked.command.called}", self.library.open_in(departments, MOST), asked
        )

    def mine(self, asked: Asked) -> Reply:
        """What is open and the asker's own."""
        return self._list(
            f"#{asked.command.called}", self.library.open_of(asked.member.key, MOST), asked
        )

    def search(self, asked: Asked) -> Reply:
        words = asked.command.argument
        return self._list(
            f"#{asked.command.called} {words}", self.library.search(words, MOST), asked
        )

    def _list(self, title: str, tickets: Sequence[Ticket], asked: Asked) -> Reply:
        if not tickets:
            return Reply(title, (say("no-tickets", asked.language),))
        rows = tuple(self._row(ticket, asked.language) for ticket in tickets)
        head = tuple(say("list-head", asked.language).split("|"))
        return Reply(title, head=head, rows=rows)

    def _row(self, ticket: Ticket, language: str) -> tuple[str, ...]:
        due = [at for at in (ticket.due.first_response, ticket.due.next_response,
                             ticket.due.resolution) if at]  # fmt: skip
        when = min(due).astimezone(self.practice.timezone) if due else None
        return (
            f"#{ticket.id}",
            ticket.subject,
            say_status(ticket.status, language),
            say_priority(ticket.priority, language),
            ticket.assignee or "—",
            f"{when:%Y-%m-%d %H:%M}" if when else "—",
        )

    # -- the rest -----------------------------------------------------------------------------

    def help(self, asked: Asked) -> Reply:
        return Reply(f"#{asked.command.called}", pre=help_text(asked.language))

    def ask_report(self, asked: Asked) -> Reply:
        """A report of its own letter; this says only that it is on its way."""
        words = asked.command.argument.split(maxsplit=1)
        period = words[1] if len(words) > 1 else ""
        cause = f"{asked.member.key}:{asked.now.isoformat()}"
        self.report(words[0], period, asked.member, cause, asked.now)
        return Reply(
            f"#{asked.command.called} {asked.command.argument}",
            (say("report-comes", asked.language),),
        )


def _role(message: Message, ticket: Ticket) -> str:
    """A message's kind; a customer who is not the requester is a reader or a stranger."""
    if message.kind is not MessageKind.CUSTOMER or message.sender.key == ticket.requester.key:
        return message.kind.value
    return "reader" if message.public else "stranger"


def status_of(tickets: Sequence[Ticket], *, tag: str, language: str) -> Reply:
    """A customer's own open tickets."""
    if not tickets:
        return Reply(say("status-title", language), (say("no-tickets", language),))
    rows = tuple(
        (f"[{tag} #{ticket.id}]", ticket.subject, say_outside(ticket.status, language))
        for ticket in tickets
    )
    head = tuple(say("status-head", language).split("|"))
    return Reply(say("status-title", language), head=head, rows=rows)


ANSWERS: dict[str, Callable[[Questions, Asked], Reply]] = {
    "why": Questions.why,
    "sla": Questions.sla,
    "show": Questions.show,
    "queue": Questions.queue,
    "mine": Questions.mine,
    "search": Questions.search,
    "report": Questions.ask_report,
    "help": Questions.help,
}
