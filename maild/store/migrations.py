"""How the store grows from version to version: one step each, in one transaction.

A step that is killed half-way leaves the version before it. A store that is newer than this
program is refused, so that nothing is written by one who does not understand it; and a store
that a running daemon holds is not changed under it.
"""

import fcntl
import os
from collections.abc import Callable, Sequence

from maild.errors import StoreUnusable, Temporary
from maild.store import search
from maild.store.backup import back_up
from maild.store.engine import Engine, integrity_faults, translated_errors
from maild.store.private import give_away
from maild.store.tables import ALL, Missed

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


def _count_misses(engine: Engine) -> None:
    engine.database.create_tables([Missed], safe=True)


#: one way up; within the caller's transaction
Step = Callable[[Engine], None]
STEPS: tuple[Step, ...] = (_first, search.create, _count_misses)

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


def prepare(engine: Engine, steps: Sequence[Step] = STEPS) -> None:
    """Bring the store to the version of the last step.

    A SQLite file is copied first (`maild.db.v1`: as it was at version 1). Raises
    `StoreUnusable` before anything is written, `Temporary` while another daemon holds it.
    """
    small = engine.size() <= LOOK_THROUGH_BYTES
    if small and (faults := integrity_faults(engine)):
        raise StoreUnusable(f"the store is damaged: {faults[0]}")
    version, wanted = version_of(engine), len(steps)
    if version > wanted:
        raise StoreUnusable(
            f"the store is of version {version}, this maild understands up to {wanted}: "
            "use the newer maild, or restore a backup"
        )
    _forget_statistics(engine)
    if version == wanted:
        return
    if version and not engine.postgres:
        if _held_by_another(engine):
            raise Temporary(
                f"a running maild holds this store of version {version}, which this one would "
                f"make version {wanted}: stop that one first"
            )
        _back_up_beside(engine, version)
    with engine.write():
        _lock_out_others(engine)
        for number in range(version_of(engine), wanted):
            steps[number](engine)
            _write_version(engine, number + 1)


def _forget_statistics(engine: Engine) -> None:
    """Somebody ran ANALYZE on the SQLite file. It learns that nearly all mail is done and most
    letters are sent, takes that for every state, and reads whole tables for the few others."""
    if not engine.postgres and engine.database.table_exists("sqlite_stat1"):
        with engine.write():
            engine.execute("DROP TABLE sqlite_stat1")


def _held_by_another(engine: Engine) -> bool:
    """Whether a daemon of another process runs on this file: it locks a file beside it, and
    writes its number there."""
    try:
        handle = os.open(engine.path.with_name(f"{engine.path.name}-lock"), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(handle, 20, 0).strip() != str(os.getpid()).encode()
    finally:
        os.close(handle)
    return False


def _back_up_beside(engine: Engine, version: int) -> None:
    """Whole or not at all; what an earlier try has left makes room."""
    target = engine.path.with_name(f"{engine.path.name}.v{version}")
    for left in (target, *target.parent.glob(f".{target.name}.*")):
        left.unlink(missing_ok=True)
    back_up(engine, target)
    give_away(target)


def _lock_out_others(engine: Engine) -> None:
    if engine.postgres:  # nodes that start together migrate one after the other
        engine.execute("SET LOCAL lock_timeout = 0")  # however long the first one takes
        engine.execute("SELECT pg_advisory_xact_lock(7305)")


def _write_version(engine: Engine, version: int) -> None:
    engine.execute(
        "INSERT INTO note (name, value) VALUES ('version', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [str(version)],
    )
