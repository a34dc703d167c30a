"""One ticket's history, read once for all figures: how it stood when, and what happened.

Whatever happens in one instant happens together: only the state after it counts, so that
the order in which a mail's effects were written down does not matter. Which figures are
made of this is said by `maild.reports.kpi`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from maild.model.ticket import Event, EventKind, Priority, Status, Ticket
from maild.sla.clocks import (
    VOID,
    Decision,
    clocks,
    decisions,
    is_agent_response,
    is_customer_message,
    opened_by_agent,
    undelivered,
)
from maild.sla.policy import Facts, Rulebook

_NOTHING: Final = timedelta(0)
_CHANGES: Final = frozenset(
    {
        EventKind.STATUS,
        EventKind.LEVEL,
        EventKind.PRIORITY,
        EventKind.DEPARTMENT,
        EventKind.ASSIGNED,
    }
)
AUTO_CLOSED: Final = "auto_closed"
SELF_SERVICE: Final = "self_service"


@dataclass(frozen=True, slots=True)
class History:
    """A ticket and everything that happened to it, in any order.

    `thanks`: numbers of messages known to say no more than thanks.
    """

    ticket: Ticket
    events: Sequence[Event]
    thanks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """How the ticket stood from `at` on, until the next step."""

    at: datetime
    status: Status
    facts: Facts  #: department, priority, channel, level, tags
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Solve:
    """From work to be done to none: `resolved`, or `closed` without it."""

    at: datetime
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Reopening:
    at: datetime
    by_customer: bool
    solved: datetime  #: the solve it takes back


@dataclass(frozen=True, slots=True)
class Answer:
    at: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class Given:
    """A customer's mark: its last value, the date of the first."""

    score: int
    comment: str
    first: datetime


@dataclass(slots=True)
class Story:
    """What a history says. `opened` is when the ticket was created."""

    ticket: Ticket
    rulebook: Rulebook
    events: list[Event]
    opened: datetime
    by_agent: bool  #: an agent opened it: nobody waited for a first answer
    steps: list[Step] = field(default_factory=list)
    solves: list[Solve] = field(default_factory=list)
    reopenings: list[Reopening] = field(default_factory=list)
    questions: list[datetime] = field(
        default_factory=list
    )  #: customer messages after the first
    answers: list[Answer] = field(default_factory=list)
    void: Status | None = None  #: spam or merged, as known now: in no figure
    _decided: list[Decision] | None = None

    def at_end(self, end: datetime) -> Step | None:
        """How it stood just before `end`; None before it was created."""
        index = bisect_left(self.steps, end, key=attrgetter("at")) - 1
        return self.steps[index] if index >= 0 else None

    def is_open(self, end: datetime) -> bool:
        """Was there work to be done just before `end`?"""
        step = self.at_end(end)
        return step is not None and not step.status.done

    def last_solve(self, before: datetime) -> Solve | None:
        return next((solve for solve in reversed(self.solves) if solve.at < before), None)

    def highest_level(self, until: datetime) -> int:
        """The highest level it had reached at an instant."""
        return max((step.facts.level for step in self.steps if step.at <= until), default=1)

    @property
    def first_level(self) -> int:
        """Where it was put when it was created."""
        return self.steps[0].facts.level

    @property
    def first_answer(self) -> Answer | None:
        """The first agent response (KPI 1); None where an agent opened it, or a solve came
        first."""
        if self.by_agent or not self.answers:
            return None
        answer = self.answers[0]
        unanswered = self.solves and self.solves[0].at < answer.at
        return None if unanswered else answer

    def waits(self) -> Iterator[tuple[datetime, datetime]]:
        """From the oldest unanswered customer message to the answer, the first response
        left out (KPI 2). A solve ends a wait without an answer."""
        happened = sorted(
            [(at, 0) for at in self.questions]
            + [(answer.at, 1) for answer in self.answers]
            + [(solve.at, 2) for solve in self.solves]
        )
        first, since = not self.by_agent, None
        for at, what in happened:
            if what == 0:
                since = since or (None if first else at)
                continue
            if what == 1 and since:
                yield since, at
            first, since = False, None

    def worked(
        self,
        start: datetime,
        end: datetime,
        *,
        counts: Callable[[Step], bool] = lambda step: True,
    ) -> timedelta:
        """Working time between two instants in the calendars then in force, of the steps
        that count."""
        total = _NOTHING
        ends = [step.at for step in self.steps[1:]]
        for step, until in zip(self.steps, [*ends, end], strict=True):
            since, until = max(step.at, start), min(until, end)
            if since < until and counts(step):
                total += self.rulebook.terms(step.facts).calendar.elapsed(since, until)
        return total

    def decisions(self, now: datetime) -> list[Decision]:
        """Each deadline that was met or missed, as known at `now` (KPI 12)."""
        if self._decided is None:
            self._decided = decisions(
                clocks(self.events, self.rulebook, now, ticket=self.ticket)
            )
        return self._decided

    @property
    def rating(self) -> Given | None:
        """Agents have no vote."""
        marks = [e for e in self.of(EventKind.RATED) if not e.actor.startswith("agent:")]
        if not marks:
            return None
        last = marks[-1].detail
        return Given(int(last["score"]), str(last.get("comment") or ""), marks[0].at)

    def of(self, kind: EventKind) -> Iterator[Event]:
        return (event for event in self.events if event.kind is kind)


