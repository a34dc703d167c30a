"""maild is compared with other desks fairly: each gets replies with its own tag, and one that
is not installed is left out in so many words (`bench.peers`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest

from bench.corpus import Sample, corpus
from bench.peers.__main__ import main, ready
from bench.peers.play import Cost, marker_of, play, tagged


class Notebook:
    """A desk that writes down what it gets."""

    name, tag, aim = "Notebook", "[page {}]", 1.0

    def __init__(self) -> None:
        self.mails: list[Sample] = []

    def lacks(self) -> str:
        return "paper"

    def install(self) -> None:
        raise OSError("the shop is closed")

    def close(self) -> None:
        pass

    @contextmanager
    def fresh(self) -> Iterator["Notebook"]:
        self.mails = []
        yield self

    def take(self, samples: list[Sample]) -> Cost:
        self.mails += samples
        return Cost(1 + len(samples), 1 + 2 * len(samples))  # one to open the book

    def texts(self) -> Iterator[tuple[int, str]]:
        for page, sample in enumerate(self.mails):
            if sample.kind != "attachment":
                yield page, sample.raw.decode(errors="replace")


def test_replies_bear_the_tag_of_the_desk_they_go_to() -> None:
    samples = corpus(60, seed=5)
    known = {marker_of(sample): number for number, sample in enumerate(samples)}
    replies = tagged([s for s in samples if s.kind == "reply"], "[page {}]", known)
    subjects = [message_from_bytes(r.raw, policy=policy.default)["Subject"] for r in replies]
    assert len(subjects) == 15 and all(s.startswith("[page ") for s in subjects)


def test_openers_come_first_and_opening_the_book_is_not_counted() -> None:
    notebook, samples = Notebook(), corpus(60, seed=5)
    played = play(notebook, samples)
    kinds = [sample.kind == "reply" for sample in notebook.mails]
    assert kinds == sorted(kinds) and len(kinds) == 60
    assert (played.wall, played.cpu) == (1, 2)


def test_what_a_desk_has_lost_is_counted_automatic_mail_aside() -> None:
    assert play(Notebook(), corpus(60, seed=5)).lost == 3  # those with attachments


def test_a_desk_that_is_not_there_is_left_out_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not ready(Notebook(), install=False)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "Notebook: left out, needs paper; `python -m bench.peers` installs that"


def test_where_it_cannot_be_had_the_reason_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not ready(Notebook(), install=True)
    said = capsys.readouterr()
    assert said.err == "Notebook: the shop is closed\n"
    assert said.out == "Notebook: left out, needs paper\n"


def test_a_desk_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit, match="unknown: otrs; there are roundup"):
        main(["otrs"])
