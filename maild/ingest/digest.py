"""What makes two messages the same one: Message-ID, From, Date, Subject and the body.

Trace headers, line ends and blank lines at the end do not count, so a copy that came by
another road is known again; a different mail under the same Message-ID is a different mail.
Works on raw bytes, in time linear in their number and with a piece of them at a time.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain

_IDENTITY = (b"message-id", b"from", b"date", b"subject")
_HEADER_BLOCK_MAX = 262_144
_PIECE = 1_000_000  #: bytes looked at together
#: a line that can't stand in a header (RFC 5322 2.2): the body has begun
_NO_HEADER = re.compile(rb"^(?![!-9;-~]+[ \t]*:|[ \t]|From |>From )[^\n]", re.MULTILINE)


def content_digest(raw: bytes) -> str:
    """Hex SHA-256 over the identity headers and the body of a raw message."""
    pieces = _lines(raw)
    head, body = _parted(pieces)
    head, beyond = head[:_HEADER_BLOCK_MAX], head[_HEADER_BLOCK_MAX:]
    total = sha256()
    for name, value in sorted(_identity_headers(head)):
        total.update(name + b":" + value + b"\n")
    total.update(b"\n" + beyond)
    blanks: list[bytes] = []  # they count unless they are the last
    for piece in chain([body], pieces):
        words = piece.rstrip(b"\n \t")
        if words:
            total.update(b"".join(blanks))
            total.update(words)
            blanks.clear()
        blanks.append(piece[len(words) :])
    return total.hexdigest()


def _lines(raw: bytes) -> Iterator[bytes]:
    """Its pieces, with LF for every line end, and without blank lines at the beginning."""
    begun = False
    start = 0
    while start < len(raw):
        end = start + _PIECE
        end += raw[end - 1 : end + 1] == b"\r\n"
        piece = raw[start:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        start = end
        if not begun:
            piece = piece.lstrip(b"\n")
            begun = bool(piece)
        if begun:
            yield piece


def _parted(pieces: Iterator[bytes]) -> tuple[bytes, bytes]:
    """The header, and what of the body was read with it."""
    lines = next(pieces, b"")
    while b"\n\n" not in lines and (more := next(pieces, b"")):
        lines += more
    head, _, body = lines.partition(b"\n\n")
    if broken := _NO_HEADER.search(head):
        return lines[: broken.start()], lines[broken.start() :]
    return head, body


def _identity_headers(head: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    wanted = False
    for line in head.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if wanted:
                name, value = found[-1]
                found[-1] = (name, value + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        wanted = bool(colon) and name.strip().lower() in _IDENTITY
        if wanted:
            found.append((name.strip().lower(), value.strip()))
    return found
