"""Keeps one account supplied with an access token, whoever asks and however often.

Several threads and processes ask for the same account; one of them renews, the others go on
with the old token or wait. A rotated refresh token is in the store before anybody gets the
access token that came with it. One account's trouble is its own.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from maild.errors import MaildError, Temporary
from maild.interfaces import Clock
from maild.oauth.client import Client
from maild.oauth.endpoint import Refused
from maild.oauth.grants import renewed
from maild.oauth.token import Token

RENEWAL = timedelta(seconds=45)  #: longer than one question to a provider can take
PATIENCE_S = 30.0
REFUSED_PAUSES_S = (60.0, 120.0, 300.0, 900.0)


class Room(Protocol):
    """Where tokens are kept."""

    def read(self, account: str) -> Token | None: ...

    def keep(self, account: str, token: Token) -> None: ...

    def lock(self, account: str, now: datetime, length: timedelta) -> bool: ...

    def unlock(self, account: str) -> None: ...


class SignInNeeded(MaildError):
    """Nobody has signed in to this account yet, or the provider has ended the grant."""

    exit_code = 1


@dataclass(slots=True)
class _Refusal:
    """The last no, and until when it stands unless the kept token changes."""

    said: str
    got: datetime | None
    until: float
    times: int = 1


class Keeper:
    """`access()` is safe from any thread."""

    def __init__(
        self,
        account: str,
        client: Client,
        room: Room,
        *,
        clock: Clock,
        renew: Callable[[Client, Token | None, datetime], Token] = renewed,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account = account
        self._client = client
        self._room = room
        self._clock = clock
        self._renew = renew
        self._pause = pause
        self._lock = threading.Lock()
        self._refusal: _Refusal | None = None
        self._unsaved: Token | None = None

    def access(self, *, refused: str = "") -> str:
        """An access token that should work. `refused`: one that a server has not taken.

        Raises `SignInNeeded` (a person must do something) or `Temporary`.
        """
        token = self._room.read(self.account)
        if token and token.is_fresh(self._clock.now()) and token.access != refused:
            return token.access
        with self._lock:
            return self._renewed(refused).access

    def _renewed(self, refused: str) -> Token:
        until = self._clock.monotonic() + PATIENCE_S
        self._save()
        while True:
            now = self._clock.now()
            token = self._room.read(self.account)
            if token and token.is_fresh(now) and token.access != refused:
                return token
            self._respect_refusal(token)
            if self._room.lock(self.account, now, RENEWAL):
                break
            if token and token.is_valid(now) and token.access != refused:
                return token  # somebody is at it
            if self._clock.monotonic() > until:
                raise Temporary(f"{self.account}: the token is being renewed by another node")
            self._pause(0.1)
        try:
            return self._ask(refused)
        finally:
            self._room.unlock(self.account)

    def _ask(self, refused: str) -> Token:
        """The lock is ours; somebody may have been quicker in getting it."""
        old, now = self._room.read(self.account), self._clock.now()
        if old and old.is_fresh(now) and old.access != refused:
            return old
        try:
            self._unsaved = self._renew(self._client, old, now)
        except Refused as refusal:
            raise self._note(refusal, old) from None
        except Temporary:
            if old and old.is_valid(now) and old.access != refused:
                return old
            raise
        self._refusal = None
        fresh = self._unsaved
        self._save()
        return fresh

    def _save(self) -> None:
        """What could not be stored is kept in mind: a rotated token comes only once."""
        if self._unsaved is not None:
            self._room.keep(self.account, self._unsaved)
            self._unsaved = None

    def _respect_refusal(self, token: Token | None) -> None:
        said = self._refusal
        if said is None or said.got != (token.got if token else None):
            return
        if self._clock.monotonic() < said.until:
            raise SignInNeeded(said.said)

    def _note(self, refusal: Refused, token: Token | None) -> SignInNeeded:
        """Providers lock out who knocks too often: knock seldom, until something changes."""
        got, before = token.got if token else None, self._refusal
        times = before.times + 1 if before and before.got == got else 1
        wait = REFUSED_PAUSES_S[min(times, len(REFUSED_PAUSES_S)) - 1]
        said = f"{self.account}: {refusal}; {advice(self._client, self.account)}"
        self._refusal = _Refusal(said, got, self._clock.monotonic() + wait, times)
        return SignInNeeded(said)


def advice(client: Client, account: str) -> str:
    """What to do where the provider says no."""
    match client.flow:
        case "client_credentials":
            return "look at client_id, client_secret and its expiry at the provider"
        case "service_account":
            return "look at the key file and the delegation at the provider"
    return f"sign in: maild oauth login {account}"
