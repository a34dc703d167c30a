"""A copy of the store while the daemon works: as it stood at one instant, complete.

SQLite is copied page by page by its own backup; put in the store's place the copy is the desk
again. PostgreSQL is left to pg_dump. A copy has its name only once it is whole.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import which
from urllib.parse import parse_qsl, unquote, urlsplit

from maild.errors import ConfigError, Permanent, Temporary
from maild.store.engine import Engine


def back_up(engine: Engine, target: Path) -> None:
    """Copy the store to `target`, a file that must not exist yet.

    Raises `ConfigError` where it may not or cannot be written, `Temporary` where it did not
    work now (a full disk), `Permanent` where pg_dump refuses.
    """
    with _draft(target) as draft:
        if engine.postgres:
            _dump(engine.url, draft)
        else:
            _copy(engine.path, draft)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A file beside the target, of the owner's alone, that gets its name at the end."""
    if target.exists():
        raise ConfigError(f"{target} exists already: a backup overwrites nothing")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise ConfigError(f"{target}: {error.strerror}") from error
    try:
        yield draft
        _make_durable(draft)
        target.hardlink_to(draft)
        _make_durable(target.parent)
    except FileExistsError as error:
        raise ConfigError(f"{target} exists already: a backup overwrites nothing") from error
    except OSError as error:
        raise Temporary(f"{target}: {error.strerror}") from error
    finally:
        for left in draft.parent.glob(f"{draft.name}*"):
            left.unlink()


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(source: Path, draft: Path) -> None:
    """All pages in one read: writers go on, and what they write is not in it."""
    try:
        with (
            closing(sqlite3.connect(source, timeout=10)) as store,
            closing(sqlite3.connect(draft)) as copy,
        ):
            store.backup(copy)
            if faults := [row[0] for row in copy.execute("PRAGMA quick_check")][:1]:
                _must_be_whole(str(faults[0]))
    except sqlite3.Error as error:
        raise Temporary(f"the copy could not be made: {error}") from error


def _must_be_whole(said: str) -> None:
    if said != "ok":
        raise Permanent(f"the copy is damaged, and so is the store: {said}")


def _dump(url: str, draft: Path) -> None:
    """pg_dump's custom format; the password travels in the environment."""
    program = which("pg_dump")
    if program is None:
        raise ConfigError("pg_dump is not installed: it comes with PostgreSQL's client")
    done = subprocess.run(  # noqa: S603 -- our own store's URL
        [program, "--format=custom", f"--file={draft}"],
        env=os.environ | _connection(url),
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Permanent(f"pg_dump: {done.stderr.strip()}")


def _connection(url: str) -> dict[str, str]:
    """The store's address as the variables of PostgreSQL's client library."""
    parts = urlsplit(url)
    given = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port) if parts.port else None,
        "PGUSER": parts.username and unquote(parts.username),
        "PGPASSWORD": parts.password and unquote(parts.password),
        "PGDATABASE": unquote(parts.path.lstrip("/")) or None,
    }
    given |= {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query)}
    return {name: value for name, value in given.items() if value}
