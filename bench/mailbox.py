"""A full mailbox, against a bare client that fetches and moves the same mails.

Ours has them durable in the inbox before it moves them, and makes tickets of them meanwhile.
Dovecot's files are looked at from outside, which disturbs nobody.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from bench.corpus import corpus
from bench.daemon import running
from bench.figures import Figure, at_least
from bench.latency import MAILBOX
from maild.store import open_store
from tests.servers.dovecot import Dovecot

TOGETHER = 50  #: mails in one command of the bare client; ours takes up to 200, or 8 MB
MAILS = int(os.environ.get("BENCH_IMAP", "2000"))


def mailbox() -> Iterator[Figure]:
    """So many mails, by each of both."""
    mails = [sample.raw for sample in corpus(MAILS, seed=21)]
    dovecot = Dovecot()
    try:
        bare = max(_bare(dovecot, mails) for _ in range(2))
        ours = _ours(dovecot, mails)
    finally:
        dovecot.close()
    yield Figure(
        f"bare imapclient, fetch and move {MAILS} mails, {TOGETHER} at a time", f"{bare:.0f}/s"
    )
    yield at_least(f"IMAP: durable and moved ({ours:.0f}/s) ÷ that", ours / bare, 0.5)


def _bare(dovecot: Dovecot, mails: list[bytes]) -> float:
    """Mails a second."""
    user = dovecot.user()
    dovecot.fill(user, mails)
    client = dovecot.client(user)
    client.create_folder("Processed")
    started = time.perf_counter()
    numbers = client.search()
    assert len(numbers) == len(mails)
    for start in range(0, len(numbers), TOGETHER):
        some = numbers[start : start + TOGETHER]
        assert len(client.fetch(some, ["BODY.PEEK[]"])) == len(some)
        client.move(some, "Processed")
    took = time.perf_counter() - started
    client.logout()
    return len(mails) / took


def _ours(dovecot: Dovecot, mails: list[bytes]) -> float:
    """Mails a second, from the start of the daemon's search to the last move."""
    user = dovecot.user()
    dovecot.fill(user, [])
    box = dovecot.folder / "mail" / user
    # in pilot mode letters are written and kept, too, and mailboxes are no longer left alone
    more = MAILBOX.format(port=dovecot.port, user=user)
    with running(mode="pilot", more=more) as daemon:
        dovecot.fill(user, mails)  # a moment's work; the clock starts with the first mail taken
        _await_empty(box)
        ended = time.time()
        daemon.await_done(len(mails), seconds=300)
        store = open_store(daemon.url)
        first, count = store.engine.one("SELECT min(received), count(*) FROM intake") or (0, 0)
        batch = store.engine.one("SELECT count(*) FROM intake WHERE received = ?", [first])
        store.close()
    assert count == len(mails) and batch is not None, f"{count} of {len(mails)}"
    return float((count - batch[0]) / (ended - first / 1e6))


def _await_empty(box: Path) -> None:
    until = time.monotonic() + 300
    while any(any((box / part).iterdir()) for part in ("new", "cur")):
        assert time.monotonic() < until, "the mailbox is not emptied"
        time.sleep(0.02)
