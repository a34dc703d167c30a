"""As a service: what systemd is told, the unit that ships, and the container files."""

import ctypes
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.systemd import Notifier
from tests.servers.postfix import Postfix
from tests.servers.sink import Sink
from tests.wire.desk import Desk, as_sent, mail, reply, text_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"


class Listener:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(20)

    def hears(self) -> str:
        return self.socket.recv(4096).decode()

    def hears_other_than(self, word: str) -> str:
        while (said := self.hears()) == word:
            pass
        return said


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    listener = Listener(str(tmp_path / "notify"))
    yield listener
    listener.socket.close()


@pytest.mark.wire
def test_what_systemd_is_told(tmp_path: Path, listener: Listener) -> None:
    """READY once `maild ready` is printed, signs of life twice within the time given,
    RELOADING with its time and READY again, STOPPING at the end; parts inherit nothing."""
    desk = Desk(tmp_path / "desk", forked=False)
    os.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    os.environ["WATCHDOG_USEC"] = "2000000"
    try:
        desk.start()
    finally:
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
    with_status = listener.hears()
    assert re.fullmatch(r"READY=1\nSTATUS=\d parts at work", with_status), with_status
    assert [listener.hears() for _ in range(2)] == ["WATCHDOG=1"] * 2
    assert desk.daemon is not None
    desk.daemon.send_signal(signal.SIGHUP)
    said = listener.hears_other_than("WATCHDOG=1")
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", said)
    assert listener.hears_other_than("WATCHDOG=1").startswith("READY=1")
    assert desk.stop() == 0
    assert listener.hears_other_than("WATCHDOG=1") == "STOPPING=1"


def test_a_name_in_the_abstract_space() -> None:
    """`@…` is a socket without a file."""
    listener = Listener(f"@maild-test-{os.getpid()}")
    environment = {"NOTIFY_SOCKET": f"@maild-test-{os.getpid()}", "WATCHDOG_USEC": "1000"}
    notifier = Notifier(environment)
    assert environment == {} and notifier.every == 0.0005
    notifier.alive()
    assert listener.hears() == "WATCHDOG=1"
    listener.socket.close()
    notifier.stopping()  # nobody there: no error


def test_nobody_listens() -> None:
    """Without systemd nothing is said; another process's watchdog is not ours."""
    assert Notifier({}).every is None
    assert Notifier({"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}).every is None
    assert Notifier({"WATCHDOG_USEC": "soon"}).every is None
    Notifier({}).ready(3)


def test_the_unit_that_ships(tmp_path: Path) -> None:
    """systemd itself finds no fault in it, and calls it well guarded."""
    analyze = shutil.which("systemd-analyze") or pytest.skip("there is no systemd-analyze here")
    unit = tmp_path / "maild.service"
    text = (PACKAGING / "maild.service").read_text()
    unit.write_text(text.replace("/opt/maild/bin/maild", sys.executable))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True)
    # it reads what the machine has besides, too, and names each file it finds fault with
    assert [line for line in done.stderr.splitlines() if "maild" in line] == []
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [analyze, "security", "--offline=true", unit], capture_output=True, text=True
    ).stdout
    level = re.search(r"exposure level for maild.service: ([\d.]+)", said)
    assert level and float(level[1]) < 2.0, said[-300:]


def _no_new_code() -> None:
    """What MemoryDenyWriteExecute=yes does (prctl PR_SET_MDWE, Linux 6.3)."""
    if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
        os._exit(77)


@pytest.mark.wire
def test_the_desk_runs_as_guarded_as_the_unit_has_it(tmp_path: Path, sink: Sink) -> None:
    """No memory both writable and executable: mail becomes a ticket and a letter all the
    same, and every command's module can be imported."""
    probe = subprocess.run([sys.executable, "-c", ""], preexec_fn=_no_new_code)
    if probe.returncode == 77:
        pytest.skip("this kernel knows no PR_SET_MDWE")
    imports = "import maild.app, maild.cli.main, matplotlib.pyplot, psycopg, cryptography.x509"
    subprocess.run([sys.executable, "-c", imports], preexec_fn=_no_new_code, check=True)
    desk = Desk(tmp_path, sink=sink, forked=False)
    with desk.log_file.open("ab") as log:
        desk.daemon = subprocess.Popen(
            desk._command("run"), stdout=log, stderr=log, cwd="/", preexec_fn=_no_new_code
        )
    try:
        desk.await_log("maild ready", seconds=30)
        desk.send(mail("luis@x.test"))
        desk.letter("acknowledgement", "luis@x.test")
    finally:
        desk.end()
    assert "Traceback" not in desk.log


