"""The store on both engines: what is said to be kept is kept, once, and nothing else."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from peewee import IntegrityError

from maild.desk.case import Case, make_message
from maild.desk.outcome import Outcome
from maild.errors import StoreUnusable, Temporary
from maild.model.letter import File, Letter, LetterType, Picture
from maild.model.mail import Address, Envelope
from maild.model.ticket import Enclosure, EventKind, MessageKind, Priority, Status, Ticket
from maild.store import Store, open_store
from maild.store.browse import Wanted
from maild.store.migrations import STORE_VERSION

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LUIS = Address("Luis Pérez", "luis@x.test")
DESK = Address("Soporte", "soporte@acme.test")


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/maild.db"
    else:
        url = request.getfixturevalue("postgres_url")
    opened = open_store(url, StoppedClock())
    yield opened
    opened.close()


def raw(number: int, *, subject: str = "Hola") -> bytes:
    return (
        f"Message-ID: <m{number}@x.test>\r\nFrom: luis@x.test\r\nSubject: {subject}\r\n"
        f"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nTexto {number}\r\n"
    ).encode()


SMTP = Envelope("smtp", "luis@x.test", ("soporte@acme.test",), "192.0.2.1")


def ticket(number: int, **changes: object) -> Ticket:
    made = Ticket(number, "No puedo acceder", LUIS, "soporte", NOW, NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def open_case(store: Store, **changes: object) -> Case:
    case = Case(ticket(store.cases.new_ticket_number(), **changes), NOW, is_new=True)
    case.record(EventKind.CREATED, "customer:luis@x.test", {"channel": "email"})
    return case


def letter(**changes: object) -> Letter:
    made = Letter(
        type=LetterType.REPLY,
        recipient="luis@x.test",
        sender=DESK,
        to=(LUIS,),
        subject="[ACME #1] No puedo acceder",
        text="Hola, Luis:",
        html="<p>Hola</p>",
        ticket=1,
        message_id="<t1.abc@acme.test>",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


# -- the inbox --------------------------------------------------------------------------------


def test_what_is_taken_is_there_with_its_bytes(store: Store) -> None:
    """Bytes and envelope come out as they went in."""
    number = store.intake.take(raw(1), SMTP)
    (item,) = store.intake.claim(10)
    assert (item.id, item.raw, item.envelope) == (number, raw(1), SMTP)
    store.intake.release()


def test_a_mail_is_taken_once_by_any_door(store: Store) -> None:
    """The same mail with other trace headers and line ends is the same mail."""
    first = store.intake.take(raw(1), SMTP)
    again = b"Received: by mx\n" + raw(1).replace(b"\r\n", b"\n") + b"\n"
    assert store.intake.take(again, Envelope("imap:main")) == first
    assert len(store.intake.claim(10)) == 1
    store.intake.release()


def test_other_words_under_the_same_message_id_are_another_mail(store: Store) -> None:
    """A repeated Message-ID swallows nothing."""
    numbers = store.intake.take_many([(raw(1), SMTP), (raw(1, subject="Otra"), SMTP)])
    assert len(set(numbers)) == 2


def test_a_batch_is_taken_whole_or_not_at_all(store: Store) -> None:
    """If one of a batch can't be stored, none of it is."""
    nowhere = Envelope(None)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        store.intake.take_many([(raw(1), SMTP), (raw(2), nowhere)])
    assert store.intake.waiting() == 0


def test_a_finished_mail_waits_no_more(store: Store) -> None:
    """Its outcome is on record, it is not handed out again."""
    number = store.intake.take(raw(1), SMTP)
    with store.write():
        store.intake.finish(number, Outcome("done", "dropped", error="why not"))
    assert store.intake.claim(10) == []
    assert store.intake.waiting() == 0


def test_a_held_mail_goes_back_in_line_once(store: Store) -> None:
    """Confirmed twice, it runs once."""
    number = store.intake.take(raw(1), SMTP)
    with store.write():
        store.intake.finish(number, Outcome("held", until=NOW + timedelta(days=7)))
        assert store.intake.confirm(number)
        assert not store.intake.confirm(number)
    (item,) = store.intake.claim(10)
    assert item.confirmed
    store.intake.release()


