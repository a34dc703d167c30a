"""The content of one mail while it comes in by SMTP: gathered within limits, and looked at.

What can't be a mail on the wire is told by its bytes alone (`objection`); what it means is
read later.
"""

from maild.ingest.door_limits import Admission

TOO_LARGE = "552 5.3.4 The message is larger than this help desk takes"
FULL = "452 4.3.1 No room for it just now, please try again later"
BARE_LINE_END = "550 5.5.2 A bare CR or LF is not a line end (RFC 5321 section 2.3.8)"
NUL = "550 5.6.0 The message contains a NUL character"
CIRCLE = "554 5.4.6 The message has passed through too many servers: it runs in a circle"

END_OF_DATA = b"\r\n.\r\n"


class Content:
    """The pieces of a mail while it comes in; too much of it is let go, and remembered."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.refusal: str | None = None
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        if self.refusal:
            return
        if self._size + len(piece) > self.admission.limits.max_size + len(END_OF_DATA) + 2:
            self._let_go(TOO_LARGE)
        elif not self.admission.hold(len(piece)):
            self._let_go(FULL)
        else:
            self._size += len(piece)
            self._pieces.append(piece)

    def bytes(self) -> bytes:
        """The mail as it was before it was dressed for the wire (RFC 5321 4.5.2)."""
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole[:-3].replace(b"\r\n.", b"\r\n")[2:]

    def drop(self) -> None:
        self.admission.release(self._size)
        self._size = 0
        self._pieces.clear()

    def _let_go(self, refusal: str) -> None:
        self.refusal = refusal
        self.drop()


def objection(content: bytes, *, max_hops: int) -> str | None:
    """Why these bytes can't be taken as a mail, as a reply; None if they can."""
    pairs = content.count(b"\r\n")
    if content.count(b"\n") != pairs or content.count(b"\r") != pairs:
        return BARE_LINE_END
    if b"\0" in content:
        return NUL
    head = content[: content.find(b"\r\n\r\n") + 2 or None].lower()
    hops = head.count(b"\r\nreceived:") + head.startswith(b"received:")
    return CIRCLE if hops > max_hops else None
