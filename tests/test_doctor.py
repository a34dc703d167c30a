"""`maild doctor` names each fault, and what to do about it; what is well it calls well."""

import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild.clock import SystemClock
from maild.health.dns_check import check_domain
from maild.health.finding import Finding, run
from maild.health.machine import check_clock, check_disk, check_readers
from maild.health.mailbox_check import check_mailbox
from maild.health.relay_check import check_relay
from maild.ingest.mailbox import After, MailboxSettings, password_login
from maild.notify.courier import Relay
from tests.servers.dovecot import Dovecot
from tests.servers.name_server import NameServer
from tests.servers.ports import free_port
from tests.servers.postfix import Postfix
from tests.servers.sink import Sink
from tests.servers.token_server import TokenServer
from tests.wire.desk import Desk

NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)


def states(found: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.state.value for finding in found}


def fault(found: list[Finding]) -> Finding:
    """The one thing that is wrong; it says what to do."""
    (bad,) = [finding for finding in found if finding.state == "failed"]
    assert bad.advice
    return bad


# -- mailboxes --------------------------------------------------------------------------------


def mailbox(port: int, user: str, **changes: Any) -> MailboxSettings:
    password = changes.pop("password", "x")
    settings = MailboxSettings(
        name="main",
        host="127.0.0.1",
        sign_in=password_login(user, lambda: password),
        port=port,
        security="none",
        connect_wait=5,
        read_wait=5,
    )
    return replace(settings, **changes)


@pytest.mark.wire
def test_a_mailbox_that_is_well(dovecot: Dovecot) -> None:
    """Sign-in, folder, rights, IDLE; nothing in it is changed."""
    user = dovecot.user()
    found = check_mailbox(mailbox(dovecot.port, user), now=NOW)
    assert states(found) == {"sign-in": "ok", "folder": "ok", "rights": "ok", "idle": "ok"}
    with dovecot.client(user) as client:
        assert not client.folder_exists("Processed")


@pytest.mark.wire
def test_mailboxes_that_are_not(dovecot: Dovecot) -> None:
    """A wrong password, no such folder (the others are named), nobody there, a certificate
    from nobody, no TLS where there should be."""
    user = dovecot.user()
    bad = fault(check_mailbox(mailbox(dovecot.port, user, password="canary"), now=NOW))
    assert bad.name == "sign-in" and "canary" not in bad.message and "oauth" in bad.advice
    bad = fault(check_mailbox(mailbox(dovecot.port, user, folder="Inbax"), now=NOW))
    assert bad.name == "folder" and "INBOX" in bad.advice
    bad = fault(check_mailbox(mailbox(free_port(), user), now=NOW))
    assert bad.name == "connection"
    bad = fault(check_mailbox(mailbox(dovecot.tls_port, user, security="tls"), now=NOW))
    assert bad.name == "certificate" and "self-signed" in bad.message
    bad = fault(check_mailbox(mailbox(dovecot.port, user, security="tls"), now=NOW))
    assert bad.name == "connection"


@pytest.mark.wire
def test_a_mailbox_behind_tls(dovecot: Dovecot) -> None:
    """Its certificate's end is near (two days): a warning with the date."""
    trusts = ssl.create_default_context(cafile=str(dovecot.cert))
    settings = mailbox(dovecot.tls_port, dovecot.user(), security="tls", tls=trusts)
    found = check_mailbox(settings, now=datetime.now(UTC))
    assert states(found)["certificate"] == "warning"


@pytest.mark.wire
def test_a_server_that_can_do_little() -> None:
    """Neither MOVE nor IDLE: warnings, no failure."""
    poor = Dovecot(capability="IMAP4rev1 SASL-IR LOGIN-REFERRALS")
    try:
        settings = mailbox(poor.port, poor.user(), after=After("move", "Done"))
        found = states(check_mailbox(settings, now=NOW))
        assert found["move"] == "warning" and found["idle"] == "warning"
        assert "failed" not in found.values()
    finally:
        poor.close()


# -- relays -----------------------------------------------------------------------------------


def relay_findings(port: int, **more: Any) -> list[Finding]:
    return check_relay(
        Relay("127.0.0.1", port, **more),
        "relay",
        senders=["a@acme.test", "a+doctor@acme.test"],
        recipient="admin@acme.test",
        clock=SystemClock(),
    )


def test_a_relay_that_is_well(sink: Sink) -> None:
    """Both senders and the recipient are tried, and no letter is sent."""
    assert {f.state.value for f in relay_findings(sink.port)} == {"ok"}
    time.sleep(0.05)
    assert sink.letters == []


