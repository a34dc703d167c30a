"""The work in one selected IMAP folder: find what is new, take it, mark it at the server.

The order never changes: FETCH, commit, mark at the server, remember the mark. A crash
between two of them leaves something to repeat and nothing to lose. That is why marks may be
remembered many at once: those forgotten are made again.
"""

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imapclient.exceptions import IMAPClientError

from maild.errors import MaildError
from maild.ingest.imap_client import BoundedClient, LineTrouble
from maild.ingest.mailbox import MailboxItem, MailboxLedger, MailboxSettings, Place
from maild.interfaces import Clock
from maild.model.mail import Envelope

log = logging.getLogger(__name__)

KEYWORD = b"$Maild"
HEADER_LIMIT = 262_144
_CHUNK = 500  # UIDs in one command
_MARKS = 5_000  # made again at most, after a crash

Found = dict[int, tuple[int, datetime | None]]  # uid -> size, INTERNALDATE


class MailboxTrouble(MaildError):
    """The mailbox can't be used."""


@dataclass(slots=True)
class Suspects:
    """Mails at which earlier connections broke; they never stop the ones behind them."""

    slow: set[int] = field(default_factory=set)  #: the line failed: last, and one by one
    broken: Counter[int] = field(default_factory=Counter)  #: the answer made no sense

    def order(self, uid: int) -> tuple[bool, int]:
        return (uid in self.slow or uid in self.broken, uid)

    def clear(self, uids: Iterable[int]) -> None:
        for uid in uids:
            self.slow.discard(uid)
            self.broken.pop(uid, None)


