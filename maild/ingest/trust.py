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

_METHOD = re.compile(r"\s{0,9}[a-z0-9-]{1,40}\s{0,3}=", re.IGNORECASE)
_DMARC = re.compile(r"\s{0,9}dmarc\s{0,3}=\s{0,3}([a-z]{1,20})", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\sheader\.from\s{0,3}=\s{0,3}([^\s;]{1,255})", re.IGNORECASE)
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
    own, *verdicts = _results(headers[0])
    if results.authserv_id == MICROSOFT:
        if envelope.source not in results.microsoft_mailboxes or not _METHOD.match(own):
            return None  # an id before the first result: Exchange Online writes none
        verdicts.insert(0, own)
    elif own.split()[:1] != [results.authserv_id] and (
        own.strip().casefold() != results.authserv_id.casefold()
    ):
        return None
    return _dmarc_of(verdicts, mail.from_.domain)


def _results(header: str) -> list[str]:
    """The parts of an Authentication-Results field without comments and quoted strings:
    both may hold a stranger's words, such as his envelope sender (RFC 8601 section 2.2)."""
    parts, depth, quoted, escaped = [""], 0, False, False
    for char in header[:4000]:
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"' and not depth:
            quoted = not quoted
        elif not quoted and char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        elif not quoted and not depth:
            if char == ";":
                parts.append("")
            else:
                parts[-1] += char
    return parts


def _dmarc_of(verdicts: list[str], domain: str) -> str | None:
    """The first that speaks of DMARC; a `fail` beside it stands over it."""
    said = [(found[1].lower(), part) for part in verdicts if (found := _DMARC.match(part))]
    if not said:
        return None
    verdict, part = next((each for each in said if each[0] == "fail"), said[0])
    named = _HEADER_FROM.search(part)
    if verdict == "pass" and named and named[1].casefold() != domain:
        return None  # a pass for somebody else's domain
    return verdict