def test_relays_that_are_not(sink: Sink) -> None:
    """Nobody there; a wrong password; a sender with a plus, any sender, and the recipient
    refused: each with the thing to change."""
    assert fault(relay_findings(free_port())).name == "connection"
    sink.answer["MAIL"] = lambda address: "553 no plus\x1b[0m" if "+" in address else None
    bad = fault(relay_findings(sink.port))
    assert 'envelope = ""' in bad.advice and "\x1b" not in bad.message
    sink.answer["MAIL"] = "530 who are you"
    found = relay_findings(sink.port)
    assert [f.state.value for f in found if f.name == "sender"] == ["failed"] * 2
    sink.answer = {"RCPT": "554 relay access denied"}
    assert {f.name for f in relay_findings(sink.port) if f.state == "failed"} == {"recipient"}
    locked = Sink(users={"desk": "right"})
    try:
        bad = fault(relay_findings(locked.port, user="desk", password=lambda: "canary"))
        assert bad.name == "sign-in" and "canary" not in bad.message
        bad = fault(relay_findings(sink.port, security="tls"))
        assert bad.name == "connection"
    finally:
        locked.close()


# -- names ------------------------------------------------------------------------------------

GOOD = {
    ("acme.com", "MX"): ["10 mx.acme.com."],
    ("acme.com", "TXT"): ['"google-site=1"', '"v=spf1 mx -all"'],
    ("s1._domainkey.acme.com", "TXT"): ['"v=DKIM1; p=AAAA"'],
    ("_dmarc.acme.com", "TXT"): ['"v=DMARC1; p=none"'],
}
Names = Callable[..., NameServer]


@pytest.fixture
def names() -> Iterator[Names]:
    servers: list[NameServer] = []

    def start(**more: Any) -> NameServer:
        servers.append(NameServer(**more))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_domain_that_is_well(names: Names) -> None:
    """MX, SPF, DKIM and DMARC; a subdomain's DMARC is its parent's."""
    resolver = names(records=GOOD).resolver()
    found = check_domain("acme.com", resolver=resolver)
    assert states(found) == {"mx": "ok", "spf": "ok", "dkim": "ok", "dmarc": "ok"}
    below = states(check_domain("help.acme.com", resolver=resolver))
    assert below["dmarc"] == "ok" and below["mx"] == "failed"


@pytest.mark.parametrize("missing", ["mx", "spf", "dkim", "dmarc"])
def test_a_domain_that_lacks_something(names: Names, missing: str) -> None:
    """Each record alone is missed, and the advice says what to publish."""
    gone = {
        "mx": ("acme.com", "MX"),
        "spf": ("acme.com", "TXT"),
        "dkim": ("s1._domainkey.acme.com", "TXT"),
        "dmarc": ("_dmarc.acme.com", "TXT"),
    }[missing]
    records = {key: value for key, value in GOOD.items() if key != gone}
    found = check_domain("acme.com", resolver=names(records=records).resolver())
    assert fault(found).name == missing


@pytest.mark.parametrize("spf", [["v=spf1 +all"], ["v=spf1 a -all", "v=spf1 mx -all"]])
def test_spf_that_says_nothing(names: Names, spf: list[str]) -> None:
    """Anybody may send, or two records: as good as none."""
    records = GOOD | {("acme.com", "TXT"): [f'"{text}"' for text in spf]}
    found = check_domain("acme.com", resolver=names(records=records).resolver())
    assert fault(found).name == "spf"


def test_no_network(names: Names) -> None:
    """Name servers that do not answer: a warning within seconds; test names are not asked."""
    began = time.monotonic()
    found = check_domain("acme.com", resolver=names(records={}, silent=True).resolver())
    assert [f.state.value for f in found] == ["warning"] and time.monotonic() - began < 8
    assert [f.state.value for f in check_domain("acme.test")] == ["skipped"]


# -- the machine ------------------------------------------------------------------------------


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """Ten of the largest mails must fit."""
    assert [f.state.value for f in check_disk([tmp_path / "not" / "yet"], 1)] == ["ok"]
    assert fault(list(check_disk([tmp_path], 10**15))).area == "disk"


def test_a_clock_that_is_wrong() -> None:
    """Before this program was written, or before the latest mail came."""
    assert fault(list(check_clock(datetime(2001, 1, 1, tzinfo=UTC), None))).area == "clock"
    assert fault(list(check_clock(NOW, NOW + timedelta(hours=1)))).area == "clock"
    assert all(f.state != "failed" for f in check_clock(NOW, NOW))


def test_files_that_everybody_can_read(tmp_path: Path) -> None:
    """A config with secrets, a secret's file, a store: which one, and the command to run."""
    config, secret, store = (tmp_path / name for name in ("config.toml", "secret", "maild.db"))
    for path in (config, secret, store):
        path.write_text("x")
        path.chmod(0o644)
    for parent in (tmp_path, *tmp_path.parents):
        if Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(0o755)
    found = list(check_readers(config, [secret], [store], plain=True))
    assert [f.state.value for f in found] == ["failed", "failed", "warning"]
    assert found[0].advice == f"chmod o-r {config}"
    found = list(check_readers(config, [], [], plain=False))
    assert [f.state.value for f in found] == ["ok"]
    for path in (config, secret, store):
        path.chmod(0o600)
    assert states(list(check_readers(config, [secret], [store], plain=True))) == {
        "secrets": "ok"
    }


