"""`/metrics`: what Prometheus is told, all of it read from the store at each scrape.

Names begin with `maild_`; counters come from rows that stay, so a restart resets none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from maild import __version__
from maild.errors import MaildError
from maild.health.expiry import Expiring
from maild.health.parts import living, missing
from maild.interfaces import Clock
from maild.store import Store

Family = GaugeMetricFamily | CounterMetricFamily


class DeskCollector(Collector):
    """One scrape. Where the store can't be read only `maild_store_up 0` and parts are told."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        parts: Sequence[str],
        mailboxes: Sequence[str],
        expiring: Callable[[], Sequence[Expiring]],
        free_disk: Callable[[], int],
        alive: Callable[[], set[str] | None] = living,
    ) -> None:
        self._store = store
        self._clock = clock
        self._parts = parts
        self._mailboxes = mailboxes
        self._expiring = expiring
        self._free_disk = free_disk
        self._alive = alive

    def describe(self) -> list[Any]:
        """Nothing is read before the first scrape."""
        return []

    def collect(self) -> Iterator[Family]:
        yield _gauge("info", "1, with the version.", {(__version__,): 1}, "version")
        gone = missing(self._parts, self._alive())
        parts = {(part,): int(part not in gone) for part in self._parts}
        yield _gauge("part_up", "1 while the process of a part lives.", parts, "part")
        up = 1
        try:
            yield from list(self._from_store(self._clock.now()))
        except MaildError:
            up = 0
        yield _gauge("store_up", "1 while the store can be read.", {(): up})
        yield _gauge("disk_free_bytes", "Room beside the store.", {(): self._free_disk()})

    def _from_store(self, now: datetime) -> Iterator[Family]:
        yield from self._queues(now)
        gauges = self._store.gauges
        tickets = gauges.tickets()
        yield _gauge("tickets", "Not done.", tickets, "status", "department", "priority")
        overdue = {(clock,): n for clock, n in gauges.overdue(now).items()}
        yield _gauge("tickets_overdue", "Past a due time.", overdue, "clock")
        yield _counter("events", "SLA steps, failed deliveries.", gauges.events(), "kind")
        yield from self._mailbox_lags(now)
        troubles = {(t.name,): _age(t.since, now) for t in self._store.troubles.all()}
        yield _gauge("trouble_seconds", "How long something is in trouble.", troubles, "name")
        ends = {(e.what,): (e.ends - now).total_seconds() for e in self._expiring()}
        yield _gauge("expires_seconds", "Until something ends.", ends, "what")

    def _queues(self, now: datetime) -> Iterator[Family]:
        gauges = self._store.gauges
        intake = gauges.intake()
        done = {(outcome,): n for (state, outcome), n in intake.items() if state == "done"}
        yield _counter("received", "Messages done, by outcome.", done, "outcome")
        waits = {(state,): 0 for state in ("new", "held", "failed")}
        for (state, _), n in intake.items():
            if state != "done":
                waits[state,] = waits.get((state,), 0) + n
        yield _gauge("intake", "Messages not done.", waits, "state")
        letters = gauges.letters()
        sent = {(kind,): n for (state, kind), n in letters.items() if state == "sent"}
        yield _counter("letters_sent", "Letters that left, by type.", sent, "type")
        other = {key: n for key, n in letters.items() if key[0] != "sent"}
        yield _gauge("letters", "Letters that have not left.", other, "state", "type")
        oldest = {
            ("intake",): _age(gauges.oldest_intake(), now),
            ("letters",): _age(gauges.oldest_letter(), now),
        }
        yield _gauge("queue_oldest_seconds", "Age of what waits longest.", oldest, "queue")

    def _mailbox_lags(self, now: datetime) -> Iterator[Family]:
        looks = self._store.gauges.mailbox_looks()
        troubled = {trouble.name for trouble in self._store.troubles.all()}
        lags = {(m,): _age(looks[m], now) for m in self._mailboxes if m in looks}
        yield _gauge("mailbox_lag_seconds", "Since the last whole look.", lags, "mailbox")
        up = {(m,): int(f"mailbox:{m}" not in troubled) for m in self._mailboxes}
        yield _gauge("mailbox_up", "0 while a mailbox is in trouble.", up, "mailbox")


def page(collector: Collector) -> bytes:
    """The text Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _gauge(
    name: str, help: str, values: Mapping[Any, float], *labels: str
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"maild_{name}", help, labels=labels)
    _fill(family, values)
    return family


def _counter(
    name: str, help: str, values: Mapping[Any, float], *labels: str
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"maild_{name}", help, labels=labels)
    _fill(family, values)
    return family


def _fill(family: Family, values: Mapping[Any, float]) -> None:
    for labels, value in sorted(values.items()):
        family.add_metric([str(label) for label in labels], value)
