"""Certificates of other people's servers: their ends are known before anybody misses them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.config import load
from maild.health.expiry import certificate_of_file
from maild.health.servers import CertificateRounds, Server, certificate_life
from maild.health.watch import HealthWatch
from maild.store import Store, open_store
from maild.store.certificates import Certificates
from maild.wiring.checkup import expiring, servers
from tests.servers.certificate import certificate
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.wire.desk import Desk, wait_until

TABLES = """
[relay.alerts]
host = "127.0.0.1"
port = {relay}
security = "starttls"

[mailbox.main]
host = "127.0.0.1"
port = {imap}
security = "tls"
user = "ana"
password = "x"

[mailbox.ventas]
host = "127.0.0.1"
port = {imap}
security = "tls"
user = "eva"
password = "x"

[portal]
listen = "127.0.0.1:{portal}"
url = "https://help.invalid"
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    yield store
    store.close()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[tuple[Sink, Path]]:
    """A server with STARTTLS, and its certificate."""
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    sink = Sink(tls=context)
    yield sink, cert
    sink.close()


@pytest.mark.wire
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mailboxs_server(dovecot: Dovecot, security: str) -> None:
    """Without a sign-in, and though nobody has vouched for it."""
    port = dovecot.tls_port if security == "tls" else dovecot.port
    life = certificate_life(Server("127.0.0.1", port, "imap", security))
    assert life == certificate_of_file(dovecot.cert)


@pytest.mark.wire
def test_a_relay(relay: tuple[Sink, Path]) -> None:
    """After EHLO and STARTTLS; no letter begins."""
    sink, cert = relay
    life = certificate_life(Server("127.0.0.1", sink.port, "smtp", "starttls"))
    assert life == certificate_of_file(cert) and sink.letters == []


@pytest.mark.wire
def test_all_servers_of_a_desk(
    tmp_path: Path, relay: tuple[Sink, Path], dovecot: Dovecot
) -> None:
    """A second way out that nobody has used yet is looked at too, two mailboxes of one server
    once, pages that can't be reached from here not at all; the admins hear of each end."""
    sink, _ = relay
    tables = TABLES.format(relay=sink.port, imap=dovecot.tls_port, portal=free_port())
    settings = load(Desk(tmp_path / "desk", more=tables).config)
    asked = [(s.place, s.speaks, s.security) for s in servers(settings)]
    assert asked == [
        (f"127.0.0.1:{dovecot.tls_port}", "imap", "tls"),
        (f"127.0.0.1:{sink.port}", "smtp", "starttls"),
        ("help.invalid:443", "https", "tls"),
    ]
    store, told = open_store(settings.store.url), list[str]()
    now = datetime.now(UTC)
    assert expiring(settings, store) == []
    rounds = CertificateRounds(Certificates(store.engine), servers(settings))
    wait_until(lambda: rounds.run(now) or len(expiring(settings, store)) == 2)
    watch = HealthWatch(
        store,
        frozenset(),
        lambda: expiring(settings, store),
        lambda title, text, cause: told.append(title),
    )
    watch.run(now + timedelta(days=1, hours=1))
    ends = certificate_of_file(dovecot.cert)
    assert ends is not None
    assert told == [
        f"The certificate of 127.0.0.1:{port} ends on {ends.ends:%Y-%m-%d}"
        for port in (dovecot.tls_port, sink.port)
    ]
    store.close()


def test_a_renewed_certificate_ends_later(tmp_path: Path, store: Store) -> None:
    """The latest look counts, twice a day; a server that is away changes nothing."""
    now = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)
    room = Certificates(store.engine)
    with tls_server(tmp_path / "old") as (server, cert):
        rounds = CertificateRounds(room, [server])
        old = certificate_of_file(cert)
        wait_until(lambda: rounds.run(now) or room.of(server.place) == old)
    assert old is not None
    room.note(server.place, ending := old._replace(ends=now))
    rounds.run(now + timedelta(hours=11))
    rounds.run(now + timedelta(hours=12))  # it is away
    assert room.of(server.place) == ending
    with tls_server(tmp_path / "new", server.port):
        later = now + timedelta(hours=24)
        wait_until(lambda: rounds.run(later) or room.of(server.place) != ending)
    life = room.of(server.place)
    assert life is not None and life.ends > now


def test_a_server_that_never_answers(store: Store) -> None:
    """Nobody waits for it: the job is done at once, and the desk may stop."""
    asked = threading.Event()

    def silent(line: socket.socket) -> None:
        asked.set()
        line.recv(4096)
        line.recv(4096)

    with serving(silent) as port:
        server = Server("127.0.0.1", port, "imap")
        rounds = CertificateRounds(Certificates(store.engine), [server])
        assert not rounds.run(datetime.now(UTC))
        assert asked.wait(10)
        lookers = [t for t in threading.enumerate() if t.name == rounds.name]
        assert lookers and all(looker.daemon for looker in lookers)


ODD: dict[str, tuple[str, bytes]] = {
    "hangs up": ("imap", b""),
    "is no mail server": ("imap", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "has no STARTTLS": ("imap", b"* OK hello\r\na BAD no such command\r\n"),
    "chatters": ("imap", b"* OK hello\r\n" + b"* 1 EXISTS\r\n" * 1000),
    "speaks one endless line": ("smtp", b"220-" + b"x" * 1_000_000),
    "gives an endless reply": ("smtp", b"220-hello\r\n" * 1000),
    "refuses": ("smtp", b"220 hello\r\n250 hello\r\n454 TLS not available\r\n"),
    "agrees and does not": ("smtp", b"220 hello\r\n250 hello\r\n220 go\r\nnot TLS at all\r\n"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_server_that_is_odd(kind: str) -> None:
    """It says whatever it likes: one of two errors, within bounds, and no more."""
    speaks, says = ODD[kind]

    def talk(line: socket.socket) -> None:
        line.sendall(says)
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            pass

    with serving(talk) as port, pytest.raises((OSError, ValueError)):
        certificate_life(Server("127.0.0.1", port, speaks, "starttls"))


# -- servers ----------------------------------------------------------------------------------


class serving:
    """`with serving(talk) as port:` a server that talks so to whoever comes."""

    def __init__(self, talk: Callable[[socket.socket], None], port: int = 0) -> None:
        self._talk = talk
        self._socket = socket.create_server(("127.0.0.1", port))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                with line, suppress(OSError):
                    self._talk(line)


class tls_server:
    """TLS from the first byte, with a new certificate."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir()
        self._cert, key = certificate(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self._cert, key)
        self._server = serving(self._talk, port)

    def _talk(self, line: socket.socket) -> None:
        self._context.wrap_socket(line, server_side=True).close()

    def __enter__(self) -> tuple[Server, Path]:
        return Server("127.0.0.1", self._server.__enter__(), "imap"), self._cert

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
