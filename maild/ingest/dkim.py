"""DKIM signatures of a mail (RFC 6376), checked by ourselves; dkimpy does the arithmetic.

Stricter than the RFC, for what holds here may give orders: the signature must be of the
From's own domain, over the whole body and over every field that could make an old mail a new
one. No network: keys are handed in, as `dkim_keys` found them when the mail came. Needs the
extra `[auth]` where keys are handed in.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maild.model.mail import Signing

#: what a signature must cover; with them signed, a copy sent again is known as a copy
_COVERED = ("from", "to", "date", "message-id")
#: and where they are there
_COVERED_IF_THERE = ("subject", "cc")
#: RFC 5322 section 3.6: at most once; of two, one program reads the first, another the last
_ONCE = (
    *_COVERED, *_COVERED_IF_THERE, "sender", "reply-to", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301: rsa-sha1 is no proof any more
MAX_HEADER = 128_000
MAX_SIGNATURES = 5  #: looked at; more are nobody's habit
_MAX_TRIED = 2  #: of those that could hold
_BLANKS = re.compile(rb"[ \t]{1000}")  # dkimpy's patterns take quadratic time over them
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62}\.){1,10}[a-z0-9-]{2,63}")
_SELECTOR = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,62}")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_ADDRESS_DOMAIN = re.compile(rb"@([A-Za-z0-9._-]{1,253})")

_QUIET = logging.getLogger("maild.dkim")  # what it would say stands in the verdict
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A DKIM-Signature field: who says he signed, and where his key is."""

    place: int  #: among the mail's signatures
    domain: str
    selector: str
    tags: Mapping[bytes, bytes]

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def is_aligned(author: str, signer: str) -> bool:
    """Whether a signature of `signer` speaks for the domain `author`: the same, or one above
    it, which rules over its names anyway."""
    return author == signer or ("." in signer and author.endswith(f".{signer}"))


def wanted_keys(raw: bytes) -> list[str]:
    """The names of the keys that could prove this mail's From; few, and mostly none."""
    fields = _fields(raw)
    if fields is None:
        return []
    authors = {
        domain.decode("ascii").casefold()
        for name, value in fields
        if name == "from"
        for domain in _ADDRESS_DOMAIN.findall(value)[:5]
    }
    found = [
        claim.key_name
        for claim in _claims(fields)
        if any(is_aligned(author, claim.domain) for author in authors)
    ]
    return list(dict.fromkeys(found))[:_MAX_TRIED]


def check(raw: bytes, author: str, keys: Mapping[str, str]) -> Signing:
    """Whether a signature shows that a mail of the domain `author` is its own.

    `keys`: name -> record, "" where DNS gave no answer. Never raises.
    """
    fields = _fields(raw)
    if fields is None:
        return Signing("", "its header can't be checked")
    claims = [claim for claim in _claims(fields) if is_aligned(author, claim.domain)]
    if not claims:
        return Signing("", "no signature of the sender's domain")
    if twice := _twice(fields):
        return Signing("", f"it has two {twice} fields")
    if _BLANKS.search(raw):
        return Signing("", "it has too many blanks in a row")
    because = ""
    for claim in claims[:_MAX_TRIED]:
        because = _objection(claim, fields) or _verify(raw, claim, keys)
        if not because:
            return Signing(claim.domain, f"signed by {claim.domain} ({claim.selector})")
    return Signing("", because)


# -- the header ------------------------------------------------------------------------------


def _fields(raw: bytes) -> list[tuple[str, bytes]] | None:
    """(name, unfolded value) of each field; None where programs could read it differently."""
    end = re.search(rb"\r?\n\r?\n", raw[: MAX_HEADER + 4])
    if end is None or _CONTROLS.search(raw, 0, end.end()):
        return None
    fields: list[tuple[str, list[bytes]]] = []
    for line in re.split(rb"\r?\n", raw[: end.start()]):
        if line[:1] in (b" ", b"\t"):
            if not fields or not line.strip():
                return None
            fields[-1][1].append(line)
            continue
        name, colon, value = line.partition(b":")
        if not colon or not re.fullmatch(rb"[!-9;-~]{1,200}", name):
            return None
        fields.append((name.decode("ascii").lower(), [value]))
    return [(name, b" ".join(parts)) for name, parts in fields]


def _twice(fields: Sequence[tuple[str, bytes]]) -> str:
    names = [name for name, _ in fields]
    return next((name.title() for name in _ONCE if names.count(name) > 1), "")


def _claims(fields: Sequence[tuple[str, bytes]]) -> list[Claim]:
    values = [value for name, value in fields if name == "dkim-signature"]
    found = (_claim(place, value) for place, value in enumerate(values[:MAX_SIGNATURES]))
    return [claim for claim in found if claim is not None]


def _claim(place: int, value: bytes) -> Claim | None:
    tags: dict[bytes, bytes] = {}
    for part in value.split(b";"):
        name, _, said = part.partition(b"=")
        tags.setdefault(name.strip(), said.strip())
    domain = tags.get(b"d", b"").decode("ascii", "replace").casefold()
    selector = tags.get(b"s", b"").decode("ascii", "replace").casefold()
    if not _DOMAIN.fullmatch(domain) or not _SELECTOR.fullmatch(selector):
        return None
    return Claim(place, domain, selector, tags)


def _objection(claim: Claim, fields: Sequence[tuple[str, bytes]]) -> str:
    """Why this signature would show nothing even if it held."""
    if b"l" in claim.tags:
        return "its signature leaves a part of the body out (l=)"
    if claim.tags.get(b"a") not in _ALGORITHMS:
        return "its signature is of a kind that proves nothing"
    signed = {name.strip().lower() for name in claim.tags.get(b"h", b"").split(b":")}
    there = {name for name, _ in fields}
    for name in (*_COVERED, *(each for each in _COVERED_IF_THERE if each in there)):
        if name not in there or name.encode() not in signed:
            return f"its signature does not cover {name.title()}"
    return ""


# -- the signature ---------------------------------------------------------------------------


def _verify(raw: bytes, claim: Claim, keys: Mapping[str, str]) -> str:
    """ "" where the signature holds, else why not."""
    record = keys.get(claim.key_name)
    if not record:
        return (
            f"the key {claim.key_name} was not found"
            if record is None
            else (f"DNS gave no answer about {claim.key_name}")
        )
    if flaw := _flaw(record, claim):
        return flaw
    try:
        return "" if _holds(raw, claim, record) else "its signature does not hold"
    except Exception as error:  # dkimpy's many kinds: a field, a key, a body that is not right
        return f"its signature does not hold ({type(error).__name__})"


def _flaw(record: str, claim: Claim) -> str:
    """What the key's own record says against it (RFC 6376 section 3.6.1)."""
    tags = dict(part.strip().partition("=")[::2] for part in record.split(";"))
    flags = [flag.strip() for flag in tags.get("t", "").split(":")]
    if "y" in flags:
        return "its key is marked as a test"
    identity = claim.tags.get(b"i", b"").decode("ascii", "replace").casefold()
    if "s" in flags and identity and identity.rpartition("@")[2] != claim.domain:
        return "its key speaks for its own domain only"
    hashes = [name.strip() for name in tags.get("h", "").split(":") if name.strip()]
    return "its key allows another digest only" if hashes and "sha256" not in hashes else ""


def _holds(raw: bytes, claim: Claim, record: str) -> bool:
    import dkim

    checked = dkim.DKIM(raw, logger=_QUIET, minkey=1024)
    return bool(checked.verify(claim.place, dnsfunc=lambda name, timeout: record))
