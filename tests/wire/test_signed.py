"""Who an agent is, shown through the running daemon: his mail system's signature, and what the
desk's own mail server says of his mail."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.name_server import NameServer
from tests.servers.programs import program
from tests.servers.signer import MailSystem
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail

pytestmark = pytest.mark.wire

LUIS = "Luis Pérez <luis@x.test>"
ANA = "Ana Ruiz <ana@acme.test>"
ACME = MailSystem()
NUMBERS = itertools.count(1)
PASS = "mx.acme.test; dmarc=pass header.from=acme.test"
TRUST = """
[security]
agent_proof = ["token", "reference", "dmarc", "dkim"]
authserv_id = "mx.acme.test"
"""


@pytest.fixture
def desk(tmp_path: Path, sink: Sink) -> Iterator[Desk]:
    """A desk on a machine whose name server knows the key of acme.test."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a program a name server of its own")
    ours = f"127.53.{os.getpid() % 250}.{next(NUMBERS)}"  # nobody else's
    names = NameServer({(ACME.name, "TXT"): ACME.texts}, at=(ours, 53))
    own = tmp_path / "resolv.conf"
    own.write_text(f"nameserver {ours}\n")
    unshare = program("unshare", package="util-linux")
    script = f'mount --bind {own} /etc/resolv.conf && exec "$@"'
    with Desk(
        tmp_path, sink=sink, more=TRUST, under=(unshare, "-m", "sh", "-c", script, "sh")
    ) as desk:
        desk.send(mail(LUIS))
        desk.letter("agent-new", "ana@acme.test")
        yield desk
    names.close()


def order(word: str, **headers: str) -> bytes:
    """A new mail of Ana's that orders something."""
    return as_sent(mail(ANA, "Re: [ACME #1] No puedo acceder", f"{word}\n", **headers))


def asked(desk: Desk) -> int:
    """How often Ana was asked whether a mail was hers."""
    desk.await_quiet()
    return sum(m["X-Maild-Type"] == "confirm" for m in desk.letters())


def test_a_signature_proves_an_agent(desk: Desk) -> None:
    """Signed by her mail system: obeyed, and `why` names the key. Unsigned, altered on its way
    or signed by another: she is asked, and nothing is done."""
    desk.send(ACME.sign(order("#prioridad urgente")), sender="ana@acme.test")
    desk.await_quiet()
    assert desk.show(1)["priority"] == "urgent"
    assert "firmado por acme.test (s1)" in desk.run("why", "1").stdout.decode()
    altered = ACME.sign(order("#prioridad alta")).replace(b"alta", b"baja")
    stranger = MailSystem("evil.test").sign(order("#prioridad normal"))
    for count, raw in enumerate((order("#cerrar"), altered, stranger), 1):
        desk.send(raw, sender="ana@acme.test")
        assert asked(desk) == count
    ticket = desk.show(1)
    assert (ticket["priority"], ticket["status"]) == ("urgent", "open")


def test_only_the_topmost_word_of_our_server_counts(desk: Desk) -> None:
    """`dmarc=pass` on top: obeyed. Below another, of another server, or beside a fail: held."""
    above = f"Authentication-Results: {PASS}\r\n".encode()
    other = b"Authentication-Results: mx.evil.test; dmarc=pass header.from=acme.test\r\n"
    fails = b"Authentication-Results: mx.acme.test; dmarc=fail header.from=acme.test\r\n"
    desk.send(above + order("#prioridad alta"), sender="ana@acme.test")
    desk.await_quiet()
    assert desk.show(1)["priority"] == "high"
    for count, said in enumerate((other + above, other, fails + above), 1):
        desk.send(said + order("#cerrar"), sender="ana@acme.test")
        assert asked(desk) == count
    assert desk.show(1)["status"] == "open"
