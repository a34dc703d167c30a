"""Figures of a report: the worked examples of kpi.md, and the edges where desks go wrong."""

from dataclasses import replace
from typing import Any

import pytest

from maild.model.ticket import EventKind
from maild.reports.measure import measure
from maild.reports.worklist import Lookout
from maild.sla.hours import Calendar
from maild.sla.policy import WorkTime
from tests.diary import OFFICE, ROUND, SPLIT, Diary, hours, later, question

JUNE = ("2026-06-01", "2026-06-30")


def figures(*diaries: Diary, period: tuple[str, str] = JUNE, **asked: Any) -> dict[str, Any]:
    found = measure([diary.history for diary in diaries], question(*period, **asked))
    kpis: dict[str, Any] = found["kpis"]
    return kpis


@pytest.mark.parametrize(
    ("name", "calendar", "opened", "answered", "business", "whole"),
    [
        ("E1", OFFICE, "2026-04-30 17:00", "2026-05-04 10:30", hours(2, 30), hours(89, 30)),
        ("E2", OFFICE, "2026-06-13 11:00", "2026-06-15 09:20", hours(0, 20), hours(46, 20)),
        ("E3", OFFICE, "2026-06-12 19:00", "2026-06-12 21:00", 0, hours(2)),
        ("E4", SPLIT, "2026-06-10 13:30", "2026-06-10 16:45", hours(1, 15), hours(3, 15)),
        ("E5", ROUND, "2026-10-24 22:00", "2026-10-25 08:00", hours(11), hours(11)),
        ("E6", ROUND, "2026-03-28 22:00", "2026-03-29 08:00", hours(9), hours(9)),
        ("E7", OFFICE, "2026-10-23 17:00", "2026-10-26 10:00", hours(2), hours(66)),
    ],
)
def test_first_response(
    name: str, calendar: Calendar, opened: str, answered: str, business: float, whole: float
) -> None:
    """E1-E7: working time over holidays, nights, split days and changes of clocks."""
    diary = Diary(1, opened).answers(answered)
    day = answered[:10]
    found = figures(diary, period=(day, day), calendar=calendar)["first_response"]
    assert (found["n"], found["mean"], found["calendar_mean"]) == (1, business, whole), name


def test_next_response() -> None:
    """E8: two messages in a row are one wait, from the first of them."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00")
    diary.asks("2026-06-08 17:30").asks("2026-06-08 17:50").answers("2026-06-09 09:45")
    found = figures(diary)
    assert found["next_response"] == {
        "n": 1, "mean": hours(1, 15), "median": hours(1, 15), "p90": hours(1, 15)
    }  # fmt: skip
    assert found["first_response"]["n"] == 1


def nine() -> Diary:
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 12:00")
    return diary.becomes("2026-06-08 12:00", "pending").asks("2026-06-09 11:00")


def test_resolution_less_waiting() -> None:
    """E9: 16 h from creation to the solve, 8 of them the customer's."""
    found = figures(nine().solved("2026-06-09 16:00"))["resolution"]
    assert (found["mean"], found["gross_mean"], found["first_mean"]) == (
        hours(8), hours(16), hours(8)
    )  # fmt: skip
    assert found["calendar_mean"] == hours(31)


def test_resolution_after_reopening() -> None:
    """E10: reopened and solved again, the solved gap is nobody's time; the first one stays."""
    diary = nine().solved("2026-06-09 16:00").asks("2026-06-10 10:00")
    found = figures(diary.solved("2026-06-10 12:30"))["resolution"]
    assert (found["mean"], found["gross_mean"], found["first_mean"]) == (
        hours(10, 30), hours(21, 30), hours(8)
    )  # fmt: skip
    assert found["n"] == found["first_n"] == 1


