"""What happens to a mail from an agent, supervisor or admin: proven, it is obeyed.

All commands of a mail are done or none. What it says is `speech`'s business, opening tickets
for others `behalf`'s, answers are `questions`'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from maild.desk import commands, obey
from maild.desk.allowance import has_room
from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.commands import Command, Orders
from maild.desk.customers import Customers, Words
from maild.desk.obey import Refusal, Turn
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.opening import Request
from maild.desk.practice import Practice
from maild.desk.questions import ANSWERS, Asked, Questions
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.desk.sentences import say
from maild.desk.speech import SPOKEN, Speech
from maild.desk.tells import Notices
from maild.ingest.signature import repeated_closings, set_aside
from maild.ingest.trim import has_marker, trim
from maild.model.mail import Mail
from maild.model.ticket import Message, MessageKind, Ticket
from maild.rules import Decision
from maild.threading.clues import bare_subject

QUESTIONS = frozenset(ANSWERS)

#: writes the draft of an article about a ticket; its place, or OSError
Draft = Callable[[Ticket, Sequence[Message]], str]


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What became of an agent's mail."""

    outcome: str  #: command | reply | question
    case: Case | None = None
    message: Message | None = None
    decision: Decision | None = None  #: of the rules, where they were asked


@dataclass(frozen=True, slots=True)
class Agents:
    """The desk's conduct towards its own people."""

    practice: Practice
    roster: Roster
    cases: Casebook
    speech: Speech
    notices: Notices
    levels: tuple[int, ...]
    customers: Customers
    questions: Questions
    draft: Draft

    def accepts(self, reading: Reading) -> bool:
        """Whether this mail may act as its sender's."""
        return reading.confirmed or reading.trust.proof in self.practice.agent_proof

    def orders(
        self, reading: Reading, ticket: Ticket | None, text: str | None = None
    ) -> Orders:
        """What the mail orders, its signature set aside. `text`: all that counts of it."""
        agent = self.roster.agents.get(reading.member.key)
        own = [agent.signature] if agent and agent.signature else []
        earlier = self.cases.earlier_texts(reading.sender.email, 5)
        written = text if text is not None else new_words(reading.mail)
        if text is None and (order := self.order_in_subject(reading, ticket)):
            written = f"{order}\n{written}"
        body, _ = set_aside(written, known=[*own, *repeated_closings(earlier)])
        return commands.read(body)

    def order_in_subject(self, reading: Reading, ticket: Ticket | None) -> str:
        """The order an agent has written as his subject; "" where somebody else may have.

        Behind `Re:` it counts only where a letter of ours is answered; and never where the
        ticket's own subject, which is its customer's, could be one.
        """
        subject, tag = reading.mail.subject.strip(), self.practice.tag
        order = commands.in_subject(bare_subject(subject, tag))
        typed = subject[:1] in ("#", "＃", "[")
        if ticket is None:
            faulty = bool(commands.read(order).faults)
            return "" if faulty or not typed or reading.clues.answers_something else order
        answers_us = any(hit.address == reading.sender.key for hit in reading.clues.references)
        other = any(number != ticket.id for number in reading.clues.tags)
        if other or commands.in_subject(bare_subject(ticket.subject, tag)):
            return ""
        return order if typed or answers_us else ""

    # -- a mail to a ticket -------------------------------------------------------------------

    def act(self, reading: Reading, ticket: Ticket) -> Obeyed:
        """A proven mail to a ticket: commands first, then what follows them."""
        language = self.language(ticket)
        orders = self.orders(reading, ticket)
        if orders.faults:
            return self.refuse(reading, ticket, explained(orders.faults, language))
        asked, orders = _without_questions(orders)
        try:
            with self.cases.attempt():
                if asked and not orders.commands and self.speech.only_signs(orders.text):
                    self.reply_to_questions(reading, ticket, asked, language)
                    return Obeyed("question")
                return self._work(reading, ticket, orders, asked)
        except Refusal as refusal:
            return self.refuse(reading, ticket, [refusal.explain(language)])

    def _work(
        self, reading: Reading, ticket: Ticket, orders: Orders, asked: Sequence[Command]
    ) -> Obeyed:
        """Everything of the mail, what can't be taken back last."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        turn = self.turn(case, reading)
        message = self.obey(turn, reading, orders)
        if turn.split:
            self._split(turn, reading)
        occasion = self._occasion(turn, reading, message)
        self.notices.tell(case, occasion)
        self.save(turn, reading)
        self.reply_to_questions(reading, case.ticket, asked, turn.language)
        self.draft_article(turn)
        spoken = SPOKEN | {"reply"}  # these and the text they bring are one thing
        things = sum(command.word not in spoken for command in orders.commands)
        self._report(turn, reading, occasion, things + (message is not None))
        return Obeyed("reply" if message is not None else "command", case, message)

    def save(self, turn: Turn, reading: Reading) -> None:
        """Save the turn's cases, so that a question beside the orders sees what they did."""
        self.cases.save(turn.case, intake=reading.intake)
        for other in turn.also:
            self.cases.save(other)

    def turn(self, case: Case, reading: Reading) -> Turn:
        language = self.language(case.ticket)
        return Turn(
            case, reading.member, self.practice, self.roster, self.cases, self.levels, language
        )

    def obey(self, turn: Turn, reading: Reading, orders: Orders) -> Message | None:
        """Do all commands and say what there is to say; the message, if there is one."""
        for command in orders.commands:
            if command.word not in SPOKEN and command.word != "reply":
                obey.obey(turn, command)
        return self.speech.speak(turn, reading, orders)

    def draft_article(self, turn: Turn) -> None:
        """A draft of the saved ticket where one is wanted: a file, so it is written last."""
        if not turn.drafting:
            return
        ticket = turn.case.ticket
        try:
            place = self.draft(ticket, self.cases.messages(ticket.id))
        except OSError as error:
            raise Refusal("no-draft", reason=error.strerror or "?") from None
        turn.did("draft", file=place)

    # -- split --------------------------------------------------------------------------------

    def _split(self, turn: Turn, reading: Reading) -> None:
        """The message whose notice was answered opens a ticket of its own."""
        message = self._answered(turn, reading)
        if message is None:
            raise Refusal("no-message")
        old = turn.case.ticket
        request = Request(
            requester=message.sender,
            subject=bare_subject(message.subject, self.practice.tag) or old.subject,
            department=self.roster.departments.get(old.department) or self.roster.default,
            channel=old.channel,
            language=old.language,
            actor=f"customer:{message.sender.key}",
        )
        words = Words(message.sender, message.text, message.quoted, message.html)
        bare = replace(reading, mail=replace(reading.mail, attachments=(), message_id=None))
        case, _ = self.customers.start(bare, request, words)
        if case is None:
            raise Refusal("no-message")
        case.messages[0] = replace(case.messages[0], attachments=message.attachments,
                                   message_id=message.message_id,
                                   proof=message.proof)  # fmt: skip
        case.link(old.id, turn.actor)
        turn.case.link(case.ticket.id, turn.actor)
        if message.message_id:
            self.cases.move_reference(message.message_id, case.ticket.id)
        self.notices.tell(
            case, Occasion(f"{reading.cause}:split", case.messages[0], Courtesy.FULL)
        )
        turn.also.append(case)
        turn.did("split", number=case.ticket.id)

    def _answered(self, turn: Turn, reading: Reading) -> Message | None:
        for hit in reversed(reading.clues.references):
            number = self.cases.message_of_notice(hit.letter) if hit.letter else None
            message = self.cases.message(number) if number else None
            if message and message.kind is MessageKind.CUSTOMER:
                return message
        return None

    # -- the letters --------------------------------------------------------------------------

    def _occasion(self, turn: Turn, reading: Reading, message: Message | None) -> Occasion:
        ids = self._customer_ids(turn.case)
        return Occasion(
            cause=reading.cause,
            message=message,
            courtesy=Courtesy.FULL,
            proof=reading.trust.proof,
            by_agent=reading.member.key,
            in_reply_to=ids[-1] if ids else None,
            references=ids,
        )

    def _report(self, turn: Turn, reading: Reading, occasion: Occasion, things: int) -> None:
        """What was done, where it was more than one thing, or other than he may think."""
        remarks = {say(key, turn.language) for key in ("signature-only", "nothing")}
        if things > 1 or remarks & set(turn.done):
            to_agent = replace(occasion, in_reply_to=reading.mail.message_id)
            self.notices.replies.list_done(
                turn.case, to_agent, reading.member, list(filter(None, turn.done))
            )

    def _customer_ids(self, case: Case) -> tuple[str, ...]:
        found = [
            message.message_id
            for message in self.cases.messages(case.ticket.id, last=20)
            if message.kind is MessageKind.CUSTOMER and message.public and message.message_id
        ]
        return tuple(found)

    def reply_to_questions(
        self,
        reading: Reading,
        ticket: Ticket | None,
        asked: Sequence[Command],
        language: str,
    ) -> None:
        """One `answer` letter a question."""
        for number, command in enumerate(asked):
            reply = self.questions.answer(
                Asked(command, reading.member, ticket, language, reading.now)
            )
            occasion = replace(self.to_sender(reading), cause=f"{reading.cause}:{number}")
            self.notices.replies.inform(
                reading.member.address,
                reply,
                occasion,
                now=reading.now,
                ticket=ticket,
                language=language,
            )

    def refuse(self, reading: Reading, ticket: Ticket | None, reasons: list[str]) -> Obeyed:
        """Nothing is done; the agent gets his mail back with the reason."""
        self.notices.replies.command_error(
            ticket,
            self.to_sender(reading),
            reading.member,
            reasons,
            reading.mail.own_words,
            now=reading.now,
        )
        case = self.cases.open_case(ticket.id, reading.now) if ticket else None
        return Obeyed("command", case)

    def may_ask(self, reading: Reading, email: str, *, proven: bool) -> bool:
        """Whether one more letter may go to somebody who asked (`answers_per_address`)."""
        return has_room(
            email,
            proven=proven,
            cases=self.cases,
            practice=self.practice,
            now=reading.now,
        )

    def may_confirm(self, reading: Reading, email: str) -> bool:
        """Whether one of the house may be asked if a mail is his. What his proven mails were
        answered counts for nothing here."""
        return has_room(
            email,
            proven=reading.known.proven,
            cases=self.cases,
            practice=self.practice,
            now=reading.now,
            kinds=("confirm",),
        )

    def hold(self, reading: Reading, ticket: Ticket | None) -> None:
        """Ask the registered address whether this mail is really his."""
        self.notices.replies.confirm(reading, ticket, self.to_sender(reading))

    def to_sender(self, reading: Reading) -> Occasion:
        return Occasion(
            cause=reading.cause,
            proof=reading.trust.proof,
            in_reply_to=reading.mail.message_id,
            references=reading.mail.references[-10:],
        )

    def language(self, ticket: Ticket | None) -> str:
        department = self.roster.departments.get(ticket.department) if ticket else None
        return department.language if department else self.practice.language


def new_words(mail: Mail) -> str:
    """What its sender wrote; "" where there is nothing but a quoted notice."""
    if mail.quoted or not has_marker(mail.reply):
        return mail.own_words
    again = trim(f"x\n{mail.text}")  # as if a word of his stood above it
    return "" if again.reply == "x" else mail.reply


def explained(faults: Sequence[commands.Fault], language: str) -> list[str]:
    """Each fault of a mail in a sentence."""
    return [
        say("fault", language, line=fault.line, reason=commands.explain(fault, language))
        for fault in faults
    ]


def _without_questions(orders: Orders) -> tuple[list[Command], Orders]:
    asked = [command for command in orders.commands if command.word in QUESTIONS]
    rest = tuple(command for command in orders.commands if command.word not in QUESTIONS)
    return asked, replace(orders, commands=rest)
