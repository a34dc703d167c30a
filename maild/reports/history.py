"""One ticket's history, read once for all figures: how it stood when, and what happened.

Whatever happens in one instant happens together: only the state after it counts, so that
the order in which a mail's effects were written down does not matter. Which figures are
made of this is said by `maild.reports.kpi`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Final

from maild.model.ticket import Event, EventKind, Priority, Status, Ticket
from maild.reports.story import Answer, Reopening, Solve, Step, Story
from maild.sla.clocks import (
    VOID,
    is_agent_response,
    is_customer_message,
    opened_by_agent,
    undelivered,
)
from maild.sla.policy import Facts, Rulebook

_CHANGES: Final = frozenset(
    {
        EventKind.STATUS,
        EventKind.LEVEL,
        EventKind.PRIORITY,
        EventKind.DEPARTMENT,
        EventKind.ASSIGNED,
    }
)
#: the kinds of events that leave a ticket as it was
_STILL: Final = frozenset(EventKind) - _CHANGES - {EventKind.TAGS}
_STATUSES: Final = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class History:
    """A ticket and everything that happened to it, in any order.

    `thanks`: numbers of messages known to say no more than thanks.
    """

    ticket: Ticket
    events: Sequence[Event]
    thanks: frozenset[int] = frozenset()


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
    facts = _opening_facts(opening, history.ticket)
    failed = undelivered(_reaching(events, history.ticket.requester.key))
    _Reading(story, facts, failed, history.thanks).read()
    return story


class _Reading:
    """Goes through the events, instant by instant, and writes the story down."""

    def __init__(
        self, story: Story, facts: Facts, failed: frozenset[object], thanks: frozenset[int]
    ) -> None:
        self.story, self.failed, self.thanks = story, failed, thanks
        self.status, self.facts, self.assignee = Status.NEW, facts, None
        self.said: list[Event] = []  #: the messages of this instant
        self.changed = True  #: since the last step

    def read(self) -> None:
        present = self.story.events[0].at
        for event in self.story.events:
            if event.at != present:
                self.end_instant(present)
                present = event.at
            if event.kind is EventKind.MESSAGE:
                self.said.append(event)
            elif event.kind not in _STILL:
                self.change(event)
        self.end_instant(present)

    def end_instant(self, at: datetime) -> None:
        """The state now is the one that counts; what was said is heard in it."""
        at = max(at, self.story.opened)
        for event in self.said:
            self.hear(event, at)
        self.said.clear()
        if self.changed:
            steps = self.story.steps
            if steps and steps[-1].at == at:
                steps.pop()
            steps.append(Step(at, self.status, self.facts, self.assignee))
            self.changed = False

    def hear(self, event: Event, at: datetime) -> None:
        story = self.story
        if is_agent_response(event, self.failed):
            story.answers.append(Answer(event.at, event.actor.partition(":")[2]))
        elif _asks(event, self.thanks) and at > story.opened and not self.status.done:
            story.questions.append(at)

    def change(self, event: Event) -> None:
        detail, self.changed = event.detail, True
        match event.kind:
            case EventKind.STATUS:
                self.turn(event, _STATUSES[detail["to"]])
            case EventKind.LEVEL:
                self.facts = replace(self.facts, level=int(detail["to"]))
            case EventKind.PRIORITY:
                self.facts = replace(self.facts, priority=Priority(detail["to"]))
            case EventKind.DEPARTMENT:
                self.facts = replace(self.facts, department=str(detail["to"]))
            case EventKind.TAGS:
                tags = self.facts.tags.union(detail.get("added", ()))
                tags = tags.difference(detail.get("removed", ()))
                self.facts = replace(self.facts, tags=tags)
            case EventKind.ASSIGNED:
                self.assignee = detail.get("to")

    def turn(self, event: Event, status: Status) -> None:
        """Another status: perhaps a solve, perhaps a reopening. What was void for a while
        and is not now counts as if it never had been."""
        if status in VOID:
            return
        before, self.status, story = self.status, status, self.story
        if before.done == status.done:
            return
        if status.done:
            story.solves.append(Solve(event.at, event.actor, event.detail.get("reason")))
        elif story.solves:
            by_customer = event.actor.startswith("customer:")
            story.reopenings.append(Reopening(event.at, by_customer, story.solves[-1].at))


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
    events = list(events)
    if not any(event.detail.get("reason") == "undone" for event in events):
        return events
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
