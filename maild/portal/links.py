"""The links in letters, and the signed words inside them and inside the pages' forms. Pure.

Each word is bound to one purpose and expires; it is only ever accepted in the very form in
which it was made. Links begin with the configured address, never with what a request says.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

PURPOSES = "ticket survey sign-in session form sent".split()
TICKET, SURVEY, SIGN_IN, SESSION, FORM, SENT = PURPOSES
_LONGEST = 1000
#: expiries are rounded up to this, so that the letters of a day carry one and the same link
_GRAIN = timedelta(days=1)


class Words:
    """Makes and reads signed words; one secret for the whole desk."""

    def __init__(self, secret: bytes) -> None:
        self._serializers = {purpose: _serializer(secret, purpose) for purpose in PURPOSES}

    def make(self, purpose: str, values: Sequence[Any], until: datetime) -> str:
        """A word that says these values until then."""
        return self._signed(purpose, [*values, int(until.timestamp())])

    def read(self, purpose: str, word: str, now: datetime) -> list[Any] | None:
        """What the word says; None for a wrong, altered or expired one."""
        if len(word) > _LONGEST or not word.isascii():
            return None
        try:
            said = self._serializers[purpose].loads(word)
        except BadData:
            return None
        # base64 has more than one spelling for the same bytes: only ours is right
        if not hmac.compare_digest(self._signed(purpose, said), word):
            return None
        *values, until = said
        return values if now.timestamp() < until else None

    def _signed(self, purpose: str, values: Sequence[Any]) -> str:
        word = self._serializers[purpose].dumps(list(values))
        return word if isinstance(word, str) else word.decode()


def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    """One whose key is derived once, not again for every word."""
    salt = f"maild.portal.{purpose}".encode()
    key = hmac.digest(secret, salt, "sha256")
    options = {"key_derivation": "none", "digest_method": sha256}
    return URLSafeSerializer(key, salt=salt, signer_kwargs=options)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long the links of each purpose hold."""

    ticket: timedelta = timedelta(days=180)
    survey: timedelta = timedelta(days=30)
    sign_in: timedelta = timedelta(minutes=15)
    session: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Links:
    """Where letters lead to."""

    words: Words
    base: str  #: `https://help.acme.test`
    lifetimes: Lifetimes = Lifetimes()

    def ticket(self, number: int, person: str, now: datetime) -> str:
        """A person's own page of a ticket."""
        until = _rounded(now + self.lifetimes.ticket)
        return f"{self.base}/t/{self.words.make(TICKET, [number, person.casefold()], until)}"

    def survey(self, number: int, solve: int, now: datetime) -> str:
        """The page where the requester says how the `solve`th solution was."""
        until = now + self.lifetimes.survey
        return f"{self.base}/s/{self.words.make(SURVEY, [number, solve], until)}"

    def scale(self, number: int, solve: int, now: datetime, *, scores: int) -> tuple[str, ...]:
        """A link a score, 1 first; each only opens the page with its score chosen."""
        page = self.survey(number, solve, now)
        return tuple(f"{page}?v={score}" for score in range(1, scores + 1))

    def sign_in(self, person: str, nonce: str, now: datetime, *, dashboard: bool) -> str:
        """Opens the pages once for a person."""
        until = now + self.lifetimes.sign_in
        word = self.words.make(SIGN_IN, [person.casefold(), nonce, int(dashboard)], until)
        return f"{self.base}/{'dashboard' if dashboard else 'requests'}/{word}"

    def article(self, slug: str) -> str:
        return f"{self.base}/kb/{slug}"


def _rounded(at: datetime) -> datetime:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return start + -((start - at) // _GRAIN) * _GRAIN
