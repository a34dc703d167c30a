"""A private PostgreSQL: its own data folder and port, gone after the tests."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.ports import free_port
from tests.servers.programs import newest, program


class Postgres:
    """One server; `fresh()` names an empty database on it."""

    def __init__(self, *, durable: bool = False) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="maild-pg-", dir="/tmp"))
        self._bin = newest("/usr/lib/postgresql/*/bin")
        self._count = 0
        self._made: list[str] = []
        self._as: list[str] = []
        self.program("initdb")
        if os.geteuid() == 0:
            self._as = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        self._create()
        self._fsync = "on" if durable else "off"
        self.start()

    def program(self, name: str) -> str:
        return program(name, package="postgresql", places=self._bin)

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._as, *command], capture_output=True, text=True, cwd=self.folder
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    def _create(self) -> None:
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run(self.program("initdb"), "-D", str(self.folder / "data"), "-N", *options)

    def start(self) -> None:
        """Start it (again); returns once it answers."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": self._fsync,
            "max_connections": 50,
            "logging_collector": "off",
        }
        command = [self.program("postgres"), "-D", str(self.folder / "data")]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        log = (self.folder / "log").open("ab")
        self._server = subprocess.Popen(
            [*self._as, *command], stdout=log, stderr=log, cwd=self.folder
        )
        log.close()
        self._await()

    def _await(self) -> None:
        ready = [self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready).returncode != 0:
            log = (self.folder / "log").read_text(errors="replace")
            assert self._server.poll() is None and time.monotonic() < deadline, log
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Its process, or the one that started it."""
        return self._server.pid

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        return self._create_database("template0")

    def copy(self, url: str) -> str:
        """A new database like that one, which nobody uses now."""
        return self._create_database(url.rpartition("/")[2])

    def _create_database(self, template: str) -> str:
        self._count += 1
        name = f"maild_{self._count}"
        with self._at_work() as line:
            line.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return self._url(name)

    def drop_all(self) -> None:
        """Databases made so far make room, whoever is connected to them still."""
        made, self._made = self._made, []
        with suppress(psycopg.OperationalError), self._at_work() as line:
            for name in made:
                line.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _at_work(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self._url("postgres"), autocommit=True)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self, *, mode: str = "immediate") -> None:
        """End the server: "fast" says good-bye to clients, "immediate" is a crash."""
        data = str(self.folder / "data")
        self._run(self.program("pg_ctl"), "-D", data, "-w", "-m", mode, "stop")
        self._server.wait(20)

    def close(self) -> None:
        if self._server.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
