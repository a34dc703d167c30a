"""A second opinion on promises: which were kept and which were not, from exported tickets.

Knows nothing of maild. For tickets that stay in their department and priority, and to which
no two things happen at once; each promise is decided once: kept when what it is about is done
in time, broken the moment its time runs out.
"""

import json
from collections import Counter
from datetime import UTC, datetime

from tests.recount import DONE, NINE_TO_SIX, VOID, due, midnight, moment, work

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def keep_or_break(hours, start, stop, seconds):
    """(kept or broken, when)."""
    limit = due(hours, start, seconds)
    return ("met", stop) if stop <= limit else ("breached", limit)


def with_pauses(hours, seconds, stretches, stop):
    """The same where only these stretches of time count; undecided while it waits."""
    for start, end in stretches:
        limit = due(hours, start, seconds)
        if limit < end:
            return "breached", limit
        seconds -= work(hours, start, end)
    return ("met", stop) if stop < FAR else None


def decisions(events, hours, promised):
    """(clock, kept or broken, when) of one ticket."""
    born, opening = moment(events[0]["at"]), events[0]["detail"]
    by_agent = events[0]["actor"].startswith("agent:") or opening["channel"] == "agent"
    bounced = [e["detail"]["message"] for e in events if e["kind"] == "delivery_failed"]
    state, level = "new", opening["level"]
    track, asked, answered, solved = [(born, state, level)], [], [], []
    for event in events:
        t, kind, detail = moment(event["at"]), event["kind"], event["detail"]
        said = detail if kind == "message" and detail["public"] else {}
        if kind == "status":
            if detail["to"] in DONE and state not in DONE:
                solved.append(t)
            state = detail["to"]
        if kind == "level":
            level = detail["to"]
        if said.get("kind") == "agent" and said["message"] not in bounced:
            answered.append(t)
        if said.get("kind") == "customer" and not said.get("thanks") and t > born:
            then = [e["detail"]["to"] for e in events
                    if e["kind"] == "status" and moment(e["at"]) == t]  # fmt: skip
            if ([state, *then])[-1] not in DONE:
                asked.append(t)
        track.append((t, state, level))
    ends = sorted(answered + solved)
    first = min(ends, default=FAR)
    if not by_agent:
        yield "first_response", *keep_or_break(hours, born, first, promised["first_response"])
    waits = {}
    for t in asked:
        if by_agent or t > first:
            waits.setdefault(min((end for end in ends if end >= t), default=FAR), t)
    for end, t in waits.items():
        yield "next_response", *keep_or_break(hours, t, end, promised["next_response"])
    stretches = [
        (t, after[0], state, level)
        for (t, state, level), after in zip(track, [*track[1:], (FAR,)], strict=True)
        if t < after[0]
    ]
    running = [(t, u) for t, u, s, _ in stretches if s not in DONE and s != "pending"]
    over = min(solved, default=FAR)
    before = [(t, u) for t, u in running if t < over]
    if found := with_pauses(hours, promised["resolution"], before, over):
        yield "resolution", *found
    stays, was = [], None
    for t, u, s, lv in stretches:
        if lv != was:
            stays.append([lv, t, []])
        was = lv
        stays[-1][2].append((t, u, s))
    for (lv, t, parts), after in zip(stays, [*stays[1:], [0, FAR]], strict=True):
        over = min([end for end in solved if t <= end <= after[1]] + [after[1]])
        before = [(t, u) for t, u, s in parts if t < over and s not in DONE and s != "pending"]
        if found := with_pauses(hours, promised["level"][lv - 1], before, over):
            yield "level", *found


def recount(lines, first, last, desk):
    """Kept and broken by clock, and by department and priority without the levels."""
    zone, clocks = desk["zone"], {}
    a = midnight(first, zone)
    z = midnight(datetime.fromordinal(datetime.fromisoformat(last).toordinal() + 1)
                 .date().isoformat(), zone)  # fmt: skip
    groups = {"by_clock": clocks, "by_department": {}, "by_priority": {}}
    for line in lines:
        events = json.loads(line)["events"]
        states = [e["detail"]["to"] for e in events if e["kind"] == "status"]
        opening = events[0]["detail"]
        place = opening["department"]
        if (states and states[-1] in VOID) or desk["department"] not in (None, place):
            continue
        hours = desk["hours"].get(place, NINE_TO_SIX)
        for clock, outcome, at in decisions(events, hours, desk["promised"]):
            if a <= at < z:
                names = {"by_clock": clock}
                if clock != "level":
                    names |= {"by_department": place, "by_priority": opening["priority"]}
                for group, name in names.items():
                    groups[group].setdefault(name, Counter())[outcome] += 1
    return groups
