"""django-helpdesk on PostgreSQL: `get_email` empties a directory, letters become files."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.corpus import Sample
from bench.daemon import cpu_of, family
from bench.peers.play import DESK, Cost, home, install_with_pip, plain, run
from tests.servers.postgres import Postgres

PACKAGES = ("django-helpdesk==2.6.1", "psycopg[binary]")
#: run by its own Python; a queue with a log folder must have been looked at before, or
#: `get_email` fails
QUEUE = """
import datetime
from helpdesk.models import Queue
Queue.objects.create(
    title="Soporte", slug="soporte", email_address={desk!r},
    allow_email_submission=True, allow_public_submission=True,
    email_box_type="local", email_box_local_dir={box!r}, email_box_interval=0,
    logging_type="warn", logging_dir={logs!r},
    email_box_last_check=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
)
"""
TEXTS = """
import json, pathlib
from helpdesk.models import FollowUp, Ticket
rows = [list(row) for row in FollowUp.objects.values_list("ticket_id", "comment")]
rows += [list(row) for row in Ticket.objects.values_list("id", "description")]
pathlib.Path({path!r}).write_text(json.dumps(rows))
"""


class Helpdesk:
    """A project with one queue."""

    name, tag, aim = "django-helpdesk", "[soporte-{}]", 5.0

    def __init__(self) -> None:
        self._home = home("django-helpdesk")
        self._folder = Path(tempfile.mkdtemp(prefix="maild-bench-helpdesk-"))
        self._server: Postgres | None = None
        self._template = ""

    def lacks(self) -> str:
        missing = not (self._home / "bin" / "django-admin").exists()
        return " ".join(PACKAGES) if missing else ""

    def install(self) -> None:
        install_with_pip(self._home, *PACKAGES)

    @contextmanager
    def fresh(self) -> Iterator["Queue"]:
        for name in ("box", "out", "media", "logs"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
            (self._folder / name).mkdir()
        if self._server is None:
            self._server = Postgres(durable=True)
            self._template = self._server.fresh()
            self._queue(self._template).set_up()
        yield self._queue(self._server.copy(self._template))

    def _queue(self, url: str) -> "Queue":
        assert self._server is not None
        return Queue(self._home, self._folder, self._server, url)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Queue:
    """One on a database of its own."""

    def __init__(self, program: Path, folder: Path, server: Postgres, url: str) -> None:
        self._admin = program / "bin" / "django-admin"
        self._folder = folder
        self._server = server
        where = urlsplit(url)
        self._env = os.environ | {
            "BENCH_FOLDER": str(folder),
            "BENCH_PORT": str(where.port),
            "BENCH_DATABASE": where.path[1:],
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(Path(__file__).with_name("helpdesk_project")),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _run(self, *words: str) -> Cost:
        return run([self._admin, *words], env=self._env)

    def set_up(self) -> None:
        self._run("migrate", "-v0")
        box, logs = str(self._folder / "box"), str(self._folder / "logs")
        self._run("shell", "-c", QUEUE.format(desk=DESK, box=box, logs=logs))

    def take(self, samples: Sequence[Sample]) -> Cost:
        box = self._folder / "box"
        for number, sample in enumerate(samples):
            (box / f"{number:06d}.eml").write_bytes(plain(sample))
        before = self._server_cpu()
        cost = self._run("get_email", "--quiet")
        assert not any(box.iterdir()), "django-helpdesk left mail in its directory"
        return Cost(cost.wall, cost.cpu + self._server_cpu() - before)

    def _server_cpu(self) -> float:
        return sum(map(cpu_of, family(self._server.pid)))

    def texts(self) -> Iterable[tuple[int, str]]:
        path = self._folder / "texts.json"
        self._run("shell", "-c", TEXTS.format(path=str(path)))
        return [(number, text or "") for number, text in json.loads(path.read_text())]
