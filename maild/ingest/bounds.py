"""Bounds on a raw message, checked on its bytes before anything reads it.

They cost microseconds and refuse what makes parsers slow. A refused mail is not lost: it
becomes a stub, with what a scan of its bytes can tell.
"""

import re

from maild.ingest import words
from maild.ingest.addresses import mailboxes
from maild.model.mail import Mail

MAX_SIZE = 80 * 2**20  #: bytes of a raw message; doors set lower limits of their own
MAX_HEADER = 256 * 2**10  #: bytes of the header block
MAX_FIELDS = 2_000  #: header fields
MAX_MULTIPARTS = 200  #: parts that hold parts, those in attached messages included
MAX_BOUNDARIES = 1_000
MAX_DELIMITERS = 40_000  #: lines that begin with `--`
MAX_PARTS = 1_000  #: leaves of the tree, counted by `tree`
MAX_LINES = 4_000_000

_FIELD = re.compile(
    rb"^(From|Subject|Message-ID|Date)[ \t]{0,20}:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"<[^<>\s]{1,998}>")
_SCANNED = 64_000
_LONGEST = 4_000


def header_end(raw: bytes) -> int:
    """Where the header block ends: the place of the first blank line, or all of it."""
    end = limit = min(MAX_HEADER + 4, len(raw))
    for blank in (b"\n\n", b"\n\r\n", b"\r\r"):
        at = raw.find(blank, 0, min(end + 2, limit))
        if at > 0 and blank[:1] == b"\n" and raw[at - 1 : at] == b"\r":
            at -= 1
        end = at if 0 <= at < end else end
    return end if end < limit else len(raw)


def refuse(raw: bytes) -> str | None:
    """Why a message is not to be parsed, or None."""
    if len(raw) > MAX_SIZE:
        return f"it is larger than {MAX_SIZE // 2**20} MB"
    end = header_end(raw)
    if end > MAX_HEADER:
        return f"its header is larger than {MAX_HEADER // 2**10} kB"
    if raw.count(b"\n", 0, end) > MAX_FIELDS * 4 or _fields(raw[:end]) > MAX_FIELDS:
        return f"it has more than {MAX_FIELDS} header fields"
    if raw.count(b"ultipart/") + raw.count(b"ULTIPART/") > MAX_MULTIPARTS:
        return f"it has more than {MAX_MULTIPARTS} nested parts"
    if raw.count(b"oundary=") + raw.count(b"OUNDARY=") > MAX_BOUNDARIES:
        return f"it has more than {MAX_BOUNDARIES} part boundaries"
    if raw.count(b"\n--") > MAX_DELIMITERS:
        return f"it has more than {MAX_DELIMITERS} part delimiters"
    if raw.count(b"\n") > MAX_LINES:
        return f"it has more than {MAX_LINES} lines"
    return None


def _fields(head: bytes) -> int:
    lines = head.count(b"\n") + 1
    if lines <= MAX_FIELDS:
        return lines
    return lines - head.count(b"\n ") - head.count(b"\n\t")


def stub(raw: bytes, error: str, *, envelope_sender: str | None = None) -> Mail:
    """A mail that was not read: sender, subject, id and the reason, found by a byte scan."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(raw[:_SCANNED]):
        value = match[2][:_LONGEST].decode("ascii", "surrogateescape").strip()
        found.setdefault(match[1].decode("ascii").lower(), value)
    senders = mailboxes(found.get("from", "")) or mailboxes(envelope_sender or "")
    message_id = _ID.search(found.get("message-id", ""))
    headers = tuple((name.title(), words.decode(value)) for name, value in found.items())
    return Mail(
        subject=words.decode(found.get("subject", "")),
        from_=senders[0] if senders else None,
        senders=tuple(senders),
        message_id=words.clean(message_id[0]) if message_id else None,
        headers=headers,
        error=error,
    )