def test_time_in_level() -> None:
    """E13: visits to a level add up; waiting for the customer is nobody's time."""
    diary = Diary(1, "2026-06-08 09:00").moves("2026-06-08 09:20", 2)
    diary.becomes("2026-06-08 10:00", "pending").asks("2026-06-08 11:00")
    diary.moves("2026-06-08 12:00", 3).moves("2026-06-09 15:00", 2).solved("2026-06-09 15:30")
    targets = {"level_1": hours(0, 15), "level_2": hours(2), "level_3": hours(18)}
    found = figures(diary, targets=targets)["time_in_level"]
    assert [found[level]["mean"] for level in "123"] == [
        hours(0, 20), hours(2, 10), hours(12)
    ]  # fmt: skip
    assert [found[level]["within_target"] for level in "123"] == [0, 0, 1]


def test_distribution() -> None:
    """E14: mean, median and p90 by nearest rank, of which one slow case moves only the mean."""
    minutes = [10, 12, 15, 20, 25, 30, 45, 60, 90, 600]
    diaries = [
        Diary(n, "2026-06-08 01:00").answers(later("2026-06-08 01:00", minutes=m))
        for n, m in enumerate(minutes, 1)
    ]
    targets = {"first_response": hours(1)}
    found = figures(*diaries, calendar=ROUND, targets=targets)["first_response"]
    assert [found[k] / 60 for k in ("mean", "median", "p90")] == pytest.approx([90.7, 27.5, 90])
    assert (found["within_target"], found["target"]) == (0.8, 3600)


def test_satisfaction() -> None:
    """E15: 12 of 38 answered; silence lowers the response rate, not the score."""
    scores = [5] * 6 + [4] * 3 + [3, 2, 1] + [0] * 26
    diaries = []
    for number, score in enumerate(scores, 1):
        diary = Diary(number, "2026-06-08 09:00").solved("2026-06-08 10:00")
        diary.surveyed("2026-06-08 10:00")
        diaries.append(diary.rated("2026-06-09 10:00", score) if score else diary)
    found = figures(*diaries)["csat"]
    assert (found["n"], found["sent"], found["rate"], found["mean"]) == (12, 38, 0.75, 4.0)
    assert [round(100 * found[k], 1) for k in ("response_rate", "low", "high")] == [
        31.6, 46.8, 91.1
    ]  # fmt: skip


def test_changed_mind() -> None:
    """The last mark holds, on the date of the first; an agent has no vote."""
    diary = Diary(1, "2026-06-08 09:00").solved("2026-06-08 10:00")
    diary.rated("2026-06-30 10:00", 1).rated("2026-07-02 10:00", 5, "al final, bien")
    agent = Diary(2, "2026-06-08 09:00").rated("2026-06-10 10:00", 5, actor="agent:ana")
    assert figures(diary, agent)["csat"]["mean"] == 5
    assert figures(diary, agent, period=("2026-07-01", "2026-07-31"))["csat"]["n"] == 0


@pytest.mark.parametrize(
    ("week", "days", "solved", "rate"),
    [(("2026-04-27", "2026-05-03"), 4, 12, 3.0), (("2026-05-04", "2026-05-10"), 5, 47, 9.4)],
)
def test_resolved_per_day(week: tuple[str, str], days: int, solved: int, rate: float) -> None:
    """E16: a holiday is no day to solve anything on."""
    diaries = [
        Diary(n, f"{week[0]} 09:00").solved(f"{week[0]} 10:00") for n in range(1, solved + 1)
    ]
    found = figures(*diaries, period=week)["resolved"]
    assert (found["n"], found["business_days"], found["per_business_day"]) == (
        solved, days, rate
    )  # fmt: skip


