"""Letters out, against bare smtplib with the same letters to the same relay, one that says 250.

The letters are those of the intake's mix: written in shadow mode, let go by the store, then
put into words, composed, sent and marked as sent by a daemon in live mode.
"""

import smtplib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.client import send
from bench.corpus import corpus
from bench.daemon import Daemon, running
from bench.figures import Figure, at_least
from bench.only250 import only_250
from maild.store import open_store

MESSAGES = 700
DESK = "soporte@acme.test"


def letters() -> Iterator[Figure]:
    """Each letter has its own connection's turn at the relay, as delivery sends them."""
    with tempfile.TemporaryDirectory(prefix="maild-bench-") as name:
        folder = Path(name)
        with running(folder=folder) as daemon:
            send(daemon.port, corpus(MESSAGES, seed=31, to=DESK), connections=4, to=DESK)
            daemon.await_done(MESSAGES)
        _let_go(daemon)
        with running(folder=folder, mode="live") as daemon:  # as files: the bytes of each
            _await_sent(daemon)
        composed = [path.read_bytes() for path in (folder / "var/outgoing").glob("*.eml")]
        with only_250() as relay:
            bare = max(_bare(relay, composed) for _ in range(2))
            _let_go(daemon)
            with running(folder=folder, mode="live", relay=relay) as daemon:
                ours = _await_sent(daemon)
    yield Figure(f"bare smtplib, {len(composed)} letters, one connection", f"{bare:.0f}/s")
    yield at_least(f"letters worded, sent and marked ({ours:.0f}/s) ÷ that", ours / bare, 0.5)


def _bare(relay: int, composed: list[bytes]) -> float:
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", relay, timeout=30) as client:
        for raw in composed:
            client.sendmail("desk@acme.test", ["somebody@x.test"], raw)
    return len(composed) / (time.perf_counter() - started)


def _let_go(daemon: Daemon) -> None:
    """All letters are due again."""
    store = open_store(daemon.url)
    with store.write():
        store.engine.execute(
            "UPDATE letter SET state = 'queued', next_at = 0, attempts = 0, sent_at = NULL"
        )
    store.close()


def _await_sent(daemon: Daemon) -> float:
    """Letters a second, between the first and the last that was marked as sent."""
    store = open_store(daemon.url)
    until = time.monotonic() + 120
    try:
        while store.engine.one("SELECT 1 FROM letter WHERE state <> 'sent' LIMIT 1"):
            assert time.monotonic() < until, (daemon.folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        row = store.engine.one("SELECT count(*), max(sent_at) - min(sent_at) FROM letter")
        assert row is not None
        return float((row[0] - 1) / row[1] * 1e6)
    finally:
        store.close()
