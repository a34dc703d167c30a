"""A ticket's clocks, told as stories of dated events (kpi.md sections 1 and 2)."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from maild.model.ticket import Clock, Event, EventKind, Priority
from maild.sla.clocks import clocks, decided, decisions, due_of
from maild.sla.policy import Policy, Rulebook, Targets, WorkTime
from maild.sla.stopwatch import ClockState, Outcome, What
from maild.sla.timeline import as_json, lines
from maild.sla.what_if import what_if
from tests.kpi_examples import CAL_A, CAL_B, CAL_C, at, span

LUIS, ANA, SYSTEM = "customer:luis@x.test", "agent:ana", "system"


def hours(number: float) -> WorkTime:
    return WorkTime(seconds=number * 3600)


TARGETS = {
    Priority.URGENT: Targets(hours(1), hours(1), hours(4)),
    Priority.NORMAL: Targets(hours(4), WorkTime(days=1), hours(16)),
}
RULES = Rulebook(
    policies=(
        Policy("Crítico", TARGETS, "C", when={"department": frozenset({"sistemas"})}),
        Policy("VIP", TARGETS, "C", when={"tags": frozenset({"vip"})}),
        Policy("Estándar", TARGETS),
    ),
    calendars={"A": CAL_A, "B": CAL_B, "C": CAL_C},
    departments={"soporte": "A", "ventas": "B", "sistemas": "A"},
    levels={1: WorkTime(seconds=900), 2: hours(2), 3: WorkTime(days=2)},
)


class History:
    """Writes a ticket's events by local time, the day staying until another is named."""

    def __init__(self, when: str, actor: str = LUIS, **detail: Any):
        self.events: list[Event] = []
        self.day = ""
        opening = {"channel": "email", "department": "soporte", "priority": "normal"}
        self.add(when, EventKind.CREATED, actor, opening | {"level": 1} | detail)
        if actor == LUIS:
            self.says(when, LUIS, "customer")

    def add(self, when: str, kind: EventKind, actor: str, detail: dict[str, Any]) -> "History":
        self.events.append(Event(1, self.at(when), kind, actor, detail, len(self.events)))
        return self

    def at(self, when: str) -> datetime:
        if " " in when:
            self.day, when = when.split()
        return at(f"{self.day}T{when}")

    def says(
        self, when: str, actor: str, kind: str = "agent", public: bool = True
    ) -> "History":
        detail = {"message": len(self.events), "kind": kind, "public": public}
        return self.add(when, EventKind.MESSAGE, actor, detail)

    def change(self, when: str, kind: EventKind, value: object, actor: str = ANA) -> "History":
        return self.add(when, kind, actor, {"from": None, "to": value, "reason": None})

    def status(self, when: str, value: str, actor: str = ANA) -> "History":
        return self.change(when, EventKind.STATUS, value, actor)

    def clocks(self, now: str, rules: Rulebook = RULES) -> list[ClockState]:
        return clocks(self.events, rules, self.at(now))

    def clock(self, clock: Clock, now: str, visit: int = 1) -> ClockState:
        return next(
            state for state in self.clocks(now) if (state.clock, state.visit) == (clock, visit)
        )


FIRST, NEXT, SOLVE, LEVEL = (
    Clock.FIRST_RESPONSE,
    Clock.NEXT_RESPONSE,
    Clock.RESOLUTION,
    Clock.LEVEL,
)


# -- first response ------------------------------------------------------------------------


def test_first_response_over_a_holiday_weekend() -> None:
    """E1: asked Thursday 17:00, answered Monday 10:30 after 2 h 30 of working time: in time."""
    story = History("2026-04-30 17:00")
    assert story.clock(FIRST, "2026-05-01 09:00").due == at("2026-05-04T12:00")
    first = story.says("2026-05-04 10:30", ANA).clock(FIRST, "2026-05-05 09:00")
    assert (first.used, first.ended, first.due) == (span(2, 30), What.ANSWERED, None)
    assert first.decided == (Outcome.MET, at("2026-05-04T10:30"))


