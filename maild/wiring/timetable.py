"""What the timetable does, job by job."""

from functools import partial
from typing import TYPE_CHECKING

from maild.attempts import FailedProofs
from maild.config import promises
from maild.desk.practice import Mode
from maild.digests import DigestRounds
from maild.health.sentences import told
from maild.health.servers import CertificateRounds
from maild.health.watch import SETTLING, HealthWatch
from maild.hooks import Hook, HookRounds
from maild.jobs import HeldMail, Planning, TicketRounds
from maild.kb.wanted import WantedRounds
from maild.kb.watch import LibraryWatch
from maild.kept import KeptLetters
from maild.notify.facts import Information
from maild.reporting import ReportRounds
from maild.store import Store
from maild.store.certificates import Certificates
from maild.store.retention import RetentionRounds
from maild.store.search import Search, SearchRounds
from maild.surveying import SurveyRounds
from maild.timetable import Job
from maild.wiring import conduct
from maild.wiring.checkup import expiring, servers, watched

if TYPE_CHECKING:
    from maild.app import App


def jobs(app: "App", store: Store) -> list[Job]:
    """All of them, over one store."""
    settings, zone, ring = app.settings, app.practice.timezone, app.letters_bell.ring
    room, notices = app.mailroom(store), app.notices(store)
    return [
        *_trial_jobs(app, store),
        *_proof_jobs(app, store),
        TicketRounds(store, app.rounds(store), ring, partial(_tell_stuck, app, store)),
        HeldMail(store, partial(_tell_expired, app, store)),
        HealthWatch(
            store,
            watched(settings),
            partial(expiring, settings, store),
            partial(app.house.write_admins, store),
            ring,
            language=app.practice.language,
            settling=SETTLING,
        ),
        CertificateRounds(Certificates(store.engine), servers(settings)),
        Planning(store, promises.fingerprint(settings, app.rulebook)),
        RetentionRounds(store.engine, conduct.retention(settings), zone),
        ReportRounds(app.reporting(store), ring),
        LibraryWatch(app.library, app.shelf(store).tell_broken),
        WantedRounds(store, app.library, app.shelf(store).tell_wanted),
        HookRounds(store, _hooks(app), app.practice.tag, partial(_tell_hook, app, store)),
        SurveyRounds(store, app.practice.surveys, app.roster, notices, ring),
        DigestRounds(store, room, app.rulebook, zone, ring),
        SearchRounds(Search(store.engine)),
    ]


def _trial_jobs(app: "App", store: Store) -> list[Job]:
    """While letters are held back: what would have left, once a day."""
    practice = app.practice
    if practice.mode is Mode.LIVE:
        return []

    mode, language = practice.mode.value, practice.language
    tell = partial(_tell_admins, app, store)
    return [KeptLetters(store, mode, language, practice.timezone, tell)]


def _proof_jobs(app: "App", store: Store) -> list[Job]:
    """Who tried to pass for one of the house, once a day."""
    if not app.settings.security.report_failed_proof:
        return []
    language, zone = app.practice.language, app.practice.timezone
    return [FailedProofs(store, language, zone, partial(_tell_admins, app, store))]


def _tell_admins(app: "App", store: Store, facts: Information, cause: str) -> None:
    app.house.inform(store, app.roster.admins, facts, cause=cause)
    app.letters_bell.ring()


def _hooks(app: "App") -> dict[str, Hook]:
    return {
        name: Hook(hook.url, hook.events, hook.secret.reveal)
        for name, hook in app.settings.webhook.items()
    }


def _tell_stuck(app: "App", store: Store, ticket: int, reason: str) -> None:
    cause = f"deadlines:{ticket}"
    app.house.write_trouble(store, "deadlines", cause, number=ticket, reason=reason)


def _tell_hook(app: "App", store: Store, name: str, reason: str) -> None:
    cause = f"webhook:{name}:{app.clock.now().date()}"
    app.house.write_trouble(store, "webhook", cause, name=name, reason=reason)
    app.letters_bell.ring()


def _tell_expired(app: "App", store: Store, number: int) -> None:
    item = store.intake.item(number)
    sender = item.envelope.sender if item else None
    sender = sender or told("nobody", app.practice.language)[0]
    app.house.write_trouble(store, "expired", f"expired:{number}", number=number, sender=sender)
    app.letters_bell.ring()
