"""What happens to a mail from an agent, supervisor or admin: proven, it is obeyed.

Without an accepted proof it is held, and its registered owner is asked. All commands of a
mail are done or none; text goes to the customer only where nothing speaks against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maild.desk import commands, obey
from maild.desk.case import Case, make_message
from maild.desk.casebook import Casebook, Keep
from maild.desk.customers import enclose
from maild.desk.obey import Refusal, Turn
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.desk.sentences import say
from maild.desk.tells import Notices
from maild.ingest.signature import looks_like_signature, set_aside
from maild.model.people import Role
from maild.model.ticket import Message, MessageKind, Ticket

#: commands after which left-over text may be nothing but a signature
STATE_WORDS = frozenset(obey.VERBS)
QUESTIONS = frozenset({"why", "sla", "show", "queue", "mine", "search", "report", "help"})


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What became of an agent's mail."""

    outcome: str  #: command | reply | question
    case: Case | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Agents:
    """The desk's conduct towards its own people."""

    practice: Practice
    roster: Roster
    cases: Casebook
    keep: Keep
    notices: Notices
    levels: tuple[int, ...]

    def accepts(self, reading: Reading) -> bool:
        """Whether this mail may act as its sender's."""
        return reading.confirmed or reading.trust.proof in self.practice.agent_proof

    def act(self, reading: Reading, ticket: Ticket) -> Obeyed:
        """A proven mail to a ticket: commands first, then what follows them."""
        language = self._language(ticket)
        text, _ = self._without_signature(reading, ticket)
        orders = commands.read(text)
        if orders.faults:
            return self._refuse(reading, ticket, _explained(orders.faults, language))
        if questions := [c for c in orders.commands if c.word in QUESTIONS]:
            return self._answer(reading, ticket, questions, language)
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        turn = Turn(
            case, reading.member, self.practice, self.roster, self.cases, self.levels, language
        )
        try:
            self._obey(turn, orders.commands)
            message = self._speak(turn, reading, orders)
        except Refusal as refusal:
            return self._refuse(reading, ticket, [refusal.explain(language)])
        self._tell(turn, reading, orders, message)
        for other in turn.also:
            self.cases.save(other)
        outcome = "reply" if message is not None else "command"
        return Obeyed(outcome, case, message)

    def _obey(self, turn: Turn, orders: Sequence[commands.Command]) -> None:
        for command in orders:
            if command.word not in ("note", "send"):
                obey.obey(turn, command)

    # -- the text ---------------------------------------------------------------------------

    def _without_signature(self, reading: Reading, ticket: Ticket) -> tuple[str, str]:
        agent = self.roster.agents.get(reading.member.key)
        known = [agent.signature] if agent and agent.signature else []
        return set_aside(reading.mail.reply or reading.mail.text, known=known)

    def _speak(self, turn: Turn, reading: Reading, orders: commands.Orders) -> Message | None:
        """The text as a message: to the customer, or a note."""
        words = {command.word for command in orders.commands}
        text = orders.text.strip() or _spoken(orders)
        files = bool(reading.mail.attachments)
        if words & STATE_WORDS and "send" not in words and looks_like_signature(text):
            if text:
                turn.did("signature-only")
            text = ""
            files = files and not all(a.inline for a in reading.mail.attachments)
        if not text and not files:
            if not orders.commands:
                raise Refusal("empty")
            return None
        note = "note" in words or (
            reading.member.role is not Role.AGENT and "send" not in words
        )
        if not note and reading.mail.inline_answers:
            raise Refusal("inline")
        return self._add(turn, reading, text, note=note)

    def _add(self, turn: Turn, reading: Reading, text: str, *, note: bool) -> Message:
        obey.touch(turn)
        message = make_message(
            self.cases.new_message_number(),
            turn.case,
            MessageKind.NOTE if note else MessageKind.AGENT,
            sender=reading.member.address if reading.member.address.name else reading.sender,
            text=text,
            subject=reading.mail.subject,
            quoted=reading.mail.quoted,
            message_id=reading.mail.message_id,
            proof=reading.trust.proof,
            public=not note,
            attachments=tuple(enclose(a, self.keep) for a in reading.mail.attachments),
        )
        turn.case.add_message(message, turn.actor)
        if note:
            turn.did("note")
        else:
            readers = [turn.case.ticket.requester.email, *turn.case.ticket.cc]
            turn.did("sent", recipients=", ".join(readers))
        return message

    # -- the letters ------------------------------------------------------------------------

    def _tell(
        self, turn: Turn, reading: Reading, orders: commands.Orders, message: Message | None
    ) -> None:
        occasion = Occasion(
            cause=reading.cause,
            message=message,
            courtesy=Courtesy.FULL,
            proof=reading.trust.proof,
            by_agent=reading.member.key,
            text=message.text if message and message.public else "",
            in_reply_to=self._last_customer_id(turn.case),
            references=self._customer_ids(turn.case),
        )
        self.notices.tell(turn.case, occasion)
        if len(orders.commands) + (message is not None) > 1 or self._remarkable(turn):
            letter_occasion = replace(occasion, in_reply_to=reading.mail.message_id)
            self.notices.answer(turn.case, letter_occasion, reading.member, turn.done)

    def _remarkable(self, turn: Turn) -> bool:
        return say("signature-only", turn.language) in turn.done

    def _last_customer_id(self, case: Case) -> str | None:
        ids = self._customer_ids(case)
        return ids[-1] if ids else None

    def _customer_ids(self, case: Case) -> tuple[str, ...]:
        found = [
            message.message_id
            for message in self.cases.messages(case.ticket.id, last=20)
            if message.kind is MessageKind.CUSTOMER and message.public and message.message_id
        ]
        return tuple(found)

    def _refuse(self, reading: Reading, ticket: Ticket, reasons: list[str]) -> Obeyed:
        """Nothing is done; the agent gets his mail back with the reason."""
        case = self.cases.open_case(ticket.id, reading.now)
        assert case is not None
        self.notices.command_error(case, self._to_sender(reading), reading.member, reasons,
                                   reading.mail.reply or reading.mail.text)  # fmt: skip
        return Obeyed("command", case)

    def _answer(
        self,
        reading: Reading,
        ticket: Ticket,
        questions: Sequence[commands.Command],
        language: str,
    ) -> Obeyed:
        reasons = [say("not-yet", language, word=question.word) for question in questions]
        return replace(self._refuse(reading, ticket, reasons), outcome="question")

    def hold(self, reading: Reading, ticket: Ticket | None) -> None:
        """Ask the registered address whether this mail is really his."""
        self.notices.confirm(reading, ticket, self._to_sender(reading))

    def _to_sender(self, reading: Reading) -> Occasion:
        return Occasion(
            cause=reading.cause,
            proof=reading.trust.proof,
            in_reply_to=reading.mail.message_id,
            references=reading.mail.references[-10:],
        )

    def _language(self, ticket: Ticket) -> str:
        department = self.roster.departments.get(ticket.department)
        return department.language if department else self.practice.language


def _explained(faults: Sequence[commands.Fault], language: str) -> list[str]:
    return [
        say("fault", language, line=fault.line, reason=commands.explain(fault, language))
        for fault in faults
    ]


def _spoken(orders: commands.Orders) -> str:
    """What `#note` or `#send` took along."""
    return next((c.argument for c in orders.commands if c.word in ("note", "send")), "")