def ten_tickets() -> list[Diary]:
    """The dataset of kpi.md 4-7."""
    t = [Diary(n, "2026-06-08 09:00") for n in range(1, 9)]
    t[0].answers("2026-06-08 10:00").solved("2026-06-08 10:00")
    t[1].answers("2026-06-08 10:00").answers("2026-06-08 11:00").solved("2026-06-08 11:00")
    t[2].answers("2026-06-08 10:00").becomes("2026-06-08 10:00", "pending")
    t[2].asks("2026-06-08 11:00").answers("2026-06-08 12:00").solved("2026-06-08 12:00")
    t[3].answers("2026-06-08 10:00").solved("2026-06-08 10:00").thanks("2026-06-08 10:30")
    t[4].answers("2026-06-08 10:00").solved("2026-06-08 10:00").asks("2026-06-10 09:00")
    t[4].answers("2026-06-10 10:00").solved("2026-06-10 10:00")
    t[5].moves("2026-06-08 09:10", 2).answers("2026-06-08 10:00").solved("2026-06-08 10:00")
    t[6].moves("2026-06-08 09:10", 2).moves("2026-06-08 09:50", 3)
    t[6].answers("2026-06-08 10:00").answers("2026-06-08 11:00").answers("2026-06-08 12:00")
    t[6].solved("2026-06-08 12:00")
    t[7].answers("2026-06-08 10:00").becomes("2026-06-08 10:00", "pending")
    t[7].solved("2026-06-12 10:00", "auto_closed", "system")
    phone = Diary(9, "2026-06-08 09:00", by="agent:ana", channel="phone")
    phone.solved("2026-06-08 09:00")
    late = Diary(10, "2026-06-08 09:00").answers("2026-06-08 10:00").answers("2026-06-08 11:00")
    late.solved("2026-06-08 11:00").asks("2026-06-17 11:00")
    return [*t, phone, late]


@pytest.mark.parametrize("period", [("2026-06-08", "2026-06-14"), JUNE])
def test_ten_tickets(period: tuple[str, str]) -> None:
    """First contact 5, one touch 4, reopened 1, escalated 2 and 1, all of ten."""
    found = figures(*ten_tickets(), period=period)
    assert (found["fcr"]["n"], found["fcr"]["count"], found["fcr"]["rate"]) == (10, 5, 0.5)
    assert found["one_touch"] == {"n": 10, "count": 4, "rate": 0.4}
    assert found["reopened"] == {"n": 10, "count": 1, "rate": 0.1}
    assert found["escalated"] == {"n": 10, "level_2": 0.2, "level_3": 0.1}
    assert found["resolution"]["auto_closed"] == 1


def test_ten_tickets_first_responses() -> None:
    """The phone call waits for no first answer; automatic closing answers nobody."""
    found = figures(*ten_tickets())
    assert found["first_response"]["n"] == 9
    assert found["resolved"]["by_level"] == {"1": 7, "2": 1, "3": 1}  # T10 is open again
    assert found["next_response"]["n"] == 2


def test_first_contact_is_provisional() -> None:
    """Solved less than a week ago: it may still come back."""
    now = Diary(0, "2026-06-12 09:00").ticket.created_at
    diary = Diary(1, "2026-06-11 09:00").answers("2026-06-11 10:00").solved("2026-06-11 10:00")
    old = Diary(2, "2026-06-01 09:00").answers("2026-06-01 10:00").solved("2026-06-01 10:00")
    assert figures(diary, old, now=now)["fcr"]["provisional"] == 1


def test_straight_to_level_2() -> None:
    """What was routed past level 1 is neither its success nor its escalation."""
    routed = Diary(1, "2026-06-08 09:00", level=2).solved("2026-06-08 10:00")
    by_rule = Diary(2, "2026-06-08 09:00").moves("2026-06-08 09:00", 2)
    by_rule.solved("2026-06-08 10:00")
    found = figures(routed, by_rule)
    assert (found["fcr"]["n"], found["fcr"]["straight"], found["fcr"]["rate"]) == (0, 2, None)
    assert found["escalated"] == {"n": 0, "level_2": None, "level_3": None}
    assert found["resolved"]["by_level"]["2"] == 2
    assert found["time_in_level"]["1"]["n"] == 0


