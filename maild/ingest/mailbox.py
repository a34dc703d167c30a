"""A watched mailbox in words: where it is, what is done with its mail, what is remembered.

The watcher (`ingest.imap`) reads and marks mail at the server; the ledger, which the store
keeps, knows which message is which intake row. Nothing here touches a socket.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from maild.errors import ConfigError
from maild.model.mail import Envelope

MB = 1024 * 1024
#: After a mailbox was rebuilt, mail older than the last look less this is answered by nobody.
REBUILT_GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class After:
    """What becomes of a mail at the server once it is durable here."""

    action: str  #: "move" | "flag" | "delete"
    folder: str = ""  #: move: where to

    @classmethod
    def parse(cls, text: str) -> "After":
        """Read `move:Processed`, `flag` or `delete`; anything else is a `ConfigError`."""
        action, _, folder = text.partition(":")
        if (action == "move" and folder) or (action in ("flag", "delete") and not folder):
            return cls(action, folder)
        raise ConfigError(f'after: "{text}" is none of "move:FOLDER", "flag", "delete"')


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One `[mailbox.x]` (CONTRACT section 2) and the bounds of its watcher.

    `sign_in` gets the connected `IMAPClient` and logs in: `password_login`, `token_login`.
    Sizes in bytes, times in seconds.
    """

    name: str
    host: str
    sign_in: Callable[[Any], None]
    port: int = 993
    security: str = "tls"  #: "tls" | "starttls" | "none"
    tls: ssl.SSLContext | None = None  #: None: the system's authorities
    folder: str = "INBOX"
    after: After = After("move", "Processed")
    department: str | None = None
    read_only: bool = False  #: shadow mode: the server's mailbox is looked at, never changed
    max_size: int = 25 * MB
    too_large: Callable[[int], str] = lambda size: (
        f"[This message has {size / MB:.0f} MB, more than the help desk takes; "
        "it is still in the mailbox.]"
    )
    batch_count: int = 200
    batch_bytes: int = 8 * MB
    poll: float = 60.0  #: between looks where the server can't IDLE
    idle: float = 240.0  #: the longest IDLE; then a look, and IDLE anew (RFC 2177: < 29 min)
    scan: float = 600.0  #: between comparisons of the whole folder with the ledger
    connect_wait: float = 15.0
    read_wait: float = 60.0
    longest_pause: float = 60.0  #: between attempts at a server in trouble
    refused_pause: float = 900.0  #: between attempts with a password it does not take


@dataclass(frozen=True, slots=True)
class Place:
    """Where UIDs mean something (RFC 3501 section 2.3.1.1)."""

    account: str  #: the mailbox's name in config.toml
    folder: str
    uidvalidity: int


@dataclass(frozen=True, slots=True)
class MailboxItem:
    """One mail as fetched, with its identity at the server."""

    place: Place
    uid: int
    raw: bytes
    envelope: Envelope


class MailboxLedger(Protocol):
    """What is remembered of mailboxes. The store implements it, transactions included."""

    def open_mailbox(self, place: Place, now: datetime) -> datetime:
        """Before which instant mail of this place is taken silently (nothing is answered).

        The first time an (account, folder) is seen: `now`, and it is kept. When its
        UIDVALIDITY has changed: `rebuilt_silence(...)`, kept with the new number.
        """
        ...

    def known(self, place: Place, uids: Sequence[int]) -> set[int]:
        """Which of these were taken already."""
        ...

    def highest(self, place: Place) -> int:
        """The highest UID taken there; 0 when none was."""
        ...

    def take_from_mailbox(self, items: Sequence[MailboxItem]) -> list[int]:
        """Commit mails and their UIDs together, all or none; their intake numbers.

        A UID taken already, or a content known by another way, keeps its old number.
        Raises `Temporary` when they could not be made durable.
        """
        ...

    def unmarked(self, place: Place) -> list[int]:
        """UIDs taken but not yet known to be moved, flagged or deleted at the server."""
        ...

    def mark_done(self, place: Place, uids: Sequence[int]) -> None:
        """Remember that the server has been told."""
        ...

    def polled(self, place: Place, now: datetime) -> None:
        """Remember a look that found everything there was."""
        ...


def rebuilt_silence(silent_before: datetime, last_poll: datetime | None) -> datetime:
    """The new silent time of a folder whose UIDVALIDITY changed: it was rebuilt or moved,
    and mail that is old there has been answered long ago, whatever its UID."""
    if last_poll is None:
        return silent_before
    return max(silent_before, last_poll - REBUILT_GRACE)


def password_login(user: str, password: Callable[[], str]) -> Callable[[Any], None]:
    """Sign in by LOGIN; the password is asked for each time, so that a new one is used."""
    return lambda client: client.login(user, password())


def token_login(user: str, token: Callable[..., str]) -> Callable[[Any], None]:
    """Sign in with an access token: XOAUTH2 (Google, Microsoft 365) or OAUTHBEARER (RFC 7628).

    `token(refused=…)` gives another one where the server has not taken the first.
    """

    def sign_in(client: Any) -> None:
        from imapclient.exceptions import LoginError  # the store knows this module, too

        bearer = client.has_capability("AUTH=OAUTHBEARER")
        newer = bearer and not client.has_capability("AUTH=XOAUTH2")
        login = client.oauthbearer_login if newer else client.oauth2_login
        access = token()
        try:
            login(user, access)
        except LoginError:
            other = token(refused=access)
            if other == access:
                raise
            login(user, other)

    return sign_in
