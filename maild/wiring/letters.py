"""Those who write letters, over one store; and the looks that letters have."""

from pathlib import Path
from typing import TYPE_CHECKING

from maild.config.settings import Settings
from maild.links import new_message_id
from maild.notify.customer_letters import CustomerLetters
from maild.notify.environment import Environment, builtin_templates
from maild.notify.facts import Desk as DeskFacts
from maild.notify.letters import Writer
from maild.notify.mailroom import Mailroom
from maild.notify.notices import Notices
from maild.notify.replies import Replies
from maild.notify.saved import SavedAnswers
from maild.notify.telling import Telling
from maild.notify.to_agents import ToAgents
from maild.notify.to_customers import ToCustomers
from maild.notify.to_house import ToHouse
from maild.store import Store

if TYPE_CHECKING:
    from maild.app import App

_COLOR = "#0072B2"  #: of letters where no portal has one


def notices(app: "App", store: Store) -> Notices:
    """Who is told what."""
    room = app.mailroom(store)
    return Notices(
        cases=store.cases,
        customers=ToCustomers(
            CustomerLetters(room, store.cases, app.links),
            store.cases,
            app.practice,
            app.roster,
            links=app.links,
            suggest=app.shelf(store).suggest,
            surveyed=store.portal.surveyed_since,
        ),
        agents=ToAgents(room, store.cases, app.audience),
        house=ToHouse(room),
        replies=Replies(room),
    )


def mailroom(app: "App", store: Store) -> Mailroom:
    """What every letter is made with."""
    levels = {number: level.name for number, level in app.settings.levels.items()}
    return Mailroom(
        practice=app.practice,
        roster=app.roster,
        writer=_writer(app),
        addressing=app.addressing,
        telling=Telling(app.roster, levels),
        post_letter=lambda letter, cause, now, kept: store.outbox.post(
            letter, cause, now=now, state="kept" if kept else "queued"
        ),
    )


def _writer(app: "App") -> Writer:
    desk, portal = app.settings.desk, app.settings.portal
    facts = DeskFacts(
        name=desk.name,
        tag=desk.tag,
        address=desk.address,
        timezone=app.practice.timezone,
        portal_url=portal.base if portal else "",
        color=_color(app.settings),
    )
    domain = desk.address.rpartition("@")[2]
    return Writer(
        app.templates,
        facts,
        new_id=lambda ticket: new_message_id(ticket, domain),
        language=desk.language,
    )


def templates(settings: Settings) -> Environment:
    """Of letters: the built-in ones, and those of one's own over them."""
    return Environment(own_templates(settings), color=_color(settings))


def saved_answers(settings: Settings) -> SavedAnswers:
    """What `#reply NAME` sends."""
    return SavedAnswers((Path(settings.desk.templates), builtin_templates()))


def own_templates(settings: Settings) -> Path | None:
    """The folder of one's own templates, where there is one."""
    own = Path(settings.desk.templates)
    return own if own.is_dir() else None


def _color(settings: Settings) -> str:
    return settings.portal.color if settings.portal else _COLOR
