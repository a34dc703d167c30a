"""Whatever comes to the web port: no page fails, and the next visitor is served."""

import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.wire.desk import Desk, mail, reply, text_of, wait_until

pytestmark = pytest.mark.wire

MORE = """
[portal]
listen = "127.0.0.1:{port}"
url = "https://help.acme.test"
forms_per_address = "1000000/hour"

[portal.source.bot]
key = "s3cret"
"""
# fmt: off
WORDS = [
    b"%00", b"%ff%fe", b"%2e%2e/%2e%2e/etc/passwd", b"../" * 20, b"%", b"%zz", b"\xff\xc3",
    b"a" * 9000, b"\xe2\x80\xae", b"{{7*7}}", b"?", b"//", b"#", b";", b"-1", b"0",
    b"9" * 400, b"1/../2", b"%0d%0aSet-Cookie:%20a=b", b"WzEsImx1aXNAeC50ZXN0Il0.abc", b".",
]
METHODS = [
    b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"get", b"X" * 30, b"\xff",
]
PLACES = [
    b"/", b"/sent/", b"/requests", b"/requests/", b"/dashboard", b"/dashboard/", b"/t/",
    b"/s/", b"/kb", b"/kb/", b"/sign-out", b"/style.css", b"/logo", b"/icon.svg",
    b"/healthz", b"/api/v1/tickets", b"/api/v1/openapi.json", b"/api/v1/", b"",
]
QUERIES = [
    b"lang=xx&lang=es", b"lang=" + b"e" * 5000, b"q=%ff%fe%00", b"q=" + b"%f0" * 3000,
    b"q=\xc3", b"v=%EF%BC%94", b"v=4&v=5", b"v=-1", b"v=" + b"9" * 5000, b"sent", b"&&=",
    b"report=%00&period=2026-13-45/2026-99-99", b"period=0001-01-01/9999-12-31",
    b"period=2026-02-30/2026-01-01", b"a=b&" * 5000,
]
HEADERS = [
    b"Cookie: maild_form=\xff\xfe; maild_session=a.b.c", b"Cookie: " + b"a=b; " * 2000,
    b"Cookie: maild_session=W10.AAAA; maild_language=../../x", b'Cookie: =;;="\x01"',
    b"Accept-Language: es;q=nan,en;q=inf,*;q=-1", b"Accept-Language: " + b"x," * 5000,
    b"Accept-Language: \xff;q=\xfe", b"X-Forwarded-For: ,,,%,::1%eth0,999.1.1.1",
    b"X-Forwarded-For: " + b"1.2.3.4, " * 3000, b"Origin: https://[::1",
    b"Origin: https://\xff.test", b"Origin: null", b"Host: evil.test", b"Host: [::1",
    b"Host: a b\xff", b"Sec-Fetch-Site: \xff", b"Authorization: Bearer \xff",
    b"Authorization: Bearer s3cret", b"Authorization: Basic", b"Range: bytes=0-1,-5",
    b"If-None-Match: *", b"Expect: 100-continue", b"Content-Encoding: gzip",
    b"Transfer-Encoding: chunked", b"X: " + b"y" * 60_000,
]
KINDS = [
    b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b",
    b"multipart/form-data", b"multipart/form-data; boundary=", b"application/json",
    b"multipart/form-data; boundary=" + b"x" * 300, b"multipart/form-data; boundary=\xff",
    b"text/plain", b"\xff/\xfe", b"multipart/mixed; boundary=b",
    b"application/x-www-form-urlencoded; charset=utf-7",
    b"multipart/form-data; boundary=b; charset=nonsense",
]
PARTS = [
    b'Content-Disposition: form-data; name="body"\r\n\r\nHola',
    b'Content-Disposition: form-data; name="file"; filename="../../x\x00.exe"\r\n\r\nx',
    b"Content-Disposition: form-data; name*=utf-8''%ff\r\n\r\nx",
    b'Content-Disposition: form-data; name="file"; filename="\xff\xfe"\r\n'
    b"Content-Type: multipart/x; boundary=c\r\n\r\nx",
    b"Content-Disposition: form-data\r\n\r\nno name", b"\r\n\r\nno headers", b"broken",
    b'Content-Disposition: form-data; name="email"\r\n\r\n\xff@\xfe',
    b'Content-Disposition: form-data; name="csrf"\r\nContent-Type: text/plain; '
    b"charset=utf-16\r\n\r\nx",
    b"X" * 9000 + b": y\r\n\r\nz", b"A: b\r\n" * 300 + b"\r\nz",
]
PAIRS = [
    b"email=%ff%40x", b"body=%00", b"csrf=W10.x", b"subject=" + b"%E2%80%AE" * 500,
    b"action=reopen", b"action=solved", b"score=%EF%BC%95", b"useful=yes", b"=&=&",
    b"homepage=x", b"a" * 100_000, b"x=1&" * 3000, b"email=luis@x.test",
    b"body=" + b"%" * 999,
]
TEXTS = [
    b"", b"{", b"[]", b"null", b'{"from": 1}', b'{"from":"\\ud800@x.test"}', b"[" * 9999,
    b'{"from":"l@x.test","subject":"\\u0000","body":"\\udfff"}', b"\xff\xfe", b"1" * 9999,
    b'{"from":"l@x.test","subject":"x","body":"y","external_id":"\xf0\x9f"}', b"NaN",
]
# fmt: on


WELL = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TROUBLE = re.compile(r"failed|Traceback|Exception")