@pytest.mark.parametrize(
    ("actor", "kind", "public"),
    [
        (ANA, "note", False),
        (ANA, "agent", False),
        (SYSTEM, "auto", True),
        (SYSTEM, "bounce", True),
        ("rule:vacaciones", "agent", True),
        (LUIS, "customer", True),
    ],
)
def test_what_is_no_answer(actor: str, kind: str, public: bool) -> None:
    """Notes, automatic mail, bounces and the customer's own second mail stop no clock (R3)."""
    story = History("2026-06-08 09:00").says("10:00", actor, kind, public)
    assert story.clock(FIRST, "11:00").due == at("2026-06-08T13:00")
    assert not [s for s in story.clocks("11:00") if s.clock is NEXT]


def test_an_answer_that_could_not_be_delivered_is_none() -> None:
    """Once the bounce is there, the clock has run on all the time."""
    story = History("2026-06-08 09:00").says("10:00", ANA)
    assert story.clock(FIRST, "10:10").stopped == at("2026-06-08T10:00")
    answer = story.events[-1].detail["message"]
    story.add("10:20", EventKind.DELIVERY_FAILED, SYSTEM, {"message": answer, "reason": "550"})
    assert story.clock(FIRST, "10:30").used == span(1, 30)


def test_an_answer_at_the_last_instant_is_in_time() -> None:
    """Due 13:00: an answer at 13:00 is in time, one a second later is a breach at 13:00."""
    met = History("2026-06-08 09:00").says("13:00", ANA).clock(FIRST, "18:00")
    late = History("2026-06-08 09:00").says("13:00:01", ANA).clock(FIRST, "18:00")
    assert met.decided == (Outcome.MET, at("2026-06-08T13:00"))
    assert late.decided == (Outcome.BREACHED, at("2026-06-08T13:00"))


def test_a_breach_needs_no_answer() -> None:
    """Nobody answers: the breach is known as soon as the due time has passed (KPI 12)."""
    story = History("2026-06-08 09:00")
    assert story.clock(FIRST, "13:00").breached is None
    overdue = story.clock(FIRST, "13:00:01")
    assert (overdue.breached, overdue.due) == (at("2026-06-08T13:00"),) * 2


def test_a_solve_without_an_answer_ends_the_wait() -> None:
    """The clock stops and counts as met, but as solved, not as answered."""
    first = History("2026-06-08 09:00").status("10:00", "resolved").clock(FIRST, "18:00")
    assert (first.ended, first.used) == (What.SOLVED, span(1))
    assert first.decided == (Outcome.MET, at("2026-06-08T10:00"))


def test_waiting_for_the_customer_does_not_pause_responses() -> None:
    """`pending` pauses resolution and level, never the first or next response."""
    story = History("2026-06-08 09:00").status("10:00", "pending")
    due = due_of(story.clocks("11:00"))
    assert due.first_response == at("2026-06-08T13:00")
    assert (due.resolution, due.level) == (None, None)


def test_waiting_for_a_third_party_pauses_nothing() -> None:
    """`on_hold` leaves every clock running."""
    before = History("2026-06-08 09:00")
    due = due_of(before.clocks("09:05"))
    assert due_of(before.status("09:05", "on_hold").clocks("09:10")) == due
    assert due.level == at("2026-06-08T09:15")


def test_a_call_has_no_first_response() -> None:
    """An agent logs a call: nobody waits for a first answer, but for a next one later."""
    story = History("2026-06-08 09:00", actor=ANA, channel="phone")
    story.says("09:00", ANA, "customer")
    assert {state.clock for state in story.clocks("09:10")} == {SOLVE, LEVEL}
    story.says("10:00", LUIS, "customer")
    assert story.clock(NEXT, "10:10").started == at("2026-06-08T10:00")


# -- next response -------------------------------------------------------------------------


def test_one_wait_for_a_run_of_messages() -> None:
    """E8: mails at 17:30 and 17:50, answered Tuesday 09:45: one wait of 1 h 15."""
    story = History("2026-06-08 09:00").says("09:30", ANA)
    story.says("17:30", LUIS, "customer").says("17:50", LUIS, "customer")
    story.says("2026-06-09 09:45", ANA)
    (wait,) = (state for state in story.clocks("18:00") if state.clock is NEXT)
    assert (wait.used, wait.ended) == (span(1, 15), What.ANSWERED)


