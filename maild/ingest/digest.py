"""What makes two messages the same one: Message-ID, From, Date, Subject and the body.

Trace headers, line ends and blank lines at the end do not count, so a copy that came by
another road is known again; a different mail under the same Message-ID is a different mail.
Works on raw bytes, in time linear in their number: it runs before a door answers.
"""

import re
from hashlib import sha256

_IDENTITY = (b"message-id", b"from", b"date", b"subject")
_HEADER_BLOCK_MAX = 262_144
#: a line that can't stand in a header (RFC 5322 2.2): the body has begun
_NO_HEADER = re.compile(rb"^(?![!-9;-~]+[ \t]*:|[ \t]|From |>From )[^\n]", re.MULTILINE)


def content_digest(raw: bytes) -> str:
    """Hex SHA-256 over the identity headers and the body of a raw message."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    head, _, body = lines.partition(b"\n\n")
    if broken := _NO_HEADER.search(head):
        head, body = lines[: broken.start()], lines[broken.start() :]
    head, beyond = head[:_HEADER_BLOCK_MAX], head[_HEADER_BLOCK_MAX:]
    total = sha256()
    for name, value in sorted(_identity_headers(head)):
        total.update(name + b":" + value + b"\n")
    total.update(b"\n" + beyond + body.rstrip(b"\n \t"))
    return total.hexdigest()


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