class Requests:
    """Requests as no browser sends them."""

    def __init__(self, chance: random.Random, links: list[bytes]) -> None:
        self.chance = chance
        self.places = PLACES + links * 3

    def any(self) -> bytes:
        some = self.chance
        usual = some.random() < 0.8
        method = some.choice([b"GET", b"POST"] if usual else METHODS)
        target = some.choice(self.places)
        if some.random() < 0.4:
            target += some.choice(WORDS)
        if some.random() < 0.3:
            target += b"?" + some.choice(QUERIES)
        lines = [
            method + b" " + target + b" HTTP/1.1",
            b"Host: 127.0.0.1",
            b"Connection: close",
        ]
        lines += some.sample(HEADERS, some.choice([0, 0, 1, 1, 2, 3]))
        body = self.body(lines) if method == b"POST" else b""
        raw = b"\r\n".join(lines) + b"\r\n\r\n" + body
        if some.random() < 0.1:  # a byte of it is another
            at = some.randrange(len(raw))
            raw = raw[:at] + some.randbytes(1) + raw[at + 1 :]
        return raw[: some.randrange(1, len(raw))] if some.random() < 0.05 else raw

    def body(self, lines: list[bytes]) -> bytes:
        some = self.chance
        kind = some.choice(KINDS)
        if b"json" in kind:
            body = some.choice(TEXTS)
        elif b"multipart" in kind:
            parts = [some.choice(PARTS) for _ in range(some.choice([0, 1, 2, 5, 40]))]
            body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
        else:
            body = b"&".join(some.sample(PAIRS, some.randrange(6)))
        if some.random() < 0.1:
            body = body[: some.randrange(len(body) + 1)]
        length = len(body) if some.random() < 0.9 else some.choice([0, 1, 10**12, -1])
        lines += [b"Content-Type: " + kind, b"Content-Length: " + str(length).encode()]
        return body


def status(port: int, raw: bytes) -> int:
    """The status of the answer; 0 where the connection was closed without one."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
        try:
            client.sendall(raw)
            while chunk := client.recv(65536):
                heard += chunk
        except (ConnectionError, TimeoutError):
            pass
    said = re.match(rb"HTTP/1\.1 (\d{3}) ", heard)
    return int(said[1]) if said else 0


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Iterator[tuple[Desk, int, list[bytes]]]:
    """A desk with a solved ticket, its web port, and the paths of the links it has mailed."""
    port = free_port()
    with Desk(tmp_path / "desk", sink=sink, more=MORE.format(port=port)) as desk:
        desk.send(mail("Luis <luis@x.test>", "No puedo entrar"))
        desk.send(reply(desk.letter("agent-new", "ana@acme.test"), "#resuelto\nYa."))
        solved = text_of(desk.letter("resolved", "luis@x.test"))
        links = re.findall(r"https://help\.acme\.test(/[ts]/[^\s?\"<]+)", solved)
        assert {link[:3] for link in links} == {"/t/", "/s/"}
        yield desk, port, [link.encode() for link in links]


def look(desk: Desk, port: int, requests: Iterable[bytes], seed: int) -> Counter[int]:
    """Send them all, eight at once; none fails, and the desk is as well as before."""
    seen: Counter[int] = Counter()
    with ThreadPoolExecutor(8) as pool:
        for said, raw in pool.map(lambda raw: (status(port, raw), raw), requests):
            seen[said] += 1
            assert said < 500, f"seed {seed}: {said} for {raw[:3000]!r}"
    assert status(port, WELL) == 200
    broken = [line for line in desk.log.splitlines() if TROUBLE.search(line)]
    assert not broken, f"seed {seed}: {broken[:3]}"
    return seen


def test_odd_requests_get_their_answers(desk: tuple[Desk, int, list[bytes]]) -> None:
    """Odd bytes, long paths, broken cookies, huge headers, bad forms: four hundred of them."""
    running, port, links = desk
    odd = Requests(random.Random(11), links)
    seen = look(running, port, [odd.any() for _ in range(400)], 11)
    assert {200, 400, 403, 404, 405, 422} <= set(seen), seen


@pytest.mark.proof
def test_many_odd_requests_get_their_answers(
    desk: tuple[Desk, int, list[bytes]], record_property: Callable[[str, object], None]
) -> None:
    """Ten thousand, other ones each time."""
    running, port, links = desk
    seed = time.time_ns()
    odd = Requests(random.Random(seed), links)
    seen = look(running, port, [odd.any() for _ in range(10_000)], seed)
    record_property("figure", f"{sum(seen.values())} requests, {dict(sorted(seen.items()))}")
    record_property("target", "no 5xx, no traceback")


def test_nobody_takes_the_connections_of_all(desk: tuple[Desk, int, list[bytes]]) -> None:
    """Of three hundred idle connections from one address fifty stay; another is served."""
    _, port, _ = desk
    with ExitStack() as idle:
        lines = [
            idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for _ in range(300)
        ]
        wait_until(lambda: sum(map(is_closed, lines)) >= 250, why="fifty are left")
        assert sum(map(is_closed, lines)) == 250
        elsewhere = ("127.0.0.2", 0)
        with socket.create_connection(("127.0.0.1", port), 30, elsewhere) as client:
            client.sendall(WELL)
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")


def is_closed(line: socket.socket) -> bool:
    """Whether the other side has given it up; never waits."""
    line.setblocking(False)
    try:
        return line.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.proof
def test_who_says_nothing_is_not_waited_for(desk: tuple[Desk, int, list[bytes]]) -> None:
    """A head that does not end is cut off, so that idle connections fill no desk."""
    _, port, _ = desk
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert client.recv(100) == b""
