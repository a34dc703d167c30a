"""`maild run`: keeps the parts running, hears signals, reloads, stops calmly.

Doors, mailboxes, worker, delivery, timetable and portal are processes of their own
(`processes`); what each does is put together in `app`. This one only watches, and holds the
listening sockets, so that a part which is replaced never closes a door.
"""

import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import structlog

from maild.errors import MaildError, Temporary
from maild.processes import Role
from maild.store.private import make_folder, open_private
from maild.systemd import Notifier

log = structlog.get_logger("daemon")

READY_WITHIN_S = 5.0
STOP_WITHIN_S = 9.0
LOOK_EVERY_S = 0.5
LOCK_PATIENCE_S = 2.0
STILL_FOR_S = 0.05  #: a file that has not changed so long has been written
WRITTEN_WITHIN_S = 0.5


class Doors(Protocol):
    """The listening sockets, which outlive the parts that serve them."""

    def settle(self) -> None: ...

    def withdraw(self) -> None: ...


class House(Protocol):
    """Letters to the admins."""

    def tell_unused(self, reason: str) -> None: ...

    def tell_changes(self, changes: Sequence[str]) -> None: ...


class Parts(Protocol):
    """What the daemon needs of an app."""

    def take_over(self) -> None: ...

    def roles(self) -> list[Role]: ...

    @property
    def house(self) -> House: ...

    def changes_since(self, before: Self) -> list[str]: ...


class Daemon:
    """The parent process."""

    def __init__(
        self, build: Callable[[], Parts], config: Path, lock: Path | None, doors: Doors
    ) -> None:
        """`build` reads `config`; `lock` is None where several daemons may share a store."""
        self._build = build
        self._config = config
        self._lock_path = lock
        self._doors = doors
        self._systemd = Notifier()
        self._lock = -1
        self._stopping = False
        self._reload_wanted = False
        self._told = ""  #: the admins know that much of what is wrong with the config
        self._roles: list[Role] = []
        self._leaving: list[Role] = []
        self._wake, self._waker = os.pipe()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit status."""
        self._take_lock()
        self._listen_to_signals()
        seen = _stamp(self._config)
        parts = self._build()
        if self._lock_path is not None:
            parts.take_over()
        self._put_in_place(parts.roles())
        if not self._stopping:
            print("maild ready", flush=True)
            self._systemd.ready(len(self._roles))
        while not self._stopping:
            self._sleep(self._until_next_start())
            self._bury()
            self._systemd.alive()
            if self._reload_wanted or _stamp(self._config) != seen:
                seen = self._await_writer()
                self._systemd.reloading()
                parts = self._reload(parts)
                self._systemd.ready(len(self._roles))
        return self._stop()

    # -- one daemon a store -----------------------------------------------------------------

    def _take_lock(self) -> None:
        if self._lock_path is None:
            return
        make_folder(self._lock_path.parent)
        self._lock = open_private(self._lock_path)
        patience = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > patience:
                    raise Temporary(
                        f"another maild holds this store ({self._lock_path})"
                    ) from None
                time.sleep(0.05)
        with suppress(OSError):  # `store.migrations` asks who; a full disk is found elsewhere
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    # -- signals ----------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._ask_stop)
        signal.signal(signal.SIGINT, self._ask_stop)
        signal.signal(signal.SIGHUP, self._ask_reload)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_stop(self, *_: object) -> None:
        self._stopping = True

    def _ask_reload(self, *_: object) -> None:
        self._reload_wanted = True

    def _sleep(self, seconds: float) -> None:
        """Until a signal comes, or so long."""
        ready, _, _ = select.select([self._wake], [], [], seconds)
        if ready:
            os.read(self._wake, 4096)

    # -- the parts --------------------------------------------------------------------------

    def _put_in_place(self, roles: list[Role]) -> None:
        """Start these parts; each forerunner goes once its successor is ready.

        Ready: every listener accepts, and every mailbox was tried (or has had its time).
        """
        old, self._roles = self._roles, roles
        self._doors.settle()  # first, lest the new parts inherit doors that are closed
        for role in roles:
            role.start()
        until = time.monotonic() + READY_WITHIN_S
        while late := [role.name for role in roles if not role.is_ready()]:
            old = self._retire(old, late)
            if time.monotonic() > until or self._stopping:
                log.warning("not ready yet", parts=late)
                break
            self._sleep(0.01)
            self._bury()
        self._retire(old, ())

    def _retire(self, old: list[Role], needed: Sequence[str]) -> list[Role]:
        """Ask these to finish, but for those needed a little longer; the ones that stay."""
        gone = [role for role in old if role.name not in needed]
        for role in gone:
            role.signal(signal.SIGTERM)
        self._leaving += gone
        return [role for role in old if role.name in needed]

    def _until_next_start(self) -> float:
        """Seconds to sleep: a dead part may have to be started sooner than we look around."""
        starts = [role.again_at for role in self._roles if role.again_at is not None]
        return max(0.0, min([LOOK_EVERY_S, *(at - time.monotonic() for at in starts)]))

    def _bury(self) -> None:
        """Find the dead; start again those that should live."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self._leaving = [role for role in self._leaving if role.pid != pid]
            for role in self._roles:
                if role.pid == pid:
                    role.note_death(status)
        for role in self._roles:
            if role.again_at is not None and time.monotonic() >= role.again_at:
                role.start()

    def _await_writer(self) -> tuple[int, int] | None:
        """The file's stamp, once whoever is writing it seems to have finished."""
        until = time.monotonic() + WRITTEN_WITHIN_S
        stamp = _stamp(self._config)
        while time.monotonic() < until and not self._stopping:
            self._sleep(STILL_FOR_S)
            before, stamp = stamp, _stamp(self._config)
            if stamp == before:
                break
        return stamp

    def _reload(self, parts: Parts) -> Parts:
        """All or nothing: a config that can't be used changes nothing."""
        self._reload_wanted = False
        try:
            fresh = self._build()
            roles = fresh.roles()
        except Exception as error:  # whatever it is, the desk goes on as it was
            self._doors.withdraw()
            reason = str(error)
            known = isinstance(error, MaildError)
            log.error("the new configuration is not used", error=reason, exc_info=not known)
            if reason != self._told:
                self._told = reason
                _in_child(lambda: parts.house.tell_unused(reason))
            return parts
        self._told = ""
        changes = fresh.changes_since(parts)
        self._put_in_place(roles)
        log.info("reloaded", changes=changes)
        if changes:
            _in_child(lambda: fresh.house.tell_changes(changes))
        return fresh

    def _stop(self) -> int:
        """Ask every part to finish what it has in hand; the slow ones are ended."""
        log.info("stopping")
        self._systemd.stopping()
        everybody = [*self._roles, *self._leaving]
        for role in everybody:
            role.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        alive = {role.pid for role in everybody if role.pid}
        while alive and time.monotonic() < until:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid:
                alive.discard(pid)
            else:
                self._sleep(0.05)
        for role in everybody:
            if role.pid in alive:
                log.error("a part had to be ended", part=role.name)
                role.signal(signal.SIGKILL)
        return 0


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when the file changes."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _in_child(what: Callable[[], None]) -> None:
    """Do something that opens the store without opening it here."""
    if os.fork() == 0:
        try:
            what()
        except Exception:
            log.exception("the admins could not be told")
        finally:
            sys.stderr.flush()
            os._exit(0)
