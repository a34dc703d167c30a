"""Who a visitor is to the limits, and how often he may do a thing. In memory of one process."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

_MOST_KEYS = 50_000


@dataclass(slots=True)
class Bucket:
    """So many in so long, for each key; the keys not heard of for longest are forgotten."""

    count: int
    per: timedelta
    _times: "OrderedDict[str, deque[float]]" = field(default_factory=OrderedDict)

    def take(self, key: str, now: float) -> bool:
        """Whether one more is within the limit; it counts only then. `now`: seconds."""
        times = self._fresh(key, now)
        if len(times) >= self.count:
            return False
        times.append(now)
        return True

    def is_full(self, key: str, now: float) -> bool:
        return len(self._fresh(key, now)) >= self.count

    def _fresh(self, key: str, now: float) -> deque[float]:
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        while times and times[0] <= now - self.per.total_seconds():
            times.popleft()
        while len(self._times) > _MOST_KEYS:
            self._times.popitem(last=False)
        return times


@dataclass(frozen=True, slots=True)
class Proxies:
    """The reverse proxies whose X-Forwarded-For is believed."""

    networks: Sequence[str] = ()

    def client(self, peer: str, forwarded: str) -> str:
        """The visitor's address: the last one in the chain that is no proxy of ours."""
        chain = [part.strip() for part in forwarded.split(",") if part.strip()][-20:]
        address = peer
        while chain and self.has(address):
            address = chain.pop()
        return address if _parsed(address) else peer

    def has(self, address: str) -> bool:
        """Whether it is one of ours."""
        parsed = _parsed(address)
        return parsed is not None and any(
            parsed in ipaddress.ip_network(network, strict=False) for network in self.networks
        )


def neighbourhood(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 of an IPv6 one."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed or address[:64])


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return None