class Folder:
    """A folder that is selected on a live connection. One thread; built anew on reconnect."""

    def __init__(
        self,
        client: BoundedClient,
        settings: MailboxSettings,
        ledger: MailboxLedger,
        *,
        clock: Clock,
        suspects: Suspects,
        stopping: threading.Event,
    ) -> None:
        self._client = client
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._suspects = suspects
        self._stopping = stopping
        self._keyword = False
        self._marked: list[int] = []  #: at the server, and not in the ledger yet
        self.place = self._select()
        self._silent_before = ledger.open_mailbox(self.place, clock.now())
        self._destination = self._make_destination()

    # -- looking -----------------------------------------------------------------------

    def scan(self, *, thorough: bool) -> int:
        """Compare the folder with the ledger, repeat marks that were left undone.

        Unless it is to be `thorough`, mail that bears our keyword is not looked at again.
        """
        if self._select() != self.place:
            raise MailboxTrouble("the folder was rebuilt (UIDVALIDITY changed)")
        self._finish_marks()
        flags = self._keyword and self._settings.after.action == "flag"
        of_interest = ["UNKEYWORD", KEYWORD] if flags and not thorough else ["ALL"]
        return self._take_all(self._unknown(self._search(of_interest)))  # type: ignore[arg-type]

    def look(self) -> int:
        """Take what came since the last look; costs the same however full the folder is."""
        last = self._ledger.highest(self.place)
        found = self._search(["UID", f"{last + 1}:*"])
        # "n:*" always names the last mail, though its UID be smaller (RFC 3501 9).
        return self._take_all(self._unknown(uid for uid in found if uid > last))

    def _search(self, criteria: list[str | bytes]) -> list[int]:
        # A mail that comes while we work is told once, in the answer to some command, and
        # not again in IDLE: from here on we listen (`has_news`).
        self._client.forget_remarks()
        return list(self._client.search(criteria))

    def has_news(self) -> bool:
        """Whether the server spoke of mail since the last search."""
        return self._client.heard_of_mail()

    def _select(self) -> Place:
        settings = self._settings
        seen = self._client.select_folder(settings.folder, readonly=settings.read_only)
        if b"UIDVALIDITY" not in seen:
            raise MailboxTrouble("the server gives no UIDVALIDITY")
        permanent = seen.get(b"PERMANENTFLAGS", ())
        self._keyword = b"\\*" in permanent or KEYWORD in permanent
        return Place(settings.name, settings.folder, int(seen[b"UIDVALIDITY"]))

    def _unknown(self, uids: Iterable[int]) -> list[int]:
        unknown: list[int] = []
        for chunk in _chunks(sorted(uids), _CHUNK):
            known = self._ledger.known(self.place, chunk)
            unknown += [uid for uid in chunk if uid not in known]
        return unknown

    # -- taking ------------------------------------------------------------------------

    def _take_all(self, uids: list[int]) -> int:
        taken = 0
        for chunk in _chunks(uids, _CHUNK):
            found = self._sizes(chunk)
            for batch in self._batches(found):
                taken += self._take(batch, found)
                if self._stopping.is_set():
                    self._remember_marks()
                    return taken
        self._remember_marks()
        self._ledger.polled(self.place, self._clock.now())
        return taken

    def _sizes(self, uids: list[int]) -> Found:
        answers = self._ask(uids, "RFC822.SIZE", "INTERNALDATE")
        return {
            uid: (int(answers[uid].get(b"RFC822.SIZE", 0)), answers[uid].get(b"INTERNALDATE"))
            for uid in sorted(answers, key=self._suspects.order)
        }

    def _ask(self, uids: list[int], *what: str) -> dict[int, dict[bytes, Any]]:
        """FETCH; mails that went away meanwhile are left out."""
        try:
            return dict(self._client.fetch(uids, list(what)))
        except IMAPClientError as error:
            if "EXPUNGEISSUED" not in str(error):
                raise
            return dict(self._client.fetch(self._present(uids), list(what)))

    def _present(self, uids: list[int]) -> list[int]:
        return list(self._client.search(["UID", ",".join(map(str, uids))])) if uids else []

    def _batches(self, found: Found) -> Iterator[list[int]]:
        batch: list[int] = []
        total = 0
        for uid, (size, _) in found.items():
            alone = self._suspects.order(uid)[0] or size > self._settings.max_size
            full = len(batch) >= self._settings.batch_count
            if batch and (alone or full or total + size > self._settings.batch_bytes):
                yield batch
                batch, total = [], 0
            if alone:
                yield [uid]
            else:
                batch.append(uid)
                total += size
        if batch:
            yield batch

    def _take(self, uids: list[int], found: Found) -> int:
        raws = self._fetch(uids, found)
        if not raws:
            return 0  # somebody else took them out of the folder
        items = [
            MailboxItem(self.place, uid, raw, self._envelope(found[uid][1]))
            for uid, raw in sorted(raws.items())
        ]
        self._ledger.take_from_mailbox(items)
        if not self._settings.read_only:
            self._mark(sorted(raws))
        return len(items)

    def _fetch(self, uids: list[int], found: Found) -> dict[int, bytes]:
        try:
            raws = self._fetch_or_shorten(uids, found)
        except (OSError, LineTrouble):
            self._suspects.slow.update(uids)
            raise
        except Exception:
            self._suspects.broken.update(uids)
            raise
        self._suspects.clear(raws)
        return raws

    def _fetch_or_shorten(self, uids: list[int], found: Found) -> dict[int, bytes]:
        first, size = uids[0], found[uids[0]][0]
        failures = self._suspects.broken[first]
        if failures >= 4:
            log.error("mail %d of %s can't be fetched", first, self._settings.name)
            return {}
        if size > self._settings.max_size or failures >= 2:
            return self._headers_only(first, size)
        answers = self._ask(uids, "BODY.PEEK[]")
        raws = {uid: answers[uid].get(b"BODY[]") for uid in answers}
        self._suspects.broken.update(uid for uid, raw in raws.items() if raw is None)
        return {uid: bytes(raw) for uid, raw in raws.items() if raw is not None}

    def _headers_only(self, uid: int, size: int) -> dict[int, bytes]:
        answer = self._ask([uid], f"BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>")
        if uid not in answer:
            return {}
        header = bytes(answer[uid].get(b"BODY[HEADER]<0>") or b"")
        return {uid: shortened(header, self._settings.too_large(size))}

    def _envelope(self, arrived: datetime | None) -> Envelope:
        return Envelope(
            source=f"imap:{self._settings.name}",
            remote=self._settings.host,
            department=self._settings.department,
            silent=arrived is not None and _utc(arrived) < self._silent_before,
        )

    # -- marking -----------------------------------------------------------------------

    def _finish_marks(self) -> None:
        if self._settings.read_only:
            return
        for chunk in _chunks(self._ledger.unmarked(self.place), _CHUNK):
            present = set(self._present(chunk))
            self._mark(sorted(present))
            self._marked += [uid for uid in chunk if uid not in present]
            self._remember_marks()

    def _mark(self, uids: list[int]) -> None:
        if not uids:
            return
        action = self._settings.after.action
        if action == "move":
            self._move(uids)
        elif action == "delete":
            self._delete(uids)
        elif self._keyword:
            self._client.add_flags(uids, [KEYWORD], silent=True)
        self._marked += uids
        if len(self._marked) >= _MARKS:
            self._remember_marks()

    def _remember_marks(self) -> None:
        if self._marked:
            self._ledger.mark_done(self.place, self._marked)
            self._marked.clear()

    def _move(self, uids: list[int]) -> None:
        move = self._client.move if self._client.has_capability("MOVE") else self._copy_over
        for _ in range(3):
            try:
                move(uids, self._destination)
            except IMAPClientError as error:
                if "TRYCREATE" in str(error):
                    self._destination = self._make_destination()
                elif "EXPUNGEISSUED" not in str(error):
                    raise
                # Some of them had been taken away meanwhile: the others are still to move.
                uids = self._present(uids)
                if not uids:
                    return
            else:
                return
        raise MailboxTrouble(f'mails can\'t be moved to "{self._destination}"')

    def _copy_over(self, uids: list[int], destination: str) -> None:
        self._client.copy(uids, destination)
        self._delete(uids)

    def _delete(self, uids: list[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        # Never a bare EXPUNGE: it would take other people's deleted mail with it. A server
        # without UIDPLUS keeps ours flagged as deleted.
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)

    def _make_destination(self) -> str:
        """The folder to move to, made if missing; with the server's prefix if it has one."""
        wanted = self._settings.after.folder
        if not wanted or self._settings.read_only:
            return wanted
        names = [wanted]
        if self._client.has_capability("NAMESPACE"):
            personal = self._client.namespace().personal
            prefix = personal[0][0] if personal else ""
            if prefix and not wanted.startswith(prefix):
                names.append(prefix + wanted)
        for name in names:
            if self._client.folder_exists(name):
                return name
        return self._create(names)

    def _create(self, names: list[str]) -> str:
        for name in names:
            try:
                self._client.create_folder(name)
            except IMAPClientError as error:
                log.info("folder %r of %s: %s", name, self._settings.name, error)
            else:
                return name
        raise MailboxTrouble(f'the folder "{names[0]}" can\'t be made')

    # -- waiting -----------------------------------------------------------------------

    @property
    def idles(self) -> bool:
        return bool(self._client.has_capability("IDLE"))

    def begin_idle(self) -> bool:
        """Enter IDLE; False if there is news already."""
        self._client.idle()
        return not (self.has_news() or self._client.holds_more())

    def end_idle(self) -> bool:
        """Leave IDLE; whether the server spoke of mail."""
        self._client.idle_done()
        return self.has_news()


def _utc(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _chunks(uids: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), size):
        yield list(uids[start : start + size])


_CONTENT_FIELD = re.compile(
    rb"(?:content-[a-z-]+|mime-version):[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE
)


def shortened(header: bytes, notice: str) -> bytes:
    """A mail with these headers and a notice in place of its content."""
    lines = header.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    fields = re.findall(rb"[^\n]*\n(?:[ \t][^\n]*\n)*", lines)
    kept = b"".join(f for f in fields if f.strip() and not _CONTENT_FIELD.match(f))
    own = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    own += b"Content-Transfer-Encoding: 8bit\n"
    whole = kept + own + b"\n" + notice.encode() + b"\n"
    return whole.replace(b"\n", b"\r\n")
