"""Who is told what: the table from events to letters.

`Notices.tell` goes through the events of a decision; `following` is the table of contents.
Each notice stands with those it tells: customers, agents, the house. What a letter says is
its template's business, how it is addressed `addressing`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass

from maild.desk.case import Case
from maild.desk.casebook import Casebook
from maild.desk.occasion import Occasion
from maild.model.ticket import Event, EventKind
from maild.notify.replies import Replies
from maild.notify.to_agents import ToAgents
from maild.notify.to_customers import ToCustomers
from maild.notify.to_house import ToHouse

Notify = Callable[[Case, Event, Occasion], None]


@dataclass(frozen=True, slots=True)
class Notices:
    """Has the letters written that follow from what was decided (`desk.tells.Notices`)."""

    cases: Casebook
    customers: ToCustomers
    agents: ToAgents
    house: ToHouse
    replies: Replies

    def tell(self, case: Case, occasion: Occasion) -> None:
        """Whoever has to know of the case's new events."""
        self.cases.reckon(case)
        if occasion.silent:
            return
        for event in list(case.events):
            for notify in self.following(event.kind):
                notify(case, event, occasion)

    def following(self, kind: EventKind) -> tuple[Notify, ...]:
        """Who is told of such an event. The whole behaviour of the desk towards people, in
        one place."""
        customers, agents, house = self.customers, self.agents, self.house
        match kind:
            case EventKind.CREATED:
                return customers.acknowledge, agents.announce
            case EventKind.MESSAGE:
                return customers.relay, customers.answer_by_rule, agents.pass_on
            case EventKind.STATUS:
                return customers.resolve, customers.close, customers.reopen
            case EventKind.REMINDED:
                return (customers.remind,)
            case EventKind.SURVEY_SENT:
                return (customers.ask,)
            case EventKind.RATED:
                return (house.report_rating,)
            case EventKind.ASSIGNED:
                return (agents.hand_over,)
            case EventKind.LEVEL:
                return (agents.change_level,)
            case EventKind.DEPARTMENT:
                return (agents.move,)
            case EventKind.DELIVERY_FAILED:
                return (agents.report_failure,)
        return ()
