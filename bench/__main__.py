"""`make bench`: prints each figure beside its aim; `python -m bench PART …` only some parts.

Ratios compare with something measured in the same run on the same machine, so that they
mean the same on another one. Rounds of both sides alternate; the median of their ratios
counts. For what is timed alone the fastest run does: what it costs when nobody disturbs it.
"""

import email
import email.policy
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.client import send
from bench.corpus import Sample, corpus
from bench.daemon import MAILD, running
from bench.figures import Figure, fastest
from bench.large import large_mail
from bench.latency import latency
from bench.letters import letters
from bench.mailbox import mailbox
from bench.only250 import only_250
from bench.portal import portal
from maild.config.shipped import shipped
from maild.ingest.parse import parse
from maild.rules import Facts, RuleSpec, compile_rules

ROUNDS = 3
MESSAGES = 1000
CONNECTIONS = 4
DESK = "soporte@acme.test"


def start_up() -> Iterator[Figure]:
    """Starting, and what an idle daemon holds."""
    command = [*MAILD, "-c", str(shipped("config.toml")), "check"]
    check = fastest(lambda: subprocess.run(command, capture_output=True), 7)
    yield Figure("maild check, shipped config", f"{check:.2f} s", "<= 0.6 s", check <= 0.6)
    readies = []
    for _ in range(5):
        with running() as daemon:
            readies.append(daemon.ready_after)
            time.sleep(1)
            resident, shared, count = daemon.memory()
    ready = min(readies)
    yield Figure("maild run until ready", f"{ready:.2f} s", "<= 1.5 s", ready <= 1.5)
    yield Figure("idle: main process, RSS", f"{resident:.0f} MB", "<= 90 MB", resident <= 90)
    yield Figure(f"idle: all {count} processes, PSS", f"{shared:.0f} MB")


@dataclass(frozen=True, slots=True)
class Round:
    """Messages a second: a server that only says 250, ours until the last 250, and ours
    until every ticket and letter is written; what each message cost us."""

    yardstick: float
    accepted: float
    durable: float
    cpu: float  #: seconds of processor time for each message
    letters: float  #: for each message


def intake() -> Iterator[Figure]:
    """Mail in, against a server that only says 250: the same client, the same mail."""
    rounds = [play(corpus(MESSAGES, seed=7 + number, to=DESK)) for number in range(ROUNDS)]
    yardstick, accepted, durable = (
        statistics.median(getattr(one, name) for one in rounds)
        for name in ("yardstick", "accepted", "durable")
    )
    first = statistics.median(one.accepted / one.yardstick for one in rounds)
    whole = statistics.median(one.durable / one.yardstick for one in rounds)
    cpu = min(one.cpu for one in rounds)
    yield Figure(
        f"aiosmtpd that only says 250, {CONNECTIONS} connections", f"{yardstick:.0f}/s"
    )
    yield Figure(
        f"250 once durable ({accepted:.0f}/s) ÷ that", f"{first:.2f}", ">= 0.60", first >= 0.6
    )
    yield Figure(
        f"tickets and letters durable ({durable:.0f}/s) ÷ that",
        f"{whole:.2f}",
        ">= 0.30",
        whole >= 0.30,
    )
    yield Figure("processor time for each message, all processes", f"{cpu * 1000:.1f} ms")
    yield Figure("letters for each message", f"{rounds[0].letters:.2f}")


def play(samples: list[Sample]) -> Round:
    """One round of both."""
    with only_250() as port:
        started = send(port, samples, connections=CONNECTIONS, to=DESK)
        yardstick = len(samples) / (time.perf_counter() - started)
    with running() as daemon:
        before = daemon.cpu()
        started = send(daemon.port, samples, connections=CONNECTIONS, to=DESK)
        accepted = len(samples) / (time.perf_counter() - started)
        durable = len(samples) / (daemon.await_done(len(samples)) - started)
        cpu = (daemon.cpu() - before) / len(samples)
        return Round(yardstick, accepted, durable, cpu, daemon.letters() / len(samples))


def rules() -> Iterator[Figure]:
    """What a thousand times as many rules cost a mail."""
    body = " ".join(f"palabra{i} y frase de otra clave{i % 7} cosa" for i in range(60))
    facts = Facts("Hola: prefijo5s", body)
    few, many = (compile_rules(keyword_rules(count)) for count in (10, 10_000))
    costs = [fastest(lambda book=book: book.decide(facts), 300) for book in (few, many)]
    ratio = costs[1] / costs[0]
    yield Figure(
        f"rules for a mail: 10,000 ({costs[1] * 1e6:.0f} µs) ÷ 10",
        f"{ratio:.2f}",
        "<= 2",
        ratio <= 2,
    )


def keyword_rules(count: int) -> list[RuleSpec]:
    return [
        RuleSpec(
            f"r{i}",
            ("new",),
            {"text_has": [f"clave{i} especial", f"prefijo{i}*", f"frase de {i}"]},
            {"tags": ["x"]},
        )
        for i in range(count)
    ]


def parsing() -> Iterator[Figure]:
    """maild's whole parse against the standard library's, policy.default and body."""
    samples = corpus(400, seed=11, to=DESK)
    ours = fastest(lambda: [parse(s.raw, envelope_sender=s.sender) for s in samples], 3)
    standard = fastest(lambda: [read_by_standard_library(s.raw) for s in samples], 3)
    yield Figure(
        f"parse ({len(samples) / ours:.0f}/s) ÷ email.policy.default with body",
        f"{standard / ours:.2f}",
    )


def read_by_standard_library(raw: bytes) -> None:
    """Headers, text and attachments, as far as it goes without raising."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    _ = [str(mail[name]) for name in ("From", "To", "Subject", "Date")]
    body = mail.get_body(("plain", "html"))
    try:
        _ = body.get_content() if body else None
    except LookupError:  # a charset it does not know
        _ = body.get_payload(decode=True) if body else None
    _ = [part.get_payload(decode=True) for part in mail.iter_attachments()]


PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "start": start_up,
    "intake": intake,
    "latency": latency,
    "imap": mailbox,
    "letters": letters,
    "large": large_mail,
    "portal": portal,
    "rules": rules,
    "parse": parsing,
}


def main(wanted: list[str]) -> None:
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    print(f"{os.cpu_count()} cores, {machine()}\n", flush=True)
    for part in wanted or PARTS:
        for figure in PARTS[part]():
            figure.print()


def machine() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


if __name__ == "__main__":
    main(sys.argv[1:])
