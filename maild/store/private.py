"""Files that are their owner's alone: mail, keys and locks lie in them.

What root makes in somebody else's folder is that person's: a command that an admin runs as root
leaves nothing behind which the daemon, run by a user of its own, can't open.
"""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """With those above it, where they are missing."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in reversed(missing):
        give_away(path)


def open_private(path: Path) -> int:
    """A handle to read and write. A file that is there stays as it is."""
    flags = os.O_RDWR | os.O_CLOEXEC
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags | os.O_CREAT, 0o600)
    give_away(path, handle)
    return handle


def give_away(path: Path, handle: int | None = None) -> None:
    """To the owner of the folder, where root has made it."""
    if os.geteuid() == 0:
        folder = path.absolute().parent.stat()
        os.chown(path if handle is None else handle, folder.st_uid, folder.st_gid)


def why_not(path: Path) -> str:
    """What keeps this user from a file; "" where nothing does."""
    if os.access(path, os.R_OK | os.W_OK):
        return ""
    return f"this user may not read and write {path}"
