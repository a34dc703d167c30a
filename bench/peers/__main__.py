"""maild beside other desks, with the same mail in the same run:
`python -m bench.peers [roundup] [django-helpdesk] [rt]`.

What is missing is installed first, Python's into environments below ~/.cache, Debian's as root;
what can't be had is said, and left out. maild and the other one take turns, so that whatever
else the machine does hits both; the ratio is the median of the rounds'. `--installed`: install
nothing. Without the mails in odd charsets, which stop the run of two of them.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence

from bench.corpus import Sample, corpus
from bench.figures import Figure, at_least, median
from bench.peers.helpdesk import Helpdesk
from bench.peers.ours import Maild
from bench.peers.play import DESK, Other, Played, play
from bench.peers.roundup import Roundup
from bench.peers.rt import RequestTracker

ROUNDS = 3
MESSAGES = 300
PEERS: dict[str, type[Other]] = {
    "roundup": Roundup,
    "django-helpdesk": Helpdesk,
    "rt": RequestTracker,
}


def main(words: Sequence[str]) -> None:
    names = [word for word in words if word != "--installed"] or list(PEERS)
    if unknown := set(names) - set(PEERS):
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    for name in names:
        peer = PEERS[name]()
        try:
            if ready(peer, install="--installed" not in words):
                for figure in beside(peer):
                    figure.print()
        finally:
            peer.close()


def ready(peer: Other, *, install: bool) -> bool:
    """Whether it can be run; one line if not."""
    if peer.lacks() and install:
        try:
            peer.install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{peer.name}: {error}", file=sys.stderr)
    if lacks := peer.lacks():
        how = "" if install else "; `python -m bench.peers` installs that"
        print(f"{peer.name}: left out, needs {lacks}{how}")
    return not lacks


def beside(peer: Other) -> Iterator[Figure]:
    """Both, in turns; and ours once more with letters that are worded and become files."""
    ours, theirs, worded = [], [], []
    for number in range(ROUNDS):
        samples = without_odd(corpus(MESSAGES, seed=41 + number, to=DESK))
        ours.append(play(Maild(), samples))
        theirs.append(play(peer, samples))
        worded.append(play(Maild("live"), samples))
    yield from described(peer.name, theirs)
    yield from described("maild beside it", ours)
    yield from described("  with its letters as files", worded)
    yield from ratios(f"maild ÷ {peer.name}", ours, theirs, peer.aim)
    yield from ratios("  with its letters as files", worded, theirs, None)


def without_odd(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.kind != "odd"]


def described(name: str, rounds: Sequence[Played]) -> Iterator[Figure]:
    yield Figure(f"{name}: messages", f"{1 / median(r.wall for r in rounds):.1f}/s")
    yield Figure(f"{name}: processor time", f"{median(r.cpu for r in rounds) * 1000:.1f} ms")
    if lost := sum(r.lost for r in rounds):
        yield Figure(f"{name}: people's mails that are not in its store", f"{lost}")


def ratios(
    what: str, ours: Sequence[Played], theirs: Sequence[Played], aim: float | None
) -> Iterator[Figure]:
    for kind, meant in (("wall", "messages/s"), ("cpu", "processor time")):
        times = [
            getattr(their, kind) / getattr(our, kind)
            for our, their in zip(ours, theirs, strict=True)
        ]
        label = f"{what}, {meant} ({min(times):.1f} to {max(times):.1f})"
        if aim is None:
            yield Figure(label, f"{median(times):.1f}")
        else:
            yield at_least(label, median(times), aim)


if __name__ == "__main__":
    main(sys.argv[1:])