def test_every_wait_is_a_run_of_its_own() -> None:
    """Question, answer, question, solve: two waits, the second ended by the solve."""
    story = History("2026-06-08 09:00").says("09:30", ANA)
    story.says("10:00", LUIS, "customer").says("11:00", ANA)
    story.says("12:00", LUIS, "customer").status("14:00", "resolved")
    waits = [state for state in story.clocks("18:00") if state.clock is NEXT]
    assert [(w.visit, w.used, w.ended) for w in waits] == [
        (1, span(1), What.ANSWERED),
        (2, span(2), What.SOLVED),
    ]


def test_thanks_after_the_solve_is_no_wait() -> None:
    """A mail that does not reopen the ticket starts nothing, one that does starts a wait."""
    story = History("2026-06-08 09:00").says("09:30", ANA).status("09:30", "resolved")
    story.says("10:00", LUIS, "customer")
    assert not [s for s in story.clocks("11:00") if s.clock is NEXT]
    story.says("12:00", LUIS, "customer").status("12:00", "open", LUIS)
    assert story.clock(NEXT, "13:00").started == at("2026-06-08T12:00")


def test_nobody_owes_an_answer_to_thanks() -> None:
    """While it is open, thanks start no wait; nor does SOLVED, which would be met at once."""
    story = History("2026-06-08 09:00").says("09:30", ANA).says("10:00", LUIS, "customer")
    story.events[-1].detail["thanks"] = True
    assert not [s for s in story.clocks("11:00") if s.clock is NEXT]
    story.says("12:00", LUIS, "customer").status("12:00", "resolved", LUIS)
    story.events[-2].detail["thanks"] = True
    assert [d.clock for d in decisions(story.clocks("13:00"))] == [FIRST, SOLVE, LEVEL]


def test_an_agent_who_looks_again_makes_nobody_wait() -> None:
    """Thanks on Monday, reopened by the agent on Tuesday: the customer waits for nothing."""
    story = History("2026-06-08 09:00").says("09:30", ANA).status("09:30", "resolved")
    story.says("10:00", LUIS, "customer").status("2026-06-09 10:00", "open")
    assert not [state for state in story.clocks("11:00") if state.clock is NEXT]


# -- resolution ----------------------------------------------------------------------------


def pause_until_tuesday() -> History:
    """E9: created Monday 09:00, waiting from 12:00 until Tuesday 11:00."""
    story = History("2026-06-08 09:00").says("12:00", ANA).status("12:00", "pending")
    story.says("2026-06-09 11:00", LUIS, "customer")
    return story.status("11:00", "open", LUIS)


def test_a_pause_is_not_used_time() -> None:
    """E11: due Tuesday 16:00, nothing while waiting, and Wednesday 15:00 after 8 h of it."""
    story = pause_until_tuesday()
    assert story.clock(SOLVE, "2026-06-08 11:00").due == at("2026-06-09T16:00")
    assert story.clock(SOLVE, "2026-06-08 13:00").due is None
    solve = story.clock(SOLVE, "2026-06-09 11:00")
    assert (solve.due, solve.paused) == (at("2026-06-10T15:00"), span(8))


def test_resolution_net_of_waiting_and_reopened() -> None:
    """E9: 8 h net at the solve; E10: reopened Wednesday 10:00, solved 12:30, 10 h 30 net."""
    story = pause_until_tuesday().status("2026-06-09 16:00", "resolved")
    assert story.clock(SOLVE, "17:00").used == span(8)
    story.says("2026-06-10 10:00", LUIS, "customer").status("10:00", "open", LUIS)
    assert story.clock(SOLVE, "10:00").due == at("2026-06-10T18:00")
    solve = story.status("12:30", "resolved").clock(SOLVE, "18:00")
    assert (solve.used, solve.paused) == (span(10, 30), span(8))


def test_a_target_is_decided_once() -> None:
    """Met at the first solve; what happens after the reopening changes no figure sent."""
    story = pause_until_tuesday().status("2026-06-09 16:00", "resolved")
    story.status("2026-06-10 09:00", "open", LUIS)
    solve = story.clock(SOLVE, "2026-06-26 09:00")
    assert solve.breached == at("2026-06-10T17:00")
    assert solve.decided == (Outcome.MET, at("2026-06-09T16:00"))


