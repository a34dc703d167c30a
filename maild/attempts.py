"""Once a day the admins hear who tried to pass for one of the house, and what he wanted.

A job of the timetable. Nothing in the letter is of the attacker's choosing: addresses are the
house's own, orders are named by their words, and the client's address is the door's.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import ClassVar

from maild.kept import last_morning
from maild.notify.facts import Information
from maild.store import Store
from maild.store.attempts import Attempt, attempts_between, last_slot

SHOWN = 50  #: addresses
_FEW = 4  #: orders, requests and clients named for each
_WORDS = {
    "es": {
        "title": "Correos sin prueba de quién los envió: {0}",
        "lead": "Entre el {0} y el {1} llegaron correos en nombre de agentes, supervisores o "
        "administradores sin nada que lo demuestre. No se hizo nada de lo que pedían.",
        "asked": "A cada dirección se le preguntó, dentro de los límites, si el correo era "
        "suyo. Si era de verdad de un compañero, basta con que responda a esa pregunta.",
        "how": "«maild queue» enumera los que siguen retenidos y «maild queue raw ID» muestra "
        "uno entero.",
        "head": "En nombre de|Correos|Qué pedían|Solicitudes|Desde|Cuándo",
        "more": "… y {0} direcciones más.",
        "text": "una respuesta",
        "forward": "un correo reenviado",
        "?": "una orden que no existe",
        "failed": "dmarc=fail",
    },
    "en": {
        "title": "Mails without proof of who sent them: {0}",
        "lead": "Between {0} and {1} mails came in the name of agents, supervisors or admins "
        "with nothing to show for it. Nothing they asked for was done.",
        "asked": "Each address was asked, within the limits, whether the mail was its own. If "
        "it really was a colleague's, answering that question is enough.",
        "how": "“maild queue” lists those still held, “maild queue raw ID” shows one whole.",
        "head": "In the name of|Mails|What they wanted|Requests|From|When",
        "more": "… and {0} more addresses.",
        "text": "an answer",
        "forward": "a forwarded mail",
        "?": "an order that does not exist",
        "failed": "dmarc=fail",
    },
}


@dataclass(frozen=True, slots=True)
class FailedProofs:
    """Each morning at eight, for the time since the last such morning, however long the
    daemon was down. Nothing where nobody tried."""

    store: Store
    language: str
    zone: tzinfo
    tell: Callable[[Information, str], None]  #: within a transaction: (what, cause)
    name: ClassVar[str] = "failed proofs"

    def run(self, now: datetime) -> bool:
        slot = last_morning(now, self.zone)
        if self.store.histories.slot_is_done(self.name, slot):
            return False
        with self.store.write():
            start = last_slot(self.store.engine, self.name) or self._installed()
            if self.store.histories.take_slot(self.name, slot, now) and start < slot:
                self._tell(start, slot)
        return False

    def _installed(self) -> datetime:
        return self.store.histories.installed()

    def _tell(self, start: datetime, slot: datetime) -> None:
        found = list(attempts_between(self.store.engine, start, slot))
        if found:
            span = (start, slot)
            facts = told(found, span, language=self.language, zone=self.zone)
            self.tell(facts, f"proofs:{slot.isoformat()}")


def told(
    attempts: Sequence[Attempt],
    span: tuple[datetime, datetime],
    *,
    language: str,
    zone: tzinfo,
) -> Information:
    """The letter's words: a line for each address that was used, the most used first."""
    words = _WORDS.get(language, _WORDS["en"])
    by_address: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_address[attempt.address].append(attempt)
    ranked = sorted(by_address.items(), key=lambda item: (-len(item[1]), item[0]))
    lead = words["lead"].format(*(_clock(at, zone) for at in span))
    lines = [lead, words["asked"], words["how"]]
    if len(ranked) > SHOWN:
        lines.insert(1, words["more"].format(len(ranked) - SHOWN))
    return Information(
        title=words["title"].format(len(attempts)),
        lines=tuple(lines),
        head=tuple(words["head"].split("|")),
        rows=tuple(_row(address, tries, words, zone) for address, tries in ranked[:SHOWN]),
    )


def _row(
    address: str, tries: Sequence[Attempt], words: dict[str, str], zone: tzinfo
) -> tuple[str, ...]:
    wanted = (words.get(word, f"#{word}") for each in tries for word in each.tried)
    clients = _most(each.remote for each in tries if each.remote)
    if any(each.failed for each in tries):
        clients = f"{clients} ({words['failed']})" if clients else words["failed"]
    when = dict.fromkeys(_clock(tries[at].at, zone) for at in (0, -1))
    return (
        address,
        str(len(tries)),
        _most(wanted),
        _most(f"#{each.ticket}" for each in tries if each.ticket) or "—",
        clients or "—",
        " – ".join(when),
    )


def _most(values: Iterable[str]) -> str:
    """The most frequent, with their numbers: `#close ×3, #take`."""
    counted = Counter(values).most_common()
    shown = [value if count == 1 else f"{value} ×{count}" for value, count in counted[:_FEW]]
    return ", ".join([*shown, "…"] if len(counted) > _FEW else shown)


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
