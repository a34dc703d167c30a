"""How a ticket opens: department by address, then the rules, then somebody to work on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from maild.desk.case import SYSTEM, Case
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.roster import Roster
from maild.ingest.language import detect_language
from maild.model.mail import Address, Automatic
from maild.model.people import Agent, Assign, Department
from maild.model.ticket import EventKind, Priority, Ticket
from maild.rules import Decision, Facts
from maild.threading.clues import addresses_of, bare_subject

MAX_SUBJECT = 255


class Workload(Protocol):
    """What assignment asks of the casebook."""

    def workload(self, agents: Sequence[str]) -> dict[str, int]: ...

    def last_assigned(self, department: str, agents: Sequence[str]) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for, whichever way it came in."""

    requester: Address
    subject: str
    department: Department
    channel: str
    language: str
    actor: str
    external_id: str | None = None


def request_of(reading: Reading, roster: Roster, practice: Practice, *, text: str) -> Request:
    """The request a mail makes."""
    department = (
        roster.department_of(addresses_of(reading.mail, reading.envelope))
        or roster.departments.get(reading.envelope.department or "")
        or roster.default
    )
    return Request(
        requester=reading.sender,
        subject=subject_of(reading.mail.subject, practice.tag),
        department=department,
        channel=_channel(reading),
        language=reading.known.language or detect_language(text) or department.language,
        actor=f"customer:{reading.sender.key}",
        external_id=_external_id(reading),
    )


def _external_id(reading: Reading) -> str | None:
    """`SOURCE:ID`: what the program that handed this in calls it."""
    door, _, source = reading.envelope.source.partition(":")
    name = reading.mail.header("X-Maild-External-Id") if door == "api" else None
    return f"{source}:{name}" if name else None


def subject_of(subject: str, tag: str) -> str:
    """A ticket's subject: what it is about, never empty, not too long."""
    return bare_subject(subject, tag)[:MAX_SUBJECT] or "—"


def _channel(reading: Reading) -> str:
    source = reading.envelope.source
    if source == "web":
        return "web"
    return reading.mail.header("X-Maild-Channel") or "api" if source[:4] == "api:" else "email"


def facts_of(
    reading: Reading,
    request: Request,
    practice: Practice,
    *,
    text: str,
    ticket: Ticket | None = None,
) -> Facts:
    """What the rules see of a mail (and of its ticket, for a reply). `text`: its new words."""
    mail = reading.mail
    department = ticket.department if ticket else request.department.key
    return Facts(
        subject=mail.subject,
        body=text,
        from_=reading.sender.email if ticket else request.requester.email,
        to=tuple(a.email for a in mail.to),
        cc=tuple(a.email for a in mail.cc),
        headers=mail.headers,
        department=department,
        priority=ticket.priority if ticket else Priority.NORMAL,
        level=ticket.level if ticket else 1,
        channel=ticket.channel if ticket else request.channel,
        language=request.language,
        category=ticket.category if ticket else None,
        tags=ticket.tags if ticket else (),
        attachments=tuple(a.filename for a in mail.attachments),
        size=sum(a.size for a in mail.attachments) + len(mail.text),
        automatic=mail.screening.automatic is Automatic.NO_ANSWER,
        in_hours=practice.in_hours(department, reading.now),
    )


def open_case(
    number: int, request: Request, decision: Decision, *, now: datetime, silent: bool = False
) -> Case:
    """A new ticket as the rules left it, with its `created` event. `silent`: its mail is
    older than the desk, so that no deadline of it is told to anybody."""
    department = decision.department or request.department.key
    priority = decision.priority or Priority.NORMAL
    level = decision.level or 1
    ticket = Ticket(
        id=number,
        subject=request.subject,
        requester=request.requester,
        department=department,
        created_at=now,
        updated_at=now,
        priority=Priority(priority),
        level=level,
        channel=request.channel,
        language=request.language,
        external_id=request.external_id,
    )
    case = Case(ticket, now, is_new=True)
    detail: dict[str, Any] = {
        "channel": request.channel,
        "department": department,
        "priority": ticket.priority.value,
        "level": level,
    }
    if silent:
        detail["silent"] = True
    case.record(EventKind.CREATED, request.actor, detail)
    return case


def assign(
    case: Case,
    roster: Roster,
    load: Workload,
    *,
    day: date,
    wanted: str | None = None,
    by: str = SYSTEM,
) -> None:
    """Give the ticket to the agent a rule names, else to somebody of its department and
    level, if the department does so. Who is away on that day gets nothing."""
    agent = roster.agent_named(wanted) if wanted else None
    if agent and not agent.is_away(day):
        case.assign(agent.key, by, reason="rule")
        return
    department = roster.departments.get(case.ticket.department)
    if department is None or department.assign is Assign.NONE:
        return
    team = roster.team(department.key, case.ticket.level, day)
    if there := [agent for agent in team if not agent.is_away(day)]:
        chosen = _choose(department, there, load)
        case.assign(chosen.key, SYSTEM, reason=department.assign.value)


def _choose(department: Department, team: list[Agent], load: Workload) -> Agent:
    keys = [agent.key for agent in team]
    if department.assign is Assign.LEAST_BUSY:
        busy = load.workload(keys)
        return min(team, key=lambda agent: (busy[agent.key], keys.index(agent.key)))
    last = load.last_assigned(department.key, keys)
    return team[(keys.index(last) + 1) % len(team)] if last in keys else team[0]
