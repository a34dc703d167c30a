"""Roundup on SQLite, its default: `roundup-mailgw` empties an mbox file.

Mail from strangers is welcome, and who opens an issue is told so; both are off in the classic
tracker. Its letters go to a file (`[mail] debug`).
"""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from configparser import ConfigParser
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import Sample
from bench.peers.play import Cost, home, install_with_pip, plain, run

PACKAGE = "roundup==2.6.0"
OPTIONS = {
    "main": {"admin_email": "admin@acme.test", "email_registration_confirmation": "no"},
    "tracker": {"web": "http://127.0.0.1:8086/", "email": "soporte@acme.test"},
    "mail": {"domain": "acme.test", "host": "localhost"},
    "nosy": {"messages_to_author": "new"},
}
WELCOME = "\ndb.security.addPermissionToRole('Anonymous', 'Email Access')\n"


class Roundup:
    """The classic tracker."""

    name, tag, aim = "Roundup", "[issue{}]", 10.0

    def __init__(self) -> None:
        self._home = home("roundup")
        self._folder = Path(tempfile.mkdtemp(prefix="maild-bench-roundup-"))

    def lacks(self) -> str:
        return "" if (self._home / "bin" / "roundup-mailgw").exists() else PACKAGE

    def install(self) -> None:
        install_with_pip(self._home, PACKAGE)

    @contextmanager
    def fresh(self) -> Iterator["Tracker"]:
        folder = self._folder / "tracker"
        shutil.rmtree(folder, ignore_errors=True)
        admin = [self._home / "bin" / "roundup-admin", "-i", folder]
        run([*admin, "install", "classic", "sqlite"])
        self._configure(folder / "config.ini")
        with (folder / "schema.py").open("a") as schema:
            schema.write(WELCOME)
        run([*admin, "initialise", "secret"])
        yield Tracker(self._home / "bin" / "roundup-mailgw", folder)

    def _configure(self, path: Path) -> None:
        config = ConfigParser(interpolation=None)
        config.read(path)
        config.read_dict(OPTIONS)
        config["mail"]["debug"] = str(self._folder / "out.mbox")
        with path.open("w") as file:
            config.write(file)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Tracker:
    """One that is empty."""

    gateway: Path
    folder: Path

    def take(self, samples: Sequence[Sample]) -> Cost:
        box = self.folder.parent / "in.mbox"
        box.write_bytes(b"".join(map(_boxed, samples)))
        cost = run([self.gateway, self.folder, "mailbox", box])
        assert not box.stat().st_size, "roundup left mail in its box"
        return cost

    def texts(self) -> Iterable[tuple[int, str]]:
        with closing(sqlite3.connect(self.folder / "db" / "db")) as database:
            links = database.execute("SELECT nodeid, linkid FROM issue_messages").fetchall()
        for issue, message in ((int(issue), int(message)) for issue, message in links):
            path = self.folder / f"db/files/msg/{message // 1000}/msg{message}"
            yield issue, path.read_text(errors="replace")


def _boxed(sample: Sample) -> bytes:
    """As a message of an mbox file."""
    text = re.sub(rb"(?m)^From ", b">From ", plain(sample))
    return b"From x@x.test Mon Mar  2 08:00:00 2026\n" + text.rstrip(b"\n") + b"\n\n"
