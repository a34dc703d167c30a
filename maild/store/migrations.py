"""How the store grows from version to version: one step each, in one transaction.

A step that is killed half-way leaves the version before it. A store that is newer than this
program is refused, so that nothing is written by one who does not understand it.
"""

import shutil
from collections.abc import Callable

from maild.errors import StoreUnusable
from maild.store import search
from maild.store.engine import Engine, integrity_faults, translated_errors
from maild.store.tables import ALL

NUMBERS = ("ticket", "message")


def _first(engine: Engine) -> None:
    engine.database.create_tables(ALL, safe=True)
    if engine.postgres:
        for name in NUMBERS:
            engine.execute(f"CREATE SEQUENCE IF NOT EXISTS number_{name}")
        return
    engine.execute("CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    for name in NUMBERS:
        engine.execute("INSERT INTO number VALUES (?, 0)", [name])


STEPS: tuple[Callable[[Engine], None], ...] = (_first, search.create)

#: what this program writes; rises by one with each step
STORE_VERSION = len(STEPS)


def version_of(engine: Engine) -> int:
    """The version of the store at hand; 0 when it is empty."""
    with translated_errors(engine):
        if not engine.database.table_exists("note"):
            return 0
    row = engine.one("SELECT value FROM note WHERE name = 'version'")
    return int(row[0]) if row else 0


#: so large a file is looked through at each opening; a larger one by `maild verify`
LOOK_THROUGH_BYTES = 32_000_000


def prepare(engine: Engine) -> None:
    """Bring the store to `STORE_VERSION`; raises `StoreUnusable` before anything is written."""
    small = engine.size() <= LOOK_THROUGH_BYTES
    if small and (faults := integrity_faults(engine)):
        raise StoreUnusable(f"the store is damaged: {faults[0]}")
    version = version_of(engine)
    if version > STORE_VERSION:
        raise StoreUnusable(
            f"the store is of version {version}, this maild understands up to {STORE_VERSION}: "
            "use the newer maild, or restore a backup"
        )
    if version == STORE_VERSION:
        return
    if version and not engine.postgres:
        _back_up_beside(engine, version)
    with engine.write():
        _lock_out_others(engine)
        for number in range(version_of(engine), STORE_VERSION):
            STEPS[number](engine)
            _write_version(engine, number + 1)


def _back_up_beside(engine: Engine, version: int) -> None:
    engine.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(engine.path, engine.path.with_name(f"{engine.path.name}.v{version}"))


def _lock_out_others(engine: Engine) -> None:
    if engine.postgres:  # nodes that start together migrate one after the other
        engine.execute("SELECT pg_advisory_xact_lock(7305)")


def _write_version(engine: Engine, version: int) -> None:
    engine.execute(
        "INSERT INTO note (name, value) VALUES ('version', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [str(version)],
    )