def read(history: History, rulebook: Rulebook, now: datetime) -> Story:
    """What the history says, as known at `now`."""
    known = sorted((e for e in history.events if e.at <= now), key=attrgetter("at"))
    events = without_undone(known)
    opening = next((e for e in events if e.kind is EventKind.CREATED), None)
    if opening is None:
        opening = _presumed(history.ticket)
        events.insert(0, opening)
    story = Story(history.ticket, rulebook, events, opening.at, opened_by_agent(opening))
    story.void = _void(history.ticket, events)
    state = Step(opening.at, Status.NEW, _opening_facts(opening, history.ticket))
    failed = undelivered(_reaching(events, history.ticket.requester.key))
    for at, group in groupby(events, key=attrgetter("at")):
        state = _live(story, state, max(at, opening.at), list(group), failed, history.thanks)
    return story


def _live(
    story: Story,
    before: Step,
    at: datetime,
    events: list[Event],
    failed: frozenset[object],
    thanks: frozenset[int],
) -> Step:
    """One instant: the state after it, and what it added to the story."""
    after = before
    for event in events:
        after = _changed(after, event)
        _note_turn(story, before, after, event)
        before = replace(before, status=after.status)
    for event in events:
        if is_agent_response(event, failed):
            story.answers.append(Answer(event.at, event.actor.partition(":")[2]))
        elif _asks(event, thanks) and at > story.opened and not after.status.done:
            story.questions.append(at)
    after = replace(after, at=at)
    if story.steps and story.steps[-1].at == at:
        story.steps.pop()
    story.steps.append(after)
    return after


def _note_turn(story: Story, before: Step, after: Step, event: Event) -> None:
    """A solve or a reopening, if this event is one."""
    if before.status.done == after.status.done:
        return
    if after.status.done:
        story.solves.append(Solve(event.at, event.actor, event.detail.get("reason")))
    elif story.solves:
        by_customer = event.actor.startswith("customer:")
        story.reopenings.append(Reopening(event.at, by_customer, story.solves[-1].at))


def _changed(step: Step, event: Event) -> Step:
    detail = event.detail
    match event.kind:
        case EventKind.STATUS:
            status = Status(detail["to"])
            # what was void for a while and is not now counts as if it never had been
            return step if status in VOID else replace(step, status=status)
        case EventKind.LEVEL:
            return replace(step, facts=replace(step.facts, level=int(detail["to"])))
        case EventKind.PRIORITY:
            return replace(step, facts=replace(step.facts, priority=Priority(detail["to"])))
        case EventKind.DEPARTMENT:
            return replace(step, facts=replace(step.facts, department=str(detail["to"])))
        case EventKind.TAGS:
            tags = step.facts.tags.union(detail.get("added", ()))
            tags = tags.difference(detail.get("removed", ()))
            return replace(step, facts=replace(step.facts, tags=tags))
        case EventKind.ASSIGNED:
            return replace(step, assignee=detail.get("to"))
    return step


def _asks(event: Event, thanks: frozenset[int]) -> bool:
    """A message of somebody who takes part that is more than thanks."""
    return (
        is_customer_message(event)
        and event.detail.get("public", True) is True
        and not event.detail.get("thanks")
        and event.detail.get("message") not in thanks
    )


def without_undone(events: Iterable[Event]) -> list[Event]:
    """The events that stand. What `#undo` took back never was: the change and the change
    back, which bears the reason `undone`, go together."""
    standing: list[Event] = []
    for event in events:
        if event.kind in _CHANGES and event.detail.get("reason") == "undone":
            found = _undone_by(event, standing)
            if found is not None:
                del standing[found]
                continue
        standing.append(event)
    return standing


def _undone_by(event: Event, standing: list[Event]) -> int | None:
    for index in range(len(standing) - 1, -1, -1):
        earlier = standing[index]
        if earlier.kind is event.kind:
            same = earlier.detail.get("to") == event.detail.get("from")
            return index if same else None
    return None


def _reaching(events: Iterable[Event], requester: str) -> Iterator[Event]:
    """Failures to reach the requester; a reader's dead mailbox leaves the answer one."""
    for event in events:
        recipient = str(event.detail.get("recipient") or requester)
        if event.kind is EventKind.DELIVERY_FAILED and recipient.casefold() == requester:
            yield event


def _void(ticket: Ticket, events: list[Event]) -> Status | None:
    """Spam or merged, if that is what it is today."""
    statuses = [e.detail["to"] for e in events if e.kind is EventKind.STATUS]
    last = Status(statuses[-1]) if statuses else ticket.status
    if ticket.merged_into is not None:
        return Status.MERGED
    return last if last in VOID else None


def _opening_facts(opening: Event, ticket: Ticket) -> Facts:
    detail = opening.detail
    return Facts(
        department=str(detail.get("department") or ticket.department),
        priority=Priority(detail.get("priority") or ticket.priority),
        channel=str(detail.get("channel") or ticket.channel),
        level=int(detail.get("level") or 1),
    )


def _presumed(ticket: Ticket) -> Event:
    """For a ticket without a `created` event: what its fields say."""
    actor = f"customer:{ticket.requester.key}"
    detail = {"channel": ticket.channel, "department": ticket.department}
    return Event(ticket.id, ticket.created_at, EventKind.CREATED, actor, detail)
