"""Figures per agent, for reports that ask for them."""

from collections import Counter
from datetime import timedelta
from typing import Any

from maild.reports.amounts import SATISFIED
from maild.reports.chapter import Chapter
from maild.reports.question import Question
from maild.reports.spread import Times, ratio
from maild.reports.story import Solve, Story


class Agents:
    """The same for each agent: first answers given, tickets solved as their assignee, marks."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.first: dict[str, Times] = {}
        self.answers: Counter[str] = Counter()
        self.solved: Counter[str] = Counter()
        self.marks: dict[str, list[int]] = {}

    def add(self, chapter: Chapter) -> None:
        if not self.question.agents:
            return
        story, covers = chapter.story, self.question.covers
        self.answers.update(answer.agent for answer in story.answers if covers(answer.at))
        if first := chapter.first_answer:
            self.first.setdefault(first.agent, Times()).add(chapter.first_response)
        if (solve := chapter.standing_solve) and (agent := worker(story, solve)):
            self.solved[agent] += 1
        given = chapter.rating
        if given and story.solves:
            agent = worker(story, story.solves[-1])
            self.marks.setdefault(agent or "", []).append(given.score)

    def result(self) -> list[dict[str, Any]]:
        names = {*self.first, *self.answers, *self.solved, *self.marks} - {""}
        return [self._of(name) for name in sorted(names)]

    def _of(self, name: str) -> dict[str, Any]:
        first, marks = self.first.get(name, Times()), self.marks.get(name, [])
        return {
            "agent": name,
            "answers": self.answers[name],
            "first_response": {"n": len(first), "mean": first.mean()},
            "resolved": self.solved[name],
            "csat": {
                "n": len(marks),
                "rate": ratio(sum(score >= SATISFIED for score in marks), len(marks)),
            },
        }


def worker(story: Story, solve: Solve) -> str | None:
    """Whose work a solve is: the assignee's, else the agent's who did it."""
    step = story.at_end(solve.at + timedelta.resolution)
    if step and step.assignee:
        return step.assignee
    kind, _, name = solve.actor.partition(":")
    return name if kind == "agent" else None
