"""Machines write to machines: for a week, and by the thousand. Nobody is answered twice."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from maild.model.mail import Envelope
from maild.notify.delivery import EnvelopeSender
from tests.stories.office import Office, Received
from tests.stories.test_mornings import ring

Record = Callable[[str, object], None]

PROMISES = """
[[sla]]
name = "S"
normal = { first_response = "4h", next_response = "1d", resolution = "2d" }
[report.diario]
to = ["jefa@acme.test"]
every = "day 08:00"
"""
JOBS = ("tickets", "held", "surveys", "digests", "reports", "health")


class Post:
    """Carries letters between desks, and to machines that answer whatever they get."""

    def __init__(self, *desks: Office) -> None:
        self._desks = {f"{desk.house}.test": desk for desk in desks}
        self.robots: dict[str, Callable[[Received], bytes | None]] = {}
        self.carried: list[tuple[str, Received]] = []  #: (day, letter)

    def carry(self) -> None:
        """One round: every letter that waits reaches whom it is for."""
        for desk in self._desks.values():
            sender = EnvelopeSender(desk.app.signer, desk.app.settings.relay.envelope)
            for letter in desk.letters():
                self.carried.append((f"{desk.clock.now():%F}", letter))
                envelope = sender.of(letter.posted.id, letter.posted.letter)
                self._deliver(desk, letter, envelope)

    def _deliver(self, desk: Office, letter: Received, envelope: str) -> None:
        domain = letter.to.rpartition("@")[2]
        other = self._desks.get(domain)
        if other is not None and letter.to.startswith("soporte"):
            other.receive(letter.raw, Envelope("smtp", envelope, (letter.to,)))
        elif (robot := self.robots.get(letter.to)) and (answer := robot(letter)):
            desk.receive(answer, Envelope("smtp", letter.to, (letter.reply_to,)))

    def machines_to(self, *recipients: str) -> Counter[tuple[str, str]]:
        """Automatic letters a day and recipient."""
        return Counter(
            (day, letter.to)
            for day, letter in self.carried
            if letter.to in recipients and letter.mail["Auto-Submitted"]
        )


def _week(desks: Sequence[Office], post: Post) -> None:
    """Seven days in steps of two hours, the timetable and the postman each time."""
    for _ in range(7 * 12):
        for desk in desks:
            desk.clock.wind(hours=2)
            ring(desk, *JOBS)
        for _ in range(3):
            post.carry()


def test_two_desks_that_know_each_other_as_customers(
    tmp_path: Path, record_property: Record
) -> None:
    """A mail from one desk's address to the other: in seven days no more than one automatic
    letter a day goes either way, whatever warnings, reminders and reports are due."""
    for name in ("acme", "otra"):
        (tmp_path / name).mkdir()
    acme = Office(tmp_path / "acme", more=PROMISES)
    otra = Office(tmp_path / "otra", more=PROMISES, house="otra")
    post = Post(acme, otra)
    acme.write("soporte@otra.test", "Pregunta", "¿Qué hora es?", to="soporte@acme.test")
    otra.write("soporte@acme.test", "Pregunta", "¿Qué día es?", to="soporte@otra.test")
    _week((acme, otra), post)
    between = post.machines_to("soporte@acme.test", "soporte@otra.test")
    record_property("figure", f"{sum(between.values())} letters between them in 7 days")
    record_property("target", "one a day and side")
    assert max(between.values(), default=0) <= 1, between
    messages = [m["kind"] for m in acme.ticket(1)["messages"]]
    assert len(messages) <= 3, messages


def _echo() -> Callable[[Received], bytes]:
    """A naive answering machine: no header says what it is, the subject varies."""
    count = itertools.count(1)

    def answer(letter: Received) -> bytes:
        number = next(count)
        return (
            f"From: robot@x.test\r\nTo: {letter.reply_to}\r\n"
            f"Subject: Su mensaje {number}\r\nMessage-ID: <echo{number}@x.test>\r\n"
            f"Date: {letter.mail['Date']}\r\n\r\nHemos recibido su mensaje {number}.\r\n"
        ).encode()

    return answer


def test_a_naive_answering_machine(tmp_path: Path, record_property: Record) -> None:
    """It answers every letter and says of itself nothing: two letters a day at most."""
    office = Office(tmp_path, more=PROMISES)
    post = Post(office)
    post.robots["robot@x.test"] = _echo()
    office.write("robot@x.test", "Alta", "Quiero darme de alta.")
    _week((office,), post)
    daily = post.machines_to("robot@x.test")
    record_property("figure", f"{sum(daily.values())} letters in 7 days")
    record_property("target", "two a day")
    assert daily
    assert max(daily.values()) <= 2, daily


# -- an out-of-office storm -------------------------------------------------------------------

KINDS: tuple[tuple[str, dict[str, str], str | None], ...] = (
    ("Respuesta automática: fuera de la oficina", {"Auto-Submitted": "auto-replied"}, None),
    ("Automatic reply: out of office", {}, None),  # no header at all
    ("Fuera de la oficina", {}, ""),  # a null sender
)


def storm(
    office: Office, people: int, each: int, seed: int
) -> Iterator[tuple[str, bytes, str]]:
    """So many away messages of each of so many people: (address, mail, envelope sender)."""
    chance = random.Random(seed)
    for number in range(people * each):
        person = f"p{number % people}@x.test"
        subject, headers, sender = KINDS[number % people % 3]
        mail = office.mail(
            person, f"{subject} {chance.randrange(10**6)}", f"Vuelvo el lunes. {number}",
            to="soporte@acme.test", **{k.replace("-", "_"): v for k, v in headers.items()},
        )  # fmt: skip
        yield person, mail.as_bytes(), person if sender is None else sender


@pytest.mark.proof
def test_an_out_of_office_storm(tmp_path: Path, record_property: Record) -> None:
    """4,000 away messages of 500 addresses in four days, a third without any header, a third
    with a null sender: at most one automatic letter an address and day, none where the
    envelope was empty, and no solved ticket opens again."""
    office = Office(tmp_path)
    people = 500
    for number in range(20):  # some of them have a solved request
        office.write(f"p{number}@x.test", f"Asunto {number}")
        notice = next(n for n in office.letters() if n.type == "agent-new")
        office.answer(notice, "#resuelto\nListo.")
    office.letters()
    daily: Counter[tuple[str, str]] = Counter()
    mails = list(storm(office, people, 8, seed=5))
    for number, (_, raw, sender) in enumerate(mails):
        if number % 1000 == 0:
            office.clock.wind(days=1)
        office.store.intake.take(raw, Envelope("smtp", sender, ("soporte@acme.test",)))
        if number % 200 == 199:
            while office.worker.work():
                pass
            sent = [n for n in office.letters() if n.mail["Auto-Submitted"]]
            daily.update((f"{office.clock.now():%F}", letter.to) for letter in sent)
    assert not office.troubles
    to_people = {key: count for key, count in daily.items() if key[1].endswith("@x.test")}
    silent = {person for person, _, sender in mails if sender == ""}
    assert not [to for _, to in to_people if to in silent]
    record_property(
        "figure",
        f"{len(mails)} mails: {sum(to_people.values())} answered, "
        f"at most {max(to_people.values(), default=0)} an address and day",
    )
    record_property("target", "1 an address and day, 0 to null senders, 0 reopened")
    assert max(to_people.values(), default=0) <= 1
    assert [office.ticket(n)["status"] for n in range(1, 21)] == ["resolved"] * 20


def test_a_sender_without_an_address_keeps_his_name(office: Office) -> None:
    """The agents see that Cron writes; no letter ever goes to a machine's bare `root`."""
    office.receive(
        b"From: root (Cron Daemon)\r\nTo: soporte@acme.test\r\nSubject: copia\r\n"
        b"Message-ID: <1@noche.test>\r\n\r\nNo queda sitio en el disco.\r\n",
        Envelope("smtp", sender="", recipients=("soporte@acme.test",)),
    )
    assert office.ticket()["requester"] == {"name": "Cron Daemon", "email": "nobody@invalid"}
    [notice] = office.letters()
    assert (notice.type, "Cron Daemon" in notice.text) == ("agent-new", True)
    office.answer(notice, "Ya está libre.")
    [refusal] = office.letters()
    assert (refusal.to, refusal.type) == ("ana@acme.test", "command-error")