def test_closed_without_a_solve_is_one() -> None:
    """`closed` stops what `resolved` would have; after it, it changes nothing."""
    closed = History("2026-06-08 09:00").status("10:00", "closed")
    both = History("2026-06-08 09:00").status("10:00", "resolved").status("16:00", "closed")
    for story in (closed, both):
        assert story.clock(SOLVE, "18:00").stopped == at("2026-06-08T10:00")


# -- levels --------------------------------------------------------------------------------


def test_time_in_level() -> None:
    """E13: 20 min at level 1, 2 h 10 in two stays at level 2, 12 h at level 3."""
    story = History("2026-06-08 09:00").change("09:20", EventKind.LEVEL, 2)
    story.status("10:00", "pending").status("11:00", "open")
    story.change("12:00", EventKind.LEVEL, 3).change("2026-06-09 15:00", EventKind.LEVEL, 2)
    stays = [
        state
        for state in story.status("15:30", "resolved").clocks("18:00")
        if state.clock is LEVEL
    ]
    assert [(stay.level, stay.used, stay.breached is not None) for stay in stays] == [
        (1, span(0, 20), True),
        (2, span(1, 40), False),
        (3, span(12), False),
        (2, span(0, 30), False),
    ]
    assert sum((stay.used for stay in stays), span()) == span(14, 30)


def test_an_escalation_while_waiting() -> None:
    """The new stay begins at once and is paused like the one before."""
    story = History("2026-06-08 09:00").status("09:10", "pending")
    stay = story.change("09:20", EventKind.LEVEL, 2).clock(LEVEL, "10:00", visit=2)
    assert (stay.used, stay.paused, stay.due) == (span(), span(0, 40), None)


def test_a_level_set_while_solved_counts_from_the_reopening() -> None:
    """Nobody works on a solved ticket, at whatever level it lies."""
    story = History("2026-06-08 09:00").status("09:10", "resolved")
    story.change("10:00", EventKind.LEVEL, 2).status("11:00", "open")
    assert story.clock(LEVEL, "12:00", visit=2).used == span(1)


def test_a_level_set_by_a_rule_at_once_is_the_only_one() -> None:
    """A ticket that a rule puts at level 2 as it comes in was never at level 1."""
    story = History("2026-06-08 09:00").change("09:00", EventKind.LEVEL, 2, "rule:x")
    (stay,) = (state for state in story.clocks("10:00") if state.clock is LEVEL)
    assert (stay.level, stay.visit, stay.due) == (2, 1, at("2026-06-08T11:00"))


def test_a_breach_belongs_to_the_stay_that_it_ended() -> None:
    """Due 09:15, noted at 09:21 when the ticket was at level 2 already: the first stay's."""
    story = History("2026-06-08 09:00").change("09:20", EventKind.LEVEL, 2)
    note = {"clock": "level", "due": "2026-06-08T07:15:00Z", "step": "100%"}
    story.add("09:21", EventKind.SLA_BREACH, SYSTEM, note)
    assert story.clock(LEVEL, "09:30").fired == {"100%"}
    assert story.clock(LEVEL, "09:30", visit=2).breached is None


# -- another target under way --------------------------------------------------------------


def test_raised_to_urgent() -> None:
    """E12: normal at 09:00, urgent at 11:00: first response due 11:15, solve at 13:00."""
    story = History("2026-06-08 09:00").change("11:00", EventKind.PRIORITY, "urgent")
    due = due_of(story.clocks("11:00"))
    assert due.first_response == at("2026-06-08T11:15")
    assert due.resolution == at("2026-06-08T13:00")


def test_a_change_never_puts_off_what_was_nearly_due() -> None:
    """Due 13:00, raised at 12:55: still 13:00, not 13:10."""
    story = History("2026-06-08 09:00").change("12:55", EventKind.PRIORITY, "urgent")
    assert story.clock(FIRST, "12:56").due == at("2026-06-08T13:00")


def test_lowered_after_a_breach() -> None:
    """Urgent breaches at 10:00; normal from 11:00 is due 13:00, the breach stays."""
    story = History("2026-06-08 09:00", priority="urgent")
    story.change("11:00", EventKind.PRIORITY, "normal").says("12:00", ANA)
    first = story.clock(FIRST, "18:00")
    assert first.breached == at("2026-06-08T10:00")
    assert first.decided == (Outcome.BREACHED, at("2026-06-08T10:00"))
    assert story.clock(FIRST, "11:30").due == at("2026-06-08T13:00")


