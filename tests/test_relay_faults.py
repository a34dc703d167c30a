"""Relays in every kind of trouble: what can't go now goes later, once; what never goes is said.

The relay is Postfix's smtp-sink, the courier and the outbox are the real ones, and only the
clock is the test's: five days pass at once.
"""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from maild.desk.failures import Failures
from maild.notify.courier import Relay, SmtpCourier
from maild.notify.delivery import Delivery, EnvelopeSender, OpenWay, Route
from maild.notify.taking import Share, Taking
from maild.store.outbox import Posted
from tests.servers.ports import free_port
from tests.servers.smtp_sink import SmtpSink
from tests.stories.office import Office

pytestmark = pytest.mark.wire

Record = Callable[[str, object], None]


class Mailroom:
    """The office's letters, carried by the real delivery to whoever listens on the port."""

    def __init__(self, office: Office, port: int) -> None:
        self.office = office
        envelope = EnvelopeSender(office.app.signer, office.app.settings.relay.envelope)
        relay = Relay("127.0.0.1", port, helo="help.acme.test")
        self._courier = SmtpCourier(relay, office.clock)
        self._way = OpenWay(self._courier, envelope)
        self._failures = Failures(office.store.cases, office.app.notices(office.store))
        self._delivery = Delivery(
            office.store.outbox,
            route=Route(lambda: self._courier, envelope),
            taking=Taking(office.store.outbox, office.clock),
            finish=office.app.mailroom(office.store).writer.finish,
            failed=self._failed,
            clock=office.clock,
            close_store=lambda: None,
        )

    def _failed(self, posted: Posted, reason: str) -> None:
        store = self.office.store
        with store.write():
            store.outbox.fail(posted.id, reason)
            self._failures.letter_failed(
                posted.id, posted.letter, posted.message, reason, self.office.clock.now()
            )

    def carry(self, **later: float) -> None:
        """So much later: all that is due."""
        self.office.clock.wind(**later)
        while self._delivery.deliver_batch(Share(), [self._way]):
            pass

    def hang_up(self) -> None:
        self._courier.close()

    def states(self) -> Counter[str]:
        found = self.office.store.engine.rows("SELECT state, count(*) FROM letter GROUP BY 1")
        return Counter(dict(found))

    def errors(self) -> set[str]:
        rows = self.office.store.engine.rows("SELECT DISTINCT error FROM letter")
        return {row[0] for row in rows if row[0]}


@contextmanager
def mailroom(folder: Path, port: int, requests: int = 2) -> Iterator[Mailroom]:
    """Some requests came in: twice as many letters wait."""
    office = Office(folder)
    for number in range(requests):
        office.write(f"c{number}@x.test", f"Asunto {number}")
    room = Mailroom(office, port)
    try:
        yield room
    finally:
        room.hang_up()


SOFT = [
    *(("-r", word) for word in ("CONNECT", "MAIL", "RCPT", "DATA", ".")),
    *(("-Q", word) for word in ("CONNECT", "EHLO,HELO", "MAIL", "RCPT", "DATA", ".")),
    *(("-q", word) for word in ("CONNECT", "EHLO,HELO", "MAIL", "RCPT", "DATA", ".")),
    ("-f", "CONNECT"),
    ("-w", "1"),
]


@pytest.mark.parametrize("misconduct", SOFT, ids=" ".join)
def test_a_relay_that_gets_well_again(tmp_path: Path, misconduct: tuple[str, str]) -> None:
    """Refused for now (-r), 421 (-Q), hung up (-q), slow (-w): while it lasts the letters
    wait, and then each leaves once; a copy only where it hung up on the final dot, and that
    bears the same Message-ID."""
    with SmtpSink(*misconduct) as relay, mailroom(tmp_path, relay.port) as room:
        for _ in range(2):
            room.carry(hours=2)
        before = relay.letters()
        port = relay.port
        relay.close()
        with SmtpSink(port=port) as well:
            room.carry(hours=2)
            letters = well.letters()
        assert room.states() == Counter(sent=4), room.errors()
    if misconduct == ("-w", "1"):
        assert (len(before), len(letters)) == (4, 0)
        return
    ids = [letter["Message-ID"] for letter in letters]
    assert len(ids) == len(set(ids)) == 4
    copies = Counter(letter["Message-ID"] for letter in before)
    assert set(copies) <= set(ids)
    assert not copies or misconduct[1] == "."