def test_a_check_that_breaks_breaks_no_other() -> None:
    """It is a finding itself."""

    def breaks() -> list[Finding]:
        raise RuntimeError("odd")

    found = run([("a", breaks), ("b", lambda: list(check_disk([Path("/")], 1)))])
    assert [(f.area, f.state.value) for f in found] == [("a", "failed"), ("disk", "ok")]


# -- the command ------------------------------------------------------------------------------


def diagnosis(desk: Desk, *words: str) -> tuple[int, dict[str, Any]]:
    done = desk.run("doctor", "--json", *words)
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1), done.stderr
    return done.returncode, told


def failures(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(c["area"], c["name"]) for c in told["checks"] if c["state"] == "failed"}


@pytest.mark.wire
def test_a_desk_behind_a_real_postfix(
    tmp_path: Path, sink: Sink, start_postfix: Callable[..., Postfix]
) -> None:
    """Out by Postfix, back to the door by its plus address: the round trip is whole, and
    leaves no ticket and no letter."""
    desk = Desk(tmp_path, sink=sink)
    postfix = start_postfix(desk.port)
    desk.write_config(
        desk.config.read_text().replace(f"port = {sink.port}", f"port = {postfix.port}")
    )
    desk.config.chmod(0o600)
    with desk:
        status, told = diagnosis(desk)
        assert (status, failures(told)) == (0, set()), told
        trip = {c["name"]: c["state"] for c in told["checks"] if c["area"] == "round trip"}
        assert trip == {"mail": "ok", "plus address": "ok"}
        assert desk.tickets() == [] and desk.queue()["items"] == []
        people = desk.run("doctor", "--no-round-trip")
        assert people.returncode == 0 and b"FAIL" not in people.stdout


MAILBOX = """
[mailbox.main]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = {password}
"""


@pytest.mark.wire
def test_a_desk_with_several_faults(tmp_path: Path, sink: Sink, dovecot: Dovecot) -> None:
    """All are named at once: a password that is not set, mail that does not come back; exit 1.
    The sink keeps what should have come back."""
    user = dovecot.user()
    text = MAILBOX.format(port=dovecot.port, user=user, password='{ env = "NOT_SET" }')
    desk = Desk(tmp_path, sink=sink, protocol=None, more=text)
    status, told = diagnosis(desk, "--wait", "1")
    assert status == 1
    assert failures(told) == {("mailbox.main", "sign-in"), ("round trip", "mail")}
    assert all(c["advice"] for c in told["checks"] if c["state"] == "failed")
    assert "relay.alerts" in {c["area"] for c in told["checks"] if c["state"] == "warning"}
    (letter,) = sink.letters
    assert letter.message["To"] == "soporte+doctor@acme.test"


@pytest.mark.wire
def test_a_round_trip_into_a_mailbox(tmp_path: Path, sink: Sink, dovecot: Dovecot) -> None:
    """Without a daemon: the mail is found in the mailbox, and taken away."""
    user = dovecot.user()
    text = MAILBOX.format(port=dovecot.port, user=user, password='"x"')
    desk = Desk(tmp_path, sink=sink, protocol=None, more=text)
    desk.config.chmod(0o600)
    sink.answer["DATA"] = lambda raw: dovecot.fill(user, [raw])
    status, told = diagnosis(desk)
    assert (status, failures(told)) == (0, set()), told
    with dovecot.client(user) as client:
        assert client.search() == []


PAGES = """
[portal]
listen = "127.0.0.1:{free}"
url = "https://127.0.0.1:{port}"

[mailbox.main]
host = "127.0.0.1"
port = {free}
security = "none"
user = "ana"
oauth = {{ provider = "custom", flow = "client_credentials", scope = "mail", \
client_id = "desk-1", client_secret = {{ file = "secret" }}, token_url = "{url}/token" }}
"""


@pytest.mark.wire
def test_pages_and_an_expired_client_secret(tmp_path: Path, dovecot: Dovecot) -> None:
    """The certificate of the pages is looked at as browsers see it; where no person signs in
    the advice is not to sign in."""
    provider = TokenServer()
    provider.fail = (401, {"error": "invalid_client", "error_description": "expired"})
    text = PAGES.format(free=free_port(), port=dovecot.tls_port, url=provider.url)
    desk = Desk(tmp_path, protocol=None, more=text)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    status, told = diagnosis(desk, "--no-round-trip")
    provider.close()
    found = {(c["area"], c["name"]): c for c in told["checks"]}
    assert found["portal", "certificate"]["state"] == "warning"  # two days are few
    assert "client_secret and its expiry" in found["oauth", "main"]["advice"]
    assert status == 1


def test_a_config_that_is_wrong(tmp_path: Path) -> None:
    """Exit 2, as from `check`."""
    desk = Desk(tmp_path)
    desk.write_config("[desk\n")
    assert desk.run("doctor").returncode == 2