def test_a_rule_that_raises_at_once_gives_no_grace() -> None:
    """Urgent from the first instant is due after its own hour, not what grace would allow."""
    story = History("2026-06-08 09:00").change("09:00", EventKind.PRIORITY, "urgent", "rule:x")
    assert story.clock(FIRST, "09:00").due == at("2026-06-08T10:00")


def test_another_department_runs_on_in_its_hours() -> None:
    """Two of four hours used at 14:00 in A; what remains runs on in B's afternoon: 18:00."""
    story = History("2026-06-10 12:00").change("14:00", EventKind.DEPARTMENT, "ventas")
    first = story.clock(FIRST, "14:00")
    assert (first.due, first.calendar) == (at("2026-06-10T18:00"), CAL_B)
    assert story.clock(FIRST, "17:00").used == span(3)


def test_a_tag_can_change_the_policy() -> None:
    """A ticket tagged `vip` on Saturday runs on round the clock."""
    story = History("2026-06-13 10:00")
    story.add("12:00", EventKind.TAGS, ANA, {"added": ["vip"], "removed": []})
    assert story.clock(FIRST, "12:00").due == at("2026-06-13T16:00")


def test_a_change_while_paused_leaves_the_grace() -> None:
    """3 h used of 16, urgent (4 h) while waiting: one hour is left when work goes on."""
    story = History("2026-06-08 09:00").status("12:00", "pending")
    story.change("13:00", EventKind.PRIORITY, "urgent").status("15:00", "open", LUIS)
    assert story.clock(SOLVE, "15:00").due == at("2026-06-08T16:00")
    late = History("2026-06-08 09:00").status("2026-06-08 15:00", "pending")
    late.change("16:00", EventKind.PRIORITY, "urgent").status("17:00", "open", LUIS)
    assert late.clock(SOLVE, "17:00").due == at("2026-06-08T17:15")


def test_a_priority_without_a_line_has_no_deadline() -> None:
    """Low has no targets here: time is counted, nothing is due, nothing is decided."""
    story = History("2026-06-08 09:00", priority="low").says("12:00", ANA)
    first = story.clock(FIRST, "18:00")
    assert (first.target, first.used, first.decided) == (None, span(3), None)


# -- merged, spam, recorded ----------------------------------------------------------------


@pytest.mark.parametrize("status", ["merged", "spam"])
def test_what_is_no_ticket_has_no_deadline(status: str) -> None:
    """All clocks are cancelled, and none of them is decided (R5, R10)."""
    states = History("2026-06-08 09:00").status("09:10", status).clocks("2026-06-30 09:00")
    assert {state.ended for state in states} == {What.CANCELLED}
    assert not decisions(states)


def test_back_from_spam() -> None:
    """A customer taken for spam has waited all the time."""
    story = History("2026-06-08 09:00").status("10:00", "spam").status("12:00", "open")
    assert story.clock(FIRST, "12:00").used == span(3)
    assert story.clock(FIRST, "12:00").due == at("2026-06-08T13:00")


def test_a_recorded_breach_outlives_a_new_calendar() -> None:
    """The breach of 13:00 was recorded; rules of today, without any target, don't undo it."""
    story = History("2026-06-08 09:00")
    note = {"clock": "first_response", "due": "2026-06-08T11:00:00Z", "step": "100%"}
    story.add("13:01", EventKind.SLA_BREACH, SYSTEM, note).says("14:00", ANA)
    kinder = Rulebook((), {"A": CAL_A}, {"soporte": "A"})
    first = story.clocks("18:00", kinder)[0]
    assert first.breached == at("2026-06-08T13:00")
    assert first.decided == (Outcome.BREACHED, at("2026-06-08T13:00"))
    assert first.fired == {"100%"}


def test_a_recorded_warning() -> None:
    """The instant of the warning is told."""
    note = {"clock": "first_response", "due": "2026-06-08T11:00:00Z"}
    story = History("2026-06-08 09:00").add("12:12", EventKind.SLA_WARNING, SYSTEM, note)
    assert story.clock(FIRST, "12:30").warned == at("2026-06-08T12:12")


