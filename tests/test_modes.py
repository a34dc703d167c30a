"""Shadow, pilot and the first start on an old mailbox: who gets mail, and who does not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, wait_until

pytestmark = pytest.mark.wire

SLA = """
[[sla]]
name = "s"
normal = { first_response = "1h" }
[[escalation]]
at = "1%"
notify = ["assignee", "supervisors"]
"""


def _mailbox(dovecot: Dovecot, user: str) -> str:
    return (
        f'[mailbox.main]\nhost = "127.0.0.1"\nport = {dovecot.port}\nsecurity = "none"\n'
        f'user = "{user}"\npassword = "x"\nafter = "flag"\n'
    )


def _old(count: int) -> list[bytes]:
    """What lies in a support mailbox: customers, colleagues, machines, odd mails."""
    senders = ("c{0}@x.test", "Ana <ana@acme.test>", "no-reply@shop.test", "admin@acme.test")
    subjects = ("No puedo acceder {0}", "Fwd: pedido {0}", "estado", "Re: [ACME #{0}] x")
    return [
        as_sent(
            mail(
                senders[n % 4].format(n),
                subjects[(n // 4) % 4].format(n),
                "#cliente x@y.test\nHola" if n % 7 == 0 else f"Texto {n}",
                to="postmaster@acme.test" if n % 31 == 0 else "soporte@acme.test",
            )
        )
        for n in range(count)
    ]


def _age(dovecot: Dovecot, user: str) -> None:
    """They came a week ago, says the server (INTERNALDATE is the file's time)."""
    for path in (dovecot.folder / "mail" / user / "new").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))


def _first_start(
    tmp_path: Path, sink: Sink, dovecot: Dovecot, mode: str, count: int, seconds: float
) -> None:
    user = dovecot.user()
    dovecot.fill(user, _old(count))
    _age(dovecot, user)
    head = f'mode = "{mode}"\n' + ('pilot_for = ["*"]\n' if mode == "pilot" else "")
    desk = Desk(tmp_path, sink=sink, protocol=None, more=SLA + _mailbox(dovecot, user))
    desk.write_config(desk.config.read_text().replace("[store]", f"{head}\n[store]"))
    with desk:
        wait_until(
            lambda: desk.json("list", "--limit", "1")["total"] >= count * 0.9, seconds=seconds
        )
        found = desk.await_quiet(seconds=seconds)
        assert found["outgoing"] == {"pending": 0, "deferred": 0, "failed": 0, "kept": 0}
        assert found["intake"]["held"] == 0
        assert desk.letters() == []
        dovecot.fill(user, [])
        client = dovecot.client(user)
        client.append("INBOX", as_sent(mail("luis@x.test", "hoy", "Hola")))
        client.logout()
        if mode == "shadow":
            kept = wait_until(lambda: desk.queue()["outgoing"]["kept"], seconds=60)
            assert kept == 2
            assert desk.letters() == []
        else:
            assert desk.letter("acknowledgement", "luis@x.test")
            assert len(desk.kinds()) == 2


@pytest.mark.parametrize("mode", ["live", "shadow", "pilot"])
def test_a_first_start_on_an_old_mailbox_writes_to_nobody(
    tmp_path: Path, sink: Sink, dovecot: Dovecot, mode: str
) -> None:
    """300 old mails, no letter of any kind, sent or kept; today's mail is answered."""
    _first_start(tmp_path, sink, dovecot, mode, 300, 60)


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["live", "shadow", "pilot"])
def test_a_first_start_on_five_thousand_mails(
    tmp_path: Path,
    sink: Sink,
    dovecot: Dovecot,
    mode: str,
    record_property: Callable[[str, object], None],
) -> None:
    """The same with 5,000."""
    _first_start(tmp_path, sink, dovecot, mode, 5000, 400)
    record_property("figure", f"{mode}: 0 letters about 5,000 old mails")
    record_property("target", "0 letters")


def test_shadow_leaves_the_mailbox_as_it_is(
    tmp_path: Path, sink: Sink, dovecot: Dovecot
) -> None:
    """Nothing is flagged, read, moved or deleted."""
    user = dovecot.user()
    dovecot.fill(user, [as_sent(mail(f"c{n}@x.test", f"n{n}")) for n in range(5)])
    desk = Desk(tmp_path, sink=sink, protocol=None, more=_mailbox(dovecot, user))
    text = desk.config.read_text().replace("[store]", 'mode = "shadow"\n[store]')
    desk.write_config(text)
    with desk:
        wait_until(lambda: desk.json("list")["total"] >= 5)
        client = dovecot.client(user)
        flags = client.get_flags(client.search("ALL"))
        client.logout()
    assert len(flags) == 5
    assert {bytes(f) for each in flags.values() for f in each} <= {b"\\Recent"}


def test_from_shadow_to_live_in_one_line(tmp_path: Path, sink: Sink) -> None:
    """What was kept stays kept until somebody sends it; new mail is answered at once."""
    desk = Desk(tmp_path, sink=sink)
    live = desk.config.read_text()
    desk.write_config(live.replace("[store]", 'mode = "shadow"\n[store]'))
    with desk:
        desk.send(mail("luis@x.test"))
        wait_until(lambda: desk.queue()["outgoing"]["kept"] == 2)
        desk.write_config(live)
        told = desk.letter("admin", "admin@acme.test").get_body(("plain",)).get_content()
        assert '[desk] mode es ahora "live", era "shadow"' in told
        desk.send(mail("eva@x.test"))
        assert desk.letter("acknowledgement", "eva@x.test")
        found = desk.queue()
        assert found["outgoing"]["kept"] == 2
        letter = next(i["id"] for i in found["items"] if i["kind"] == "acknowledgement")
        assert desk.run("queue", "retry", letter).returncode == 0
        assert desk.letter("acknowledgement", "luis@x.test")
