"""Tells the admins: of trouble that lasts, and of what ends soon. Each once.

A job of the timetable. What is wrong it finds in the store: mailboxes and relays note their
troubles there, and queues speak for themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from maild.health.expiry import Expiring
from maild.health.sentences import told
from maild.health.state import PATIENCE
from maild.store import Store
from maild.store.troubles import HELD_BACK, Trouble

#: within the caller's transaction: title, text, cause
Tell = Callable[[str, str, str], None]

LOOK_EVERY = timedelta(seconds=10)
EXPIRY_EVERY = timedelta(hours=1)
SETTLING = timedelta(minutes=1)


@dataclass(slots=True)
class HealthWatch:
    """`known` are the mailboxes and relays there are; troubles of others are dropped."""

    store: Store
    known: frozenset[str]  #: "mailbox:main", "relay" …
    expiring: Callable[[], Sequence[Expiring]]
    tell: Tell
    done: Callable[[], None] = lambda: None  #: letters may wait
    language: str = "en"  #: of the letters
    patience: timedelta = PATIENCE
    settling: timedelta = (
        timedelta()
    )  #: so long after a start what was noted before may be over
    _begun: datetime | None = field(default=None, init=False)
    _next_look: datetime | None = field(default=None, init=False)
    _next_expiry: datetime | None = field(default=None, init=False)
    name: ClassVar[str] = "health"

    def run(self, now: datetime) -> bool:
        self._begun = self._begun or now
        if _is_time(self._next_look, now, LOOK_EVERY):
            self._next_look = now + LOOK_EVERY
            self._look_at_queues(now)
            self._forget_what_is_over()
            self._tell_troubles(now)
        if _is_time(self._next_expiry, now, EXPIRY_EVERY):
            self._next_expiry = now + EXPIRY_EVERY
            self._warn(now)
        return False

    # -- trouble -----------------------------------------------------------------------------

    def _look_at_queues(self, now: datetime) -> None:
        gauges = self.store.gauges
        oldest = gauges.oldest_intake()
        late = oldest is not None and now - oldest >= self.patience
        self._note("queue:intake", oldest if late else None, "mail waits for its ticket")
        waiting, last = gauges.late_letters(now, self.patience), gauges.last_sent()
        still = last is None or now - last >= self.patience
        # one person's full mailbox is no trouble of the desk's, a relay's own is told already
        several = waiting.people > 1 or (waiting.oldest and now - waiting.oldest > _LONG)
        known = {"relay", HELD_BACK} & self._names()  # why they wait is told already
        news = still and several and not known
        text = f"{waiting.count} letters wait; {waiting.error}".rstrip("; ")
        self._note("queue:letters", waiting.oldest if news else None, text)

    def _note(self, name: str, since: datetime | None, error: str) -> None:
        if since is None:
            self.store.troubles.over(name)
        elif name not in self._names():
            self.store.troubles.begin(name, error, since)

    def _names(self) -> set[str]:
        return {trouble.name for trouble in self.store.troubles.all()}

    def _forget_what_is_over(self) -> None:
        """What was noted by a process that died, and has been well since, or is gone."""
        looks = self.store.gauges.mailbox_looks()
        for trouble in self.store.troubles.all():
            kind, _, name = trouble.name.partition(":")
            seen = looks.get(name) if kind == "mailbox" else None
            gone = kind != "queue" and trouble.name not in self.known
            if gone or (seen is not None and seen > trouble.since):
                self.store.troubles.over(trouble.name)

    def _tell_troubles(self, now: datetime) -> None:
        for trouble in self.store.troubles.all():
            patience = timedelta() if trouble.name == HELD_BACK else self.patience
            due = now - trouble.since >= patience and not self._may_be_over(trouble, now)
            if due and not trouble.told:
                with self.store.write():
                    self.tell(*_letter(trouble, self.language))
                    self.store.troubles.note_told(trouble)
                self.done()

    def _may_be_over(self, trouble: Trouble, now: datetime) -> bool:
        """Noted before the start, and nobody has had the time to see that it is over."""
        begun = self._begun or now
        return trouble.since < begun and abs(now - begun) < self.settling

    # -- expiry ------------------------------------------------------------------------------

    def _warn(self, now: datetime) -> None:
        for thing in self.expiring():
            if (days := thing.step(now)) is None:
                continue
            what, advice = thing.words(self.language)
            title, text = told(
                "ends" if days else "ended",
                self.language,
                what=what[0].upper() + what[1:],
                end=f"{thing.ends:%Y-%m-%d}",
                advice=advice,
            )
            with self.store.write():
                self.tell(title, text, f"expiry:{thing.what}:{thing.ends.date()}:{days}")
            self.done()


_LONG = timedelta(hours=1)


def _is_time(next_at: datetime | None, now: datetime, every: timedelta) -> bool:
    """Also after the machine's clock was set back."""
    return next_at is None or now >= next_at or next_at - now > every


def _letter(trouble: Trouble, language: str) -> tuple[str, str, str]:
    kind, _, name = trouble.name.partition(":")
    since = f"{trouble.since:%Y-%m-%d %H:%M} UTC"
    key = trouble.name if kind == "queue" else kind
    title, text = told(key, language, name=name, since=since, reason=trouble.error)
    return title, text, f"trouble:{trouble.name}:{trouble.since.isoformat()}"
