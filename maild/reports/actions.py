"""What a reader of a report can do about a ticket: buttons, each with the command it writes.

Only what will be done: no ticket is a supervisor's own, none goes above the highest level, and
who is nobody to the desk has no commands.
"""

from collections.abc import Iterator
from typing import Final

from maild.model.people import Role
from maild.model.ticket import Priority, Status, Ticket
from maild.reports.numbers import spoken

_TAKE: Final = "take"
_ESCALATE: Final = "escalate"
_RAISE: Final = "raise"
_REOPEN: Final = "reopen"
_SHOW: Final = "show"
_SAID: Final = {
    "es": {
        _TAKE: ("Asignarme", "#tomar"),
        _ESCALATE: ("Escalar", "#escalar"),
        _RAISE: ("Prioridad alta", "#prioridad alta"),
        _REOPEN: ("Reabrir", "#reabrir"),
        _SHOW: ("Ver", "#ver"),
    },
    "en": {
        _TAKE: ("Take", "#take"),
        _ESCALATE: ("Escalate", "#escalate"),
        _RAISE: ("High priority", "#priority high"),
        _REOPEN: ("Reopen", "#reopen"),
        _SHOW: ("Show", "#show"),
    },
}


def actions(
    reader: Role, ticket: Ticket, highest_level: int, language: str
) -> list[tuple[str, str]]:
    """(label, command), the nearest at hand first."""
    return [_SAID[spoken(language)][name] for name in _names(reader, ticket, highest_level)]


def _names(reader: Role, ticket: Ticket, highest_level: int) -> Iterator[str]:
    if reader is Role.STRANGER:
        return
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        yield _REOPEN
    elif not ticket.status.done:
        if reader is Role.AGENT:
            yield _TAKE
        if ticket.level < highest_level:
            yield _ESCALATE
        if reader is not Role.AGENT and ticket.priority in (Priority.LOW, Priority.NORMAL):
            yield _RAISE
    yield _SHOW
