"""The worker: in order, together where it can, alone where one mail makes trouble."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maild.desk.outcome import Outcome
from maild.errors import Temporary
from maild.model.mail import Envelope, Mail
from maild.store import Store, open_store
from maild.store.intake import Item
from maild.worker import CAREFUL_FIRST, MAX_ATTEMPTS, MAX_STARTS, Pace, Worker

NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)
SMTP = Envelope("smtp", "luis@x.test", ("soporte@acme.test",))


class Clock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class PlainReader:
    """A mail's text is its bytes."""

    def stream(self, items: Sequence[tuple[bytes, str | None]]) -> Iterator[Mail]:
        for raw, _ in items:
            broken = "it can't be read" if b"BROKEN" in raw else None
            yield Mail(text=raw.decode("latin-1"), error=broken)


class Desk:
    """Remembers what it got; some mails are too much for it."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.mails: list[Mail] = []

    def receive(self, item: Item, mail: Mail) -> Outcome:
        if "POISON" in mail.text:
            raise RuntimeError("too much for me")
        self.got.append(mail.text.splitlines()[-1])
        self.mails.append(mail)
        return Outcome("done", "dropped")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/maild.db", Clock())
    yield opened
    opened.close()


def raw(word: str) -> bytes:
    return f"Message-ID: <{word}@x>\r\nSubject: {word}\r\n\r\n{word}".encode()


def worker_of(
    store: Store, desk: Desk, troubles: list[str], patience: int = MAX_ATTEMPTS
) -> Worker:
    return Worker(
        store,
        PlainReader(),
        desk,
        clock=Clock(),
        done=lambda: None,
        trouble=lambda item, reason: troubles.append(reason),
        patience=patience,
    )


def work_off(worker: Worker) -> None:
    while worker.work():
        pass


def test_mail_is_worked_off_in_order(store: Store) -> None:
    """More than a batch, each once."""
    words = [f"mail{n}" for n in range(CAREFUL_FIRST + 90)]
    store.intake.take_many([(raw(word), SMTP) for word in words])
    desk = Desk()
    work_off(worker_of(store, desk, []))
    assert desk.got == words
    assert store.intake.waiting() == 0


@pytest.mark.parametrize("position", [0, CAREFUL_FIRST + 5])
def test_one_bad_mail_stops_nobody(store: Store, position: int) -> None:
    """It is set aside with its reason and the admins hear of it; all others go on."""
    words = [f"mail{n}" for n in range(CAREFUL_FIRST + 20)]
    words[position] = "POISON"
    store.intake.take_many([(raw(word), SMTP) for word in words])
    desk, troubles = Desk(), []
    work_off(worker_of(store, desk, troubles))
    assert set(desk.got) == {word for word in words if word != "POISON"}
    done = store.engine.one("SELECT count(*) FROM intake WHERE state = 'done'")
    assert done == (len(words) - 1,)
    assert troubles == ["RuntimeError: too much for me"]
    assert store.browse.counts()["intake"] == {"pending": 0, "held": 0, "failed": 1}


def test_a_mail_that_keeps_killing_us_is_not_looked_at_again(store: Store) -> None:
    """Three starts that never came back are enough."""
    number = store.intake.take(raw("KILLER"), SMTP)
    for _ in range(MAX_ATTEMPTS):
        store.intake.count_attempt(number)
    desk, troubles = Desk(), []
    work_off(worker_of(store, desk, troubles))
    assert desk.got == []
    assert len(troubles) == 1


def test_a_daemon_that_is_killed_often_is_no_fault_of_the_mail(store: Store) -> None:
    """A worker that never died under its parent tries more often; not for ever."""
    number = store.intake.take(raw("mail"), SMTP)
    for _ in range(MAX_ATTEMPTS + 2):
        store.intake.count_attempt(number)
    desk, troubles = Desk(), []
    work_off(worker_of(store, desk, troubles, MAX_STARTS))
    assert (desk.got, troubles) == (["mail"], [])
    number = store.intake.take(raw("KILLER"), SMTP)
    for _ in range(MAX_STARTS):
        store.intake.count_attempt(number)
    work_off(worker_of(store, desk, troubles, MAX_STARTS))
    assert (desk.got, len(troubles)) == (["mail"], 1)


def test_a_store_in_trouble_is_no_fault_of_the_mail(store: Store) -> None:
    """Its commit fails ten times: it waits, and is worked off when the store is well."""
    store.intake.take(raw("mail"), SMTP)

    class Troubled(Desk):
        left = 10

        def receive(self, item: Item, mail: Mail) -> Outcome:
            if self.left:
                self.left -= 1
                raise Temporary("disk I/O error")
            return super().receive(item, mail)

    desk, troubles = Troubled(), []
    worker = worker_of(store, desk, troubles)
    for _ in range(10):
        with pytest.raises(Temporary):
            worker.work()
    work_off(worker)
    assert (desk.got, troubles) == (["mail"], [])


def test_a_failed_mail_can_be_tried_again(store: Store) -> None:
    """`queue retry` puts it back in line."""
    number = store.intake.take(raw("POISON"), SMTP)
    work_off(worker_of(store, Desk(), []))
    assert store.intake.again(number)
    assert store.intake.waiting() == 1


def test_what_cannot_be_read_brings_its_bytes_along(store: Store) -> None:
    """The stub ticket will carry the whole mail."""
    store.intake.take(raw("BROKEN"), SMTP)
    desk = Desk()
    work_off(worker_of(store, desk, []))
    (attachment,) = desk.mails[0].attachments
    assert attachment.content == raw("BROKEN")
    assert attachment.content_type == "message/rfc822"


def test_a_slow_disk_lets_more_messages_share_a_commit() -> None:
    """Quick commits come often, so that others wait little; slow ones are worth sharing."""
    pace = Pace()
    for _ in range(50):
        pace.note(pace.messages, 0.002 * pace.messages, 0.0002)
    quick = pace.messages
    for _ in range(50):
        pace.note(pace.messages, 0.002 * pace.messages, 0.040)
    assert 10 <= quick <= 20
    assert 35 <= pace.messages <= Pace.MOST
