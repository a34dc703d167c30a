"""Signs mail as a sender's mail system does (DKIM, RFC 6376), with a key made for the test."""

import subprocess
from dataclasses import dataclass, field
from functools import cache

import dkim

#: what mail systems sign by habit
HABIT = (b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"content-type")


@cache
def _key(bits: int, number: int) -> bytes:
    made = subprocess.run(
        ["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True
    )
    return made.stdout


@dataclass(frozen=True)
class MailSystem:
    """One that signs for its domain; `record` is what stands in DNS."""

    domain: str = "acme.test"
    selector: str = "s1"
    bits: int = 2048
    number: int = 0  #: another number is another key
    flags: str = ""
    signs: tuple[bytes, ...] = field(default=HABIT)

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        public = subprocess.run(
            ["openssl", "rsa", "-pubout"],
            input=_key(self.bits, self.number),
            check=True,
            capture_output=True,
        ).stdout
        return f"v=DKIM1; k=rsa; {self.flags}p={''.join(public.decode().split()[3:-3])}"

    @property
    def texts(self) -> list[str]:
        """The record as a zone file has it: in pieces of at most 255 bytes."""
        record = self.record
        pieces = [record[at : at + 200] for at in range(0, len(record), 200)]
        return [" ".join(f'"{piece}"' for piece in pieces)]

    def sign(self, raw: bytes, *, length: bool = False, algorithm: str = "rsa-sha256") -> bytes:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        there = {
            line.partition(b":")[0].lower() for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n")
        }
        signature = dkim.sign(
            raw,
            self.selector.encode(),
            self.domain.encode(),
            _key(self.bits, self.number),
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=algorithm.encode(),
            include_headers=[name for name in self.signs if name in there],
            length=length,
        )
        return bytes(signature) + raw
