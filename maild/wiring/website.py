"""The pages put together from the settings: their links, their looks, their limits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from maild.config.reporting import Report
from maild.config.settings import Settings
from maild.config.web import Portal
from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.desk.visitors import Visitors
from maild.interfaces import Clock
from maild.kb.library import Library
from maild.links import Signer
from maild.notify.mailroom import Mailroom
from maild.notify.notices import Notices
from maild.portal.api import Gate, Source
from maild.portal.counter import Counter
from maild.portal.dashboard import Board, Boards, Line, Picture, Urgent, Wish
from maild.portal.limits import Bucket, Proxies
from maild.portal.links import Lifetimes, Links, Words
from maild.portal.pages import House, Pages
from maild.portal.site import Site
from maild.portal.web import application
from maild.reporting import Reporting
from maild.reports import sentence
from maild.reports.charts import Chart, charts, open_by_level
from maild.reports.drawing import CannotDraw, draw
from maild.reports.figures import Figure, figures
from maild.reports.letter import HEADLINES
from maild.reports.words import Setting
from maild.reports.words import Words as Phrases
from maild.reports.worklist import Entry
from maild.store import Store
from maild.wiring.letters import own_templates

if TYPE_CHECKING:
    from maild.app import App

_TO_ACT_ON = 6
_DRAWN = 440  #: a chart's width: legible on a telephone, two of them side by side on a desk
_FIELDS = 2_000_000  #: bytes of a form beside its files


def links_of(settings: Settings, signer: Signer) -> Links | None:
    """What letters lead to; None without a portal."""
    portal = settings.portal
    if portal is None:
        return None
    lifetimes = Lifetimes(
        ticket=portal.ticket_link_expires,
        survey=settings.survey.expires,
        sign_in=portal.link_expires,
        session=portal.session,
    )
    return Links(Words(signer.derived("portal")), portal.base, lifetimes)


def website(app: "App", store: Store) -> "Website":
    """The pages over one store."""
    assert app.settings.portal is not None
    assert app.links is not None
    return Website(
        settings=app.settings,
        portal=app.settings.portal,
        store=store,
        notices=app.notices(store),
        room=app.mailroom(store),
        practice=app.practice,
        roster=app.roster,
        signer=app.signer,
        links=app.links,
        library=app.library,
        reporting=app.reporting(store),
        clock=app.clock,
        mail_waits=app.mail_bell.ring,
        letters_wait=app.letters_bell.ring,
    )


@dataclass(frozen=True)
class Website:
    """Builds the pages of one desk over one store."""

    settings: Settings
    portal: Portal
    store: Store
    notices: Notices
    room: Mailroom
    practice: Practice
    roster: Roster
    signer: Signer
    links: Links
    library: Library
    reporting: Reporting
    clock: Clock
    mail_waits: Callable[[], None]
    letters_wait: Callable[[], None]
    is_well: Callable[[], bool] | None = None  #: the whole daemon; None asks the store alone

    @cached_property
    def site(self) -> Site:
        portal = self.portal
        forms = portal.forms_per_address
        counter = self._counter()
        return Site(
            counter=counter,
            is_well=self.is_well or counter.is_well,
            pages=Pages(self._house(), own_templates(self.settings)),
            library=self.library,
            links=self.links,
            clock=self.clock,
            forms=Bucket(forms.count, forms.per),
            proxies=Proxies(portal.proxies),
        )

    def application(self) -> Starlette:
        smtp = self.settings.smtp
        files = smtp.max_size if smtp else self.practice.relayed_bytes
        boards = Boards(self._board, self._choices())
        return application(self.site, self._gate(), boards, max_body=files + _FIELDS)

    @cached_property
    def _reporting(self) -> Reporting:
        """The reports of the config; one of all departments where there is none."""
        if self.reporting.reports:
            return self.reporting
        plain = Report.model_validate({"to": [self.practice.address], "every": "day 08:00"})
        return replace(self.reporting, reports={self.practice.tag: plain})

    def _choices(self) -> dict[str, dict[str, str]]:
        """Each report, and the departments that can be looked at alone: of one about all."""
        several = {key: d.name for key, d in self.roster.departments.items()}
        return {
            name: {} if report.department or len(several) < 2 else several
            for name, report in self._reporting.reports.items()
        }

    def _board(self, wish: Wish, now: datetime) -> Board:
        """A report's figures as they stand now."""
        language, reporting = wish.language, self._reporting
        if wish.department:
            report = reporting.reports[wish.report]
            assert isinstance(report, Report)
            alone = report.model_copy(update={"department": wish.department})
            reporting = replace(reporting, reports={wish.report: alone})
        made = reporting.make(wish.report, wish.period, now, files=False)
        setting = Setting(
            tag=self.practice.tag,
            language=language,
            period=made.period,
            known_until=min(now, made.period.end),
            names=reporting.names,
            targets=made.targets,
        )
        lines = figures(
            made.figures,
            made.previous,
            targets=made.targets,
            language=language,
            names=reporting.names,
        )
        drawn = charts(
            made.figures,
            lines,
            solved_on=made.worklist.solved_on,
            period=made.period,
            language=language,
            names=reporting.names,
        )
        waiting = open_by_level(made.worklist.open_at, language=language, names=reporting.names)
        drawn += [waiting] if waiting else []
        phrases = Phrases(setting)
        shown = {figure.key: _line(figure, phrases) for figure in lines}
        return Board(
            sentence=sentence.sentence(made.figures, lines, language),
            headlines=[shown[key] for key in HEADLINES if key in shown],
            urgent=[_urgent(e, phrases) for e in made.worklist.to_act_on(_TO_ACT_ON)],
            lines=[shown[f.key] for f in lines if f.main or f.value is not None],
            pictures=[_picture(chart) for chart in drawn],
            known_until=setting.known_until,
        )

    def _counter(self) -> Counter:
        cases, keep = self.store.cases, self.store.outbox.keep
        return Counter(
            store=self.store,
            visitors=Visitors(self.practice, cases, keep, self.notices),
            room=self.room,
            practice=self.practice,
            roster=self.roster,
            signer=self.signer,
            links=self.links,
            clock=self.clock,
            mail_waits=self.mail_waits,
            letters_wait=self.letters_wait,
        )

    def _house(self) -> House:
        return House(
            name=self.practice.name,
            address=self.roster.default.address,
            base=self.portal.base,
            timezone=self.practice.timezone,
            language=self.practice.language,
            color=self.portal.color,
            logo=Path(self.portal.logo) if self.portal.logo else None,
            scale=self.practice.surveys.scale,
        )

    def _gate(self) -> Gate:
        sources = tuple(
            Source(name, source.key.reveal(), source.channel)
            for name, source in self.portal.source.items()
        )
        departments = {key: d.address for key, d in self.roster.departments.items()}
        return Gate(sources, departments, self.roster.default.address)


def _line(figure: Figure, phrases: Phrases) -> Line:
    return Line(
        name=figure.name,
        value=phrases.value(figure),
        target=phrases.target(figure),
        status=phrases.status(figure),
        met=figure.met,
        previous=phrases.previous(figure),
        cases=phrases.cases(figure),
        main=figure.main,
    )


def _urgent(entry: Entry, phrases: Phrases) -> Urgent:
    department, agent = phrases.department(entry.department), phrases.agent(entry.assignee)
    return Urgent(
        number=entry.number,
        subject=phrases.subject(entry),
        where=f"{department} · {agent}" if entry.assignee else department,
        why=phrases.why(entry),
    )


def _picture(chart: Chart) -> Picture:
    try:
        svg = draw(chart, "svg", _DRAWN).decode()
    except CannotDraw:
        svg = ""
    parts = [(part.label, part.text, part.goal) for part in chart.parts]
    return Picture(chart.title, chart.alt, svg, parts)