def test_two_postgres_workers_never_claim_the_same_mail(postgres_url: str) -> None:
    """Each message goes to one of the nodes, and to the other when the first lets go."""
    store = open_store(postgres_url, StoppedClock())
    store.intake.take_many([(raw(n), SMTP) for n in range(6)])
    mine = {item.id for item in store.intake.claim(3)}
    theirs: set[int] = set()

    def other_node() -> None:
        theirs.update(item.id for item in store.intake.claim(6))
        store.close()

    thread = threading.Thread(target=other_node)
    thread.start()
    thread.join()
    assert len(mine) == len(theirs) == 3
    assert not mine & theirs
    store.intake.release()
    store.close()


# -- tickets ----------------------------------------------------------------------------------


def test_a_ticket_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field, message, attachment and event, on both engines alike."""
    file = Enclosure("año.pdf", "application/pdf", 3, "00" * 32)
    with store.write():
        case = open_case(store, tags=("acceso",), priority=Priority.HIGH, cc=("b@x.test",))
        message = make_message(
            store.cases.new_message_number(),
            case,
            MessageKind.CUSTOMER,
            sender=LUIS,
            text="No puedo entrar. ¿Ñandú?",
            attachments=(file,),
            message_id="<m1@x.test>",
        )
        case.add_message(message, "customer:luis@x.test")
        case.set_status(Status.OPEN, "agent:ana")
        case.assign("ana", "agent:ana")
        saved, events = case.ticket, list(case.events)
        store.cases.save(case)
    whole = store.browse.whole(saved.id)
    assert whole is not None
    assert whole[0] == saved
    assert whole[1] == [message]
    assert [(e.kind, e.actor, e.detail) for e in whole[2]] == [
        (e.kind, e.actor, e.detail) for e in events
    ]


def test_ticket_numbers_are_never_given_twice(store: Store) -> None:
    """Not even after a transaction that came to nothing."""
    seen = []
    for _ in range(3):
        with store.write():
            case = open_case(store)
            seen.append(case.ticket.id)
            store.cases.save(case)
    assert len(set(seen)) == 3


def test_a_decision_that_fails_leaves_no_trace(store: Store) -> None:
    """Ticket, events and letters are written together or not at all."""
    with pytest.raises(RuntimeError), store.write():
        case = open_case(store)
        case.put(letter(), "intake:1")
        store.cases.save(case)
        raise RuntimeError
    assert store.browse.tickets(Wanted()) == ([], 0)
    assert store.outbox.claim(NOW, 10) == []


def test_a_merged_number_leads_to_where_it_went(store: Store) -> None:
    """Through several merges, too."""
    with store.write():
        cases = [open_case(store) for _ in range(3)]
        for here, there in ((0, 1), (1, 2)):
            cases[here].ticket = replace(
                cases[here].ticket, merged_into=cases[there].ticket.id, status=Status.MERGED
            )
        for case in cases:
            store.cases.save(case)
    standing = store.cases.standing(cases[0].ticket.id)
    assert standing is not None
    assert standing.id == cases[2].ticket.id


def test_a_list_shows_what_fits(store: Store) -> None:
    """Filters, the newest first, and the total beside the limit."""
    with store.write():
        for status in (Status.OPEN, Status.OPEN, Status.RESOLVED):
            store.cases.save(open_case(store, status=status))
    found, total = store.browse.tickets(Wanted(status="open", limit=1))
    assert ([t.status for t in found], total) == ([Status.OPEN], 2)


# -- letters ----------------------------------------------------------------------------------


def test_a_letter_comes_out_as_it_was_written(store: Store) -> None:
    """With its pictures, files and attachments."""
    written = letter(
        pictures=(Picture("c1", "a.png", "image/png", b"\x89PNG"),),
        files=(File("kpi.csv", "text/csv", "año".encode()),),
        enclosures=(Enclosure("a.pdf", "application/pdf", 3, "11" * 32, False, None),),
        references=("<m1@x.test>",),
        cc=(Address("", "b@x.test"),),
        headers=(("X-Extra", "ja"),),
    )
    with store.write():
        store.outbox.post(written, "intake:1", now=NOW)
    (posted,) = store.outbox.claim(NOW, 10)
    assert posted.letter == written


def test_the_same_cause_writes_one_letter(store: Store) -> None:
    """However often a decision is made again."""
    with store.write():
        store.outbox.post(letter(), "intake:1", now=NOW)
        store.outbox.post(letter(), "intake:1", now=NOW)
        store.outbox.post(letter(), "intake:2", now=NOW)
    assert len(store.outbox.claim(NOW, 10)) == 2


def test_a_leased_letter_is_nobody_elses_until_the_lease_ends(store: Store) -> None:
    """A carrier that dies lets go by letting its time run out."""
    with store.write():
        store.outbox.post(letter(), "intake:1", now=NOW)
    assert len(store.outbox.claim(NOW, 10)) == 1
    assert store.outbox.claim(NOW + timedelta(seconds=29), 10) == []
    assert len(store.outbox.claim(NOW + timedelta(seconds=31), 10)) == 1


def test_a_renewed_lease_lasts_longer(store: Store) -> None:
    """What waits behind a slow letter stays with its carrier; a new daemon frees it all."""
    with store.write():
        store.outbox.post(letter(), "intake:1", now=NOW)
    (posted,) = store.outbox.claim(NOW, 10)
    store.outbox.renew([posted.id], NOW + timedelta(seconds=20))
    assert store.outbox.claim(NOW + timedelta(seconds=40), 10) == []
    store.outbox.free_leases()
    assert len(store.outbox.claim(NOW + timedelta(seconds=40), 10)) == 1


def test_sent_and_deferred_letters(store: Store) -> None:
    """Sent is over; deferred comes back at its time and not before."""
    with store.write():
        store.outbox.post(letter(), "intake:1", now=NOW)
        store.outbox.post(letter(), "intake:2", now=NOW)
    first, second = store.outbox.claim(NOW, 10)
    store.outbox.sent(first.id, NOW)
    store.outbox.defer(second.id, NOW + timedelta(minutes=5), "421 later")
    assert store.outbox.claim(NOW + timedelta(minutes=1), 10) == []
    (again,) = store.outbox.claim(NOW + timedelta(minutes=6), 10)
    assert (again.id, again.attempts) == (second.id, 2)


def test_people_come_before_machines(store: Store) -> None:
    """A person's words leave before notices that were written earlier."""
    with store.write():
        store.outbox.post(letter(auto_submitted="auto-generated"), "a", now=NOW)
        store.outbox.post(letter(), "b", now=NOW)
    posted = store.outbox.claim(NOW, 10)
    assert [p.letter.auto_submitted for p in posted] == [None, "auto-generated"]


