"""How much the door for mail lets in: sizes, counts and times, and who is in just now.

Pure bookkeeping on one event loop; the protocol asks, and says the sentence.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What one door bears. Sizes in bytes, times in seconds."""

    max_size: int = 25 * MB
    max_connections: int = 100
    max_per_address: int = 10  #: connections of one IPv4 address, or one IPv6 /64
    max_recipients: int = 100  #: RFC 5321 4.5.3.1.8 wants at least 100
    max_command: int = 2048  #: one command line; RFC 5321 asks for 512
    max_fruitless: int = 200  #: commands in a row without a mail taken
    max_hops: int = 50  #: Received fields; beyond it the mail runs in a circle
    command_wait: float = 300.0  #: the longest silence between two commands
    session: float = 600.0  #: the longest time without a mail taken; one DATA must fit in
    bytes_in_flight: int = 128 * MB  #: received and not yet durable, of all connections
    batch_count: int = 100  #: mails in one commit
    batch_bytes: int = 32 * MB

    @property
    def disk_floor(self) -> int:
        """Free space below which no mail is begun: one largest mail and its index."""
        return max(self.max_size + self.max_size // 2, 64 * MB)


@dataclass(slots=True)
class Traffic:
    """What went through the door since it opened, for the log and the figures."""

    connections: int = 0
    refused_connections: int = 0
    taken: int = 0
    refused: int = 0  #: mails answered 5xx after their content was seen
    put_off: int = 0  #: mails answered 4xx after their content was seen


@dataclass(slots=True)
class Admission:
    """Who is in and how many bytes are held. One per door, used on its loop only."""

    limits: DoorLimits
    free_disk: Callable[[], int]  #: bytes free where the store lies
    bytes_held: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    _inside: Counter[str] = field(default_factory=Counter)
    _total: int = 0

    def enter(self, address: str) -> str | None:
        """Count a connection in; None, or the sentence that refuses it."""
        self.traffic.connections += 1
        key = neighbourhood(address)
        if self._total >= self.limits.max_connections:
            self.traffic.refused_connections += 1
            return "421 4.7.0 Too many connections, please come back in a minute"
        if self._inside[key] >= self.limits.max_per_address:
            self.traffic.refused_connections += 1
            return "421 4.7.0 Too many connections from your address"
        self._inside[key] += 1
        self._total += 1
        return None

    def leave(self, address: str) -> None:
        """Count a connection out that `enter` let in."""
        key = neighbourhood(address)
        self._total -= 1
        self._inside[key] -= 1
        if not self._inside[key]:
            del self._inside[key]

    def hold(self, size: int) -> bool:
        """Account for bytes kept in memory; False, and nothing held, if it is too much."""
        if self.bytes_held + size > self.limits.bytes_in_flight:
            return False
        self.bytes_held += size
        return True

    def release(self, size: int) -> None:
        self.bytes_held -= size

    def has_room(self) -> bool:
        """Whether the disk can take one more mail of the largest size."""
        return self.free_disk() >= self.limits.disk_floor


def neighbourhood(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
