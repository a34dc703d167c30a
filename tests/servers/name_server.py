"""A name server on loopback with the records a test gives it."""

import socket
import threading
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset


class NameServer:
    """`records[("acme.com", "MX")] = ["10 mx.acme.com."]`; `silent` answers nobody."""

    def __init__(
        self,
        records: dict[tuple[str, str], list[str]],
        *,
        silent: bool = False,
        at: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.records = records
        self.silent = silent
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(at)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def resolver(self) -> Any:
        """One that asks here, and nobody else."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def async_resolver(self) -> Any:
        """The same for a program that waits for several answers at once."""
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def _serve(self) -> None:
        while True:
            try:
                packet, client = self._socket.recvfrom(4096)
                if not self.silent:
                    self._socket.sendto(self._answer(dns.message.from_wire(packet)), client)
            except OSError:
                return

    def _answer(self, query: Any) -> bytes:
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(n == name or n.endswith(f".{name}") for n, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return bytes(answer.to_wire())
