"""What of a story falls into the period of a question: the chapter that a gauge looks at."""

from functools import cached_property

from maild.reports.question import Question
from maild.reports.story import Answer, Given, Solve, Step, Story, is_worked_on


class Chapter:
    """One ticket as one question sees it. Instants of its story may lie outside the period."""

    def __init__(self, story: Story, question: Question) -> None:
        self.story, self.question = story, question
        self.start, self.end = question.period.start, question.period.end
        before = story.at_end(self.start)
        #: how the ticket stood just before the period's end; None: it was not there yet
        self.last = story.at_end(self.end)
        self.was_open = before is not None and not before.status.done  #: at its start
        self.is_open = self.last is not None and not self.last.status.done  #: at its end

    @property
    def concerns(self) -> bool:
        """Does the ticket count at all, void or not? It is where it is at the end."""
        if self.last is None or self.question.excluded(self.story.ticket.requester.key):
            return False
        department = self.question.department
        return department is None or self.last.facts.department == department

    @property
    def touches(self) -> bool:
        """Was it open in the period, or did anything happen to it then?"""
        start, end = self.start, self.end
        return self.was_open or any(start <= event.at < end for event in self.story.events)

    @property
    def was_created(self) -> bool:
        return self.start <= self.story.opened < self.end

    @property
    def at_end(self) -> Step:
        """How it stood at the end; only for one that concerns the question."""
        assert self.last is not None
        return self.last

    @cached_property
    def solve(self) -> Solve | None:
        """The last solve, if it falls into the period: what makes a ticket "solved in it"."""
        solve = self.story.last_solve(self.end)
        return solve if solve and solve.at >= self.start else None

    @property
    def standing_solve(self) -> Solve | None:
        """The same, where it still stands at the end of the period."""
        return None if self.is_open else self.solve

    @cached_property
    def first_answer(self) -> Answer | None:
        """The first response, if it falls into the period."""
        answer = self.story.first_answer
        return answer if answer and self.start <= answer.at < self.end else None

    @cached_property
    def rating(self) -> Given | None:
        """A mark first given in the period."""
        given = self.story.rating
        return given if given and self.start <= given.first < self.end else None

    @cached_property
    def first_response(self) -> float:
        """Seconds of working time to the first response, wherever that falls."""
        story, answer = self.story, self.story.first_answer
        assert answer is not None
        return story.worked(story.opened, answer.at).total_seconds()

    @cached_property
    def net(self) -> float:
        """Seconds of working time to the last solve, waiting and solved time left out."""
        return self._to_solve(net=True)

    @cached_property
    def gross(self) -> float:
        """The same with nothing left out."""
        return self._to_solve(net=False)

    def _to_solve(self, *, net: bool) -> float:
        story, solve = self.story, self.story.last_solve(self.end)
        assert solve is not None
        counts = is_worked_on if net else None
        return story.worked(story.opened, solve.at, counts=counts).total_seconds()
