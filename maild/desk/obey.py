"""What each command does to a case.

A verb changes the case in hand or raises `Refusal`; nothing is saved until all commands of a
mail have succeeded, so a mistake in the last one undoes them all. `VERBS` at the end is the
table of contents.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from maild.desk import opening, surgery
from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.commands import Command
from maild.desk.practice import Practice
from maild.desk.roster import Member, Roster
from maild.desk.sentences import say
from maild.model.people import Role
from maild.model.ticket import EventKind, Priority, Status


class Refusal(Exception):
    """A command that can't be done; says why to the agent."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def explain(self, language: str) -> str:
        return say(self.key, language, **self.values)


@dataclass(slots=True)
class Turn:
    """One agent's mail being obeyed."""

    case: Case
    member: Member
    practice: Practice
    roster: Roster
    cases: Casebook
    levels: tuple[int, ...]
    language: str
    done: list[str] = field(default_factory=list)  #: what was done, for the `answer` letter
    also: list[Case] = field(default_factory=list)  #: other cases this changes
    split: bool = False  #: the message answered shall open a ticket of its own
    drafting: bool = False  #: an article shall be drafted of all this

    @property
    def actor(self) -> str:
        return f"agent:{self.member.key}"

    @property
    def today(self) -> date:
        return self.case.now.astimezone(self.practice.timezone).date()

    def did(self, key: str, **values: object) -> None:
        self.done.append(say(key, self.language, **values))


def obey(turn: Turn, command: Command) -> None:
    """Do one command, or raise `Refusal`."""
    verb = VERBS.get(command.word)
    if verb is None:
        raise Refusal("not-yet", word=command.word)
    before = len(turn.done)
    verb(turn, command)
    if len(turn.done) == before and not turn.split and command.word != "kb":
        turn.did("nothing")


def take(turn: Turn, command: Command) -> None:
    """The agent's own."""
    if turn.member.role is not Role.AGENT:
        raise Refusal("supervisor")
    touch(turn)
    if turn.case.assign(turn.member.key, turn.actor):
        turn.did("took", agent=turn.member.address.name or turn.member.key)


def assign(turn: Turn, command: Command) -> None:
    """Somebody else's."""
    agent = turn.roster.agent_named(command.argument)
    if agent is None:
        known = ", ".join(turn.roster.agents)
        near = get_close_matches(command.argument, turn.roster.agents, n=1)
        raise Refusal("no-agent", word=command.argument, known=near[0] if near else known)
    touch(turn)
    if turn.case.assign(agent.key, turn.actor):
        turn.did("took", agent=agent.name or agent.key)


def unassign(turn: Turn, command: Command) -> None:
    if turn.case.assign(None, turn.actor):
        turn.did("unassigned")


def touch(turn: Turn) -> None:
    """An agent has looked at it: it is new no more."""
    if turn.case.ticket.status is Status.NEW:
        turn.case.set_status(Status.OPEN, turn.actor)


def resolve(turn: Turn, command: Command) -> None:
    if turn.case.set_status(Status.RESOLVED, turn.actor):
        turn.did("resolved")


def close(turn: Turn, command: Command) -> None:
    if turn.case.set_status(Status.CLOSED, turn.actor):
        turn.did("closed")


def reopen(turn: Turn, command: Command) -> None:
    if turn.case.ticket.status.done and turn.case.set_status(
        Status.OPEN, turn.actor, reason="agent"
    ):
        turn.did("reopened")


def pending(turn: Turn, command: Command) -> None:
    _set_status(turn, Status.PENDING)


def hold(turn: Turn, command: Command) -> None:
    _set_status(turn, Status.ON_HOLD)


def open_(turn: Turn, command: Command) -> None:
    _set_status(turn, Status.OPEN)


def _set_status(turn: Turn, status: Status) -> None:
    if turn.case.set_status(status, turn.actor):
        turn.did("status", status=say_status(status, turn.language))


def priority(turn: Turn, command: Command) -> None:
    wanted = Priority(command.args[0])
    touch(turn)
    if turn.case.set_priority(wanted, turn.actor):
        turn.did("priority", priority=say_priority(wanted, turn.language))


