"""A hand that strikes at chosen system calls: the daemon killed there, the call failing there,
and the order in which a mail becomes durable and is answered.

strace does it from outside, so that not one line of maild is there for its tests' sake.
"""

import random
import re
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.checker import Checker, Sent
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink
from tests.servers.strace import Call, Hand, calls, failing, killing, meddling, recording
from tests.wire.desk import Desk, as_sent, mail, wait_until
from tests.wire.test_crash import CARRIERS, MAILBOX, Mta

pytestmark = pytest.mark.wire

Record = Callable[[str, object], None]
#: what writes, makes durable, answers, and gives a file its name
CALLS = ("fdatasync", "pwrite64", "sendto", "rename")


class Customers:
    """People who write one mail after another, each until it is taken."""

    def __init__(self, desk: Desk) -> None:
        self._mta = Mta(desk.port)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]
        for thread in self._threads:
            thread.start()

    @property
    def ledger(self) -> list[Sent]:
        return self._mta.ledger

    @property
    def taken(self) -> int:
        return sum(bool(sent.acknowledged) for sent in list(self.ledger))

    def _write(self, who: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            sent = Sent(f"mark-{who}-{number:05d}", f"c{who}.{number}@x.test")
            self.ledger.append(sent)
            text = mail(sent.sender, f"{sent.mark} no puedo acceder", f"{sent.mark}\nAyuda.")
            self._mta.deliver([(sent, text)], 0.1)

    def give_up(self) -> None:
        """Whatever has not been taken stays so."""
        self._mta.stop.set()
        self._stop.set()

    def go_home(self) -> None:
        """What has been written is brought to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a mail was never taken"


@contextmanager
def customers(desk: Desk) -> Iterator[Customers]:
    people = Customers(desk)
    try:
        yield people
    except BaseException:
        people.give_up()
        raise
    people.go_home()


# -- killed at a call ------------------------------------------------------------------------


def _struck(desk: Desk) -> bool:
    """Whether the daemon or a part of it has died."""
    gone = desk.daemon is None or desk.daemon.poll() is not None
    return gone or "a part died" in desk.log


def _strike(desk: Desk, call: str, when: int, *, patience: float) -> bool:
    """Run the desk until the so-manieth `call` kills some part; then all of it is killed."""
    desk.log_file.unlink(missing_ok=True)
    desk.under = meddling(call, killing(when))
    desk.spawn()
    until = time.monotonic() + patience
    while not (struck := _struck(desk)) and time.monotonic() < until:
        time.sleep(0.02)
    desk.kill()
    assert "Traceback" not in desk.log, desk.log
    return struck


def _sweep(desk: Desk, strikes: list[tuple[str, int]]) -> tuple[int, int, int]:
    """Strike at each; (mails taken, deaths, copies of letters) once all is well again."""
    deaths = 0
    with customers(desk) as people:
        for call, when in strikes:
            deaths += _strike(desk, call, when, patience=6.0)
        desk.under = ()
        desk.start()
    queue = desk.await_quiet(seconds=90)
    letters = desk.letters()
    checker = Checker(
        people.ledger, desk.tickets(), desk.show, queue, letters, desk.log, 2 * len(strikes),
        carriers=CARRIERS, every=20,
    )  # fmt: skip
    assert checker.faults() == []
    assert all(sent.acknowledged for sent in people.ledger)
    assert desk.run("verify").returncode == 0
    assert desk.stop() == 0
    return people.taken, deaths, len(letters) - len({m["Message-ID"] for m in letters})


def test_killed_at_a_few_calls(tmp_path: Path, sink: Sink) -> None:
    """One of each kind, at a place drawn by lot: nothing lost, nothing twice."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    strikes = [(call, chance.randrange(2, 30)) for call in CALLS[:3]]
    desk = Desk(tmp_path, sink=sink)
    try:
        _, deaths, _ = _sweep(desk, strikes)
    finally:
        desk.end()
    assert deaths


@pytest.mark.proof
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_every_call(
    tmp_path: Path, sink: Sink, call: str, record_property: Record
) -> None:
    """SIGKILL on entering the Kth call of a kind, K from 1 on and then farther and farther;
    letters are files where a name is given to them (rename)."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    farthest = 300 if call == "pwrite64" else 60  # a commit writes many pages
    places = [*range(1, 5), *sorted(chance.sample(range(5, farthest + 1), 7))]
    desk = Desk(tmp_path, sink=None if call == "rename" else sink)
    try:
        taken, deaths, copies = _sweep(desk, [(call, place) for place in places])
    finally:
        desk.end()
    record_property(
        "figure", f"{call}: 0 lost of {taken}, {deaths} kills, {copies} letters twice"
    )
    record_property("target", "0 lost, 0 tickets twice")
    assert deaths >= len(places) // 2


# -- killed at every step of a mail's way ------------------------------------------------------


@dataclass
class Way:
    """One part's share in what a mail causes; `steps` strikes at all of it, call by call."""

    desk: Desk
    part: str
    arrive: Callable[[Sent, EmailMessage], None]  #: brings a mail in, however long it takes
    ledger: list[Sent] = field(default_factory=list)

    def steps(self, call: str, stride: int = 1) -> int:
        """Kill at the 1st, 2nd, 3rd … call until a mail gets through without; how many."""
        kills = 0
        while self._strike(call, 1 + kills * stride):
            kills += 1
            assert kills < 80, "it has no end"
        return kills

    def _strike(self, call: str, when: int) -> bool:
        sent = Sent(f"mark-{self.part}-{call}-{when}", f"{self.part}{call}{when}@x.test")
        self.ledger.append(sent)
        text = mail(sent.sender, f"{sent.mark} no puedo acceder", sent.mark)
        victim = self.desk.parts()[self.part]
        hand = Hand([victim], call, killing(when))
        arriving = threading.Thread(target=self.arrive, args=(sent, text))
        arriving.start()
        dead = self._dies(victim, sent)
        hand.let_go()
        if dead:
            self.desk.kill()
            self.desk.start()
        arriving.join(60)
        assert not arriving.is_alive()
        wait_until(lambda: self._told(sent), seconds=40, why=f"letters about {sent.mark}")
        return dead

    def _dies(self, victim: int, sent: Sent) -> bool:
        """Whether it was struck before the mail's letters were there, or shortly after."""
        patience = float("inf")
        until = time.monotonic() + 40
        while Path(f"/proc/{victim}/exe").exists():
            now = time.monotonic()
            assert now < until, self.desk.log[-2000:]
            if self._told(sent):
                patience = min(patience, now + 0.4)
            if now > patience:
                return False
            time.sleep(0.01)
        return True

    def _told(self, sent: Sent) -> bool:
        """Whether both letters about it have left: to the customer and to the agent."""
        assert self.desk.sink is not None
        letters = list(self.desk.sink.letters)
        answered = any(sent.sender in letter.recipients for letter in letters)
        return answered and any(sent.mark.encode() in letter.raw for letter in letters)


@pytest.mark.proof
@pytest.mark.parametrize("part", ["door", "worker", "delivery", "mailboxes"])
def test_killed_at_every_step_of_a_mails_way(
    tmp_path: Path, sink: Sink, dovecot: Dovecot, part: str, record_property: Record
) -> None:
    """After the commit and before the 250, after the relay's 250 and before it is noted,
    before a mail is moved, at each other flush and answer and every fifth write of a part:
    killed there with all the daemon, which then goes on as if nothing had been."""
    desk = Desk(tmp_path, sink=sink)
    user = dovecot.user()
    if part == "mailboxes":
        desk.configure(more=MAILBOX.format(port=dovecot.port, user=user))

    def by_imap(sent: Sent, text: EmailMessage) -> None:
        with dovecot.client(user) as client:
            client.append("INBOX", as_sent(text))
            sent.acknowledged += 1
            wait_until(lambda: (client.noop(), not client.search())[1], seconds=60)

    def by_smtp(sent: Sent, text: EmailMessage) -> None:
        Mta(desk.port).deliver([(sent, text)], 0)

    try:
        desk.start()
        way = Way(desk, part, by_imap if part == "mailboxes" else by_smtp)
        steps = {call: way.steps(call) for call in ("fdatasync", "sendto")}
        steps["pwrite64"] = way.steps("pwrite64", stride=5)  # pages of one and the same commit
        kills = sum(steps.values())
        queue = desk.await_quiet()
        letters = desk.letters()
        checker = Checker(
            way.ledger, desk.tickets(), desk.show, queue, letters, desk.log, kills,
            carriers=CARRIERS,
        )  # fmt: skip
        assert checker.faults() == []
        assert desk.run("verify").returncode == 0
    finally:
        desk.end()
    copies = len(letters) - len({m["Message-ID"] for m in letters})
    record_property(
        "figure", f"{part}: all {kills} steps recovered from, {copies} letters twice"
    )
    record_property("target", "0 lost, 0 tickets twice, at most one copy a kill")
    assert steps["fdatasync"], steps


# -- a call that fails -----------------------------------------------------------------------


def _code(desk: Desk, text: EmailMessage) -> int:
    """What one SMTP transaction ends with; 0 for a line that broke."""
    try:
        desk.send(text)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except (OSError, smtplib.SMTPException):
        return 0
    return 250


@pytest.mark.proof
@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("fdatasync", "EIO"),
        ("fdatasync", "ENOSPC"),
        ("pwrite64", "EIO"),
        ("pwrite64", "ENOSPC"),
    ],
)
def test_a_call_that_fails_again_and_again(
    tmp_path: Path, sink: Sink, call: str, error: str, record_property: Record
) -> None:
    """Each fifth, then each third flush or write fails, in every part: a client hears 250 or
    4xx, never 5xx; what was answered 250 is there; without the faults all is well in 5 s."""
    codes: Counter[int] = Counter()
    taken: set[str] = set()
    number = 0

    def write(desk: Desk) -> int:
        nonlocal number
        number += 1
        code = _code(desk, mail(f"c{number}@x.test", f"n{number}"))
        codes[code] += 1
        if code == 250:
            taken.add(f"n{number}")
        return code

    with Desk(tmp_path, sink=sink) as desk:
        for step in (5, 3):
            hand = Hand(desk.parts().values(), call, failing(error, 1, step))
            for _ in range(40):
                write(desk)
            hand.let_go()
            begun = time.monotonic()
            wait_until(lambda: write(desk) == 250, seconds=5, why="well again")
            well = time.monotonic() - begun
        desk.await_quiet(seconds=90)
        tickets = [t["subject"] for t in desk.tickets()]
        assert taken <= set(tickets)
        assert len(tickets) == len(set(tickets)), "a ticket twice"
        assert desk.run("verify").returncode == 0
        assert len({m["Message-ID"] for m in desk.letters()}) == 2 * len(tickets)
    refused = sum(n for code, n in codes.items() if 400 <= code < 500)
    record_property(
        "figure",
        f"{call} {error}: {codes[250]} × 250, {refused} × 4xx, no 5xx; well after {well:.1f} s",
    )
    record_property("target", "0 lost, 0 × 5xx, well in 5 s")
    assert not [code for code in codes if code >= 500], codes


