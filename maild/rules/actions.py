"""The actions of a rule: what may stand under `then`.

Each is one function that writes to the draft of the decision; its signature is the schema,
its docstring the text of docs/rules.md. Nothing happens here: the desk acts on the decision.
To add one, write it and list it in `ACTIONS`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from maild.model import ticket
from maild.rules.reading import Draft
from maild.rules.values import Addresses, Agent, Answer, Department, Level, Receivers, Tags


def department(draft: Draft, name: Department) -> None:
    """Puts the ticket into this department."""
    draft.department = name


def priority(draft: Draft, value: ticket.Priority) -> None:
    """Sets the priority: `low`, `normal`, `high` or `urgent`. It decides the deadlines."""
    draft.priority = value


def level(draft: Draft, number: Level) -> None:
    """Gives the ticket to this support level."""
    draft.level = number


def assign(draft: Draft, agent: Agent) -> None:
    """Assigns the ticket to this agent."""
    draft.assignee = agent


def tags(draft: Draft, names: Tags) -> None:
    """Adds these tags; tags are never taken away by a rule."""
    draft.tags += _new(names, draft.all_tags())


def category(draft: Draft, name: str) -> None:
    """Puts the ticket into this category, which the reports count recurring problems by."""
    draft.category = name


def status(draft: Draft, value: ticket.Status) -> None:
    """Sets the status: `new`, `open`, `pending`, `on_hold`, `resolved`, `closed` or `spam`."""
    draft.status = value


def reply(draft: Draft, template: Answer) -> None:
    """Sends this saved answer (`templates/answers/<language>/NAME.txt`) to the customer,
    unless the mail is an automatic one."""
    draft.reply = template


def notify(draft: Draft, receivers: Receivers) -> None:
    """Tells them of the mail: `assignee`, `level`, `department`, `supervisors`, `next_level`
    or addresses."""
    draft.notify += _new(receivers, draft.notify)


def cc(draft: Draft, addresses: Addresses) -> None:
    """Makes these addresses readers of the ticket."""
    draft.cc += _new(addresses, draft.cc)


def drop(draft: Draft, reason: str) -> None:
    """Sets the mail aside for this reason: it opens no ticket, nobody is told, nothing is
    answered. It is kept and accounted for as dropped. No later rule is asked."""
    draft.dropped = reason
    draft.stopped = True


def stop(draft: Draft, really: bool) -> None:
    """No later rule is asked."""
    draft.stopped = draft.stopped or really


Action = Callable[[Draft, Any], None]

#: Key under `then` -> its function.
ACTIONS: dict[str, Action] = {
    "department": department,
    "priority": priority,
    "level": level,
    "assign": assign,
    "tags": tags,
    "category": category,
    "status": status,
    "reply": reply,
    "notify": notify,
    "cc": cc,
    "drop": drop,
    "stop": stop,
}

#: Action -> the field of `Decision` it fills, where the two differ in name.
FIELDS = {"assign": "assignee", "drop": "dropped"}


def _new(wanted: Iterable[str], had: Iterable[str]) -> list[str]:
    """Those of `wanted` that are not there yet; case makes no difference."""
    seen = {text.casefold() for text in had}
    new: list[str] = []
    for text in wanted:
        if text.casefold() not in seen:
            seen.add(text.casefold())
            new.append(text)
    return new