def department(turn: Turn, command: Command) -> None:
    """To another department, and to its people."""
    key = _department_named(turn, command.argument)
    if not turn.case.set_department(key, turn.actor):
        return
    turn.case.assign(None, turn.actor, reason="department")
    opening.assign(turn.case, turn.roster, turn.cases, day=turn.today)
    turn.did("department", department=turn.roster.departments[key].name or key)


def _department_named(turn: Turn, word: str) -> str:
    wanted = word.strip().casefold()
    for found in turn.roster.departments.values():
        if wanted in (found.key.casefold(), found.name.casefold(), found.address.casefold()):
            return found.key
    raise Refusal("no-department", word=word, known=", ".join(turn.roster.departments))


def escalate(turn: Turn, command: Command) -> None:
    """Up to the next level, or to the one named."""
    now = turn.case.ticket.level
    above = [level for level in turn.levels if level > now]
    wanted = int(command.args[0]) if command.args and str(command.args[0]).isdigit() else None
    if wanted is not None and wanted not in turn.levels:
        raise Refusal("no-level", word=wanted, known=", ".join(map(str, turn.levels)))
    if wanted is None and not above:
        raise Refusal("no-level-above")
    if wanted == now:
        raise Refusal("level-same", now=now)
    level = wanted if wanted is not None else above[0]
    if turn.case.set_level(level, turn.actor, reason=reason_of(command) or None):
        turn.case.assign(None, turn.actor, reason="level")
        touch(turn)
        turn.did("level", level=level)


def return_(turn: Turn, command: Command) -> None:
    """Back to the level it came from, and to the agent who handed it up."""
    ups = [
        event
        for event in turn.case.all_events
        if event.kind is EventKind.LEVEL and event.detail["to"] == turn.case.ticket.level
        and event.detail["from"] < event.detail["to"]
    ]  # fmt: skip
    if not ups:
        raise Refusal("no-level-below")
    came = ups[-1]
    turn.case.set_level(came.detail["from"], turn.actor, reason=command.argument or None)
    kind, _, key = came.actor.partition(":")
    turn.case.assign(
        key if kind == "agent" and key in turn.roster.agents else None,
        turn.actor,
        reason="returned",
    )
    turn.did("level", level=came.detail["from"])


def reason_of(command: Command) -> str:
    """What follows the level number."""
    words = command.argument.split(maxsplit=1)
    if words and words[0].isdigit():
        return words[1] if len(words) > 1 else ""
    return command.argument


def tag(turn: Turn, command: Command) -> None:
    if turn.case.change_tags(turn.actor, add=map(str, command.args)):
        turn.did("tags", tags=", ".join(turn.case.ticket.tags) or "—")


def untag(turn: Turn, command: Command) -> None:
    if turn.case.change_tags(turn.actor, remove=map(str, command.args)):
        turn.did("tags", tags=", ".join(turn.case.ticket.tags) or "—")


def cc(turn: Turn, command: Command) -> None:
    """New readers; they get nothing written earlier."""
    ticket, most = turn.case.ticket, turn.practice.max_participants
    wanted = [str(a) for a in command.args if not turn.roster.is_own(str(a))]
    if len({*ticket.cc, *(a.casefold() for a in wanted if not ticket.takes_part(a))}) > most:
        raise Refusal("too-many-readers", most=most)
    if turn.case.change_readers(turn.actor, add=wanted):
        turn.did("readers", readers=", ".join(turn.case.ticket.cc) or "—")


def uncc(turn: Turn, command: Command) -> None:
    gone = [str(a) for a in command.args] or list(turn.case.ticket.cc)
    if turn.case.change_readers(turn.actor, remove=gone):
        turn.did("readers", readers=", ".join(turn.case.ticket.cc) or "—")


def link(turn: Turn, command: Command) -> None:
    """A cross-reference, both ways."""
    other = _other_case(turn, command)
    if turn.case.link(other.ticket.id, turn.actor):
        other.link(turn.case.ticket.id, turn.actor)
        turn.also.append(other)
        turn.did("linked", number=other.ticket.id)


