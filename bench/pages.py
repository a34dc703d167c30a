"""How long a page's first byte takes in a store of a hundred thousand tickets:
`python -m bench.pages [TICKETS] [ENGINE …]`.

The store is made as `bench.price` makes it, from mail, and copied; one person has a hundred of
the tickets. A daemon is asked for each page, on a new connection each time: one ticket after
another, so that nothing is warm but the program itself. ENGINE: sqlite, postgresql, or both.
"""

import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

from bench.daemon import Daemon
from bench.figures import Figure, at_most, median
from bench.portal import pages_of
from bench.price import Place, desk, fill, seed
from maild.config.load import load
from maild.links import Signer
from maild.portal.links import SESSION, Links
from maild.portal.visit import SESSION_COOKIE
from maild.store import open_store
from maild.wiring.website import links_of

ARTICLES = Path(__file__).resolve().parent.parent / "kb"
LOADS = 40
AIM_MS = 50
JEFA, REGULAR = "jefa@acme.test", "regular@x.test"
OF_THE_REGULAR = 100


def main(words: list[str]) -> None:
    total = next((int(word) for word in words if word.isdigit()), 100_000)
    for engine in [word for word in words if not word.isdigit()] or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="maild-bench-") as folder:
            place = Place(engine, Path(folder))
            try:
                small = place.fresh()
                seed(place, small)
                large = place.copy(small)
                fill(large, total)
                for figure in pages(place, large, total):
                    figure.print()
            finally:
                place.close()


def pages(place: Place, url: str, total: int) -> Iterator[Figure]:
    """Each page's median and slowest."""
    _give(url, total)
    with desk(place, url) as daemon:
        copytree(ARTICLES, daemon.folder / "kb")
        for name, way in ways(daemon, url, total).items():
            took = sorted(first_byte(pages_of(daemon), *way()) * 1000 for _ in range(LOADS))
            what = f"{place.engine}, {total} tickets: {name}, slowest {took[-1]:.0f} ms"
            yield at_most(what, median(took), AIM_MS, " ms")


def _give(url: str, total: int) -> None:
    """Tickets from all over the store to one person."""
    store, apart = open_store(url), total // OF_THE_REGULAR
    with store.write():
        store.engine.execute(
            "UPDATE ticket SET requester_email = ? WHERE id - id / ? * ? = 0",
            [REGULAR, apart, apart],
        )
    store.close()


Way = Callable[[], tuple[str, str]]  #: to a page: its path, and the cookie


def ways(daemon: Daemon, url: str, total: int) -> dict[str, Way]:
    """Every page by name."""
    store = open_store(url)
    links = links_of(load(daemon.folder / "config.toml"), Signer(store.secret()))
    assert links is not None
    chance, now = random.Random(5), datetime.now(UTC)

    def ticket() -> tuple[str, str]:
        number = chance.randrange(total) + 1
        row = store.engine.one("SELECT requester_email FROM ticket WHERE id = ?", [number])
        assert row is not None
        return links.ticket(number, row[0], now).removeprefix(links.base), ""

    solves = "SELECT ticket FROM event WHERE kind = 'status' AND detail LIKE ? LIMIT 500"
    solved = [row[0] for row in store.engine.rows(solves, ["%closed%"])]

    def survey() -> tuple[str, str]:
        return links.survey(chance.choice(solved), 1, now).removeprefix(links.base), ""

    day = (now - timedelta(days=75)).date()
    four = f"{day}/{day + timedelta(days=3)}"
    regular, jefa = _signed_in(links, REGULAR, now), _signed_in(links, JEFA, now)
    return {
        "new request": lambda: ("/", ""),
        f"own requests, {OF_THE_REGULAR}": lambda: ("/requests", regular),
        "a ticket": ticket,
        "survey": survey,
        "articles": lambda: ("/kb", ""),
        "search": lambda: (f"/kb?q=impresora+no+imprime+{chance.random()}", ""),
        "article": lambda: ("/kb/impresora-atascada", ""),
        "dashboard, this week": lambda: ("/dashboard", jefa),
        "dashboard, four days of the copies": lambda: (f"/dashboard?period={four}", jefa),
    }


def _signed_in(links: Links, person: str, now: datetime) -> str:
    word = links.words.make(SESSION, [person, int(person == JEFA)], now + timedelta(days=1))
    return f"{SESSION_COOKIE}={word}"


def first_byte(port: int, path: str, cookie: str) -> float:
    """Seconds from the first byte of the request to the first of a good page's body."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        started = time.perf_counter()
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", "Accept-Language: es"]
        lines += [f"Cookie: {cookie}"] if cookie else []
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        heard = client.recv(65536)
        took = time.perf_counter() - started
        assert heard.startswith(b"HTTP/1.1 200"), f"{path}: {heard[:200]!r}"
        while chunk := client.recv(65536):
            heard += chunk
    assert b"</html>" in heard[-40:] and b"note bad" not in heard, path
    return took


if __name__ == "__main__":
    main(sys.argv[1:])
