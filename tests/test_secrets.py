"""Secrets come from where they are kept and show up nowhere; in logs mail's words are data."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.config.load import examine
from maild.config.secret import Secret, parse
from maild.errors import ConfigError
from maild.store import open_store
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.servers.token_server import TokenServer
from tests.wire.desk import Desk, mail, wait_until

# -- where they come from ---------------------------------------------------------------------


def test_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name in $CREDENTIALS_DIRECTORY; nothing outside of it can be named."""
    (tmp_path / "imap").write_text("s3cret\n")
    (tmp_path / "imap").chmod(0o400)
    found = parse({"credential": "imap"}, Path())
    assert found is not None
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="LoadCredential=imap"):
        found.reveal()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert found.reveal() == "s3cret"
    for name in ("../imap", "..", "/etc/passwd", "none"):
        with pytest.raises(ConfigError):
            Secret("credential", name).reveal()


def test_a_secret_for_all_to_read_is_refused(tmp_path: Path) -> None:
    """Files and credentials alike, with what to do; group members may read."""
    path = tmp_path / "secret"
    path.write_text("canary")
    for mode, good in ((0o644, False), (0o604, False), (0o640, True), (0o600, True)):
        path.chmod(mode)
        if good:
            assert Secret("file", str(path)).reveal() == "canary"
        else:
            with pytest.raises(ConfigError, match="chmod o-r") as caught:
                Secret("file", str(path)).reveal()
            assert "canary" not in str(caught.value)


def config_with(tmp_path: Path, url: str) -> Path:
    path = Desk(tmp_path, store=url).config
    path.chmod(0o644)
    return path


@pytest.mark.parametrize(
    "url",
    ["postgresqll://maild:canary@db/maild", "postgresql://maild:canary@db:port/maild"],
)
def test_a_stores_address_that_is_wrong(tmp_path: Path, url: str) -> None:
    """The fault, which is logged and mailed, repeats no password of it."""
    found = examine(config_with(tmp_path, url))
    (fault,) = found.faults
    assert "must be" in fault.message and "://…@db" in fault.message
    assert "canary" not in fault.text(found.file)


@pytest.mark.parametrize("url", ["postgresql://maild:x@db/maild", "postgresql:///m?password=x"])
def test_a_password_in_the_stores_address(tmp_path: Path, url: str) -> None:
    """A warning: there is a file for it that nobody else can read."""
    (warned,) = examine(config_with(tmp_path, url)).warnings
    assert warned.where == "[store] url" and "passfile" in warned.message


def test_an_option_that_postgresql_does_not_know(tmp_path: Path, postgres_url: str) -> None:
    """A fault of the config, not of maild."""
    with pytest.raises(ConfigError, match=r"\[store\] url: .*foo"):
        open_store(f"{postgres_url}{'&' if '?' in postgres_url else '?'}foo=bar")


# -- where they must not go -------------------------------------------------------------------

CANARY = "canary-7f3a"
CONFIG = """
[mailbox.plain]
host = "127.0.0.1"
port = {imap}
security = "none"
user = "ana"
password = {{ env = "CANARY_PASSWORD" }}

[mailbox.nobody]
host = "127.0.0.1"
port = {nobody}
security = "none"
user = "ana"
password = {{ file = "secret" }}

[mailbox.token]
host = "127.0.0.1"
port = {imap}
security = "none"
user = "ana"
oauth = {{ provider = "custom", flow = "client_credentials", client_id = "desk-1", \
scope = "mail", token_url = "{provider}/token", client_secret = {{ command = "cat command" }} }}

[relay.alerts]
host = "127.0.0.1"
port = {alerts}
user = "desk"
password = "{canary}-alerts"

[portal]
listen = "127.0.0.1:{portal}"
[portal.source.chat]
key = "{canary}-key"

[webhook.crm]
url = "http://127.0.0.1:{nobody}/hook"
events = ["created"]
secret = "{canary}-hook"

[log]
level = "debug"
format = "{form}"
"""


def processes(parent: int) -> Iterator[int]:
    """A process and all below it."""
    yield parent
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from processes(int(child))


def shown_by_ps(pid: int) -> bytes:
    """What `ps` shows of a process to anybody."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/comm").read_bytes()
        )
    except OSError:
        return b""


def surroundings(pid: int) -> bytes:
    """A process's environment, the admin's own variable aside."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return b""
    return b"\0".join(v for v in variables if not v.startswith(b"CANARY_PASSWORD="))


