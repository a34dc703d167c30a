"""What ends some day: client secrets, certificates, grants; and when to warn of it."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from maild.health.sentences import told

#: days before the end on which the admins are warned; 0: it has ended
WARN_AT = (0, 1, 7, 14)
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]{1,100000}?)-----END CERTIFICATE-----"
)


class Life(NamedTuple):
    """From when until when a certificate holds."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something with an end."""

    #: "client-secret" | "sign-in" | "door-certificate" | "server-certificate": a key of the
    #: sentences
    kind: str
    name: str  #: whose, or the file
    ends: datetime
    begins: datetime | None = None  #: where it is known

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
        return next((days for days in self._steps() if left <= timedelta(days=days)), None)

    def _steps(self) -> Iterator[int]:
        """What lives for a week is renewed every few days: no news in the first half."""
        for days in WARN_AT:
            if self.begins is None or timedelta(days=2 * days) <= self.ends - self.begins:
                yield days


def certificate_of_file(path: Path) -> Life | None:
    """The life of the first certificate of a PEM file; None where there is none to read."""
    try:
        found = _PEM.search(path.read_bytes()[:1_000_000])
        return der_life(base64.b64decode(found[1])) if found else None
    except (OSError, ValueError):
        return None


def der_life(der: bytes) -> Life | None:
    """The validity of a certificate (RFC 5280 section 4.1.2.5), good or not."""
    try:
        _, start, _ = _element(der, 0)  # Certificate
        _, at, _ = _element(der, start)  # TBSCertificate
        tag, _, end = _element(der, at)
        if tag == 0xA0:  # version
            at = end
        for _ in range(3):  # serial number, signature, issuer
            _, _, at = _element(der, at)
        _, at, _ = _element(der, at)  # validity
        begins, at = _instant(der, at)
        return Life(begins, _instant(der, at)[0])
    except (IndexError, ValueError):
        return None


def _instant(der: bytes, at: int) -> tuple[datetime, int]:
    """A time, and where the next element begins."""
    tag, begin, end = _element(der, at)
    text = der[begin:end].decode("ascii")
    form = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC), end


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the content begins and where it ends."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    if at + length > len(der):
        raise ValueError("cut off")
    return tag, at, at + length
