"""A second opinion on reports: counts figures anew from exported tickets, one JSON a line.

Knows nothing of maild: it reads events as the export writes them and walks through them in
the plainest way. Usage: `python recount.py FROM TO [DESK] < tickets.jsonl`, days as YYYY-MM-DD,
both included. DESK is JSON: {"zone", "department" (or null), "hours": {department: [zone,
[[from, to] minutes of the day …] for each weekday, [closed days], {day: [from, to] …}]},
"main": the first department, "promised": {"first_response": seconds, "level": [seconds …]}};
without it, Monday to Friday, nine to six, Madrid, for all. Deadlines: `recount_promises.py`.
"""

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import ceil, sqrt
from zoneinfo import ZoneInfo

NINE_TO_SIX = ["Europe/Madrid", [[[540, 1080]]] * 5 + [[], []], [], {}]
DONE = ("resolved", "closed", "merged", "spam")
VOID = ("merged", "spam")
WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def midnight(day, zone):
    return datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def spans(hours, day):
    """The working hours of a local day, as instants: minutes on the wall, made UTC."""
    zone, week, closed, short = hours
    wall, name = datetime(day.year, day.month, day.day), day.strftime("%Y-%m-%d")
    for span in [] if name in closed else short.get(name, week[day.weekday()]):
        yield [
            (wall + timedelta(minutes=m)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            for m in span
        ]


def work(hours, start, end):
    """Seconds of working time between two instants."""
    total, day = 0.0, start.astimezone(ZoneInfo(hours[0])).date()
    while start < end and day <= end.astimezone(ZoneInfo(hours[0])).date():
        for opens, closes in spans(hours, day):
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += DAY
    return total


def due(hours, start, seconds):
    """When so much working time is used up."""
    day = start.astimezone(ZoneInfo(hours[0])).date()
    while True:
        for opens, closes in spans(hours, day):
            here = (closes - max(start, opens)).total_seconds()
            if here >= seconds and here > 0:
                return max(start, opens) + timedelta(seconds=seconds)
            seconds -= max(here, 0)
        day += DAY


def busy(state, level):
    return state not in (*DONE, "pending")


def recount(lines, first, last, desk=None):
    desk = desk or {"zone": "Europe/Madrid", "department": None, "hours": {}, "main": ""}
    promised = desk.get("promised", {"first_response": 0, "level": [0, 0, 0]})
    a = midnight(first, desk["zone"])
    z = midnight((datetime.fromisoformat(last) + DAY).date().isoformat(), desk["zone"])
    out = dict.fromkeys(
        "created start end solves reopenings solved fcr fcr_n one_touch reopened up_n up2 up3 "
        "standing auto marks good points sent spam suggested self_service "
        "waiting_customer".split(), 0
    )  # fmt: skip
    for name in ("channels", "departments", "priorities", "ages", "top"):
        out[name] = Counter()
    times = {name: [] for name in "first first_calendar next net gross calendar firsts".split()}
    level_times = {1: [], 2: [], 3: []}
    requests = []
    for line in lines:
        ticket = json.loads(line)
        events = ticket["events"]
        for event in events:
            event["t"] = moment(event["at"])
        states = [e["detail"]["to"] for e in events if e["kind"] == "status"]
        void = states[-1] if states and states[-1] in VOID else None
        born, opening = events[0]["t"], events[0]["detail"]
        if born >= z:
            continue
        by_agent = events[0]["actor"].startswith("agent:") or opening["channel"] == "agent"
        bounced = [e["detail"]["message"] for e in events if e["kind"] == "delivery_failed"]
        # the state after each event; a customer's mail counts if work is left after its instant
        state, level, place, rank = "new", opening["level"], opening["department"], "normal"
        rank = opening["priority"]
        track, solves, backs, asked, answered = [], [], [], [], []
        for event in events:
            kind, detail, t = event["kind"], event["detail"], event["t"]
            if kind == "status" and detail["to"] not in VOID:
                if detail["to"] in DONE and state not in DONE:
                    solves.append((t, detail["reason"]))
                if detail["to"] not in DONE and state in DONE:
                    backs.append((t, event["actor"].startswith("customer"), solves[-1][0]))
                state = detail["to"]
            if kind == "level":
                level = detail["to"]
            if kind == "department":
                place = detail["to"]
            if kind == "priority":
                rank = detail["to"]
            by_us = kind == "message" and detail["kind"] == "agent" and detail["public"]
            if by_us and detail["message"] not in bounced:
                answered.append(t)
            by_him = kind == "message" and detail["kind"] == "customer" and detail["public"]
            if by_him and not detail.get("thanks") and t > born:
                after = [e for e in events if e["t"] == t and e["kind"] == "status"]
                then = after[-1]["detail"]["to"] if after else state
                if then not in DONE:
                    asked.append(t)
            track.append((t, state, level, place, rank))
        where = [entry for entry in track if entry[0] < z][-1]
        if desk["department"] not in (None, where[3]):
            continue
        if void:
            out["spam"] += void == "spam" and a <= born
            continue
        if "requester" in ticket:
            requests.append((where[3], born, ticket))

        def worked(since, until, counts=lambda s, lv: True, track=track):
            """Working time in the hours of the department the ticket was in."""
            total = 0.0
            for (t, s, lv, dept, _), after in zip(track, [*track[1:], None], strict=True):
                u = min(until, after[0]) if after else until
                if max(t, since) < u and counts(s, lv):
                    hours = desk["hours"].get(dept, NINE_TO_SIX)
                    total += work(hours, max(t, since), u)
            return total

        open_at = {}
        for name, edge in (("start", a), ("end", z)):
            known = [entry[1] for entry in track if entry[0] < edge]
            open_at[name] = bool(known) and known[-1] not in DONE
            out[name] += open_at[name]
        if open_at["end"]:
            age = z - born
            out["waiting_customer"] += where[1] == "pending"
            out["ages"]["<1d" if age < DAY else "1-3d" if age < 3 * DAY else
                        "3-7d" if age < WEEK else "7-30d" if age <= 30 * DAY else
                        ">30d"] += 1  # fmt: skip
        if a <= born:
            out["created"] += 1
            out["channels"][opening["channel"]] += 1
            out["departments"][where[3]] += 1
            out["priorities"][where[4]] += 1
        out["solves"] += sum(a <= t < z for t, _ in solves)
        out["reopenings"] += sum(a <= t < z for t, _, _ in backs)
        out["sent"] += sum(e["kind"] == "survey_sent" and a <= e["t"] < z for e in events)
        if any(e["kind"] == "suggested" and a <= e["t"] < z for e in events):
            out["suggested"] += 1
            out["self_service"] += not backs and [r for _, r in solves] == ["self_service"]
        # first response: the first answer, unless a solve came before it
        mute = solves and answered and solves[0][0] < answered[0]
        if answered and not by_agent and not mute and a <= answered[0] < z:
            times["first"].append(worked(born, answered[0]))
            times["first_calendar"].append((answered[0] - born).total_seconds())
        # next responses
        waiting, before_first = None, not by_agent
        order = [(t, 0) for t in asked] + [(t, 1) for t in answered]
        for t, what in sorted(order + [(t, 2) for t, _ in solves]):
            if what == 0 and not before_first and waiting is None:
                waiting = t
            if what == 1 and waiting and a <= t < z:
                times["next"].append(worked(waiting, t))
            if what:
                waiting, before_first = None, False
        marks = [e for e in events if e["kind"] == "rated" and e["actor"][:5] != "agent"]
        if marks and a <= marks[0]["t"] < z:
            score = marks[-1]["detail"]["score"]
            out["marks"] += 1
            out["points"] += score
            out["good"] += score >= 4
        if solves and a <= solves[0][0] < z and solves[0][1] != "auto_closed":
            times["firsts"].append(worked(born, solves[0][0], busy))
        past = [s for s in solves if s[0] < z]
        if not past or past[-1][0] < a:
            continue
        when, reason = past[-1]
        instants = {t: lv for t, _, lv, _, _ in track}  # the last word of each instant
        top = max(lv for t, lv in instants.items() if t <= when)
        began = instants[born]
        soon = [b for b in backs if b[0] - b[2] <= WEEK and b[2] < z]
        out["solved"] += 1
        out["up_n"] += began == 1
        out["up2"] += began == 1 and top >= 2
        out["up3"] += began == 1 and top >= 3
        out["reopened"] += any(b[1] for b in soon)
        clean = reason != "auto_closed" and not soon
        out["fcr_n"] += began == 1
        out["fcr"] += clean and top == 1 and not any(t < when for t in asked)
        out["one_touch"] += clean and sum(t <= when for t in answered) <= 1
        if open_at["end"]:
            continue
        out["standing"] += 1
        out["top"][str(top)] += 1
        for wanted in {lv for t, lv in instants.items() if t <= when}:
            at = worked(born, when, lambda s, lv, w=wanted: busy(s, lv) and lv == w)
            level_times[wanted].append(at)
        if reason == "auto_closed":
            out["auto"] += 1
        else:
            times["net"].append(worked(born, when, busy))
            times["gross"].append(worked(born, when))
            times["calendar"].append((when - born).total_seconds())
    hours = desk["hours"].get(desk["department"] or desk["main"], NINE_TO_SIX)
    days = [datetime.fromisoformat(first) + n * DAY for n in range((z - a).days + 2)]
    out["days"] = sum(any(spans(hours, day)) for day in days if day.isoformat()[:10] <= last)
    out["low"], out["high"] = wilson(out["good"], out["marks"])
    out["recurring"] = recurring(requests, a, z, desk["zone"])
    limits = {"first": promised["first_response"]}
    return out | {name: summary(found, limits.get(name)) for name, found in times.items()} | {
        "levels": {lv: summary(n, promised["level"][lv - 1]) for lv, n in level_times.items()}
    }  # fmt: skip


def recurring(requests, a, z, zone):
    """Of a week: what came five times from three people, twice as often as before."""

    def back(days):
        day = z.astimezone(ZoneInfo(zone)).date() - days * DAY
        return midnight(day.isoformat(), zone)

    if back(7) != a:
        return None
    kinds = {}
    for place, born, ticket in requests:
        about = ticket.get("category") or ticket["subject"].split()[1].lower()
        who = ticket["requester"]["email"]
        kinds.setdefault(f"{place}/{about}", []).append((born, who, ticket["id"]))
    found = []
    for kind, them in kinds.items():
        now = [(who, number) for born, who, number in them if a <= born]
        usual = sum(back(35) <= born < a for born, _, _ in them) / 4
        if len(now) >= 5 and len({who for who, _ in now}) >= 3 and len(now) >= 2 * usual:
            found.append([kind, sorted(number for _, number in now)])
    return sorted(found, key=lambda one: (-len(one[1]), one[0]))[:5]


def wilson(good, n, z=1.96):
    if not n:
        return None, None
    p, under = good / n, 1 + z * z / n
    middle, side = p + z * z / 2 / n, z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (middle - side) / under, (middle + side) / under


def summary(times, limit=None):
    times = sorted(times)
    n = len(times)
    if not n:
        return {"n": 0, "mean": None, "median": None, "p90": None, "within": None}
    within = None if limit is None else sum(t <= limit for t in times) / n
    middle = times[n // 2] if n % 2 else (times[n // 2 - 1] + times[n // 2]) / 2
    p90 = times[ceil(0.9 * n) - 1]
    return {"n": n, "mean": sum(times) / n, "median": middle, "p90": p90, "within": within}


if __name__ == "__main__":
    described = json.loads(sys.argv[3]) if len(sys.argv) > 3 else None
    print(json.dumps(recount(sys.stdin, sys.argv[1], sys.argv[2], described)))
