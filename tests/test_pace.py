"""How fast letters leave: a relay's rate, and the desk's limit for automatic ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from maild.desk.practice import Allowance
from maild.errors import Temporary
from maild.health.watch import HealthWatch
from maild.links import Signer
from maild.model.letter import Letter, LetterType
from maild.model.mail import Address
from maild.notify.delivery import Delivery, EnvelopeSender, Lane, Route
from maild.notify.pace import PLENTY, Ration
from maild.notify.taking import BATCH, Taking
from maild.store import Store, open_store
from maild.store.troubles import HELD_BACK
from tests.stories.office import WoundClock

MINUTE = timedelta(minutes=1)
DESK = Address("Soporte", "soporte@acme.test")


@dataclass
class Relay:
    """Takes letters while it works."""

    taken: list[str] = field(default_factory=list)
    works: bool = True

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        if not self.works:
            raise Temporary("451 later")
        self.taken.append(recipient)

    def close(self) -> None:
        """Nothing is open."""

    def latest(self) -> list[str]:
        """What it has taken since the last look."""
        found, self.taken = self.taken, []
        return found


class PostOffice:
    """An outbox, its two relays, and what carries letters from one to the others."""

    def __init__(self, store: Store, *, rate: str = "", alerts: str = "", limit: str = ""):
        self.store = store
        self.clock = WoundClock(datetime(2026, 6, 8, 7, 0, tzinfo=UTC))
        self.relay, self.alerts = Relay(), Relay()
        self.held: list[bool] = []
        self._count = 0
        self.open(rate=rate, alerts=alerts, limit=limit)

    def open(self, *, rate: str = "", alerts: str = "", limit: str = "") -> None:
        """(Re)start with these limits."""
        envelope, outbox = EnvelopeSender(Signer(bytes(32)), ""), self.store.outbox
        allowed = allowance(limit)
        self.delivery = Delivery(
            outbox,
            route=Route(lambda: self.relay, envelope, allowance(rate)),
            alerts=Route(lambda: self.alerts, envelope, allowance(alerts)) if alerts else None,
            taking=Taking(
                outbox,
                self.clock,
                limit=allowed and Ration(allowed, partial(outbox.left_since, automatic=True)),
                held=self._note,
            ),
            finish=lambda letter: letter,
            failed=lambda posted, reason: None,
            clock=self.clock,
            close_store=lambda: None,
        )
        self.lanes: list[Lane] = self.delivery.lanes()

    def _note(self, held: bool) -> None:
        if not self.held or self.held[-1] != held:
            self.held.append(held)
        if held:
            self.store.troubles.begin(HELD_BACK, "5 / 0:10:00", self.clock.now())
        else:
            self.store.troubles.over(HELD_BACK)

    def write(self, kind: str, number: int = 1) -> None:
        """Letters are written: `person`, `ack`, `notice` or `admin`."""
        types = {
            "person": (LetterType.REPLY, None),
            "ack": (LetterType.ACKNOWLEDGEMENT, "auto-replied"),
            "notice": (LetterType.AGENT_NEW, "auto-generated"),
            "admin": (LetterType.ADMIN, "auto-generated"),
        }
        type, automatic = types[kind]
        with self.store.write():
            for _ in range(number):
                self._count += 1
                letter = Letter(
                    type,
                    f"{kind}{self._count}@x.test",
                    DESK,
                    (),
                    "Hola",
                    "Hola",
                    message_id=f"<{self._count}@acme.test>",
                    auto_submitted=automatic,
                )
                self.store.outbox.post(letter, f"cause{self._count}", now=self.clock.now())

    def carry(self) -> list[str]:
        """All that may leave now, leaves; to whom it went by the ordinary relay, in order."""
        for lane in self.lanes:
            with self.delivery.opened(lane) as ways:
                while self.delivery.deliver_batch(lane.share, ways):
                    pass
        return self.relay.latest()

    def queue(self) -> dict[str, int]:
        return {name: n for name, n in self.store.browse.counts()["outgoing"].items() if n}


def allowance(text: str) -> Allowance | None:
    """`5/10`: so many in so many minutes."""
    count, _, minutes = text.partition("/")
    return Allowance(int(count), int(minutes) * MINUTE) if text else None


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/maild.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = open_store(url)
    yield store
    store.close()


# -- a relay's rate ---------------------------------------------------------------------------


def test_a_relay_takes_so_many_a_minute(store: Store) -> None:
    """Never more in any minute; all leave in the end."""
    office = PostOffice(store, rate="5/1")
    office.write("ack", 12)
    assert len(office.carry()) == 5
    office.clock.wind(seconds=59)
    assert office.carry() == []
    office.clock.wind(seconds=2)
    assert len(office.carry()) == 5
    office.clock.wind(minutes=1, seconds=1)
    assert len(office.carry()) == 2


def test_an_answer_does_not_wait_behind_a_long_line(store: Store) -> None:
    """People's words go first, and a tenth of the rate is theirs alone."""
    office = PostOffice(store, rate="20/1")
    office.write("notice", 100)
    assert len(office.carry()) == 18
    office.write("person")
    assert office.carry() == ["person101@x.test"]
    office.clock.wind(seconds=61)
    office.write("person", 3)
    left = office.carry()
    assert [to[:6] for to in left[:3]] == ["person"] * 3 and len(left) == 18


