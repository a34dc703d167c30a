"""What the rules would make of a raw mail: asked without a store, and nothing is done.

`rules test` and golden mails see a mail exactly as the daemon does when it is nobody's
answer: the same parser, the same reading, the same facts.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from maild.app import App
from maild.bell import Bell
from maild.clock import SystemClock
from maild.config.inspection import ReadMail
from maild.config.settings import Settings
from maild.desk import opening
from maild.desk.behalf import passed_on
from maild.desk.customers import words_of
from maild.desk.reading import Reader as FirstReader
from maild.ingest.reader import Reader
from maild.links import Signer
from maild.listeners import Listeners
from maild.model.known import KnownAddress, ReferenceHit
from maild.model.mail import Envelope, Mail
from maild.model.ticket import Ticket
from maild.rules import Facts, RuleBook


class _Nothing:
    """A desk that knows no ticket and nobody."""

    def references(self, ids: Sequence[str]) -> list[ReferenceHit]:
        return []

    def standing(self, number: int) -> Ticket | None:
        return None

    def known_address(self, email: str) -> KnownAddress:
        return KnownAddress()


class Trial:
    """The rules of one config, on trial. Use it through `on_trial`."""

    def __init__(self, settings: Settings, reader: Reader) -> None:
        nobody = Signer(bytes(32))  # no address is signed, and none is believed
        self._clock = SystemClock()
        self._app = App(settings, self._clock, nobody, Listeners(), Bell(), Bell())
        self._reader = reader
        self._first = FirstReader(
            self._app.practice, self._app.roster, self._app.signer, _Nothing()
        )

    @property
    def book(self) -> RuleBook:
        return self._app.rules

    def facts(self, raw: bytes, *, now: datetime | None = None) -> Facts:
        """What the rules see of this mail if it comes now."""
        return self.facts_of(self._reader.read(raw), now or self._clock.now())

    def golden(self, raw: bytes) -> Facts:
        """The same at the mail's own date, so that a test's outcome does not depend on the
        hour at which it is run."""
        mail = self._reader.read(raw)
        return self.facts_of(mail, mail.date or self._clock.now())

    def facts_of(self, mail: Mail, now: datetime) -> Facts:
        app = self._app
        reading = self._first.read(0, mail, Envelope("pipe"), now)
        inside = passed_on(reading, app.roster)
        text = inside.text if inside else words_of(reading).text
        request = opening.request_of(reading, app.roster, app.practice, text=text)
        if inside:  # an agent passes a customer's mail on: it is the customer's
            request = replace(request, requester=inside.sender)
        return opening.facts_of(reading, request, app.practice, text=text)


@contextmanager
def on_trial(settings: Settings) -> Iterator[Trial]:
    """A trial with its parser, which ends with it."""
    with closing(Reader()) as reader:
        yield Trial(settings, reader)


@contextmanager
def golden_reader() -> Iterator[ReadMail]:
    """For `config.inspection`: reads golden mails as the rules see them, with one parser for
    all of a config's."""
    with closing(Reader()) as reader:
        trials: dict[int, Trial] = {}

        def read(settings: Settings, path: Path) -> Facts:
            trial = trials.setdefault(id(settings), Trial(settings, reader))
            return trial.golden(path.read_bytes())

        yield read
