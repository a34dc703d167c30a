"""The desk over one store: those who decide what becomes of a mail."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from maild.desk.agents import Agents
from maild.desk.automatic import Robots
from maild.desk.behalf import Behalf
from maild.desk.clusters import Clusters
from maild.desk.customers import Customers
from maild.desk.outcome import Outcome
from maild.desk.questions import Questions
from maild.desk.reading import Reader
from maild.desk.receive import Desk
from maild.desk.rounds import Rounds
from maild.desk.ruling import Ruling
from maild.desk.speech import Speech
from maild.interfaces import Clock
from maild.model.mail import Mail
from maild.model.ticket import Ticket
from maild.notify.alarms import AlarmLetters
from maild.sla import timeline
from maild.sla.clocks import clocks
from maild.store import Store
from maild.store.intake import Item
from maild.wiring import conduct, reports

if TYPE_CHECKING:
    from maild.app import App


def desk(app: "App", store: Store) -> Desk:
    """What the worker asks about each mail."""
    practice, roster, notices = app.practice, app.roster, app.notices(store)
    cases, keep, answers = store.cases, store.outbox.keep, app.saved_answers
    shelf = app.shelf(store)
    ruling = Ruling(app.rules, practice, roster, app.audience, cases, answers.find)
    customers = Customers(practice, roster, ruling, cases, keep, notices)
    agents = Agents(
        practice,
        roster,
        cases,
        Speech(practice, roster, cases, keep, answers.find, answers.names),
        notices,
        app.audience.levels,
        customers,
        questions(app, store),
        shelf.draft,
    )
    return Desk(
        practice=practice,
        reader=Reader(practice, roster, app.signer, cases),
        customers=customers,
        clusters=Clusters(conduct.storms(app.settings), store.storms, cases),
        agents=agents,
        behalf=Behalf(agents),
        robots=Robots(practice, app.signer, cases, notices),
        cases=cases,
        waiting=store.intake,
        shelf=shelf.answer,
    )


def questions(app: "App", store: Store) -> Questions:
    """What agents may ask by mail."""
    return Questions(
        app.practice,
        app.roster,
        store.browse,
        partial(_clock_lines, app, store),
        reports.asker(app, store),
    )


def _clock_lines(
    app: "App", store: Store, ticket: Ticket, language: str, now: datetime
) -> list[str]:
    events = store.cases.events(ticket.id)
    return timeline.lines(clocks(events, app.rulebook, now, ticket=ticket), language)


def rounds(app: "App", store: Store) -> Rounds:
    """What is done when a ticket's time comes."""
    letters = AlarmLetters(app.mailroom(store), store.cases)
    return Rounds(app.deadlines, app.audience, app.notices(store), letters)


@dataclass(frozen=True, slots=True)
class DeskAtWork:
    """The desk as the worker needs it: an inbox item and its mail."""

    desk: Desk
    clock: Clock

    def receive(self, item: Item, mail: Mail) -> Outcome:
        now = self.clock.now() if item.confirmed else item.received
        return self.desk.receive(
            item.id, mail, item.envelope, now=now, confirmed=item.confirmed
        )
