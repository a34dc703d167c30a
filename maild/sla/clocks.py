"""The clocks of a ticket, computed from its events: what runs, what waits, what ran out.

`pending` pauses resolution and level, never the responses; `on_hold` pauses nothing. Words:
agent response and customer message are kpi.md R3 and R4. How one clock counts is in
`maild.sla.stopwatch`, what it counts against in `maild.sla.policy`. Nobody owes an answer to
thanks, nor to SOLVED.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from maild.model.ticket import (
    Clock,
    Due,
    Event,
    EventKind,
    MessageKind,
    Priority,
    Status,
    Ticket,
)
from maild.sla.policy import Facts, Rulebook
from maild.sla.stopwatch import ClockState, Outcome, Stopwatch, What

#: never tickets at all: their clocks are cancelled
VOID: Final = frozenset({Status.MERGED, Status.SPAM})

#: the kinds of events that clocks heed
_TELLING: Final = frozenset(
    {
        EventKind.MESSAGE,
        EventKind.STATUS,
        EventKind.LEVEL,
        EventKind.DEPARTMENT,
        EventKind.PRIORITY,
        EventKind.TAGS,
        EventKind.SLA_WARNING,
        EventKind.SLA_BREACH,
    }
)


def clocks(
    events: Sequence[Event],
    rulebook: Rulebook,
    now: datetime,
    *,
    recorded: bool = True,
    ticket: Ticket | None = None,
) -> list[ClockState]:
    """Every clock the ticket has had, in order of start, as they stand at `now`.

    `events`: the ticket's whole history; what lies after `now` is left out. First response:
    one, unless an agent opened the ticket. Next response: one for each of the customer's
    waits. Resolution: one. Level: one for each stay. Clocks without a target are there too,
    with the time they used. With `recorded`, breaches that the history notes stand whatever
    the rulebook says today; without, everything is computed anew. `ticket` is needed where
    policies ask for what no event tells: category, language, requester.
    """
    story = _told(events, rulebook, now, recorded, ticket, timeline=True)
    return [watch.state(now) for watch in story.watches] if story else []


class Decision(NamedTuple):
    """Whether a target was met, and since when that is known."""

    clock: Clock
    outcome: Outcome
    at: datetime
    visit: int
    stopped: datetime | None  #: when it was done, in time or after all


def decisions(states: Iterable[ClockState | Stopwatch]) -> list[Decision]:
    """Each target that is decided: met when it stopped, breached when it ran out (KPI 12)."""
    return [
        Decision(state.clock, *state.decided, state.visit, state.stopped)
        for state in states
        if state.decided and state.ended is not What.CANCELLED
    ]


def decided(
    events: Sequence[Event], rulebook: Rulebook, now: datetime, *, ticket: Ticket | None = None
) -> list[Decision]:
    """`decisions(clocks(…))`, at a fraction of the cost: keeps no timelines."""
    story = _told(events, rulebook, now, True, ticket, timeline=False)
    return decisions(story.watches) if story else []


def due_of(states: Iterable[ClockState]) -> Due:
    """When each clock that runs runs out."""
    running = {s.clock.value: s.due for s in states if s.running and s.due is not None}
    return Due(**running)


def opened_by_agent(created: Event) -> bool:
    """Nobody waits for a first answer to a ticket that an agent opened."""
    return created.actor.startswith("agent:") or created.detail.get("channel") == "agent"


def is_agent_response(event: Event, failed: frozenset[object] = frozenset()) -> bool:
    """Written by an agent, public, and not among those that could not be delivered (R3)."""
    return (
        event.kind is EventKind.MESSAGE
        and event.detail.get("kind") == MessageKind.AGENT
        and event.detail.get("public", True) is True
        and event.actor.startswith("agent:")
        and event.detail.get("message") not in failed
    )


def is_customer_message(event: Event) -> bool:
    """A person's mail that is not an agent's (R4): no bounce, no automatic answer, and not
    of a stranger, whose words are for agents only."""
    return (
        event.kind is EventKind.MESSAGE
        and event.detail.get("kind") == MessageKind.CUSTOMER
        and event.detail.get("public", True) is True
    )


def undelivered(events: Iterable[Event]) -> frozenset[object]:
    """The numbers of messages whose delivery failed: they answer nobody."""
    return frozenset(
        event.detail["message"]
        for event in events
        if event.kind is EventKind.DELIVERY_FAILED and event.detail.get("message") is not None
    )


def _told(
    events: Sequence[Event],
    rulebook: Rulebook,
    now: datetime,
    recorded: bool,
    ticket: Ticket | None,
    *,
    timeline: bool,
) -> "_Story | None":
    """The story up to `now`; None for one that never began."""
    known = sorted((e for e in events if e.at <= now), key=attrgetter("at"))
    opening = next((e for e in known if e.kind is EventKind.CREATED), None)
    if opening is None:
        return None
    facts = _opening_facts(opening, ticket)
    story = _Story(opening, facts, rulebook, undelivered(known), recorded, timeline)
    for event in known:
        if event.kind in _TELLING and event.at >= opening.at:
            story.tell(event)
    story.pass_to(now)
    return story


class _Story:
    """A ticket's history as it unfolds; holds the stopwatches that it sets going."""

    def __init__(
        self,
        opening: Event,
        facts: Facts,
        rulebook: Rulebook,
        failed: frozenset[object],
        recorded: bool,
        timeline: bool,
    ):
        self.opening, self.rulebook = opening, rulebook
        self.failed, self.recorded, self.timeline = failed, recorded, timeline
        self.status = Status.NEW
        self.facts = facts
        self.terms = rulebook.terms(facts)
        self.knocked: datetime | None = None  #: the customer wrote to a ticket that was done
        self.watches: list[Stopwatch] = []
        self.visits = dict.fromkeys(Clock, 0)
        if not opened_by_agent(opening):
            self.start(Clock.FIRST_RESPONSE, opening.at)
        self.start(Clock.RESOLUTION, opening.at)
        self.start(Clock.LEVEL, opening.at)

    def tell(self, event: Event) -> None:
        """One more event."""
        self.pass_to(event.at)
        match event.kind:
            case EventKind.MESSAGE:
                self.on_message(event)
            case EventKind.STATUS:
                self.on_status(event, Status(event.detail["to"]))
            case EventKind.LEVEL:
                self.on_level(event.at, int(event.detail["to"]))
            case EventKind.DEPARTMENT | EventKind.PRIORITY | EventKind.TAGS:
                self.become(_changed(self.facts, event))
                self.retarget(event.at)
            case EventKind.SLA_WARNING | EventKind.SLA_BREACH if self.recorded:
                self.on_step(event)

    def pass_to(self, at: datetime) -> None:
        for watch in self.watches:
            if watch.due is not None and watch.due < at:
                watch.pass_to(at)

    def become(self, facts: Facts) -> None:
        self.facts, self.terms = facts, self.rulebook.terms(facts)

    def start(self, clock: Clock, at: datetime) -> None:
        terms, self.visits[clock] = self.terms, self.visits[clock] + 1
        self.watches.append(
            Stopwatch(
                clock=clock,
                visit=self.visits[clock],
                level=self.facts.level,
                started=at,
                calendar=terms.calendar,
                target=terms.target(clock),
                timeline=self.timeline,
            )
        )

    def of(self, *clocks: Clock) -> Iterator[Stopwatch]:
        """The stopwatches of some clocks, the latest first."""
        return (watch for watch in reversed(self.watches) if watch.clock in clocks)

    def running(self, *clocks: Clock) -> bool:
        return any(watch.running_on for watch in self.of(*clocks))

    def on_message(self, event: Event) -> None:
        if is_agent_response(event, self.failed):
            self.stop(event.at, What.ANSWERED, Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE)
        elif is_customer_message(event) and not event.detail.get("thanks"):
            by_phone = opened_by_agent(self.opening) and event.at == self.opening.at
            if self.status.done:
                self.knocked = event.at
            elif not by_phone:
                self.customer_waits(event.at)

    def customer_waits(self, since: datetime) -> None:
        """From the first of his unanswered messages, if no other wait covers it."""
        if not self.running(Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE):
            self.start(Clock.NEXT_RESPONSE, since)

    def stop(self, at: datetime, why: What, *clocks: Clock) -> None:
        for watch in self.watches:
            if watch.stopped is None and watch.clock in clocks:
                watch.stop(at, why)

    def on_status(self, event: Event, status: Status) -> None:
        before, self.status = self.status, status
        if status in VOID:
            for watch in self.watches:
                watch.cancel(event.at)
        elif status.done and not before.done:
            self.stop(event.at, What.SOLVED, *Clock)
        elif not status.done:
            if before.done:
                self.reopen(event.at, before)
            for watch in self.pausable():
                watch.pause(event.at) if status is Status.PENDING else watch.resume(event.at)

    def reopen(self, at: datetime, before: Status) -> None:
        """Work goes on with the time used so far; what was cancelled never was."""
        for watch in self.of(Clock.FIRST_RESPONSE, Clock.NEXT_RESPONSE):
            if watch.ended is What.CANCELLED:
                watch.resume(at)
        if self.knocked and (before in VOID or self.knocked == at):
            self.customer_waits(self.knocked)
        self.knocked = None
        if next(self.of(Clock.LEVEL)).level != self.facts.level:
            self.start(Clock.LEVEL, at)
        for watch in self.pausable():
            watch.resume(at)
        self.retarget(at)

    def pausable(self) -> list[Stopwatch]:
        """What waits with the ticket: its resolution and the present stay at a level."""
        return [next(self.of(Clock.RESOLUTION)), next(self.of(Clock.LEVEL))]

    def on_level(self, at: datetime, level: int) -> None:
        if level == self.facts.level:
            return
        self.become(replace(self.facts, level=level))
        if self.status.done:
            return
        stay = next(self.of(Clock.LEVEL))
        stay.stop(at, What.LEFT)
        if stay.started == at:
            self.watches.remove(stay)
            self.visits[Clock.LEVEL] -= 1
        self.start(Clock.LEVEL, at)
        if self.status is Status.PENDING:
            self.watches[-1].pause(at)

    def retarget(self, at: datetime) -> None:
        terms, grace = self.terms, self.rulebook.grace
        for watch in self.watches:
            if not watch.stopped:
                watch.retarget(at, terms.target(watch.clock), terms.calendar, grace)

    def on_step(self, event: Event) -> None:
        """A warning or breach that was recorded; it belongs to the run its due time ends."""
        due = _instant(event.detail.get("due")) or event.at
        for watch in reversed(self.watches):
            if watch.clock == event.detail.get("clock") and watch.started < due:
                watch.fired.add(str(event.detail.get("step", "")))
                if event.kind is EventKind.SLA_WARNING:
                    watch.warn(event.at)
                else:
                    watch.record_breach(due)
                return


def _opening_facts(opening: Event, ticket: Ticket | None) -> Facts:
    detail = opening.detail
    return Facts(
        department=str(detail.get("department", "")),
        priority=Priority(detail.get("priority", Priority.NORMAL)),
        channel=str(detail.get("channel", "email")),
        level=int(detail.get("level", 1)),
        category=(ticket.category if ticket else None) or "",
        language=ticket.language if ticket else "",
        requester=ticket.requester.email if ticket else "",
    )


def _changed(facts: Facts, event: Event) -> Facts:
    detail = event.detail
    if event.kind is EventKind.DEPARTMENT:
        return replace(facts, department=str(detail["to"]))
    if event.kind is EventKind.PRIORITY:
        return replace(facts, priority=Priority(detail["to"]))
    tags = facts.tags.union(detail.get("added", ())).difference(detail.get("removed", ()))
    return replace(facts, tags=tags)


def _instant(value: object) -> datetime | None:
    """An instant out of an event's detail, where JSON keeps it as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else None
