"""The figures of a report: one gauge for each entry of `kpis` (CONTRACT section 6).

A gauge is shown every ticket that counts and gives its result at the end. The first line of
its docstring is its definition, and stands in the letter. A figure without data is None.
Which tickets count is `reports.question`'s business, what a history says `reports.history`'s.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from maild.model.ticket import Clock, EventKind, Status
from maild.reports.history import AUTO_CLOSED, SELF_SERVICE, Solve, Step, Story
from maild.reports.question import Question
from maild.reports.spread import Times, ratio, wilson
from maild.sla.stopwatch import Outcome

_DAY: Final = timedelta(days=1)
#: a reopening later than this is a new question
REOPENED_WITHIN: Final = 7 * _DAY
#: the lowest mark, of 5, that is satisfied
SATISFIED: Final = 4
_AGES: Final = (("<1d", _DAY), ("1-3d", 3 * _DAY), ("3-7d", 7 * _DAY))

Json = dict[str, Any]


class Gauge:
    """One entry of `kpis`."""

    name = ""

    def __init__(self, question: Question) -> None:
        self.question = question

    def add(self, story: Story) -> None:
        raise NotImplementedError

    def result(self) -> Json:
        raise NotImplementedError


class FirstResponse(Gauge):
    """From creation to the first answer an agent wrote and the customer got."""

    # Date key: the answer. Not for tickets an agent opened. Reopening does not restart it.

    name = "first_response"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.times, self.calendar = Times(), Times()

    def add(self, story: Story) -> None:
        answer = story.first_answer
        if answer and self.question.covers(answer.at):
            self.times.add(story.worked(story.opened, answer.at))
            self.calendar.add(answer.at - story.opened)

    def result(self) -> Json:
        target = self.question.targets.get("first_response")
        return self.times.spread() | {
            "within_target": self.times.within(target),
            "target": target,
            "calendar_mean": self.calendar.mean(),
        }


class NextResponse(Gauge):
    """From the oldest unanswered customer message to the agent's answer, first ones aside."""

    # Date key: the answer. One interval for each run of customer messages.

    name = "next_response"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.times = Times()

    def add(self, story: Story) -> None:
        for asked, answered in story.waits():
            if self.question.covers(answered):
                self.times.add(story.worked(asked, answered))

    def result(self) -> Json:
        return self.times.spread()


class Resolution(Gauge):
    """From creation to the last solve that stands, less waiting for the customer and solved."""

    # Date key: that solve. Tickets closed because nobody answered are counted apart.

    name = "resolution"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.net, self.gross, self.calendar = Times(), Times(), Times()
        self.first, self.auto_closed = Times(), 0

    def add(self, story: Story) -> None:
        if story.solves and self.question.covers(story.solves[0].at):
            self._add_first(story, story.solves[0])
        solve = self.question.standing_solve_of(story)
        if solve and solve.reason == AUTO_CLOSED:
            self.auto_closed += 1
        elif solve:
            self.net.add(story.worked(story.opened, solve.at, counts=is_worked_on))
            self.gross.add(story.worked(story.opened, solve.at))
            self.calendar.add(solve.at - story.opened)

    def _add_first(self, story: Story, solve: Solve) -> None:
        """To the first solve: reopening does not change it (KPI 3)."""
        if solve.reason != AUTO_CLOSED:
            self.first.add(story.worked(story.opened, solve.at, counts=is_worked_on))

    def result(self) -> Json:
        return self.net.spread() | {
            "gross_mean": self.gross.mean(),
            "calendar_mean": self.calendar.mean(),
            "auto_closed": self.auto_closed,
            "first_n": len(self.first),
            "first_mean": self.first.mean(),
        }


