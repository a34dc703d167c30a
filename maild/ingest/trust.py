"""Who really wrote a mail: the strongest proof that its From is true (CONTRACT section 3).

Only what cannot be made up counts: words this desk signed for this very address, ids it sent
there, and the verdict of the one mail server the admin trusts. A From that is not exactly
one address proves nothing.
"""

import re
from dataclasses import dataclass

from maild.ingest.dkim import is_aligned
from maild.model.mail import Envelope, Mail, Proof
from maild.threading.clues import Clues

_RESULT = re.compile(r"\bdmarc\s{0,3}=\s{0,3}([a-z]{1,20})", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\bheader\.from\s{0,3}=\s{0,3}\"?([^\s;\"]{1,255})", re.IGNORECASE)
MICROSOFT = "microsoft365"


@dataclass(frozen=True, slots=True)
class AuthResults:
    """Whose Authentication-Results are believed."""

    authserv_id: str = ""
    microsoft_mailboxes: frozenset[str] = frozenset()  #: "imap:NAME" of that provider


@dataclass(frozen=True, slots=True)
class Trust:
    proof: Proof
    because: str


def prove(
    mail: Mail,
    envelope: Envelope,
    clues: Clues,
    results: AuthResults,
    *,
    sent_here: bool = False,
) -> Trust:
    """The strongest proof, and the words for it. `sent_here`: To or Cc name this desk."""
    if mail.from_ is None or len(mail.senders) != 1:
        return Trust(Proof.NONE, "From is not exactly one address")
    dmarc = dmarc_result(mail, envelope, results)
    if dmarc == "fail":
        return Trust(Proof.NONE, "dmarc=fail")
    if any(token.for_sender for token in clues.tokens):
        return Trust(Proof.TOKEN, "the address was signed for this sender")
    if any(hit.address == mail.from_.key for hit in clues.references):
        return Trust(Proof.REFERENCE, "answers a letter sent to this sender")
    if any(signed.for_sender for signed in clues.personal):
        return Trust(Proof.REFERENCE, "carries the id of this sender's letters")
    if dmarc == "pass":
        return Trust(Proof.DMARC, "dmarc=pass")
    return _by_signature(mail, mail.from_.domain, sent_here=sent_here)


def _by_signature(mail: Mail, author: str, *, sent_here: bool) -> Trust:
    """A signature we checked. Only where To or Cc, which it covers, name this desk: what was
    written to somebody else, he may have sent on."""
    signing = mail.signing
    if signing is None:
        return Trust(Proof.NONE, "nothing proves the sender")
    if not signing.domain or not is_aligned(author, signing.domain):
        return Trust(Proof.NONE, f"nothing proves the sender; DKIM: {signing.because}")
    if not sent_here:
        return Trust(Proof.NONE, "it is signed, but neither To nor Cc names this desk")
    return Trust(Proof.DKIM, signing.because)


def dmarc_result(mail: Mail, envelope: Envelope, results: AuthResults) -> str | None:
    """`pass`, `fail`, another word, or None: no believed header speaks of this From.

    RFC 8601: the topmost field is the nearest server's own; those below may be forged.
    """
    headers = mail.all_headers("Authentication-Results")
    if not headers or not results.authserv_id or mail.from_ is None:
        return None
    first, _, rest = headers[0].partition(";")
    if results.authserv_id == MICROSOFT:
        if envelope.source not in results.microsoft_mailboxes:
            return None
        rest = headers[0]  # Exchange Online writes no id before the first result
    elif first.split()[:1] != [results.authserv_id] and (
        first.strip().casefold() != results.authserv_id.casefold()
    ):
        return None
    return _dmarc_of(rest, mail.from_.domain)


def _dmarc_of(text: str, domain: str) -> str | None:
    found = _RESULT.search(text[:4000])
    if not found:
        return None
    verdict = found[1].lower()
    named = _HEADER_FROM.search(text[found.end() : 4000])
    if verdict == "pass" and named and named[1].casefold() != domain:
        return None  # a pass for somebody else's domain
    return verdict