NEVER = [*(("-f", word) for word in ("MAIL", "RCPT", "DATA", ".")), ("-A", "0")]


@pytest.mark.parametrize("misconduct", NEVER, ids=" ".join)
def test_a_relay_that_says_never(tmp_path: Path, misconduct: tuple[str, str]) -> None:
    """5xx (in the middle of a mail, too) is believed at once: the letters have failed, each
    ticket says so, nobody is asked a second time, and no customer hears of it."""
    with SmtpSink(*misconduct) as relay, mailroom(tmp_path, relay.port) as room:
        for _ in range(3):
            room.carry(hours=2)
        assert set(room.states()) == {"failed"}
        assert all(error.startswith("5") for error in room.errors())
        port = relay.port
        relay.close()
        with SmtpSink(port=port) as well:
            room.carry(days=1)
            told = [str(letter["To"]) for letter in well.letters()]
        assert not [to for to in told if "x.test" in to]
        for number in (1, 2):
            events = [e["kind"] for e in room.office.ticket(number)["events"]]
            assert "delivery_failed" in events


@pytest.mark.proof
def test_a_relay_that_never_answers(tmp_path: Path, record_property: Record) -> None:
    """It accepts the connection and says nothing: half a minute, then the letter waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with mailroom(tmp_path, port, requests=0) as room:
            room.office.write("", "Aviso", **{"Auto-Submitted": "auto-generated"})
            room.carry()
            assert room.states() == Counter(deferred=1)
        silent.close()
        with SmtpSink(port=port) as well:
            room.carry(hours=1)
            assert room.states() == Counter(sent=1)
            assert len(well.letters()) == 1
    record_property("figure", "put off after 30 s, delivered once when the relay was well")
    record_property("target", "1 of 1, once")


def test_a_relay_down_for_five_days(tmp_path: Path, record_property: Record) -> None:
    """Then the letters are given up: each ticket has it on record, those who are told of it
    are told once a ticket, and never a customer; until then they are tried all the time."""
    port = free_port()
    with mailroom(tmp_path, port) as room:
        for _ in range(5 * 24 - 1):
            room.carry(hours=1)
        assert room.states() == Counter(deferred=4)
        for _ in range(6):
            room.carry(hours=1)
        gone = room.states()
        assert gone["failed"] == 4
        with SmtpSink(port=port) as well:
            room.carry(hours=2)
            told = Counter((str(m["To"]), m["X-Maild-Ticket"]) for m in well.letters())
            kinds = {m["X-Maild-Type"] for m in well.letters()}
        assert kinds <= {"delivery-failed", "admin"}
        assert not [to for to, _ in told if "x.test" in to]
        assert max(told.values(), default=0) <= 1, told
        assert told
        assert room.states()["failed"] == 4
        attempts = room.office.store.engine.one("SELECT min(attempts) FROM letter")
        assert attempts is not None
        for number in (1, 2):
            kinds_of = Counter(e["kind"] for e in room.office.ticket(number)["events"])
            assert kinds_of["delivery_failed"] >= 1
    record_property("figure", f"4 given up after 5 d, {sum(told.values())} told, 0 customers")
    record_property("target", "one note a ticket, 0 to customers")


def test_a_day_between_two_attempts_is_never(tmp_path: Path) -> None:
    """1, 5, 15, 60 minutes, then hourly: a relay that comes back is used within the hour."""
    port = free_port()
    with mailroom(tmp_path, port, requests=1) as room:
        waits = []
        for _ in range(8):
            room.carry()
            row = room.office.store.engine.one("SELECT min(next_at) FROM letter")
            assert row is not None
            wait = row[0] / 1e6 - room.office.clock.now().timestamp()
            waits.append(round(wait / 60))
            room.office.clock.wind(seconds=wait)
    assert waits == [1, 5, 15, 60, 60, 60, 60, 60]
    assert timedelta(minutes=max(waits)) <= timedelta(hours=1)
