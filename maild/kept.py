"""While the desk is not live: each morning the admins hear what it would have sent.

So a trial on real mail can be judged before a first letter leaves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import ClassVar

from maild.notify.facts import Information
from maild.store import Store
from maild.store.kept import Kept, kept_between

AT = time(8)
SHOWN = 100
_WORDS = {
    "es": (
        "Cartas retenidas: {0}",
        "El servicio está en modo {2}. En las últimas 24 horas llegaron {1} correos y se "
        "retuvieron {0} cartas, que en modo «live» habrían salido así:",
        "Tipo|Para|Cartas",
        "… y {0} destinatarios más.",
        "«maild queue» las enumera; con «maild queue retry ID» sale una.",
    ),
    "en": (
        "Letters held back: {0}",
        "The desk is in {2} mode. In the last 24 hours {1} mails came in and {0} letters were "
        'held back, which in "live" mode would have gone out like this:',
        "Type|To|Letters",
        "… and {0} more recipients.",
        "“maild queue” lists them; “maild queue retry ID” sends one.",
    ),
}


@dataclass(frozen=True, slots=True)
class KeptLetters:
    """A job of the timetable. A day without such letters is no news."""

    store: Store
    mode: str
    language: str
    zone: tzinfo
    tell: Callable[[Information, str], None]  #: within a transaction: (what, cause)
    name: ClassVar[str] = "kept letters"

    def run(self, now: datetime) -> bool:
        slot = last_morning(now, self.zone)
        if self.store.histories.slot_is_done(self.name, slot):
            return False
        with self.store.write():
            if self.store.histories.take_slot(self.name, slot, now):
                self._tell(slot)
        return False

    def _tell(self, slot: datetime) -> None:
        start = slot - timedelta(days=1)
        kept = kept_between(self.store.engine, start, slot)
        if kept:
            arrived = self.store.histories.balance(start, slot)["arrived"]
            facts = told(kept, arrived=arrived, mode=self.mode, language=self.language)
            self.tell(facts, f"kept:{slot.isoformat()}")


def last_morning(now: datetime, zone: tzinfo) -> datetime:
    """The latest eight o'clock there has been."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), AT, zone)
    return today if today <= local else datetime.combine(today.date() - _DAY, AT, zone)


_DAY = timedelta(days=1)


def told(kept: Sequence[Kept], *, arrived: int, mode: str, language: str) -> Information:
    """The letter's words."""
    title, lead, head, more, how = _WORDS.get(language, _WORDS["en"])
    total = sum(each.letters for each in kept)
    rest = len(kept) - SHOWN
    lines = [lead.format(total, arrived, mode), how]
    if rest > 0:
        lines.insert(1, more.format(rest))
    return Information(
        title=title.format(total),
        lines=tuple(lines),
        head=tuple(head.split("|")),
        rows=tuple((k.type, k.recipient, str(k.letters)) for k in kept[:SHOWN]),
    )
