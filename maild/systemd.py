"""Tells systemd how the daemon fares (sd_notify(3)); says nothing where nobody listens."""

import os
import socket
import time
from contextlib import suppress


class Notifier:
    """One datagram a word. Takes its variables out of the environment: they are not for the
    parts and their children."""

    def __init__(self, environment: "os._Environ[str] | dict[str, str]" = os.environ) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        usec = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        for_us = not pid or pid == str(os.getpid())
        #: seconds between signs of life; None where none are wanted
        self.every = int(usec) / 2e6 if usec.isdecimal() and int(usec) and for_us else None
        self._next = 0.0

    def ready(self, parts: int) -> None:
        """Every door is open, every mailbox was tried."""
        self._say(f"READY=1\nSTATUS={parts} parts at work")

    def reloading(self) -> None:
        """Until the next `ready`."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._say(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def alive(self) -> None:
        """To be called often; says it as often as systemd wants to hear it."""
        if self.every is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every
            self._say("WATCHDOG=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # the abstract namespace
            address = "\0" + address[1:]
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
        ):
            out.sendto(words.encode(), address)
