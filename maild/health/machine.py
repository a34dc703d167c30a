"""The machine below the desk: room on the disk, its clock, who may read what."""

import ctypes
import shutil
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.health.finding import Finding, failed, ok, skipped, warning
from maild.store import Store
from maild.store.engine import integrity_faults

LEAST_ROOM = 500_000_000  #: bytes
_TIME_ERROR = 5  #: adjtimex(2): the clock is not synchronized
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)


def check_disk(folders: Iterable[Path], largest: int) -> Iterator[Finding]:
    """`largest`: bytes of the largest mail taken; ten of them should fit."""
    for folder in sorted(set(folders)):
        there = next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        text = f"{free / 1e9:.1f} GB free in {there}"
        if free < max(LEAST_ROOM, 10 * largest):
            yield failed("disk", "room", text, "Make room: the door refuses mail when full.")
        else:
            yield ok("disk", "room", text)


def check_clock(now: datetime, newest: datetime | None) -> Iterator[Finding]:
    """`newest`: when the latest mail came, by this machine's clock at that time."""
    advice = "Set the clock, and keep it right (systemd-timesyncd, chrony)."
    if now < _BUILT or (newest and newest > now + timedelta(minutes=5)):
        text = f"the clock says {now:%Y-%m-%d %H:%M} UTC, which is in the past"
        yield failed("clock", "time", text, advice)
        return
    try:
        state = ctypes.CDLL(None, use_errno=True).ntp_adjtime(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        state = -1
    if state == _TIME_ERROR:
        yield warning("clock", "time", "the clock is not kept right by anybody", advice)
    elif state < 0:
        yield skipped("clock", "time", "nobody says whether the clock is kept right")
    else:
        yield ok("clock", "time", f"{now:%Y-%m-%d %H:%M:%S} UTC, kept right")


def check_store(store: Store, now: datetime) -> Iterator[Finding]:
    """Whole, and writable. Raises `Temporary` where it can't be written."""
    faults = integrity_faults(store.engine)
    if faults:
        yield failed("store", "whole", faults[0], "Put the newest backup in its place.")
        return
    store.gauges.heartbeat(now)
    yield ok("store", "whole", "can be read and written")
    for trouble in store.troubles.all():
        text = f"{trouble.name} since {trouble.since:%Y-%m-%d %H:%M} UTC: {trouble.error}"
        yield warning("store", "trouble", text, "A running daemon noted this; see below.")


def check_readers(
    config: Path, secrets: Iterable[Path], private: Iterable[Path], *, plain: bool
) -> Iterator[Finding]:
    """Who may read the config (`plain`: it holds secrets), files of secrets, the store."""
    bad = False
    if plain and _others(config):
        bad = True
        text = f"{config} holds secrets, and everybody on this machine can read it"
        yield failed("files", "secrets", text, f"chmod o-r {config}")
    for path in secrets:
        if _others(path):
            bad = True
            text = f"{path} can be read by everybody on this machine"
            yield failed("files", "secrets", text, f"chmod o-r {path}")
    for path in private:
        if _others(path) and not any(_closed(parent) for parent in path.absolute().parents):
            bad = True
            text = f"{path} holds mail and keys, and everybody on this machine can read it"
            yield warning("files", "store", text, f"chmod o-rwx {path}")
    if not bad:
        yield ok("files", "secrets", "nobody else can read them")


def _others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _closed(folder: Path) -> bool:
    """Whether others can't get through this folder."""
    return not folder.stat().st_mode & stat.S_IXOTH
