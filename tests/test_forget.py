"""A person is forgotten: no trace of his words in any file, every figure as it was."""

from datetime import timedelta
from pathlib import Path

import pytest

from maild.model.mail import Envelope
from maild.notify.courier import FileCourier
from maild.store.erasure import scour
from maild.store.ledger import verify
from maild.store.oblivion import forget
from maild.store.retention import Retention, apply_retention
from tests.stories.office import Office, Received

LUIS = "Luis Albornoz <luis@x.test>"
MARKERS = (
    "luis@x.test", "albornoz", "zanahoria", "berenjena", "calabaza", "pimiento", "rábano",
    "nabo",
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """A desk on each engine."""
    if request.param == "postgres":
        return Office(tmp_path, url=request.getfixturevalue("postgres_url"))
    return Office(tmp_path)


def told_story(office: Office) -> list[Received]:
    """Luis asks with a file, is answered, answers, and reads along elsewhere; all letters."""
    sent: list[Received] = []

    def look() -> list[Received]:
        sent.extend(fresh := office.letters())
        return fresh

    mail = office.mail(LUIS, "La zanahoria", "No va la berenjena.", to="soporte@acme.test")
    mail.add_attachment(
        b"una calabaza", maintype="application", subtype="pdf", filename="nabo.pdf"
    )
    office.receive(mail, Envelope("smtp", "luis@x.test", ("soporte@acme.test",), "192.0.2.7"))
    notice = next(n for n in look() if (n.type, n.to) == ("agent-new", "ana@acme.test"))
    office.answer(notice, "#tomar\nHola, Luis Albornoz: la berenjena está mirada.")
    answer = next(n for n in look() if n.type == "reply")
    office.answer(answer, "Sigue el pimiento.", sender=LUIS)
    look()
    office.write("Eva <eva@y.test>", "Otra cosa", "Nada.")
    notice = next(n for n in look() if (n.type, n.to) == ("agent-new", "ana@acme.test"))
    office.answer(notice, "#copia luis@x.test\nHola a todos.")
    joined = next(n for n in look() if n.to == "luis@x.test")
    office.answer(joined, "Digo yo: rábano.", sender=LUIS)
    look()
    office.write(LUIS, "estado", "")
    look()
    return sent


def skeleton(office: Office) -> list[tuple[int, object, str]]:
    """What every figure is made of: number, time and kind of each event."""
    return office.store.engine.rows("SELECT ticket, at, kind FROM event ORDER BY id")


def traces(folder: Path) -> list[tuple[str, str]]:
    """Where which marker is found, in any file."""
    return [
        (path.name, marker)
        for path in folder.rglob("*")
        if path.is_file()
        for marker in MARKERS
        if marker.encode() in path.read_bytes().lower()
    ]


def dump(office: Office) -> str:
    """Every row of every table, as text."""
    from maild.store.tables import ALL

    engine, found = office.store.engine, []
    for table in ALL:
        name = table._meta.table_name  # type: ignore[attr-defined]
        found += [str(row) for row in engine.rows(f'SELECT * FROM "{name}"')]
    return "\n".join(found).casefold()


def test_no_file_holds_a_word_of_his(tmp_path: Path) -> None:
    """Subject, body, attachment, name and address are in no file of the desk's folder."""
    office = Office(tmp_path)
    outgoing = tmp_path / "var/outgoing"
    for letter in told_story(office):
        FileCourier(outgoing).send("", letter.to, letter.raw)
    office.store.engine.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert {marker for _, marker in traces(tmp_path)} == set(MARKERS)
    forget(office.store.engine, "Luis@X.test", outgoing=outgoing)
    scour(office.store.engine)
    assert traces(tmp_path) == []


def test_every_event_stays_with_its_time_and_kind(office: Office) -> None:
    """What figures are made of is untouched, and the accounts still balance."""
    told_story(office)
    before = skeleton(office)
    done = forget(office.store.engine, "luis@x.test")
    scour(office.store.engine)
    assert done.tickets == 1
    assert skeleton(office) == before
    accounts = verify(office.store.engine)
    assert accounts.faults == []
    assert accounts.messages["forgotten"] == 4
    left = dump(office)
    assert [marker for marker in MARKERS if marker in left] == []


def test_one_name_stands_for_him_everywhere(office: Office) -> None:
    """The same made-up name in all his tickets: figures per requester stay."""
    for _ in range(3):
        office.write(LUIS)
    forget(office.store.engine, "luis@x.test")
    names = {office.ticket(n)["requester"]["email"] for n in (1, 2, 3)}
    assert len(names) == 1
    assert names.pop().startswith("forgotten-")


def test_a_later_scan_does_not_bring_him_back(office: Office) -> None:
    """The same mail, found again in a mailbox, opens nothing."""
    mail = office.mail(LUIS, "La zanahoria", "No va.", to="soporte@acme.test").as_bytes()
    office.receive(mail, Envelope("imap:main"))
    forget(office.store.engine, "luis@x.test")
    office.receive(mail, Envelope("imap:main"))
    assert office.store.engine.one("SELECT count(*) FROM ticket") == (1,)
    assert office.ticket()["messages"][0]["text"] == ""


def test_others_keep_their_words(office: Office) -> None:
    """What somebody else asked in a ticket that he read stays."""
    told_story(office)
    forget(office.store.engine, "luis@x.test")
    other = office.ticket(2)
    assert other["subject"] == "Otra cosa"
    assert [m["text"].strip() for m in other["messages"]] == ["Nada.", "Hola a todos.", ""]
    assert other["cc"] == []


def test_mail_of_his_that_still_waits_opens_nothing(office: Office) -> None:
    """What had not been read yet is forgotten, too."""
    mail = office.mail(LUIS, "La zanahoria", "No va.", to="soporte@acme.test").as_bytes()
    office.store.intake.take(mail, Envelope("pipe"))
    forget(office.store.engine, "luis@x.test")
    assert office.worker.work() == 0
    assert verify(office.store.engine).messages == {"forgotten": 1}


def test_a_stranger_is_nowhere(office: Office) -> None:
    """Forgetting somebody nobody knows changes nothing."""
    told_story(office)
    before = dump(office)
    assert forget(office.store.engine, "nadie@x.test").nothing
    assert dump(office) == before


def test_old_raw_mail_goes_and_new_stays(office: Office) -> None:
    """Retention takes bytes of done mail after their time, and `verify` knows it may."""
    office.write(LUIS)
    office.clock.wind(days=30)
    office.write(LUIS)
    rules = Retention(raw_mail=timedelta(days=20))
    assert not apply_retention(office.store.engine, rules, office.clock.now())
    assert office.store.engine.rows("SELECT intake FROM raw") == [(2,)]
    assert verify(office.store.engine).faults == []


def test_old_closed_tickets_keep_their_figures_only(office: Office) -> None:
    """Words and people go, events stay; an open ticket is not touched."""
    told_story(office)
    with office.store.write():
        case = office.store.cases.open_case(1, office.clock.now())
        assert case is not None
        case.set_status(type(case.ticket.status)("closed"), "agent:ana")
        office.store.cases.save(case)
    before = skeleton(office)
    office.clock.wind(days=400)
    rules = Retention(closed_tickets=timedelta(days=365))
    assert not apply_retention(office.store.engine, rules, office.clock.now())
    assert skeleton(office) == before
    assert [m["text"] for m in office.ticket(1)["messages"]] == ["", "", ""]
    assert office.ticket(2)["subject"] == "Otra cosa"
    assert verify(office.store.engine).faults == []


def test_retention_is_applied_at_start_and_each_night(tmp_path: Path) -> None:
    """Once when it begins, then at three in the morning; not in between."""
    office = Office(tmp_path, more='[retention]\nraw_mail = "1d"\n')
    job = next(job for job in office.app.jobs(office.store) if job.name == "retention")
    office.write(LUIS)
    assert not job.run(office.clock.now())
    office.clock.wind(hours=17)
    job.run(office.clock.now())
    assert office.store.engine.rows("SELECT count(*) FROM raw") == [(1,)]
    office.clock.wind(hours=24, minutes=59)
    job.run(office.clock.now())
    assert office.store.engine.rows("SELECT count(*) FROM raw") == [(0,)]
