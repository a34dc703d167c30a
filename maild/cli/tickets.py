"""`maild list`, `show`, `search`, `why`: looking at tickets."""

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maild.cli.words import refuse_unknown

if TYPE_CHECKING:
    from maild.config.settings import Settings
    from maild.model.ticket import Event, Message, Ticket
    from maild.sla.stopwatch import ClockState
    from maild.store import Store

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Number = Annotated[int, typer.Argument(metavar="N", help="The ticket's number.")]


def list_(
    ctx: typer.Context,
    status: Annotated[str | None, typer.Option(help="new, open, pending, resolved …")] = None,
    department: Annotated[str | None, typer.Option(help="A department's name.")] = None,
    level: Annotated[int | None, typer.Option(help="A support level.")] = None,
    assignee: Annotated[str | None, typer.Option(help="An agent's name.")] = None,
    requester: Annotated[str | None, typer.Option(help="A customer's address.")] = None,
    since: Annotated[str | None, typer.Option(help="YYYY-MM-DD, or a span: 7d, 12h.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    json: Json = False,
) -> None:
    """List tickets, the newest first."""
    from maild.cli.context import opened
    from maild.store.browse import Wanted

    if status is not None:
        refuse_unknown(status, "--status", _statuses())
    wanted = Wanted(status, department, level, assignee, requester, instant(since), limit)
    with opened(ctx) as (settings, store):
        found, total = store.browse.tickets(wanted)
        if not total:
            _hint(department, "department", settings.department)
            _hint(assignee, "agent", settings.agent)
        _show_list(found, total, settings.desk.tag, as_json=json)


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help="All of them must occur.")],
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    json: Json = False,
) -> None:
    """Find tickets by words in subjects and messages."""
    from maild.cli.context import opened

    with opened(ctx) as (settings, store):
        found = store.browse.search(" ".join(words), limit)
        _show_list(found, len(found), settings.desk.tag, as_json=json)


def show(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Show one ticket with its messages and events."""
    from maild.cli.context import opened, print_json
    from maild.model.as_json import whole_json

    with opened(ctx) as (settings, store):
        ticket, messages, events = _whole(store, number)
        if json:
            print_json(whole_json(ticket, messages, events, settings.desk.tag))
            return
        _print_ticket(ticket, settings.desk.tag)
        if storm := store.storms.of(number):
            print(f"{storm.count} of the same, the latest at {storm.latest:%Y-%m-%d %H:%M:%S}")
        for message in messages:
            _print_message(message)
        print()
        for event in events:
            _print_event(event)


def why(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Explain every decision on a ticket's mails, and how its deadlines came about."""
    from maild.cli.context import opened, print_json
    from maild.sla import timeline

    with opened(ctx) as (settings, store):
        ticket, _, events = _whole(store, number)
        decisions = store.browse.decisions(number)
        states = _clocks(settings, ticket, events)
        if json:
            told = {"decisions": decisions, "clocks": timeline.as_json(states)}
            print_json({"ticket": number, **told})
            return
        for decision in decisions:
            _print_decision(decision, settings.desk.language)
        print("\n".join(timeline.lines(states, settings.desk.language)))


def _clocks(
    settings: "Settings", ticket: "Ticket", events: "list[Event]"
) -> "list[ClockState]":
    from maild.clock import SystemClock
    from maild.config.promises import rulebook
    from maild.sla.clocks import clocks

    now = SystemClock().now()
    return clocks(events, rulebook(settings, now.year), now, ticket=ticket)


def _whole(store: "Store", number: int) -> Any:
    from maild.errors import NotFound

    found = store.browse.whole(number)
    if found is None:
        raise NotFound(f"there is no ticket {number}")
    return found


def _statuses() -> list[str]:
    from maild.model.ticket import Status

    return [status.value for status in Status]


def instant(text: str | None) -> datetime | None:
    """A date, an instant, or a span back from now."""
    from maild.clock import SystemClock
    from maild.config.duration import span

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return SystemClock().now() - span(text)
    except ValueError as error:
        said = f"no date (YYYY-MM-DD), and as a span back: {error}"
        raise typer.BadParameter(said, param_hint="--since") from error


def _hint(word: str | None, table: str, known: Iterable[str]) -> None:
    """Old tickets may bear names that the config has no more: no error, but worth a word."""
    from maild.config.faults import did_you_mean

    if word is not None and word not in (names := list(known)):
        print(f"there is no [{table}.{word}]{did_you_mean(word, names)}", file=sys.stderr)


def _show_list(found: "list[Ticket]", total: int, tag: str, *, as_json: bool) -> None:
    from maild.cli.context import print_json
    from maild.model.as_json import ticket_json

    if as_json:
        tickets = [ticket_json(ticket, tag) for ticket in found]
        print_json({"tickets": tickets, "total": total})
        return
    from maild.cli.listing import print_table

    print_table(
        ("#", "Status", "Priority", "Level", "Department", "Assignee", "Requester", "Subject"),
        [
            (
                ticket.id,
                ticket.status.value,
                ticket.priority.value,
                ticket.level,
                ticket.department,
                ticket.assignee or "—",
                ticket.requester.email,
                ticket.subject,
            )
            for ticket in found
        ],
        nothing="No ticket fits.",
        gives_way="Subject",
    )
    if total > len(found):
        print(f"{len(found)} of {total}")


def _print_ticket(ticket: "Ticket", tag: str) -> None:
    print(f"[{tag} #{ticket.id}] {ticket.subject}")
    print(
        f"{ticket.status} · {ticket.priority} · level {ticket.level} · {ticket.department} · "
        f"{ticket.assignee or 'nobody'} · {ticket.requester}"
    )


def _print_message(message: "Message") -> None:
    print(f"\n--- {message.at:%Y-%m-%d %H:%M} · {message.kind} · {message.sender}")
    print(message.text)
    for enclosure in message.attachments:
        print(f"  [{enclosure.filename}, {enclosure.size} bytes]")


def _print_event(event: "Event") -> None:
    told = " · ".join(_told(name, value) for name, value in _change(event.detail).items())
    print(f"{event.at:%Y-%m-%d %H:%M:%S}  {event.kind:<15} {event.actor:<28} {told}".rstrip())


def _change(detail: Mapping[str, Any]) -> dict[str, Any]:
    """`from` and `to` as one."""
    if not {"from", "to"} <= detail.keys():
        return dict(detail)
    rest = {name: value for name, value in detail.items() if name not in ("from", "to")}
    return {"": f"{detail['from'] or '—'} → {detail['to'] or '—'}", **rest}


def _told(name: str, value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(map(str, value)) or "—"
    if isinstance(value, bool) or value is None:
        value = {True: "yes", False: "no", None: "—"}[value]
    return f"{name} {value}".strip()


def _print_decision(decision: dict[str, Any], language: str) -> None:
    from maild.desk.reasons import decision_lines

    at, outcome = decision["received"], decision["outcome"]
    print(f"{at:%Y-%m-%d %H:%M:%S}  in{decision['intake']}: {outcome}")
    for line in decision_lines(decision, language):
        print(f"  {line}")