# -- what else ships ---------------------------------------------------------------------------


def test_the_dockerfile() -> None:
    """Known instructions only, a user of its own, a health check; what it copies exists, and
    its pg_dump is of the version that the compose file's PostgreSQL is."""
    text = (PACKAGING / "Dockerfile").read_text()
    joined = re.sub(r"\\\n", " ", text)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    known = "FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD"
    assert {line.split()[0] for line in lines} <= set(known.split())
    users = [line for line in lines if line.startswith("USER")]
    assert users == ["USER maild"]
    copied = [word for line in lines if line.startswith("COPY") and "--from" not in line
              for word in line.split()[1:-1]]  # fmt: skip
    assert copied and all((ROOT / name).exists() for name in copied)
    check = next(line for line in lines if line.startswith("HEALTHCHECK"))
    command = json.loads(check.partition("CMD")[2])
    compile(command[2], "HEALTHCHECK", "exec")
    client, server = (
        re.search(pattern, text_of_file)
        for pattern, text_of_file in (
            (r"postgresql-client-(\d+)", text),
            (r"image: postgres:(\d+)", (PACKAGING / "compose.yaml").read_text()),
        )
    )
    assert client and server and client[1] == server[1]


def test_the_compose_file() -> None:
    """What its services use is declared, nothing is open to the world, and nothing of it can
    be written but the volumes."""
    text = (PACKAGING / "compose.yaml").read_text()
    assert "\t" not in text
    services, _, rest = text.partition("\nvolumes:\n")
    volumes, _, secrets = rest.partition("\nsecrets:\n")
    used = [name.strip() for line in re.findall(r"secrets: \[(.*)\]", services)
            for name in line.split(",")]  # fmt: skip
    assert sorted(used) == sorted(re.findall(r"^  (\w+):$", secrets, re.M))
    mounted = re.findall(r"^      - (\w+):/", services, re.M)
    assert sorted(mounted) == sorted(re.findall(r"^  (\w+):$", volumes, re.M))
    ports = re.findall(r'^      - "(.*)"$', services, re.M)
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert "read_only: true" in services and "cap_drop: [ALL]" in services


def shown_metrics() -> set[str]:
    """Names of metrics the dashboard and the alert rules ask for."""
    dashboard = json.loads((PACKAGING / "grafana-dashboard.json").read_text())
    asked = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    asked.append((PACKAGING / "alerts.yaml").read_text())
    return set(re.findall(r"\bmaild_\w+", " ".join(asked)))


@pytest.mark.wire
def test_dashboard_and_alerts_ask_for_what_there_is(tmp_path: Path) -> None:
    """Every metric they name is one that a desk shows, and the dashboard shows most."""
    from tests.test_metrics import every_name

    known = every_name(tmp_path)
    assert shown_metrics() <= known
    assert len(shown_metrics()) >= 12


# -- recipes ------------------------------------------------------------------------------


def recipe(language: str) -> str:
    """A block of docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    assert found
    return found[1]


@pytest.mark.wire
def test_the_postfix_recipe(tmp_path: Path, sink: Sink) -> None:
    """As it stands in the documents: the desk's address and its plus addresses come to the
    desk, other people of the domain are local, and nobody's mail is taken."""
    desk = Desk(tmp_path, sink=sink, protocol="lmtp", forked=False).start()
    table = recipe("transport").replace("8025", str(desk.port))
    postfix = Postfix(desk.port, recipe=(recipe("postfix"), table))
    try:
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            client.sendmail("luis@x.test", ["soporte@acme.test"], as_sent(mail("luis@x.test")))
            client.mail("luis@x.test")
            assert client.rcpt("nobody-here@acme.test")[0] == 550
            assert client.rcpt("root@acme.test")[0] == 250
        notice = desk.letter("agent-new", "ana@acme.test")
        answer = reply(notice, "Ya puede entrar.", sender="ana@acme.test")
        assert "+" in str(answer["To"])
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            client.sendmail("ana@acme.test", [str(answer["To"])], as_sent(answer))
        assert text_of(desk.letter("reply", "luis@x.test")).startswith("Ya puede entrar.")
    finally:
        postfix.close()
        desk.end()
