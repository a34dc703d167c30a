"""Reports over one store, and who may ask for one by mail."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from maild.desk.obey import Refusal
from maild.desk.roster import Member
from maild.errors import NotFound
from maild.notify.environment import report_environment
from maild.reporting import Reporting
from maild.reports.figures import Names
from maild.reports.words import Link
from maild.store import Store
from maild.wiring.letters import own_templates

if TYPE_CHECKING:
    from maild.app import App

#: (report, period, who asks, cause, now)
Ask = Callable[[str, str, Member, str, datetime], None]


def reporting(app: "App", store: Store) -> Reporting:
    """The desk's reports."""
    settings = app.settings
    return Reporting(
        reports=settings.report,
        store=store,
        rulebook=app.rulebook,
        zone=app.practice.timezone,
        tag=settings.desk.tag,
        language=settings.desk.language,
        first_department=settings.default_department,
        names=Names(
            {key: found.name for key, found in settings.department.items()},
            {number: level.name for number, level in settings.levels.items()},
            {key: agent.name for key, agent in settings.agent.items()},
        ),
        environment=report_environment(own_templates(settings)),
        addressing=app.addressing,
        sender_name=settings.desk.name,
        balance=lambda period: store.histories.balance(period.start, period.end),
        articles=app.library.about,
        article=partial(_article, app),
        role=lambda recipient: app.roster.member(recipient).role,
        dashboard=partial(_dashboard, app),
    )


def _article(app: "App", slug: str) -> Link | None:
    """Its title, and its page where there are pages."""
    found = app.library.article(slug, app.settings.desk.language)
    if found is None:
        return None
    return Link(found.title, app.links.article(slug) if app.links else "")


def _dashboard(app: "App", recipient: str) -> str | None:
    """For those it opens to. The page itself asks who they are: reports are passed on."""
    portal = app.settings.portal
    return f"{portal.base}/dashboard" if portal and app.roster.oversees(recipient) else None


def asker(app: "App", store: Store) -> Ask:
    """`#report NAME [PERIOD]`; what can't be is refused as a command is."""
    reports = reporting(app, store)

    def ask(name: str, period: str, member: Member, cause: str, now: datetime) -> None:
        try:
            reports.ask(name, period, member, cause, now)
        except NotFound as error:
            known = ", ".join(app.settings.report) or "—"
            raise Refusal("no-report", word=name, known=known) from error
        except ValueError as error:
            raise Refusal("no-period", word=period, reason=error) from error

    return ask