# -- told ----------------------------------------------------------------------------------


def test_a_timeline_for_people() -> None:
    """E12 told line by line, in the zone of the calendar and the reader's language."""
    story = History("2026-06-08 09:00").change("11:00", EventKind.PRIORITY, "urgent")
    told = lines(story.clocks("11:05"), "es")[:4]
    assert told == [
        "Primera respuesta: plazo 1 h, calendario A",
        "  lun 8 jun 2026 09:00  empieza; usado 0 min; vence lun 8 jun 2026 13:00",
        "  lun 8 jun 2026 11:00  cambia el plazo a 1 h (calendario A); usado 2 h; "
        "vence lun 8 jun 2026 11:15",
        "  = usado 2 h 5 min de 2 h 15 min (93 %)",
    ]
    assert lines(story.clocks("11:05"), "en")[0] == "First response: target 1 h, calendar A"


def test_a_timeline_for_programs() -> None:
    """Times are UTC with Z, durations seconds, and what is not there is null."""
    first = as_json(History("2026-06-08 09:00").clocks("10:30"))[0]
    assert first == {
        "clock": "first_response",
        "visit": 1,
        "level": 1,
        "target": 14400,
        "budget": 14400,
        "calendar": "A",
        "started": "2026-06-08T07:00:00Z",
        "due": "2026-06-08T11:00:00Z",
        "used": 5400,
        "paused": 0,
        "stopped": None,
        "breached": None,
        "warned": None,
    }


def test_what_if_targets_had_been_shorter() -> None:
    """Answered after 2 h: met with 4 h, breached with 1 h; spam counts for neither."""
    answered = History("2026-06-08 09:00").says("11:00", ANA).events
    spam = History("2026-06-08 09:00").says("11:00", ANA).status("12:00", "spam").events
    strict = Rulebook(
        (Policy("x", {Priority.NORMAL: Targets(hours(1))}),), {"A": CAL_A}, {"soporte": "A"}
    )
    week = at("2026-06-08T00:00"), at("2026-06-15T00:00")
    result = what_if(
        [(None, answered), (None, spam)], before=RULES, after=strict, period=week
    ).as_json()
    assert result["before"]["first_response"] == {"met": 1, "breached": 0}
    assert result["after"]["first_response"] == {"met": 0, "breached": 1}
    assert result["tickets"][0] == {
        "ticket": 1, "clock": "first_response", "visit": 1, "before": "met", "after": "breached"
    }  # fmt: skip


# -- always --------------------------------------------------------------------------------


def some_history(chance: random.Random) -> History:
    """A ticket to which up to thirty random things happen within some weeks."""
    when = at("2026-03-20T08:00") + chance.random() * timedelta(days=10)
    story = History("2026-03-20 08:00", chance.choice((LUIS, ANA)))
    for index, event in enumerate(story.events):
        story.events[index] = Event(1, when, event.kind, event.actor, event.detail)
    status = "new"
    for _ in range(chance.randint(0, 30)):
        when += chance.choice((0.01, 0.1, 1, 3)) * chance.random() * timedelta(days=1)
        kind, actor = chance.choice(
            [(EventKind.MESSAGE, LUIS), (EventKind.MESSAGE, ANA), (EventKind.STATUS, ANA)] * 2
            + [(kind, ANA) for kind in (EventKind.PRIORITY, EventKind.LEVEL)]
            + [(EventKind.DEPARTMENT, ANA)]
        )
        values: dict[EventKind, list[Any]] = {
            EventKind.STATUS: "open pending on_hold resolved closed spam open".split(),
            EventKind.PRIORITY: "low normal urgent".split(),
            EventKind.LEVEL: [1, 2, 3],
            EventKind.DEPARTMENT: "soporte ventas sistemas".split(),
            EventKind.MESSAGE: ["customer" if actor == LUIS else "agent"],
        }
        value = chance.choice(values[kind])
        detail = {"from": status, "to": value, "kind": value, "public": True}
        story.events.append(Event(1, when, kind, actor, detail))
    return story


