"""Signed words that travel in addresses and pages, and come back as proof. Pure.

A reply address `soporte+1042…@acme.test` carries the ticket's number and two signatures:
one over the ticket (this desk wrote it), one over ticket and correspondent (it was written
for this very person). Base32 survives programs that lower-case addresses.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from itertools import product

_TICKET_CHARS, _PERSON_CHARS = 13, 16  # 65 and 80 bits
#: ten bits as two characters of base32; `base64` does it one by one
_PAIRS = ["".join(pair) for pair in product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)]
_TOKEN = re.compile(r"(\d{1,12})([a-z2-7]{13})([a-z2-7]{16})")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token says: its number, and whether it was made for the person at hand."""

    number: int
    purpose: str
    for_sender: bool


class Signer:
    """Makes and reads signed words. One secret for the whole desk, kept in the store."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, number: int, person: str, *, purpose: str = "reply") -> str:
        """The word for this number (a ticket, a letter, a held message) and this address."""
        personal = self._personal(purpose, number, person)
        return f"{number}{self._whole(purpose, number)}{personal}"

    def read(self, word: str, sender: str, *, purposes: tuple[str, ...]) -> Signed | None:
        """Whether this desk made the word for one of the purposes; None for anything else."""
        found = _TOKEN.fullmatch(word.lower())
        if not found:
            return None
        number = int(found[1])
        for purpose in purposes:
            if hmac.compare_digest(found[2], self._whole(purpose, number)):
                personal = self._personal(purpose, number, sender)
                return Signed(number, purpose, hmac.compare_digest(found[3], personal))
        return None

    def derived(self, purpose: str) -> bytes:
        """A secret of its own for another kind of signed word."""
        return hmac.new(self._secret, f"secret:{purpose}".encode(), sha256).digest()

    def _whole(self, purpose: str, number: int) -> str:
        return self._mac(f"{purpose}:{number}", _TICKET_CHARS)

    def _personal(self, purpose: str, number: int, person: str) -> str:
        return self._mac(f"{purpose}:{number}:{person.casefold()}", _PERSON_CHARS)

    def _mac(self, text: str, length: int) -> str:
        bits = int.from_bytes(hmac.digest(self._secret, text.encode(), "sha256")[:10], "big")
        return "".join([_PAIRS[bits >> shift & 1023] for shift in range(70, -1, -10)])[:length]


def new_secret() -> str:
    """A fresh signing secret, as text."""
    return secrets.token_hex(32)


def new_message_id(ticket: int | None, domain: str) -> str:
    """`<t1042.…@acme.test>` with 120 unguessable bits."""
    mark = f"t{ticket}" if ticket else "d"
    return f"<{mark}.{secrets.token_hex(15)}@{domain}>"


def personal_reference(signer: Signer, ticket: int, person: str, domain: str) -> str:
    """The second id a letter carries: always the same for a ticket and a person."""
    return f"<{signer.token(ticket, person, purpose='ref')}@{domain}>"


def local_part_token(address: str) -> str | None:
    """The word after the last `+` of an address's local part."""
    local, at, _ = address.rpartition("@")
    _, plus, word = local.rpartition("+")
    return word if at and plus and word else None
