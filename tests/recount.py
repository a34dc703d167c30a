"""A second opinion on reports: counts figures anew from exported tickets, one JSON a line.

Knows nothing of maild: it reads events as the export writes them and walks through them in
the plainest way. Monday to Friday, nine to six, Madrid; some figures only.
Usage: `python recount.py FROM TO < tickets.jsonl`, days as YYYY-MM-DD, both included.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
DONE = ("resolved", "closed", "merged", "spam")
WEEK = timedelta(days=7)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def office_seconds(start, end):
    total, day = 0.0, start.astimezone(MADRID).date()
    while day <= end.astimezone(MADRID).date():
        if day.weekday() < 5:
            opens = datetime(day.year, day.month, day.day, 9, tzinfo=MADRID).astimezone(UTC)
            closes = datetime(day.year, day.month, day.day, 18, tzinfo=MADRID).astimezone(UTC)
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(days=1)
    return total


def recount(lines, first, last):
    a = datetime.fromisoformat(first).replace(tzinfo=MADRID).astimezone(UTC)
    z = datetime.fromisoformat(last).replace(tzinfo=MADRID) + timedelta(days=1)
    z = z.astimezone(UTC)
    out = dict.fromkeys(
        "created start end solves reopenings solved fcr one_touch reopened up2 up3 standing "
        "auto marks good".split(), 0
    )  # fmt: skip
    first_times, next_times, net_times, level_times = [], [], [], {1: [], 2: [], 3: []}
    for line in lines:
        ticket = json.loads(line)
        events = ticket["events"]
        for event in events:
            event["t"] = moment(event["at"])
        states = [e["detail"]["to"] for e in events if e["kind"] == "status"]
        if states and states[-1] in ("spam", "merged"):
            continue
        born = events[0]["t"]
        if born >= z:
            continue
        by_agent = events[0]["actor"].startswith("agent:")
        bounced = [e["detail"]["message"] for e in events if e["kind"] == "delivery_failed"]
        # the state after each event; a customer's mail counts if work is left after its instant
        state, level = "new", events[0]["detail"]["level"]
        track, solves, backs, asked, answered = [], [], [], [], []
        for event in events:
            kind, detail, t = event["kind"], event["detail"], event["t"]
            if kind == "status" and detail["to"] not in ("spam", "merged"):
                if detail["to"] in DONE and state not in DONE:
                    solves.append((t, detail["reason"]))
                if detail["to"] not in DONE and state in DONE:
                    backs.append((t, event["actor"].startswith("customer"), solves[-1][0]))
                state = detail["to"]
            if kind == "level":
                level = detail["to"]
            by_us = kind == "message" and detail["kind"] == "agent" and detail["public"]
            if by_us and detail["message"] not in bounced:
                answered.append(t)
            if kind == "message" and detail["kind"] == "customer" and t > born:
                after = [e for e in events if e["t"] == t and e["kind"] == "status"]
                then = after[-1]["detail"]["to"] if after else state
                if then not in DONE:
                    asked.append(t)
            track.append((t, state, level))
        open_at = {}
        for name, edge in (("start", a), ("end", z)):
            known = [s for t, s, _ in track if t < edge]
            open_at[name] = bool(known) and known[-1] not in DONE
            out[name] += open_at[name]
        out["created"] += a <= born
        out["solves"] += sum(a <= t < z for t, _ in solves)
        out["reopenings"] += sum(a <= t < z for t, _, _ in backs)
        # first response: the first answer, unless a solve came before it
        mute = solves and answered and solves[0][0] < answered[0]
        if answered and not by_agent and not mute and a <= answered[0] < z:
            first_times.append(office_seconds(born, answered[0]))
        # next responses
        waiting, before_first = None, not by_agent
        order = [(t, 0) for t in asked] + [(t, 1) for t in answered]
        for t, what in sorted(order + [(t, 2) for t, _ in solves]):
            if what == 0 and not before_first and waiting is None:
                waiting = t
            if what == 1 and waiting and a <= t < z:
                next_times.append(office_seconds(waiting, t))
            if what:
                waiting, before_first = None, False
        marks = [e for e in events if e["kind"] == "rated"]
        if marks and a <= marks[0]["t"] < z:
            out["marks"] += 1
            out["good"] += marks[-1]["detail"]["score"] >= 4
        past = [s for s in solves if s[0] < z]
        if not past or past[-1][0] < a:
            continue
        when, reason = past[-1]
        top = max(lv for t, _, lv in track if t <= when)
        soon = [b for b in backs if b[0] - b[2] <= WEEK and b[2] < z]
        out["solved"] += 1
        out["up2"] += top >= 2
        out["up3"] += top >= 3
        out["reopened"] += any(b[1] for b in soon)
        clean = reason != "auto_closed" and not soon
        out["fcr"] += clean and top == 1 and not any(t < when for t in asked)
        out["one_touch"] += clean and sum(t <= when for t in answered) <= 1
        if open_at["end"]:
            continue
        out["standing"] += 1
        times = {}
        for (t, s, lv), (u, _, _) in pairwise(track):
            if u <= when:
                busy = 0 if s in (*DONE, "pending") else office_seconds(t, u)
                times[lv] = times.get(lv, 0) + busy
        for lv, seconds in times.items():
            level_times[lv].append(seconds)
        if reason == "auto_closed":
            out["auto"] += 1
        else:
            net_times.append(sum(times.values()))
    for name, times in (("first", first_times), ("next", next_times), ("net", net_times)):
        out[name] = summary(times)
    out["levels"] = {lv: summary(times) for lv, times in level_times.items()}
    return out


def summary(times):
    times = sorted(times)
    n = len(times)
    if not n:
        return {"n": 0, "mean": None, "median": None, "p90": None}
    middle = times[n // 2] if n % 2 else (times[n // 2 - 1] + times[n // 2]) / 2
    p90 = times[ceil(0.9 * n) - 1]
    return {"n": n, "mean": sum(times) / n, "median": middle, "p90": p90}


if __name__ == "__main__":
    print(json.dumps(recount(sys.stdin, sys.argv[1], sys.argv[2])))