def test_words_that_ask_nothing() -> None:
    """SOLVED closes, thanks is polite: neither spoils the first contact or starts a wait."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00")
    diary.thanks("2026-06-08 11:00").solved("2026-06-08 11:00", "customer", diary.customer)
    diary.thanks("2026-06-08 12:00")
    found = figures(diary)
    assert (found["fcr"]["count"], found["reopened"]["count"]) == (1, 0)
    assert found["next_response"]["n"] == 0


def test_thanks_while_open() -> None:
    """Thanks on an open ticket: by the mark its event bears."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00").thanks("2026-06-08 11:00")
    diary.solved("2026-06-08 12:00")
    assert figures(diary)["fcr"]["count"] == 0
    diary.events[-2].detail["thanks"] = True
    assert figures(diary)["fcr"]["count"] == 1


def test_what_is_no_answer() -> None:
    """Notes, robots and a mail that came back leave the customer waiting."""
    diary = Diary(1, "2026-06-08 09:00").notes("2026-06-08 09:10").robot("2026-06-08 09:20")
    diary.answers("2026-06-08 09:30").fails("2026-06-08 09:31").answers("2026-06-08 11:00")
    assert figures(diary)["first_response"]["mean"] == hours(2)


def test_reader_without_mailbox() -> None:
    """That a reader's copy came back does not take the requester's answer away."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00")
    diary.fails("2026-06-08 10:01", "otro@x.test")
    assert figures(diary)["first_response"]["mean"] == hours(1)


def test_solved_without_a_word() -> None:
    """No response: the solve is none, nor is what is said after reopening the first one."""
    diary = Diary(1, "2026-06-08 09:00").solved("2026-06-08 10:00").asks("2026-06-08 11:00")
    diary.answers("2026-06-08 12:00")
    found = figures(diary, promised={"first_response": hours(4)})
    assert found["first_response"]["n"] == 0
    assert found["next_response"]["mean"] == hours(1)
    assert found["sla"]["by_clock"]["first_response"] == {"met": 1, "breached": 0, "rate": 1}


def test_closed_at_once_is_a_solve() -> None:
    """`closed` with no `resolved` before it counts; after one it does not count again."""
    diary = Diary(1, "2026-06-08 09:00").becomes("2026-06-08 10:00", "closed")
    other = Diary(2, "2026-06-08 09:00").solved("2026-06-08 10:00")
    other.becomes("2026-06-22 10:00", "closed", "system")
    found = figures(diary, other)
    assert (found["resolved"]["n"], found["backlog"]["resolved"]) == (2, 2)


def test_undone() -> None:
    """A solve taken back never was: no reopening, no figure."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00").solved("2026-06-08 10:05")
    diary.becomes("2026-06-08 10:06", "open", reason="undone")
    found = figures(diary)
    assert (found["resolved"]["n"], found["fcr"]["n"]) == (0, 0)
    assert (found["backlog"]["resolved"], found["backlog"]["reopened"]) == (0, 0)
    assert found["backlog"]["end"] == 1


def test_out_of_every_figure() -> None:
    """Spam, merged children and test senders count nowhere; spam is counted as spam."""
    spam = Diary(1, "2026-06-08 09:00").becomes("2026-06-08 10:00", "spam")
    child = Diary(2, "2026-06-08 09:00").answers("2026-06-08 09:30")
    child.merged("2026-06-08 10:00", 4)
    probe = Diary(3, "2026-06-08 09:00", who="nagios@x.test").answers("2026-06-08 10:00")
    real = Diary(4, "2026-06-08 09:00").answers("2026-06-08 10:00")
    found = figures(spam, child, probe, real, excluded=lambda who: who.startswith("nagios"))
    alone = figures(real)
    assert found["volume"].pop("spam") == 1
    assert alone["volume"].pop("spam") == 0
    assert found == alone


def test_not_spam_after_all() -> None:
    """Taken for spam and given back: as if nothing had been."""
    diary = Diary(1, "2026-06-08 09:00").becomes("2026-06-08 10:00", "spam")
    diary.becomes("2026-06-08 11:00", "open").answers("2026-06-08 12:00")
    found = figures(diary)
    assert found["backlog"] | {"ages": 0} == {
        "start": 0, "created": 1, "reopened": 0, "resolved": 0, "end": 1,
        "waiting_us": 1, "waiting_customer": 0, "ages": 0,
    }  # fmt: skip


