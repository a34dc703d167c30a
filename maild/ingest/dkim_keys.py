"""Looks up the keys of DKIM signatures in DNS: several at once, within seconds, not twice.

For a process with a single thread. Only mail in the name of the house is looked at, so that
strangers can't have us ask for names of their choice.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from maild.ingest.dkim import MAX_HEADER, wanted_keys
from maild.ingest.reader import Item
from maild.model.mail import Mail

PATIENCE_S = 3.0  #: for all the keys of a batch of mail
KEPT_S = 600.0  #: a key that was found
MISSED_S = 60.0  #: one that is not there; and so long nobody asks a DNS that was silent
_MOST = 500
_FROM = re.compile(rb"^from[ \t]{0,20}:((?:[^\r\n]{0,2000}(?:\r?\n[ \t])?){0,20})", re.I | re.M)
_ADDRESS = re.compile(rb"[^\s<>\"(),;:@]{1,64}@[A-Za-z0-9._-]{1,253}")


class Reads(Protocol):
    """The sandboxed parser."""

    def stream(self, items: Sequence[Item]) -> Iterator[Mail]: ...


@dataclass(slots=True)
class KeyRing:
    """Keys by name. `resolver`: a `dns.asyncresolver.Resolver`; None asks this machine's own
    name servers. `monotonic`: seconds."""

    monotonic: Callable[[], float]
    resolver: Any = None
    patience: float = PATIENCE_S
    _known: dict[str, tuple[str | None, float]] = field(default_factory=dict)
    _silent_until: float = 0.0

    def find(self, names: Sequence[str]) -> dict[str, str]:
        """Name -> record for each that is there, "" where DNS gave no answer."""
        now = self.monotonic()
        missing = [name for name in dict.fromkeys(names) if not self._knows(name, now)]
        if missing and now >= self._silent_until:
            asyncio.run(self._ask(missing[:_MOST]))
        said = {name: self._known.get(name, ("", 0.0))[0] for name in names}
        return {name: record for name, record in said.items() if record is not None}

    def _knows(self, name: str, now: float) -> bool:
        return self._known.get(name, ("", now - 1))[1] > now

    async def _ask(self, names: Sequence[str]) -> None:
        if len(self._known) > _MOST:
            self._known.clear()
        for name in names:
            self._known.pop(name, None)
        questions = [asyncio.ensure_future(self._ask_one(name)) for name in names]
        _, late = await asyncio.wait(questions, timeout=self.patience)
        for question in late:
            question.cancel()
        await asyncio.gather(*questions, return_exceptions=True)
        if len(late) == len(names):
            self._silent_until = self.monotonic() + MISSED_S

    async def _ask_one(self, name: str) -> None:
        import dns.asyncresolver
        import dns.exception
        import dns.resolver

        if self.resolver is None:
            self.resolver = dns.asyncresolver.Resolver()
        try:
            answer = await self.resolver.resolve(name, "TXT", lifetime=self.patience)
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            self._known[name] = (None, self.monotonic() + MISSED_S)
        except dns.exception.DNSException:
            return
        else:
            texts = [b"".join(each.strings).decode("ascii", "replace") for each in answer]
            record = next((text for text in texts if "p=" in text), None)
            kept = KEPT_S if record else MISSED_S
            self._known[name] = (record, self.monotonic() + kept)


@dataclass(frozen=True, slots=True)
class KeyedReader:
    """A reader that has the signatures of the house's own people checked as well."""

    reader: Reads
    ring: KeyRing
    is_ours: Callable[[str], bool]  #: an agent's, supervisor's or admin's address

    def stream(self, items: Sequence[Item]) -> Iterator[Mail]:
        wanted = [wanted_keys(item[0]) if self._concerns(item[0]) else [] for item in items]
        names = [name for each in wanted for name in each]
        found = self.ring.find(names) if names else {}
        return self.reader.stream(
            [
                (item[0], item[1], _of(each, found)) if each else item
                for item, each in zip(items, wanted, strict=True)
            ]
        )

    def _concerns(self, raw: bytes) -> bool:
        named = _FROM.search(raw[:MAX_HEADER])
        addresses = _ADDRESS.findall(named[1])[:5] if named else []
        return any(self.is_ours(address.decode("ascii", "replace")) for address in addresses)


def _of(names: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    return {name: found[name] for name in names if name in found}