def hold(story: History, now: datetime) -> None:
    """What is true of every clock of every ticket at every instant."""
    for state in clocks(story.events, RULES, now):
        told = f"{state} {story.events}"
        if state.running and state.due and state.budget is not None:
            left = state.calendar.elapsed(max(now, state.started), state.due)
            assert state.remaining is not None
            assert abs(state.remaining - left) < timedelta(milliseconds=1), told
            if state.used <= state.budget:
                assert abs(state.used + left - state.budget) < timedelta(milliseconds=1), told
        assert (state.due is None) or (state.running and state.stopped is None), told
        assert state.stopped is None or state.started <= state.stopped <= now, told
        if state.decided:
            assert state.started <= state.decided[1] <= now, told
        if state.breached:
            assert state.breached < now, told


@pytest.mark.parametrize("seed", range(150))
def test_used_and_remaining_make_the_budget(seed: int) -> None:
    """Whatever happens to a ticket, what is used and what is left are its budget."""
    chance = random.Random(seed)
    story = some_history(chance)
    for event in chance.sample(story.events, min(6, len(story.events))):
        hold(story, event.at + chance.random() * timedelta(hours=5))


def minutes_worked_on(story: History, until: datetime) -> timedelta:
    """Looks once a minute whether somebody is at work and has to be; shares no code."""
    department = status = ""
    ahead = list(story.events)
    now, used = story.events[0].at, 0
    while now < until:
        while ahead and ahead[0].at <= now:
            event = ahead.pop(0)
            if event.kind is EventKind.CREATED:
                department = event.detail["department"]
            elif event.kind is EventKind.DEPARTMENT:
                department = event.detail["to"]
            elif event.kind is EventKind.STATUS:
                status = event.detail["to"]
        wall = now.astimezone(CAL_A.timezone)
        used += status not in ("pending", "resolved", "closed") and at_work(department, wall)
        now += timedelta(minutes=1)
    return timedelta(minutes=used)


def at_work(department: str, wall: datetime) -> bool:
    if department == "sistemas":
        return True
    weekday, hour = wall.weekday(), wall.hour
    if f"{wall:%m-%d}" in ("04-02", "04-03", "05-01", "05-02"):
        return False
    if department == "soporte":
        return weekday < 5 and 9 <= hour < 18
    morning_only = weekday == 4 and 9 <= hour < 15
    return morning_only or (weekday < 4 and (9 <= hour < 14 or 16 <= hour < 19))


def agrees_with_the_wall(seed: int) -> None:
    story = some_history(random.Random(seed))
    story.events = [
        replace(e, at=e.at.replace(second=0, microsecond=0))
        for e in story.events
        if e.detail.get("to") != "spam"
    ]
    until = story.events[-1].at + span(30)
    states = clocks(story.events, RULES, until)
    (solve,) = (state for state in states if state.clock is SOLVE)
    stays = (state.used for state in states if state.clock is LEVEL)
    assert solve.used == minutes_worked_on(story, until), seed
    assert sum(stays, span()) == solve.used, seed


@pytest.mark.parametrize("seed", range(10))
def test_used_time_agrees_with_the_clock_on_the_wall(seed: int) -> None:
    """Over pauses, solves, other departments and holidays; stays at a level sum up to it."""
    agrees_with_the_wall(seed)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(10, 200))
def test_used_time_of_many_more_tickets_agrees(seed: int) -> None:
    """The same for 190 more random tickets."""
    agrees_with_the_wall(seed)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_decided_stays_decided(seed: int) -> None:
    """A figure once counted never changes as time goes by (no bounces, no spam here)."""
    chance = random.Random(seed)
    story = some_history(chance)
    story.events = [e for e in story.events if e.detail.get("to") != "spam"]
    instants = sorted(event.at + chance.random() * span(9) for event in story.events)
    seen: dict[tuple[Clock, int], Any] = {}
    for now in instants:
        for decision in decisions(clocks(story.events, RULES, now)):
            key = decision.clock, decision.visit
            assert seen.setdefault(key, decision[1:3]) == decision[1:3]


@pytest.mark.parametrize("seed", range(40))
def test_the_short_way_to_decisions_comes_to_the_same(seed: int) -> None:
    """What reports use leaves out timelines, and nothing else."""
    chance = random.Random(seed)
    story = some_history(chance)
    for _ in range(5):
        now = chance.choice(story.events).at + chance.random() * span(9)
        states = clocks(story.events, RULES, now)
        assert decided(story.events, RULES, now) == decisions(states)
