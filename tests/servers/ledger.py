"""A mailbox ledger of the tests' own: what was taken from where, in memory and in order."""

import threading
from collections.abc import Sequence
from datetime import datetime

from maild.ingest.mailbox import MailboxItem, Place, rebuilt_silence


class MemoryLedger:
    """`ingest.mailbox.MailboxLedger`; counts how often it was asked, can be told to fail."""

    def __init__(self) -> None:
        self.items: list[MailboxItem] = []
        self.marked: set[tuple[Place, int]] = set()
        self.lookups = 0
        self.fail: Exception | None = None
        self._uids: dict[tuple[Place, int], int] = {}
        self._digests: dict[bytes, int] = {}
        self._folders: dict[tuple[str, str], tuple[int, datetime, datetime | None]] = {}
        self._changed = threading.Condition()

    def open_mailbox(self, place: Place, now: datetime) -> datetime:
        key = (place.account, place.folder)
        number, silent, polled = self._folders.get(key, (place.uidvalidity, now, None))
        if number != place.uidvalidity:
            silent = rebuilt_silence(silent, polled)
        self._folders[key] = (place.uidvalidity, silent, polled)
        return silent

    def known(self, place: Place, uids: Sequence[int]) -> set[int]:
        self.lookups += len(uids)
        return {uid for uid in uids if (place, uid) in self._uids}

    def highest(self, place: Place) -> int:
        return max((uid for there, uid in self._uids if there == place), default=0)

    def take_from_mailbox(self, items: Sequence[MailboxItem]) -> list[int]:
        if self.fail:
            raise self.fail
        with self._changed:
            numbers = [self._take(item) for item in items]
            self._changed.notify_all()
        return numbers

    def _take(self, item: MailboxItem) -> int:
        if (item.place, item.uid) in self._uids:
            return self._uids[item.place, item.uid]
        if item.raw not in self._digests:
            self.items.append(item)
            self._digests[item.raw] = len(self.items)
        number = self._digests[item.raw]
        self._uids[item.place, item.uid] = number
        return number

    def unmarked(self, place: Place) -> list[int]:
        mine = (uid for there, uid in self._uids if there == place)
        return sorted(uid for uid in mine if (place, uid) not in self.marked)

    def mark_done(self, place: Place, uids: Sequence[int]) -> None:
        with self._changed:
            self.marked |= {(place, uid) for uid in uids}
            self._changed.notify_all()

    def polled(self, place: Place, now: datetime) -> None:
        number, silent, _ = self._folders[place.account, place.folder]
        self._folders[place.account, place.folder] = (number, silent, now)

    def forget_marks(self, place: Place) -> None:
        """As after a crash between the server's move and our note of it."""
        self.marked = {(there, uid) for there, uid in self.marked if there != place}

    def wait_for(self, count: int, *, seconds: float = 20.0) -> list[MailboxItem]:
        """The mails taken, once there are `count` of them and all are marked."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.items) >= count, seconds)
        assert enough, f"{len(self.items)} mails of {count} after {seconds:.0f} s"
        return list(self.items)

    def wait_marked(self, count: int, *, seconds: float = 20.0) -> None:
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.marked) >= count, seconds)
        assert enough, f"{len(self.marked)} marks of {count} after {seconds:.0f} s"
