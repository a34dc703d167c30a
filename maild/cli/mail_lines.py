"""Raw messages as `maild parse` shows them: one JSON object a line, read in children."""

import base64
import json
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from maild.ingest import bounds
from maild.ingest.parse import parse as read_mail
from maild.ingest.reader import REASONS
from maild.ingest.sandbox import Sandbox
from maild.model.mail import Address, Attachment, Automatic, Mail

#: The kinds as the command names them: reactions are auto-replies to whoever reads this.
_KINDS = {
    Automatic.BOUNCE: "bounce",
    Automatic.AUTO_REPLY: "auto-reply",
    Automatic.REACTION: "auto-reply",
    Automatic.NO_ANSWER: "no-answer",
    Automatic.OWN: "no-answer",
}


def lines(
    paths: Iterable[str] | None, *, content: bool = False, workers: int | None = None
) -> Iterator[tuple[bytes, bool]]:
    """(JSON line, was it readable) for each path, in order; None: one message from stdin."""
    work = _Work(content)
    if paths is None:
        raw = sys.stdin.buffer.read()
        jobs: Iterable[bytes] = [_STDIN + raw]
    else:
        jobs = (path.encode("utf-8", "surrogateescape") for path in paths)
    pending: deque[bytes] = deque()
    box = Sandbox(work, workers=workers or os.cpu_count() or 1)
    try:
        for answer in box.run(_remember(jobs, pending)):
            job = pending.popleft()
            if answer.result is None:
                yield _lost(job, REASONS[answer.lost], content=content), True
            else:
                yield bytes(answer.result[1:]), answer.result[:1] == b"+"
    finally:
        box.close()


#: Marks a job that is a message, not a path; no path holds a NUL.
_STDIN = b"\x00"


def _remember(jobs: Iterable[bytes], pending: deque[bytes]) -> Iterator[bytes]:
    for job in jobs:
        pending.append(job)
        yield job


class _Work:
    """What the children do: a path, or a message after a NUL, becomes `+` and a JSON line."""

    def __init__(self, content: bool) -> None:
        self._content = content

    def __call__(self, job: bytes) -> bytes:
        if job[:1] == _STDIN:
            return b"+" + _line(None, read_mail(job[1:]), content=self._content)
        path = os.fsdecode(job)
        try:
            raw = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return b"-" + _line(path, Mail(error=f"can't read the file: {reason}"))
        return b"+" + _line(path, read_mail(raw), content=self._content)


def _lost(job: bytes, reason: str, *, content: bool) -> bytes:
    """The line of a message that was too much for a child."""
    if job[:1] == _STDIN:
        return _line(None, bounds.stub(job[1:], reason), content=content)
    path = os.fsdecode(job)
    try:
        with Path(path).open("rb") as file:
            raw = file.read(bounds.MAX_HEADER)
    except OSError:
        raw = b""
    return _line(path, bounds.stub(raw, reason), content=content)


def _line(path: str | None, mail: Mail, *, content: bool = False) -> bytes:
    return json.dumps(as_json(path, mail, content=content), ensure_ascii=False).encode(
        "utf-8", "backslashreplace"
    )


def as_json(path: str | None, mail: Mail, *, content: bool = False) -> dict[str, Any]:
    """A mail in the form of CONTRACT section 1."""
    automatic = mail.screening.automatic
    sender = mail.from_ or mail.unreachable
    return {
        "file": path,
        "subject": mail.subject,
        "from": _person(sender) if sender else None,
        "to": [_person(address) for address in mail.to],
        "cc": [_person(address) for address in mail.cc],
        "date": mail.date.isoformat().replace("+00:00", "Z") if mail.date else None,
        "message_id": mail.message_id,
        "references": list(mail.references),
        "text": mail.text,
        "html": mail.html,
        "reply": mail.reply,
        "attachments": [_attachment(a, content=content) for a in mail.attachments],
        "automatic": _KINDS[automatic] if automatic else None,
        "error": mail.error,
    }


def _person(address: Address) -> dict[str, str]:
    return {"name": address.name, "email": address.email}


def _attachment(attachment: Attachment, *, content: bool) -> dict[str, Any]:
    known: dict[str, Any] = {
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "inline": attachment.inline,
    }
    if content:
        known["content"] = base64.b64encode(attachment.content).decode("ascii")
    return known