def test_our_ids_lead_back_to_ticket_and_recipient(store: Store) -> None:
    """What a later mail names is found with whom it was sent to."""
    with store.write():
        store.outbox.post(letter(), "intake:1", now=NOW)
    (hit,) = store.cases.references(["<unknown@x>", "<t1.abc@acme.test>"])
    assert (hit.ticket, hit.address, hit.type, hit.ours) == (1, "luis@x.test", "reply", True)


# -- the store itself -------------------------------------------------------------------------


def test_the_secret_stays_the_same(store: Store) -> None:
    """All nodes and all starts sign alike."""
    assert store.secret() == store.secret()
    assert len(store.secret()) == 32


def test_a_new_store_is_its_owners_alone(tmp_path: Path) -> None:
    """Mail and keys lie in it: whatever the umask, no file of it can be read by others."""
    before = os.umask(0o022)
    try:
        store = open_store(f"sqlite:///{tmp_path}/var/maild.db")
        store.secret()
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
        store.close()
    finally:
        os.umask(before)
    assert modes.pop("var") == 0o700
    assert {"maild.db", "maild.db-wal"} <= set(modes) and set(modes.values()) == {0o600}


def test_a_newer_store_is_refused_untouched(tmp_path: Path) -> None:
    """An old program writes nothing into what it does not understand."""
    url = f"sqlite:///{tmp_path}/maild.db"
    store = open_store(url)
    with store.write():
        store.engine.execute(
            "UPDATE note SET value = ? WHERE name = 'version'", [str(STORE_VERSION + 1)]
        )
    store.close()
    with pytest.raises(StoreUnusable, match="is of version"):
        open_store(url)


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    """A file that is no database opens no door."""
    (tmp_path / "maild.db").write_bytes(b"this is no database, " * 500)
    with pytest.raises(StoreUnusable):
        open_store(f"sqlite:///{tmp_path}/maild.db")


def test_a_locked_store_means_later_not_never(tmp_path: Path) -> None:
    """Another writer that will not end makes a temporary failure."""
    import sqlite3

    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    store.engine.database.execute_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "maild.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Temporary):
        store.intake.take(raw(1), SMTP)
    other.execute("ROLLBACK")
    assert store.intake.take(raw(1), SMTP)
    store.close()
    other.close()
