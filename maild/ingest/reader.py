"""Parsing under limits: what takes too long or too much memory becomes a stub.

`parse` does the work, in a `Sandbox`; whoever reads mail of strangers uses this.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from maild.ingest import bounds, dkim, sandbox
from maild.ingest.html import clean_html
from maild.ingest.parse import TOO_MUCH_MEMORY, parse
from maild.ingest.sandbox import Answer, Sandbox
from maild.model.mail import Mail

REASONS = {
    sandbox.TIME: "it took too long to read",
    sandbox.MEMORY: TOO_MUCH_MEMORY,
    sandbox.DEATH: "reading it stopped the parser",
}

#: a message, its envelope sender, and DKIM keys where its signatures are to be checked
Item = tuple[bytes, str | None] | tuple[bytes, str | None, Mapping[str, str]]


class Reader:
    """Reads raw messages in a child process.

    For a process with a single thread. The first mail starts the child, `close` ends it.
    """

    def __init__(self, deadline: float = 10.0, memory: int = 1_200_000_000) -> None:
        """`deadline`: seconds per mail; `memory`: bytes beyond those at the start."""
        self._sandbox = Sandbox(_work, deadline=deadline, memory=memory)

    def read(self, raw: bytes, *, envelope_sender: str | None = None) -> Mail:
        """One message. Never raises for what is in it."""
        return self.read_many([(raw, envelope_sender)])[0]

    def read_many(self, items: Sequence[Item]) -> list[Mail]:
        """Several messages, in order; each fails for itself only."""
        return list(self.stream(items))

    def stream(self, items: Sequence[Item]) -> Iterator[Mail]:
        """The same one by one, while the child goes on with those to come."""
        answers = self._sandbox.run(sandbox.pack(item) for item in items)
        for item, answer in zip(items, answers, strict=True):
            yield _mail(item, answer)

    def close(self) -> None:
        self._sandbox.close()


def _work(job: bytes) -> bytes:
    mail = read_here(pickle.loads(job))  # noqa: S301 -- packed by `stream`
    if mail.error == TOO_MUCH_MEMORY:
        raise MemoryError
    return sandbox.pack(mail)


def read_here(item: Item) -> Mail:
    """One message, in this very process."""
    raw, envelope_sender, *keys = item
    mail = parse(raw, envelope_sender=envelope_sender)
    if mail.html and not mail.error:
        mail = replace(mail, shown_html=clean_html(mail.html))
    if not keys or mail.error or mail.from_ is None:
        return mail
    return replace(mail, signing=dkim.check(raw, mail.from_.domain, *keys))


def _mail(item: Item, answer: Answer) -> Mail:
    if answer.result is None:
        raw, envelope_sender, *_ = item
        return bounds.stub(raw, REASONS[answer.lost], envelope_sender=envelope_sender)
    mail = pickle.loads(answer.result)  # noqa: S301 -- our own child's
    assert isinstance(mail, Mail)
    return mail
