"""Request Tracker from Debian on PostgreSQL: each mail is posted to its mail gateway.

That is what `rt-mailgate` does, without a program to start for each. Starman serves it with
as many workers as Debian's unit starts; letters go through a pipe to a script that keeps them.
Of the system it takes the packages, not their configuration.
"""

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

from bench.corpus import Sample
from bench.daemon import cpu_of, family, free_port
from bench.peers.play import Cost, plain, run
from maild.store.engine import Engine
from tests.servers.postgres import Postgres

PACKAGES = ("request-tracker5", "rt5-db-postgresql", "starman", "postgresql")
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SET_UP = "/usr/sbin/rt-setup-database-5"
CI = Path(__file__).parents[2] / ".ci" / "packages"
WORKERS = 4
CLIENTS = 2
CONFIG = """
Set($rtname, 'acme.test'); Set($Organization, 'acme.test');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {web}); Set($WebPath, '');
Set($DatabaseType, 'Pg'); Set($DatabaseHost, '127.0.0.1'); Set($DatabasePort, '{port}');
Set($DatabaseName, '{database}'); Set($DatabaseUser, 'rtuser'); Set($DatabasePassword, 'x');
Set($DatabaseAdmin, 'postgres');
Set($CorrespondAddress, 'soporte@acme.test'); Set($CommentAddress, 'notas@acme.test');
Set($MailCommand, 'sendmailpipe'); Set($SendmailPath, '{folder}/sendmail');
Set($HTMLFormatter, 'core');  # quicker here than a w3m for each letter
Set($LogToSyslog, undef); Set($LogToSTDERR, 'warning');
1;
"""
#: anybody may open tickets and answer; without that it refuses strangers
RIGHTS = """
push @ACL, map +{ GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => $_ },
    qw(SeeQueue CreateTicket ReplyToTicket);
1;
"""
PRESET = """
request-tracker5 request-tracker5/dbconfig-install boolean false
rt5-db-postgresql request-tracker5/dbconfig-install boolean false
request-tracker5 request-tracker5/install-cronjobs boolean false
"""


class RequestTracker:
    """One queue, General, open to everybody."""

    name, tag, aim = "Request Tracker", "[acme.test #{}]", 10.0

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="maild-bench-rt-"))
        self._server: Postgres | None = None
        self._template = ""

    def lacks(self) -> str:
        there = SERVER.exists() and shutil.which("starman") and Path(SET_UP).exists()
        return "" if there else f"{' '.join(PACKAGES)} (of Debian, as root)"

    def install(self) -> None:
        if os.geteuid() == 0 and shutil.which("debconf-set-selections"):
            subprocess.run(["debconf-set-selections"], input=PRESET.encode(), check=True)
        subprocess.run([CI, *PACKAGES], check=True)

    @contextmanager
    def fresh(self) -> Iterator["Gateway"]:
        if self._server is None:
            self._server = Postgres(durable=True)
            self._set_up(self._server)
        url = self._server.copy(self._template)
        web, out = free_port(), self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        gateway = Gateway(web, url, self._server, self._config(url, web))
        try:
            gateway.start()
            yield gateway
        finally:
            gateway.stop()

    def _set_up(self, server: Postgres) -> None:
        """A database as it comes, and rights for everybody."""
        script = self._folder / "sendmail"
        script.write_text(f"#!/bin/sh\nexec cat > {self._folder}/out/$$.$(date +%s%N).eml\n")
        script.chmod(0o755)
        rights = self._folder / "rights"
        rights.write_text(RIGHTS)
        self._template = server.fresh().rpartition("/")[0] + "/rt"
        env = self._config(self._template, 80)
        admin = [SET_UP, "--dba", "postgres", "--dba-password", "x"]
        run([*admin, "--action", "init"], env=env)
        run([*admin, "--action", "insert", "--datafile", rights], env=env)

    def _config(self, url: str, web: int) -> dict[str, str]:
        """An environment in which it finds this configuration and no other."""
        where = urlsplit(url)
        path = self._folder / "RT_SiteConfig.pm"
        path.write_text(
            CONFIG.format(
                web=web, port=where.port, database=where.path[1:], folder=self._folder
            )
        )
        return os.environ | {"RT_SITE_CONFIG": str(path), "RT_SITE_CONFIG_DIR": "/dev/null"}

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Gateway:
    """A web server that takes mail."""

    def __init__(self, port: int, url: str, server: Postgres, env: dict[str, str]) -> None:
        self._port, self._url, self._server, self._env = port, url, server, env
        self._starman: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--server", "Starman", "--host", "127.0.0.1", "--port", str(self._port)]
        self._starman = subprocess.Popen(
            [SERVER, *words, "--workers", str(WORKERS)],
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        until = time.monotonic() + 60
        while True:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
                connection.request("GET", "/")
                connection.getresponse().read()
                connection.close()
                return
            assert self._starman.poll() is None and time.monotonic() < until, "RT: no start"
            time.sleep(0.2)

    def stop(self) -> None:
        if self._starman is not None:
            self._starman.terminate()
            self._starman.wait(60)

    def take(self, samples: Sequence[Sample]) -> Cost:
        before, started = self._cpu(), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            for answer in clients.map(self._post, samples):
                assert answer.startswith("ok"), answer
        return Cost(time.perf_counter() - started, self._cpu() - before)

    def _post(self, sample: Sample) -> str:
        fields = {"SessionType": "REST", "queue": "General", "action": "correspond"}
        edge = b"=_maild_bench_"
        parts = [
            b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (edge, name.encode(), value.encode())
            for name, value in fields.items()
        ]
        parts.append(
            b'--%s\r\nContent-Disposition: form-data; name="message"; filename=""\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n%s\r\n--%s--\r\n"
            % (edge, plain(sample), edge)
        )
        kind = f"multipart/form-data; boundary={edge.decode()}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request(
            "POST", "/REST/1.0/NoAuth/mail-gateway", b"".join(parts), {"Content-Type": kind}
        )
        answer = connection.getresponse().read().decode(errors="replace")
        connection.close()
        return answer

    def _cpu(self) -> float:
        assert self._starman is not None
        roots = (self._starman.pid, self._server.pid)
        return sum(cpu_of(pid) for root in roots for pid in family(root))

    def texts(self) -> Iterable[tuple[int, str]]:
        engine = Engine(self._url)
        rows = engine.rows(
            "SELECT t.effectiveid, a.content, a.contentencoding FROM attachments a "
            "JOIN transactions x ON x.id = a.transactionid JOIN tickets t ON t.id = x.objectid "
            "WHERE x.objecttype = 'RT::Ticket' AND x.type IN ('Create', 'Correspond') "
            "AND a.content IS NOT NULL AND length(a.content) < 150000"
        )
        engine.close()
        return [(number, _decoded(content, encoding)) for number, content, encoding in rows]


def _decoded(content: str, encoding: str | None) -> str:
    head = f"Content-Transfer-Encoding: {encoding or '8bit'}\n\n".encode()
    part = message_from_bytes(head + content.encode(), policy=policy.default)
    return bytes(part.get_payload(decode=True) or b"").decode(errors="replace")
