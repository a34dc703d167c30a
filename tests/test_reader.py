"""Parsing in a child process: limits hold, a death costs one mail, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maild.ingest.html import clean_html
from maild.ingest.parse import parse
from maild.ingest.reader import Reader
from maild.ingest.sandbox import DEATH, MEMORY, TIME, Answer, Sandbox

MAILS = sorted((Path(__file__).parent / "mails" / "parse").glob("*.eml"))


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


def test_a_batch_reads_as_one_by_one(reader: Reader) -> None:
    """Mails come back in order, as `parse` alone reads them, with HTML fit to be shown."""
    raws = [path.read_bytes() for path in MAILS]
    mails = reader.read_many([(raw, None) for raw in raws])
    assert [replace(mail, shown_html=None) for mail in mails] == [parse(raw) for raw in raws]
    assert [mail.shown_html for mail in mails] == [
        mail.html and clean_html(mail.html) for mail in mails
    ]
    assert any(mail.shown_html for mail in mails)
    one = replace(reader.read(raws[0], envelope_sender=""), shown_html=None)
    assert one == parse(raws[0], envelope_sender="")
    assert reader.read_many([]) == []


def test_big_mails_pass_through_the_pipes(reader: Reader) -> None:
    """Mails larger than any pipe, to and fro, in one batch."""
    raws = [b"Subject: x\r\n\r\n" + bytes([65 + n]) * 3_000_000 for n in range(6)]
    assert [len(mail.text) for mail in reader.read_many([(raw, None) for raw in raws])] == [
        3_000_000
    ] * 6


# -- a child that misbehaves on demand ---------------------------------------------------


def act(job: bytes) -> bytes:
    """Do what the job says."""
    if job == b"hang":
        while True:
            time.sleep(1)
    if job == b"die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == b"eat":
        return bytes(len(bytearray(10**10)))
    if job == b"pid":
        return str(os.getpid()).encode()
    return job.upper()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("fault", "why"), [(b"hang", TIME), (b"die", DEATH), (b"eat", MEMORY)])
def test_only_the_culprit_is_lost(workers: int, fault: bytes, why: str) -> None:
    """Jobs before and behind one that kills its child are all done, in order."""
    box = Sandbox(act, deadline=0.5, memory=10**9, workers=workers)
    jobs = [b"a", b"b", fault, b"c", fault, *[b"x%d" % n for n in range(40)]]
    answers = list(box.run(jobs))
    box.close()
    expected = [Answer(None, why) if job == fault else Answer(job.upper()) for job in jobs]
    assert answers == expected


def test_the_child_is_kept() -> None:
    """Jobs share one warm child; after a death there is a new one."""
    box = Sandbox(act)
    first, again = (next(iter(list(box.run([b"pid"])))).result for _ in range(2))
    assert first == again != str(os.getpid()).encode()
    list(box.run([b"die"]))
    other = next(iter(list(box.run([b"pid"])))).result
    assert other != first
    box.close()


def test_a_run_broken_off_does_not_confuse_the_next() -> None:
    """Answers nobody waited for are not taken for those of later jobs."""
    box = Sandbox(act)
    assert next(box.run([b"a", b"b", b"c"])) == Answer(b"A")
    assert list(box.run([b"d"])) == [Answer(b"D")]
    box.close()


def test_closing_leaves_no_process() -> None:
    """After `close` the child is gone and has been waited for."""
    box = Sandbox(act)
    pid = int(next(iter(list(box.run([b"pid"])))).result or b"0")
    box.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_dies_with_its_parent() -> None:
    """A parent that is killed leaves no child behind, even one that hangs."""
    program = (
        "import sys, time; from tests.test_reader import act; "
        "from maild.ingest.sandbox import Sandbox\n"
        "box = Sandbox(act, deadline=60)\n"
        "print(next(iter(list(box.run([b'pid'])))).result.decode(), flush=True)\n"
        "list(box.run([b'hang']))\n"
    )
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    for _ in range(500):
        if not alive(child):
            return
        time.sleep(0.01)
    pytest.fail("the child lives on")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_slow_mail_becomes_a_stub() -> None:
    """A mail that takes too long keeps its sender and says why; the next one is read."""
    reader = Reader(deadline=0.0)
    slow = b"From: ana@x.test\r\nSubject: lento\r\n\r\n" + b"x" * 30_000_000
    mail = reader.read(slow)
    reader.close()
    assert (mail.error, mail.subject) == ("it took too long to read", "lento")


def test_a_mail_that_needs_too_much_memory_becomes_a_stub() -> None:
    """Memory is bounded; the mail behind is read by a new child."""
    reader = Reader(memory=60_000_000)
    big = b"From: ana@x.test\r\nSubject: grande\r\n\r\n" + b"x" * 40_000_000
    mails = reader.read_many([(big, None), (b"Subject: otro\r\n\r\nhola", None)])
    reader.close()
    assert [(m.error, m.subject, m.text) for m in mails] == [
        ("it needed too much memory", "grande", ""),
        (None, "otro", "hola"),
    ]
