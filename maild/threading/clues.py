"""What in a mail points to a ticket. Finding is all that happens here; `match` judges.

Only the outer headers are read: a number inside a quoted or attached mail is no clue.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from maild.links import Signed, Signer, local_part_token
from maild.model.known import ReferenceHit
from maild.model.mail import Envelope, Mail

#: headers in which mail systems note the address a mail was really sent to
DELIVERY_HEADERS = (
    "Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To",
    "X-Forwarded-To",
)  # fmt: skip
REPLY_PURPOSES = ("reply", "confirm", "leave")
_SUBJECT_TOKEN = re.compile(r"\[~(\d{1,12}[a-z2-7]{29})\]", re.IGNORECASE)
_MAX_ADDRESSES = 200


@dataclass(frozen=True, slots=True)
class Clues:
    """Everything that points to a ticket, in the order found."""

    tokens: tuple[Signed, ...] = ()  #: signed words this desk really made
    references: tuple[ReferenceHit, ...] = ()  #: newest last
    personal: tuple[Signed, ...] = ()  #: our second ids in References, newest last
    tags: tuple[int, ...] = ()

    @property
    def answers_something(self) -> bool:
        return bool(self.references or self.personal)


def find_clues(
    mail: Mail,
    envelope: Envelope,
    *,
    signer: Signer,
    tag: str,
    look_up: Callable[[Sequence[str]], list[ReferenceHit]],
) -> Clues:
    """All clues of a mail. `tag` is the desk's word in subjects, `look_up` knows our ids."""
    sender = mail.from_.email if mail.from_ else ""
    words = [*_words_of(addresses_of(mail, envelope)), *_SUBJECT_TOKEN.findall(mail.subject)]
    signed = (signer.read(word, sender, purposes=REPLY_PURPOSES) for word in words)
    personal = (
        signer.read(_id_word(msgid), sender, purposes=("ref",)) for msgid in mail.references
    )
    return Clues(
        tokens=tuple(dict.fromkeys(s for s in signed if s)),
        references=tuple(look_up(mail.references)),
        personal=tuple(s for s in personal if s),
        tags=tuple(dict.fromkeys(tags_in(mail.subject, tag))),
    )


def addresses_of(mail: Mail, envelope: Envelope) -> list[str]:
    """Where the mail was sent: To, then Cc, then what the envelope and servers say."""
    noted = [v.strip().strip("<>") for name in DELIVERY_HEADERS for v in mail.all_headers(name)]
    listed = [address.email for address in (*mail.to, *mail.cc)]
    known = (a for a in (*listed, *envelope.recipients, *noted) if "@" in a or is_postmaster(a))
    return list(islice(known, _MAX_ADDRESSES))


def is_postmaster(address: str) -> bool:
    """Whoever keeps the mail of a domain; alone, of this machine (RFC 5321 4.5.1)."""
    return address.casefold().partition("@")[0] == "postmaster"


def tags_in(subject: str, tag: str) -> list[int]:
    """The numbers of `[ACME #1042]` tags in a subject, case and blanks aside."""
    pattern = rf"\[{re.escape(tag)}\s?#\s?(\d{{1,12}})\]"
    return [int(number) for number in re.findall(pattern, subject[:2000], re.IGNORECASE)]


_PREFIX = re.compile(
    r"(?:re|rv|fw|fwd|aw|wg|tr|rif|i|enc|res|r|sv|vs|antw)(?:\[\d{1,3}\])?\s?:\s?",
    re.IGNORECASE,
)


def without_token(subject: str) -> str:
    """A subject without signed words: as it may be kept and shown."""
    return " ".join(_SUBJECT_TOKEN.sub(" ", subject).split())


def bare_subject(subject: str, tag: str) -> str:
    """A subject without `Re:`, our tag and tokens: what it is about."""
    rest = re.sub(rf"\[{re.escape(tag)}\s?#\s?\d{{1,12}}\]", " ", subject[:2000], flags=re.I)
    rest = _SUBJECT_TOKEN.sub(" ", rest).strip()
    for _ in range(20):
        found = _PREFIX.match(rest)
        if not found:
            break
        rest = rest[found.end() :].strip()
    return " ".join(rest.split())


def _words_of(addresses: Iterable[str]) -> list[str]:
    return [word for address in addresses if (word := local_part_token(address))]


def _id_word(msgid: str) -> str:
    return msgid.strip("<>").partition("@")[0]