# -- the order of things ---------------------------------------------------------------------


def _durable_before_250(record: Path, door: int, marks: list[str]) -> list[str]:
    """Which of these mails were written to a file and flushed there between their coming in
    and the answer to them."""
    at_door = re.compile(rf"TCP:\[127\.0\.0\.1:{door}->")
    found = list(calls(record))
    return [mark for mark in marks if _is_durable(found, at_door, mark)]


def _is_durable(found: list[Call], at_door: re.Pattern[str], mark: str) -> bool:
    came = next(c for c in found if at_door.match(c.on) and "recv" in c.name and mark in c.rest)
    answer = next(
        c for c in found
        if c.on == came.on and c.name == "sendto" and c.began > came.ended and '"250 ' in c.rest
    )  # fmt: skip
    between = [c for c in found if c.began > came.ended and c.ended < answer.began]
    written = [c for c in between if c.name in ("write", "pwrite64") and mark in c.rest]
    return any(
        flush.name in ("fdatasync", "fsync") and flush.on == write.on
        for write in written
        for flush in between
        if flush.began > write.ended
    )


def _send_marked(desk: Desk, who: int, count: int) -> list[str]:
    """Mails over one connection, each marked."""
    marks = [f"mark-{who}-{number:03d}-mark" for number in range(count)]
    with smtplib.SMTP("127.0.0.1", desk.port, timeout=30) as client:
        for mark in marks:
            text = as_sent(mail(f"{mark}@x.test", mark, f"{mark}\n" * 4))
            client.sendmail(f"c{who}@x.test", ["soporte@acme.test"], text)
    return marks