def test_attainment() -> None:
    """8 in time, 1 late, 1 never answered, 3 that still may be: 8 of 10, each once."""
    now = Diary(0, "2026-06-09 12:00").ticket.created_at
    good = [Diary(n, "2026-06-08 09:00").answers("2026-06-08 10:00") for n in range(1, 9)]
    late = Diary(9, "2026-06-08 09:00").answers("2026-06-08 15:00")
    never = Diary(10, "2026-06-08 09:00")
    running = [Diary(n, "2026-06-09 11:00") for n in (11, 12, 13)]
    everybody = [*good, late, never, *running]
    promised = {"first_response": hours(4)}
    found = figures(*everybody, now=now, promised=promised)["sla"]
    assert (found["met"], found["breached"], found["rate"]) == (8, 2, 0.8)
    never.answers("2026-06-17 09:00")
    week = ("2026-06-15", "2026-06-21")
    assert figures(never, late, period=week, promised=promised)["sla"]["rate"] is None


def test_time_at_a_level_is_no_promise() -> None:
    """The clock of a level stands beside the others, and outside their total."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00").solved("2026-06-08 11:00")
    asked = question(*JUNE, promised={"first_response": hours(4)})
    strict = replace(asked.rulebook, levels={1: WorkTime(seconds=900)})
    found = measure([diary.history], replace(asked, rulebook=strict))["kpis"]["sla"]
    assert found["by_clock"]["level"] == {"met": 0, "breached": 1, "rate": 0}
    assert (found["met"], found["breached"], found["rate"]) == (1, 0, 1)


def test_midnight_belongs_to_the_next_day() -> None:
    """A period ends before its last midnight: nothing is counted twice."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-09 00:00").solved("2026-06-10 00:00")
    days = [figures(diary, period=(f"2026-06-{d:02}", f"2026-06-{d:02}")) for d in (8, 9, 10)]
    assert [day["first_response"]["n"] for day in days] == [0, 1, 0]
    assert [day["resolved"]["n"] for day in days] == [0, 0, 1]
    assert [day["backlog"]["end"] for day in days] == [1, 1, 0]


def test_escalated_and_solved_at_once() -> None:
    """One mail that escalates and resolves: the level it reached counts."""
    diary = Diary(1, "2026-06-08 09:00").moves("2026-06-08 10:00", 2)
    diary.solved("2026-06-08 10:00")
    assert figures(diary)["resolved"]["by_level"]["2"] == 1


def test_what_to_act_on() -> None:
    """Overdue, unhappy, longest waiting for us; not what waits for the customer."""
    overdue = Diary(1, "2026-06-08 09:00")
    unhappy = Diary(2, "2026-06-08 09:00").answers("2026-06-08 09:30")
    unhappy.solved("2026-06-08 10:00").rated("2026-06-09 10:00", 2, "sigue igual")
    theirs = Diary(3, "2026-06-01 09:00").answers("2026-06-01 10:00")
    theirs.becomes("2026-06-01 10:00", "pending")
    ours = Diary(4, "2026-06-02 09:00").answers("2026-06-02 10:00")
    asked = question("2026-06-08", "2026-06-14", promised={"first_response": hours(4)})
    lookout = Lookout(asked)
    measure([d.history for d in (theirs, ours, unhappy, overdue)], asked, lookout)
    found = lookout.worklist()
    assert [entry.number for entry in found.to_act_on()] == [1, 2, 4]
    assert [entry.number for entry in found.oldest] == [3, 4, 1]
    assert [entry.comment for entry in found.unhappy] == ["sigue igual"]


