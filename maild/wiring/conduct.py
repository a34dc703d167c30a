"""The desk's rules of conduct, as the config has them: limits, proofs, promises, surveys."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from maild.config import promises
from maild.config.settings import Settings
from maild.desk.deadlines import Deadlines
from maild.desk.lifecycle import Lifecycle
from maild.desk.practice import Allowance, Mode, Practice
from maild.desk.surveys import Surveys
from maild.ingest.public_domains import PUBLIC_DOMAINS
from maild.ingest.trust import AuthResults
from maild.model.mail import Proof
from maild.rules import ClusterSpec
from maild.sla.policy import Rulebook
from maild.store.retention import Retention

#: whether a department is at work at that time
InHours = Callable[[str, datetime], bool]


def practice(settings: Settings, in_hours: InHours) -> Practice:
    """What the desk does and does not do."""
    desk, security, lifecycle = settings.desk, settings.security, settings.lifecycle
    limits = settings.limits
    return Practice(
        name=desk.name,
        tag=desk.tag,
        address=desk.address,
        timezone=ZoneInfo(str(desk.timezone)),
        language=desk.language,
        reply_pattern=desk.reply_to,
        envelope_pattern=settings.relay.envelope,
        mode=Mode(desk.mode),
        pilot_for=desk.pilot_for,
        reopen_window=lifecycle.reopen_window,
        closed_letter=lifecycle.closed_letter,
        agent_proof=frozenset(map(Proof, security.agent_proof)),
        results=_results(settings),
        public_domains=PUBLIC_DOMAINS | {d.casefold() for d in security.public_domains},
        acknowledgements=Allowance(
            limits.auto_replies_per_address.count, limits.auto_replies_per_address.per
        ),
        answers=Allowance(limits.answers_per_address.count, limits.answers_per_address.per),
        max_participants=limits.max_participants,
        relayed_bytes=limits.attachments,
        in_hours=in_hours,
        surveys=_surveys(settings),
    )


def _results(settings: Settings) -> AuthResults:
    """Whose Authentication-Results are believed, and in which mailboxes."""
    microsoft = frozenset(
        f"imap:{key}"
        for key, mailbox in settings.mailbox.items()
        if mailbox.provider == "microsoft365"
    )
    return AuthResults(settings.security.authserv_id, microsoft)


def _surveys(settings: Settings) -> Surveys:
    asked = settings.survey
    return Surveys(
        asked.scale, asked.expires, asked.after, asked.remind_after, asked.per_person
    )


def deadlines(settings: Settings, rulebook: Rulebook) -> Deadlines:
    """The promises, applied to cases."""
    lifecycle = settings.lifecycle
    return Deadlines(
        rulebook,
        promises.escalation_steps(settings),
        Lifecycle(lifecycle.close_after, lifecycle.pending_close_after),
    )


def storms(settings: Settings) -> tuple[ClusterSpec, ...]:
    """Whose mails are gathered."""
    return tuple(ClusterSpec.read(c.from_, c.window) for c in settings.cluster)


def retention(settings: Settings) -> Retention:
    """How long what is kept."""
    return Retention(settings.retention.raw_mail, settings.retention.closed_tickets)
