"""Looks at every page as people do: `python -m tests.browser.pictures FOLDER`.

A desk with five weeks behind it, each page in both languages, on a phone and on a screen, light
and dark: pictures by name in FOLDER, for somebody with eyes.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.browser.chromium import Browser, browser
from tests.browser.gallery import stands, views
from tests.servers.sink import Sink

WIDTHS = (360, 1200)
WEEKS, A_WEEK = 5, 60
PROBLEMS = [
    "No puedo entrar en la aplicación", "La impresora no imprime", "Factura duplicada",
    "La VPN se corta", "Pedido sin recibir", "Cambio de dirección", "Correo que no llega",
]  # fmt: skip


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sink = Sink()
    with (
        tempfile.TemporaryDirectory() as home,
        browser() as chromium,
        stands(Path(home) / "desk", sink, chromium, past=list(past())) as desk,
    ):
        for language in ("es", "en"):
            chromium.open(f"{desk.address}/?lang={language}")
            for name, go in views(desk).items():
                go(chromium)
                _take(chromium, folder, f"{name}-{language}")
            chromium.driver.delete_all_cookies()
    sink.close()


def _take(chromium: Browser, folder: Path, name: str) -> None:
    for width in WIDTHS:
        chromium.resize(width)
        for scheme in ("light", "dark"):
            chromium.paint(scheme)
            (folder / f"{name}-{width}-{scheme}.png").write_bytes(chromium.picture())


# -- five weeks of work -----------------------------------------------------------------------


def past() -> Iterator[dict[str, Any]]:
    """Tickets as lines for `maild import`: until today, some of them still open."""
    dice, today = random.Random(4), datetime.now(UTC).replace(microsecond=0)
    for number in range(WEEKS * A_WEEK):
        asked = today - timedelta(hours=2 + 24 * 7 * WEEKS * (1 - number / WEEKS / A_WEEK))
        yield Past(dice, number + 1, asked, today).line()


class Past:
    """One ticket, as far as it has got."""

    def __init__(
        self, dice: random.Random, number: int, asked: datetime, today: datetime
    ) -> None:
        self.dice, self.number, self.now, self.today = dice, number, asked, today
        self.events: list[dict[str, Any]] = []
        self.status, self.level = "new", 1
        self.customer = f"customer:cliente{dice.randrange(90)}@x.test"
        self.priority = dice.choice(["low", "normal", "normal", "normal", "high", "urgent"])
        self.channel = dice.choice(["email", "email", "email", "web", "chat", "phone"])
        self.subject = dice.choice(PROBLEMS)

    def line(self) -> dict[str, Any]:
        self._live()
        return {
            "id": self.number, "tag": f"[OLD #{self.number}]", "subject": self.subject,
            "status": self.status, "priority": self.priority, "level": self.level,
            "department": "soporte", "assignee": "ana", "channel": self.channel,
            "requester": {"name": "", "email": self.customer.partition(":")[2]},
            "created_at": self.events[0]["at"], "updated_at": self.events[-1]["at"],
            "external_id": f"old:{self.number}", "events": self.events, "messages": [],
        }  # fmt: skip

    def _live(self) -> None:
        self._note("created", self.customer, channel=self.channel, level=1,
                   department="soporte", priority=self.priority)  # fmt: skip
        self._says("customer", self.customer)
        self._note("assigned", "system", to="ana", reason="round_robin", **{"from": None})
        if self.dice.random() < 0.25 and self._later(60):
            self.level = self.dice.choice([2, 2, 3])
            self._note("level", "agent:ana", to=self.level, reason=None, **{"from": 1})
        for turn in range(self.dice.choice([1, 1, 1, 2, 3])):
            if turn and self._later(300):
                self._says("customer", self.customer)
                self._becomes("open", self.customer)
            if not self._later(120):
                return
            self._says("agent", "agent:ana")
            self._becomes("open", "agent:ana")
        if self.dice.random() < 0.94 and self._later(500):
            self._becomes("resolved", "agent:ana")
            self._note("survey_sent", "system", solve=1)
            if self.dice.random() < 0.4 and self._later(600):
                score = self.dice.choice([5, 5, 5, 4, 4, 3, 2])
                self._note("rated", self.customer, score=score, comment="")

    def _later(self, minutes: float) -> bool:
        """Go on after so long, if that is not yet to come."""
        then = self.now + timedelta(minutes=1 + self.dice.expovariate(1 / minutes))
        if then > self.today:
            return False
        self.now = then
        return True

    def _says(self, kind: str, actor: str) -> None:
        message = 10 * self.number + len(self.events)
        self._note("message", actor, message=message, kind=kind, public=True)

    def _becomes(self, status: str, actor: str) -> None:
        if status != self.status:
            self._note("status", actor, to=status, reason=None, **{"from": self.status})
            self.status = status

    def _note(self, kind: str, actor: str, /, **detail: Any) -> None:
        at = self.now.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        self.events.append({"at": at, "kind": kind, "actor": actor, "detail": detail})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