def test_self_service() -> None:
    """120 got articles, 18 closed themselves, 2 of these came back: 13.3 %."""
    diaries = []
    for n in range(1, 121):
        diary = Diary(n, "2026-06-08 09:00").suggested("2026-06-08 09:00", "clave")
        if n <= 18:
            diary.solved("2026-06-08 10:00", "self_service", diary.customer)
        if n <= 2:
            diary.asks("2026-06-09 10:00")
        diaries.append(diary)
    found = figures(*diaries)["kb"]
    assert (found["suggested"], found["self_service"]) == (120, 16)
    assert round(found["rate"], 4) == 0.1333


def test_department_at_the_end() -> None:
    """A ticket counts where it is when the period ends, in its priority of then."""
    diary = Diary(1, "2026-06-08 09:00")
    moved = {"from": "soporte", "to": "ventas", "reason": None}
    raised = {"from": "normal", "to": "high", "reason": None}
    when = diary.ticket.created_at.replace(hour=12)
    diary.note(when, EventKind.DEPARTMENT, "agent:ana", moved)
    diary.note(when, EventKind.PRIORITY, "agent:ana", raised)
    found = figures(diary)["volume"]
    assert (found["by_department"], found["by_priority"]) == ({"ventas": 1}, {"high": 1})
    assert figures(diary, department="soporte")["volume"]["created"] == 0
    assert figures(diary, department="ventas")["backlog"]["created"] == 1


def test_borders_of_a_week() -> None:
    """Sunday 22:30 UTC is Monday in Madrid: next week."""
    diary = Diary(1, "2026-06-08 00:30")
    assert figures(diary, period=("2026-06-01", "2026-06-07"))["volume"]["created"] == 0
    assert figures(diary, period=("2026-06-08", "2026-06-14"))["volume"]["created"] == 1


def test_ages() -> None:
    """Each age stands in one group; the oldest is over thirty days."""
    opened = "06-14 09:00 06-13 00:00 06-12 00:00 06-08 00:00 05-16 00:00 05-15 23:00".split()
    pairs = zip(opened[::2], opened[1::2], strict=True)
    diaries = [Diary(n, f"2026-{day} {hour}") for n, (day, hour) in enumerate(pairs, 1)]
    found = figures(*diaries, period=("2026-06-08", "2026-06-14"))["backlog"]
    assert found["ages"] == {"<1d": 1, "1-3d": 1, "3-7d": 1, "7-30d": 2, ">30d": 1}
    assert (found["start"], found["created"], found["end"]) == (2, 4, 6)


def test_nothing_at_all() -> None:
    """No data is no figure: counts are 0, everything else is None."""
    found = measure([], question("2026-06-08", "2026-06-14"))
    counts = {
        "n", "count", "sent", "auto_closed", "first_n", "straight", "provisional", "met",
        "breached", "created", "start", "reopened", "resolved", "end", "waiting_us", "spam",
        "waiting_customer", "suggested", "self_service", "business_days",
        "1", "2", "3", "<1d", "1-3d", "3-7d", "7-30d", ">30d",
    }  # fmt: skip

    def check(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                check(key, inner)
        else:
            assert value == (0 if name in counts else None) or name == "business_days", name

    check("kpis", found["kpis"])
    assert found["recurring"] == []
    assert found["period"] == {
        "start": "2026-06-07T22:00:00Z", "end": "2026-06-14T22:00:00Z",
        "label": "8–14 jun 2026",
    }  # fmt: skip


def test_per_agent() -> None:
    """Who answered, who solved, what customers said: only where a report asks for it."""
    diary = Diary(1, "2026-06-08 09:00").answers("2026-06-08 10:00").solved("2026-06-08 10:00")
    diary.rated("2026-06-09 09:00", 5)
    found = measure([diary.history], question(*JUNE, agents=True))
    assert found["agents"] == [
        {
            "agent": "ana",
            "answers": 1,
            "first_response": {"n": 1, "mean": 3600},
            "resolved": 1,
            "csat": {"n": 1, "rate": 1},
        }
    ]
    assert "agents" not in measure([diary.history], question(*JUNE))
