"""Tells the owner of the knowledge base of files that can't be used, once for each fault."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from maild.kb.library import Fault, Library

LOOK_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class LibraryWatch:
    """A job of the timetable."""

    library: Library
    tell: Callable[[Fault], None]
    _looked: datetime | None = field(default=None, init=False)
    _told: set[str] = field(default_factory=set, init=False)
    name: ClassVar[str] = "knowledge base"

    def run(self, now: datetime) -> bool:
        if self._looked is not None and timedelta() <= now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        faults = self.library.look()
        for fault in faults:
            if fault.key not in self._told:
                self.tell(fault)
        self._told = {fault.key for fault in faults}
        return False