class Share(Gauge):
    """How many of the tickets solved in the period are of some kind."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.n = self.count = 0

    def holds(self, story: Story, solve: Solve) -> bool:
        raise NotImplementedError

    def add(self, story: Story) -> None:
        if solve := self.question.solve_of(story):
            self.n += 1
            self.count += self.holds(story, solve)

    def was_reopened(self, story: Story, *, by_customer: bool = False) -> bool:
        """Within 7 days after any of its solves, as known now."""
        return any(
            reopening.at - reopening.solved <= REOPENED_WITHIN
            and reopening.solved < self.question.period.end
            and (reopening.by_customer or not by_customer)
            for reopening in story.reopenings
        )

    def result(self) -> Json:
        return {"n": self.n, "count": self.count, "rate": ratio(self.count, self.n)}


class FirstContact(Share):
    """Solved at level 1 with no customer message after the first and not reopened in 7 days."""

    # Net FCR: tickets routed straight to a higher level are left out, and counted apart.

    name = "fcr"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.straight = self.provisional = 0

    def add(self, story: Story) -> None:
        solve = self.question.solve_of(story)
        if solve and story.first_level > 1:
            self.straight += 1
        elif solve:
            super().add(story)
            self.provisional += self.question.now - solve.at < REOPENED_WITHIN

    def holds(self, story: Story, solve: Solve) -> bool:
        return (
            solve.reason != AUTO_CLOSED
            and story.highest_level(solve.at) == 1
            and not any(asked < solve.at for asked in story.questions)
            and not self.was_reopened(story)
        )

    def result(self) -> Json:
        apart = {"straight": self.straight, "provisional": self.provisional}
        return super().result() | apart


class OneTouch(Share):
    """Solved with at most one answer, not reopened in 7 days, at whatever level."""

    name = "one_touch"

    def holds(self, story: Story, solve: Solve) -> bool:
        answers = sum(answer.at <= solve.at for answer in story.answers)
        return answers <= 1 and solve.reason != AUTO_CLOSED and not self.was_reopened(story)


class Reopened(Share):
    """Reopened by the customer within 7 days of being solved."""

    name = "reopened"

    def holds(self, story: Story, solve: Solve) -> bool:
        return self.was_reopened(story, by_customer=True)


class Satisfaction(Gauge):
    """Ratings of 4 or 5 among those given; no rating counts only in the response rate."""

    # Date key: the first answer to the survey; of several, the last value holds.

    name = "csat"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.scores: Counter[int] = Counter()
        self.sent = 0

    def add(self, story: Story) -> None:
        sent = story.of(EventKind.SURVEY_SENT)
        self.sent += sum(self.question.covers(event.at) for event in sent)
        given = story.rating
        if given and self.question.covers(given.first):
            self.scores[given.score] += 1

    def result(self) -> Json:
        n = self.scores.total()
        good = sum(count for score, count in self.scores.items() if score >= SATISFIED)
        points = sum(score * count for score, count in self.scores.items())
        low, high = wilson(good, n)
        return {
            "n": n,
            "count": good,
            "rate": ratio(good, n),
            "mean": ratio(points, n),
            "sent": self.sent,
            "response_rate": ratio(n, self.sent),
            "low": low,
            "high": high,
        }


class Resolved(Gauge):
    """Solved in the period and still solved at its end; per working day."""

    name = "resolved"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.levels: Counter[int] = Counter({1: 0, 2: 0, 3: 0})

    def add(self, story: Story) -> None:
        if solve := self.question.standing_solve_of(story):
            self.levels[story.highest_level(solve.at)] += 1

    def result(self) -> Json:
        n, period = self.levels.total(), self.question.period
        calendar = self.question.rulebook.calendar_of(self.question.department or "")
        days = calendar.business_days(period.first, period.last)
        return {
            "n": n,
            "per_business_day": ratio(n, days) if n else None,
            "business_days": days,
            "by_level": {str(level): self.levels[level] for level in sorted(self.levels)},
        }


class Escalated(Gauge):
    """Tickets that went up to level 2 or higher (level 3: or higher) of those solved."""

    # Tickets routed straight to a higher level are left out, as for fcr.

    name = "escalated"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.n = self.second = self.third = 0

    def add(self, story: Story) -> None:
        solve = self.question.solve_of(story)
        if solve and story.first_level == 1:
            highest = story.highest_level(solve.at)
            self.n += 1
            self.second += highest >= 2
            self.third += highest >= 3

    def result(self) -> Json:
        return {
            "n": self.n,
            "level_2": ratio(self.second, self.n),
            "level_3": ratio(self.third, self.n),
        }


class TimeInLevel(Gauge):
    """Time at a level, all visits together, less waiting for the customer and solved time."""

    # Date key: the last solve.

    name = "time_in_level"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.levels: dict[int, Times] = {level: Times() for level in (1, 2, 3)}

    def add(self, story: Story) -> None:
        solve = self.question.standing_solve_of(story)
        if solve is None:
            return
        visited = {step.facts.level for step in story.steps if step.at <= solve.at}
        for level in visited:
            self.levels.setdefault(level, Times()).add(
                story.worked(story.opened, solve.at, counts=at_level(level))
            )

    def result(self) -> Json:
        return {str(level): self._of(level) for level in sorted(self.levels)}

    def _of(self, level: int) -> Json:
        times, target = self.levels[level], self.question.targets.get(f"level_{level}")
        spread = times.spread()
        del spread["p90"]
        return spread | {"within_target": times.within(target), "target": target}


class Backlog(Gauge):
    """What is not solved at the end of the period; ages by the calendar, since creation."""

    # start + created + reopened - resolved = end; the last two count events.

    name = "backlog"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.counts: Counter[str] = Counter()
        self.ages: Counter[str] = Counter()

    def add(self, story: Story) -> None:
        covers, period = self.question.covers, self.question.period
        self.counts["start"] += story.is_open(period.start)
        self.counts["created"] += covers(story.opened)
        self.counts["reopened"] += sum(covers(turn.at) for turn in story.reopenings)
        self.counts["resolved"] += sum(covers(solve.at) for solve in story.solves)
        step = story.at_end(period.end)
        if step and not step.status.done:
            self.counts["end"] += 1
            waits = step.status is Status.PENDING
            self.counts["waiting_customer" if waits else "waiting_us"] += 1
            self.ages[age_group(self.question.end - story.opened)] += 1

    def result(self) -> Json:
        names = "start created reopened resolved end waiting_us waiting_customer".split()
        groups = [*(name for name, _ in _AGES), "7-30d", ">30d"]
        ages = {name: self.ages[name] for name in groups}
        return {name: self.counts[name] for name in names} | {"ages": ages}


class Attainment(Gauge):
    """Deadlines met among those decided, each once: met when answered, missed when passed."""

    # Date key: the decision. Time at a level is shown, but is no part of the total.

    name = "sla"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.counts: Counter[tuple[Clock, Outcome]] = Counter()

    def add(self, story: Story) -> None:
        for decision in story.decisions(self.question.now):
            if self.question.covers(decision.at):
                self.counts[decision.clock, decision.outcome] += 1

    def result(self) -> Json:
        promised = [clock for clock in Clock if clock is not Clock.LEVEL]
        by_clock = {clock.value: self._of([clock]) for clock in Clock}
        return self._of(promised) | {"by_clock": by_clock}

    def _of(self, clocks: Sequence[Clock]) -> Json:
        met = sum(self.counts[clock, Outcome.MET] for clock in clocks)
        breached = sum(self.counts[clock, Outcome.BREACHED] for clock in clocks)
        return {"met": met, "breached": breached, "rate": ratio(met, met + breached)}


class Volume(Gauge):
    """Tickets created in the period; department and priority as at its end."""

    name = "volume"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.channels: Counter[str] = Counter()
        self.departments: Counter[str] = Counter()
        self.priorities: Counter[str] = Counter()

    def add(self, story: Story) -> None:
        step = story.at_end(self.question.period.end)
        if step and self.question.covers(story.opened):
            self.channels[step.facts.channel] += 1
            self.departments[step.facts.department] += 1
            self.priorities[step.facts.priority.value] += 1

    def result(self) -> Json:
        return {
            "created": self.channels.total(),
            "by_channel": dict(self.channels.most_common()),
            "by_department": dict(self.departments.most_common()),
            "by_priority": dict(self.priorities.most_common()),
        }


class SelfService(Gauge):
    """Requests answered with articles that the customer then closed, and did not reopen."""

    # Date key: the suggestion, for both numbers.

    name = "kb"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.suggested = self.solved = 0

    def add(self, story: Story) -> None:
        offers = (e for e in story.of(EventKind.SUGGESTED) if e.detail.get("articles", True))
        if any(self.question.covers(event.at) for event in offers):
            self.suggested += 1
            reasons = [solve.reason for solve in story.solves]
            self.solved += reasons == [SELF_SERVICE] and not story.reopenings

    def result(self) -> Json:
        return {
            "suggested": self.suggested,
            "self_service": self.solved,
            "rate": ratio(self.solved, self.suggested),
        }


GAUGES: Final[tuple[type[Gauge], ...]] = (
    FirstResponse,
    NextResponse,
    Resolution,
    FirstContact,
    OneTouch,
    Reopened,
    Satisfaction,
    Resolved,
    Escalated,
    TimeInLevel,
    Backlog,
    Attainment,
    Volume,
    SelfService,
)


def is_worked_on(step: Step) -> bool:
    """Not done, and not waiting for the customer. Waiting for a third party is our time."""
    return not step.status.done and step.status is not Status.PENDING


def at_level(level: int) -> Callable[[Step], bool]:
    return lambda step: step.facts.level == level and is_worked_on(step)


def age_group(age: timedelta) -> str:
    """`<1d` `1-3d` `3-7d` `7-30d` `>30d`; each but the last ends before its upper bound."""
    for name, bound in _AGES:
        if age < bound:
            return name
    return "7-30d" if age <= 30 * _DAY else ">30d"
