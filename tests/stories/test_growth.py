"""A desk gets no slower with the years: what its database has to do for a mail, a letter and a
ring of the timetable is counted in SQLite's own steps, in a store of a thousand tickets and in
one of four thousand, both made of twenty as `bench.price` makes one of a million."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench.copies import multiply
from maild.store.ledger import verify
from tests.stories.office import Office, Received

TICKETS = 20
FEW, MANY = 49, 199  #: copies of those
EACH = 10  #: steps that are counted as one


@dataclass
class Meter:
    """Counts the steps of a store's connection, by what they are done for."""

    office: Office
    steps: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        connection = self.office.store.engine.database.connection()
        connection.set_progress_handler(self._step, EACH)

    def _step(self) -> int:
        self._count += EACH
        return 0

    def read(self, what: str, act: Callable[[], object]) -> None:
        before = self._count
        act()
        self.steps[what] = self.steps.get(what, 0) + self._count - before


@contextmanager
def desk_with(folder: Path, copies: int) -> Iterator[Office]:
    """Twenty tickets, some of them answered, and so many older copies of them all."""
    folder.mkdir()
    office = Office(folder, assign="least_busy")
    for number in range(TICKETS):
        office.write(f"cliente{number}@x.test", f"Avería {number}")
    for number, letter in enumerate(acknowledgements(office)):
        if number % 2:
            office.answer(letter, "Añado un dato.")
    office.letters()
    multiply(office.store, copies)
    yield office
    office.store.close()


def acknowledgements(office: Office) -> list[Received]:
    return [letter for letter in office.letters() if letter.type == "acknowledgement"]


def a_day(office: Office) -> dict[str, int]:
    """What a desk does all day, each with its steps."""
    meter, outbox = Meter(office), office.store.outbox
    jobs = {job.name: job for job in office.app.jobs(office.store)}
    for name, job in jobs.items():
        meter.read(f"first {name}", lambda job=job: job.run(office.clock.now()))
    meter.read("a new mail", lambda: office.write("nueva@x.test", "Otra"))
    (letter,) = acknowledgements(office)
    office.clock.wind(minutes=5)
    meter.read("a reply", lambda: office.answer(letter, "Sigue igual."))
    notice = next(it for it in office.letters() if it.to == "ana@acme.test")
    meter.read("an agent's answer", lambda: office.answer(notice, "Pruebe ahora."))
    now = office.clock.now()
    since = now - timedelta(minutes=10)
    for automatic in (True, False):
        meter.read("the brake", lambda a=automatic: outbox.left_since(since, 5, automatic=a))
    meter.read("leases of a dead courier", outbox.free_leases)
    meter.read("the outbox", office.letters)
    for name, job in jobs.items():
        meter.read(name, lambda job=job: job.run(now))
    return meter.steps


def test_what_a_desk_does_all_day_costs_no_more_in_a_store_four_times_as_large(
    tmp_path: Path,
) -> None:
    with desk_with(tmp_path / "small", FEW) as office:
        small = a_day(office)
    with desk_with(tmp_path / "large", MANY) as office:
        large = a_day(office)
    grown = {
        what: (steps, large[what])
        for what, steps in small.items()
        if large[what] > 1.1 * steps + 20
    }
    assert not grown


def test_an_analyze_by_hand_misleads_nobody_after_the_next_start(tmp_path: Path) -> None:
    with desk_with(tmp_path / "desk", FEW) as office:
        held = partial(office.store.intake.expired, office.clock.now())
        usual = steps_of(office, held)
        office.store.engine.execute("ANALYZE")
        office.store.close()
        office.configure()
        held = partial(office.store.intake.expired, office.clock.now())
        assert steps_of(office, held) == usual


def steps_of(office: Office, act: Callable[[], object]) -> int:
    meter = Meter(office)
    meter.read("it", act)
    return meter.steps["it"]


def test_a_store_multiplied_for_measuring_is_a_sound_one(tmp_path: Path) -> None:
    with desk_with(tmp_path / "desk", 3) as office:
        assert verify(office.store.engine).faults == []
        tickets, messages = (
            office.store.engine.one(f"SELECT count(*) FROM {table}")
            for table in ("ticket", "message")
        )
    assert (tickets, messages) == ((4 * TICKETS,), (4 * TICKETS * 3 // 2,))
