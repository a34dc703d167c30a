"""Archives of mail: an mbox, a Maildir or a folder of `.eml` files, in the order of dates.

Only an index of dates and places is held in memory; each mail is read when its turn comes.
"""

import mailbox
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, NamedTuple

from maild.desk.past import Past
from maild.errors import ConfigError
from maild.ingest.digest import content_digest
from maild.ingest.headers import unescape_from
from maild.ingest.reader import Reader
from maild.model.mail import Envelope
from maild.store import Store
from maild.store.fields import to_micros

TOGETHER: Final = 50  #: mails in one transaction
_HEADERS: Final = 262_144
ENVELOPE: Final = Envelope("archive", silent=True)


class Entry(NamedTuple):
    """A mail of an archive: when it was written, and how to get it."""

    at: datetime
    fetch: Callable[[], bytes]


@dataclass(slots=True)
class Taken:
    """What became of an archive."""

    new: int = 0
    known: int = 0
    closed: int = 0


def entries(path: Path, now: datetime) -> list[Entry]:
    """Every mail of an archive, oldest first. One without a date that can be, or with one in
    the future, counts as of `now`."""
    found = [Entry(_date(fetch(), now), fetch) for fetch in _fetchers(path)]
    return sorted(found, key=lambda entry: entry.at)


def _fetchers(path: Path) -> Iterator[Callable[[], bytes]]:
    if path.is_file():
        if path.suffix == ".eml":
            yield path.read_bytes
            return
        _refuse_no_mbox(path)
        for fetch in _of(mailbox.mbox(path, create=False)):
            yield lambda fetch=fetch: unescape_from(fetch())  # type: ignore[misc]
    elif all((path / name).is_dir() for name in ("cur", "new")):
        yield from _of(mailbox.Maildir(path, create=False))
    elif path.is_dir():
        for file in sorted(path.rglob("*.eml")):
            yield file.read_bytes
    else:
        raise ConfigError(f"{path}: there is no such file or folder")


def _refuse_no_mbox(path: Path) -> None:
    with path.open("rb") as file:
        begin = file.read(_HEADERS).lstrip()
    if begin and not begin.startswith(b"From "):
        raise ConfigError(
            f'{path}: is no mbox (its first line begins with "From ") and no .eml'
        )


def _of(box: "mailbox.mbox | mailbox.Maildir") -> Iterator[Callable[[], bytes]]:
    for key in box.iterkeys():
        yield lambda key=key: box.get_bytes(key)  # type: ignore[misc]


def _date(raw: bytes, now: datetime) -> datetime:
    written = BytesHeaderParser().parsebytes(raw[:_HEADERS]).get("Date", "")
    try:
        at = parsedate_to_datetime(str(written))
    except (ValueError, TypeError, OverflowError):
        return now
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return min(at, now)


def take_archive(
    store: Store,
    past: Past,
    archive: Sequence[Entry],
    *,
    close_after: timedelta | None,
    moved: Callable[[int], None] = lambda count: None,
) -> Taken:
    """All mails of an archive into the store; what has been taken before stays as it is."""
    done, touched = Taken(), set[int]()
    with closing(Reader()) as reader:
        for start in range(0, len(archive), TOGETHER):
            part = archive[start : start + TOGETHER]
            _take_part(store, past, reader, part, done, touched)
            moved(len(part))
    if close_after is not None:
        for number in sorted(touched):
            with store.write():
                done.closed += past.close_silent(number, close_after)
    return done


def _take_part(
    store: Store,
    past: Past,
    reader: Reader,
    part: Sequence[Entry],
    done: Taken,
    touched: set[int],
) -> None:
    raws = [entry.fetch() for entry in part]
    mails = reader.read_many([(raw, None) for raw in raws])
    with store.intake.adding():
        for entry, raw, mail in zip(part, raws, mails, strict=True):
            digest = content_digest(raw)
            if store.engine.one("SELECT 1 FROM intake WHERE digest = ?", [digest]):
                done.known += 1
                continue
            number = store.intake.insert(raw, ENVELOPE, digest, to_micros(entry.at))
            outcome = past.receive(number, mail, ENVELOPE, at=entry.at)
            store.intake.finish(number, outcome)
            done.new += 1
            if outcome.ticket is not None:
                touched.add(outcome.ticket)