@pytest.mark.wire
@pytest.mark.parametrize("form", ["console", pytest.param("json", marks=pytest.mark.proof)])
def test_nothing_shows_a_secret(
    tmp_path: Path, dovecot: Dovecot, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A debug run in which every sign-in fails: neither log, stdout, store, letters, queue,
    doctor nor the process list holds a password, a key or a token."""
    monkeypatch.setenv("CANARY_PASSWORD", f"{CANARY}-env")
    provider, alerts = TokenServer(), Sink(users={"desk": "other"})
    relay = Sink(users={"desk": "other"})
    for name in ("secret", "command"):
        (tmp_path / name).write_text(f"{CANARY}-{name}")
        (tmp_path / name).chmod(0o600)
    desk = Desk(
        tmp_path,
        sink=relay,
        forked=False,
        more=CONFIG.format(
            imap=dovecot.port,
            nobody=free_port(),
            provider=provider.url,
            alerts=alerts.port,
            portal=free_port(),
            canary=CANARY,
            form=form,
        ),
    )
    text = desk.config.read_text()
    user = f'[relay]\nuser = "desk"\npassword = "{CANARY}-relay"'
    desk.write_config(text.replace("[relay]", user, 1))
    try:
        with desk:
            assert desk.daemon is not None
            desk.send(mail("luis@x.test"))
            desk.await_log("refuses the password", times=2)
            desk.await_log("sign-in refused")
            desk.await_log("invalid_client")
            everybody = list(processes(desk.daemon.pid))
            assert len(everybody) > 5
            seen = b"".join(map(shown_by_ps, everybody))
            around = b"".join(map(surroundings, everybody))
            told = [desk.run(*c.split()) for c in ("queue", "doctor --no-round-trip", "why 1")]
            told.append(desk.run("--log-level", "debug", "oauth", "login", "token"))
            said = b"".join(done.stdout + done.stderr for done in told)
            os.kill(desk.parts()["delivery"], 6)  # a part that aborts tells no secret, either
            wait_until(lambda: "delivery" in desk.parts())
        assert provider.asked[0]["client_secret"] == f"{CANARY}-command"  # they were in use
        assert b"maild" in seen and CANARY.encode() not in seen + around + said
        assert CANARY not in desk.log and "canary-access" not in desk.log
        assert CANARY.encode() not in stored(tmp_path / "var/maild.db")
    finally:
        for server in (provider, alerts, relay):
            server.close()


def stored(path: Path) -> bytes:
    """All that a store holds, as text."""
    with sqlite3.connect(path) as database:
        return "\n".join(database.iterdump()).encode("utf-8", "replace")


# -- logs -------------------------------------------------------------------------------------

EVIL = "x\n2026-01-01T00:00:00Z [error    ] hacked\x1b[2J\x9b31m\u2028\r\u202e"


@pytest.mark.wire
@pytest.mark.parametrize("form", ["console", "json"])
def test_a_mail_writes_no_log_lines(tmp_path: Path, form: str) -> None:
    """Subject, sender, file name and id with line ends and escapes: each line of the log is
    maild's own, numbers of ticket and message stand in it, and no ESC."""
    desk = Desk(tmp_path, forked=False, more=f'[log]\nlevel = "debug"\nformat = "{form}"\n')
    encoded = "=?utf-8?Q?x=0A2026-01-01T00:00:00Z_[error____]_hacked=1B[2J?="
    raw = (
        f"From: {encoded} <luis@x.test>\r\nTo: soporte@acme.test\r\nSubject: {encoded}\r\n"
        f"Message-ID: <a\x1b[31m@x.test>\r\n"
        f"Content-Type: image/png; name*=utf-8''a%0Ahacked\r\n\r\nx"
    ).encode()
    with desk:
        assert desk.run("deliver", "--sender", "a\x1b@x.test", given=raw).returncode in (0, 2)
        assert desk.run("deliver", given=raw).returncode == 0
        desk.await_quiet()
    assert "\x1b" not in desk.log and "\x9b" not in desk.log
    lines = [line for line in desk.log.splitlines() if line]
    if form == "json":
        entries = [json.loads(line) for line in lines]
        done = [e for e in entries if e["event"] == "received"]
        assert done and all({"ticket", "intake", "level", "timestamp"} <= set(e) for e in done)
    else:
        starts = r"\d{4}-\d\d-\d\dT[\d:.]+Z \[(debug|info|warning|error) *\] |\| |maild ready"
        assert all(re.match(starts, line) for line in lines), lines
        assert re.search(r"received .*intake=1 .*ticket=1", desk.log)
    assert not any(re.match(r"2026-01-01", line) for line in lines)


@pytest.mark.parametrize("form", ["console", "json"])
def test_values_and_tracebacks_are_data(form: str) -> None:
    """Whatever is logged, by structlog or by a library: an event is a line, and a traceback's
    lines begin with a bar."""
    script = f"""
import logging, structlog
from maild.logs import set_up
set_up("debug", {form!r})
evil = {EVIL!r}
structlog.get_logger("a").warning("event", subject=evil, names=[evil], more={{"k": evil}})
logging.getLogger("b").warning("foreign %s", evil)
try:
    raise ValueError(evil)
except ValueError:
    structlog.get_logger("a").exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True)
    text = done.stderr.decode()
    assert done.returncode == 0 and not set("\x1b\x9b\u2028\u202e\r") & set(text)
    lines = text.splitlines()
    if form == "json":
        assert len([json.loads(line) for line in lines]) == 3
    else:
        own = [line for line in lines if not line.startswith("| ")]
        assert len(own) == 3 and "hacked" in text
        assert not any(line.startswith("2026-01-01") for line in lines)


def test_ordinary_words_stay_readable() -> None:
    """ñ and accents are no control characters."""
    from maild.logs import _one_line

    assert _one_line(None, "", {"subject": "Contraseña de Núñez\t€"}) == {
        "subject": "Contraseña de Núñez\\t€"
    }
