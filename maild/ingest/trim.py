"""What is new in a mail: the reply, and the quoted rest to fold away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text taken apart; reply + quoted hold every word of it."""

    reply: str
    quoted: str = ""
    inline_answers: bool = False


def trim(text: str, html: str | None = None) -> Trimmed:
    """Cut at the first quoted line (first draft)."""
    lines = text.split("\n")
    at = next((i for i, line in enumerate(lines) if line.startswith(">")), len(lines))
    reply = "\n".join(lines[:at]).strip("\n")
    if not reply.strip():
        return Trimmed(text)
    return Trimmed(reply, "\n".join(lines[at:]).strip("\n"))
