"""The pages put together from the settings: their links, their looks, their limits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.applications import Starlette

from maild.config.settings import Settings
from maild.config.web import Portal
from maild.desk.practice import Practice
from maild.desk.roster import Roster
from maild.desk.visitors import Visitors
from maild.interfaces import Clock
from maild.kb.library import Library
from maild.links import Signer
from maild.notify.notices import Notices
from maild.portal.api import Gate, Source
from maild.portal.counter import Counter
from maild.portal.limits import Bucket, Proxies
from maild.portal.links import Lifetimes, Links, Words
from maild.portal.pages import House, Pages
from maild.portal.site import Site
from maild.portal.web import application
from maild.store import Store

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


@dataclass(frozen=True)
class Website:
    """Builds the pages of one desk over one store."""

    settings: Settings
    portal: Portal
    store: Store
    notices: Notices
    practice: Practice
    roster: Roster
    signer: Signer
    links: Links
    library: Library
    clock: Clock
    mail_waits: Callable[[], None]
    letters_wait: Callable[[], None]

    @cached_property
    def site(self) -> Site:
        portal = self.portal
        forms = portal.forms_per_address
        return Site(
            counter=self._counter(),
            pages=Pages(self._house(), self._own_templates()),
            library=self.library,
            links=self.links,
            clock=self.clock,
            forms=Bucket(forms.count, forms.per),
            proxies=Proxies(portal.proxies),
        )

    def application(self) -> Starlette:
        smtp = self.settings.smtp
        files = smtp.max_size if smtp else self.practice.relayed_bytes
        return application(self.site, self._gate(), max_body=files + _FIELDS)

    def _counter(self) -> Counter:
        cases, keep = self.store.cases, self.store.outbox.keep
        return Counter(
            store=self.store,
            visitors=Visitors(self.practice, cases, keep, self.notices),
            notices=self.notices,
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

    def _own_templates(self) -> Path | None:
        own = Path(self.settings.desk.templates)
        return own if own.is_dir() else None

    def _gate(self) -> Gate:
        sources = tuple(
            Source(name, source.key.reveal(), source.channel)
            for name, source in self.portal.source.items()
        )
        departments = {key: d.address for key, d in self.roster.departments.items()}
        return Gate(sources, departments, self.roster.default.address)