def _other_case(turn: Turn, command: Command) -> Case:
    number = int(command.args[0])
    standing = turn.cases.standing(number)
    if standing is None:
        raise Refusal("no-ticket", word=number)
    if standing.id == turn.case.ticket.id:
        raise Refusal(f"same-{command.word}", word=number, here=standing.id)
    other = turn.cases.open_case(standing.id, turn.case.now)
    assert other is not None
    return other


def merge(turn: Turn, command: Command) -> None:
    """This ticket goes into another; later mail to its number follows."""
    parent = _other_case(turn, command)
    surgery.merge(turn.case, parent, turn.actor, turn.cases)
    turn.also.append(parent)
    turn.did("merged", number=parent.ticket.id)


def split(turn: Turn, command: Command) -> None:
    """The message answered opens a ticket of its own (`agents` does it: it needs letters)."""
    turn.split = True


def undo(turn: Turn, command: Command) -> None:
    """Take the last action back."""
    undone = surgery.undo(turn.case, turn.actor, turn.cases, turn.also.append)
    if not undone:
        raise Refusal("nothing-to-undo")
    turn.did("undone", what=", ".join(dict.fromkeys(event.kind.value for event in undone)))


def spam(turn: Turn, command: Command) -> None:
    """Mark and mute."""
    if turn.case.set_status(Status.SPAM, turn.actor):
        turn.did("spam")


def only_new(turn: Turn, command: Command) -> None:
    """`#customer` and `#channel` open a ticket; here there is one already."""
    if turn.case.is_new:
        return turn.done.append("")
    raise Refusal("only-new", word=command.called)


def draft(turn: Turn, command: Command) -> None:
    """An article of this ticket, once all that this mail says has been said."""
    turn.drafting = True


def say_status(status: Status, language: str) -> str:
    return _STATUS.get(language, _STATUS["en"])[status]


def say_outside(status: Status, language: str) -> str:
    """A status as the requester reads it, in letters and answers alike."""
    return _OUTSIDE.get(language, _OUTSIDE["en"])[status]


def say_priority(value: Priority, language: str) -> str:
    return _PRIORITY.get(language, _PRIORITY["en"])[value]


_STATUS = {
    "es": dict(
        zip(
            Status,
            ["nueva", "abierta", "a la espera del cliente", "en pausa", "resuelta", "cerrada",
             "unida", "correo no deseado"],
            strict=True,
        )
    ),
    "en": dict(
        zip(
            Status,
            ["new", "open", "waiting for the customer", "on hold", "resolved", "closed",
             "merged", "spam"],
            strict=True,
        )
    ),
}  # fmt: skip
_OUTSIDE = {
    "es": dict(
        zip(
            Status,
            ["recibida", "en curso", "a la espera de respuesta", "en curso", "resuelta",
             "cerrada", "unida a otra", "cerrada"],
            strict=True,
        )
    ),
    "en": dict(
        zip(
            Status,
            ["received", "in progress", "waiting for an answer", "in progress", "resolved",
             "closed", "merged", "closed"],
            strict=True,
        )
    ),
}  # fmt: skip
_PRIORITY = {
    "es": dict(zip(Priority, ["baja", "normal", "alta", "urgente"], strict=True)),
    "en": dict(zip(Priority, ["low", "normal", "high", "urgent"], strict=True)),
}

#: command -> what it does. Texts (`note`, `send`) and questions are handled by `agents`.
VERBS: dict[str, Callable[[Turn, Command], None]] = {
    "take": take,
    "assign": assign,
    "unassign": unassign,
    "resolve": resolve,
    "close": close,
    "reopen": reopen,
    "pending": pending,
    "hold": hold,
    "open": open_,
    "priority": priority,
    "department": department,
    "escalate": escalate,
    "return": return_,
    "tag": tag,
    "untag": untag,
    "cc": cc,
    "uncc": uncc,
    "link": link,
    "spam": spam,
    "merge": merge,
    "split": split,
    "undo": undo,
    "kb": draft,
    "customer": only_new,
    "channel": only_new,
}
