"""What ends some day: client secrets, certificates, grants; and when to warn of it."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.health.sentences import told

#: days before the end on which the admins are warned; 0: it has ended
WARN_AT = (0, 1, 7, 14)
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]{1,100000}?)-----END CERTIFICATE-----"
)


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something with an end."""

    kind: str  #: "client-secret" | "sign-in" | "door-certificate": a key of the sentences
    name: str  #: whose, or the file
    ends: datetime

    @property
    def what(self) -> str:
        """Its name in metrics and in `doctor`: "the client secret of main"."""
        return self.words("en")[0]

    def words(self, language: str) -> tuple[str, str]:
        """What it is, and what to do about it."""
        return told(self.kind, language, name=self.name)

    def step(self, now: datetime) -> int | None:
        """Which warning is due: so many days before the end at most; None: none yet."""
        left = self.ends - now
        return next((days for days in WARN_AT if left <= timedelta(days=days)), None)


def certificate_end(path: Path) -> datetime | None:
    """When the first certificate of a PEM file ends; None where there is none to read."""
    try:
        found = _PEM.search(path.read_bytes()[:1_000_000])
        return der_end(base64.b64decode(found[1])) if found else None
    except (OSError, ValueError):
        return None


def der_end(der: bytes) -> datetime | None:
    """notAfter of a certificate (RFC 5280 section 4.1.2.5), valid or not."""
    try:
        _, start, _ = _element(der, 0)  # Certificate
        _, at, _ = _element(der, start)  # TBSCertificate
        tag, _, end = _element(der, at)
        if tag == 0xA0:  # version
            at = end
        for _ in range(3):  # serial number, signature, issuer
            _, _, at = _element(der, at)
        _, at, _ = _element(der, at)  # validity
        _, _, at = _element(der, at)  # notBefore
        tag, begin, end = _element(der, at)
        text = der[begin:end].decode("ascii")
        form = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the content begins and where it ends."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    if at + length > len(der):
        raise ValueError("cut off")
    return tag, at, at + length