def test_a_restart_forgets_no_letter_that_left(store: Store) -> None:
    """The rate is counted in the store."""
    office = PostOffice(store, rate="5/1")
    office.write("ack", 8)
    assert len(office.carry()) == 5
    office.open(rate="5/1")
    assert office.carry() == []


def test_one_relay_does_not_hold_back_the_other(store: Store) -> None:
    """Each has its own rate; letters to the admins take the second way."""
    office = PostOffice(store, rate="2/1", alerts="3/1")
    office.write("ack", 4)
    office.write("admin", 5)
    assert len(office.carry()) == 2 and len(office.alerts.latest()) == 3
    office.clock.wind(seconds=61)
    assert len(office.carry()) == 2 and len(office.alerts.latest()) == 2


def test_letters_that_could_not_leave_take_no_room(store: Store) -> None:
    """A relay that says "later" has taken nothing: when it works, its rate is whole."""
    office = PostOffice(store, rate="5/10")
    office.write("ack", 5)
    office.relay.works = False
    assert office.carry() == []
    office.relay.works = True
    office.clock.wind(minutes=1, seconds=1)
    assert len(office.carry()) == 5


def test_far_from_its_limit_nothing_is_counted_for_each_letter() -> None:
    """A count holds for a second; near the limit each take is counted anew."""
    asked: list[int] = []

    def left_since(since: datetime, at_most: int) -> int:
        asked.append(at_most)
        return at_most - 300 if len(asked) == 1 else at_most

    now = datetime(2026, 6, 8, tzinfo=UTC)
    ration = Ration(Allowance(100_000, MINUTE), left_since)
    while (free := ration.free(now, in_hand=0)) > PLENTY:
        ration.take(BATCH)
    assert len(asked) == 2 and free == 0
    ration.free(now - timedelta(hours=1), in_hand=0)  # the clock was set back
    assert len(asked) == 3


# -- the desk's own limit ---------------------------------------------------------------------


def test_automatic_letters_above_the_limit_wait(store: Store) -> None:
    """People's answers and alarms leave; the rest by itself, as there is room. That they
    are held is told once, and once that it is over."""
    office = PostOffice(store, limit="5/10")
    office.write("ack", 4)
    office.write("notice", 8)
    assert len(office.carry()) == 5
    office.write("person", 2)
    office.write("admin")
    assert sorted(office.carry()) == ["admin15@x.test", "person13@x.test", "person14@x.test"]
    assert office.queue() == {"held": 7}
    for _ in range(3):
        office.clock.wind(minutes=10, seconds=1)
        office.carry()
    assert office.queue() == {} and office.held == [True, False]


def test_what_is_held_is_seen_and_let_go(store: Store) -> None:
    """`maild queue` names each; `retry` sends one or all, `drop` none."""
    office = PostOffice(store, limit="5/10")
    office.write("notice", 12)
    office.carry()
    item = store.browse.queue()[0]
    assert (item.state, item.kind, item.id) == ("held", "agent-new", "out6")
    store.browse.retry_letter(6, office.clock.now())
    assert office.carry() == ["notice6@x.test"]
    assert office.queue() == {"held": 6}
    store.browse.drop_letter(7)
    assert store.browse.release_held(office.clock.now()) == 5
    assert len(office.carry()) == 5
    office.write("notice", 3)
    office.carry()
    assert store.browse.drop_held() == 3
    assert office.queue() == {}
    assert store.browse.release_held(office.clock.now()) == 0


def test_a_flood_of_one_kind_does_not_starve_the_other(store: Store) -> None:
    """While letters are held they leave in the order written: agents hear of what customers
    are told."""
    office = PostOffice(store, limit="6/10")
    for _ in range(20):
        office.write("ack")
        office.write("notice")
    left = office.carry()
    for _ in range(3):
        office.clock.wind(minutes=10, seconds=1)
        left += office.carry()
    assert sum(to.startswith("ack") for to in left) == 12 == len(left) // 2


def test_within_the_limit_nothing_is_held(store: Store) -> None:
    """Exactly as many as are allowed; and a slow relay is no flood."""
    office = PostOffice(store, limit="5/10", rate="2/1")
    office.write("notice", 5)
    for _ in range(3):
        office.carry()
        office.clock.wind(seconds=61)
    assert office.queue() == {} and True not in office.held


def test_the_admins_hear_of_it_at_once_and_once(store: Store) -> None:
    """One letter for a flood that lasts for hours; another for the next flood. That "letters
    do not leave" is not told beside it."""
    office, told = PostOffice(store, limit="5/10"), []

    def watch() -> None:
        known = frozenset({"relay"})
        job = HealthWatch(store, known, lambda: (), lambda *letter: told.append(letter))
        job.run(office.clock.now())

    office.write("notice", 30)
    for _ in range(5):
        office.carry()
        watch()
        office.clock.wind(minutes=10, seconds=1)
    assert [title for title, _, _ in told] == ["Automatic letters are held back"]
    office.carry()
    office.clock.wind(minutes=11)
    office.carry()
    office.write("notice", 6)
    office.carry()
    watch()
    first, second = (cause for _, _, cause in told)
    assert first != second


def test_a_higher_limit_lets_go_what_was_held(store: Store) -> None:
    """After a restart with another config nothing is held any more."""
    office = PostOffice(store, limit="5/10")
    office.write("notice", 9)
    office.carry()
    assert office.queue() == {"held": 4}
    office.open(limit="500/10")
    assert len(office.carry()) == 4
    assert office.queue() == {} and store.troubles.all() == []