def _order(folder: Path, sink: Sink, clients: int, each: int) -> tuple[int, int]:
    """How many mails, and how many of them were durable before their 250."""
    record = folder / "calls"
    seen = "recvfrom,recvmsg,sendto,write,pwrite64,fdatasync,fsync"
    desk = Desk(folder, sink=sink, under=recording(seen, record))
    try:
        desk.start()
        with ThreadPoolExecutor(clients) as pool:
            sent = pool.map(lambda who: _send_marked(desk, who, each), range(clients))
            marks = [mark for some in sent for mark in some]
        desk.stop()
        return len(marks), len(_durable_before_250(record, desk.port, marks))
    finally:
        desk.end()


def test_durable_before_250(tmp_path: Path, sink: Sink) -> None:
    """Written to a file and flushed to disk before the answer, as the system calls show."""
    assert _order(tmp_path, sink, 2, 10) == (20, 20)


@pytest.mark.proof
def test_two_hundred_durable_before_their_250(
    tmp_path: Path, sink: Sink, record_property: Record
) -> None:
    """The same for 200 mails over four connections, which share commits."""
    sent, durable = _order(tmp_path, sink, 4, 50)
    record_property("figure", f"{durable} of {sent} flushed before 250")
    record_property("target", "200 of 200")
    assert (sent, durable) == (200, 200)


def test_an_answer_before_the_flush_would_be_seen(tmp_path: Path) -> None:
    """The check itself: a record where 250 goes out first is not taken for durable."""
    tcp = "5<TCP:[127.0.0.1:25->127.0.0.1:999]>"
    lines = [
        f'7 recvfrom({tcp}, "x mark-1", 9, 0, NULL, NULL) = 8',
        '7 pwrite64(6</var/x-wal>, "mark-1", 6, 0) = 6',
        "8 fdatasync(6</var/x-wal> <unfinished ...>",
        f'7 sendto({tcp}, "250 OK", 8, 0, NULL, 0) = 8',
        "8 <... fdatasync resumed>) = 0",
    ]
    record = tmp_path / "calls"
    record.write_text("\n".join(lines))
    assert _durable_before_250(record, 25, ["mark-1"]) == []
    lines[3], lines[4] = lines[4], lines[3]
    record.write_text("\n".join(lines))
    assert _durable_before_250(record, 25, ["mark-1"]) == ["mark-1"]
