"""Where tokens of mail accounts are kept: beside the signing secret, shared by all nodes."""

import json
from datetime import datetime, timedelta

from maild.oauth.token import Token
from maild.store.engine import Engine
from maild.store.leases import Leases

_NAME = "oauth:"


class Tokens:
    """`oauth.keeper.Room` on the store; each call is a transaction of its own."""

    def __init__(self, engine: Engine, leases: Leases, holder: str) -> None:
        self._engine = engine
        self._leases = leases
        self._holder = holder

    def read(self, account: str) -> Token | None:
        row = self._engine.one("SELECT value FROM note WHERE name = ?", [_NAME + account])
        return Token.from_json(json.loads(row[0])) if row else None

    def keep(self, account: str, token: Token) -> None:
        with self._engine.write():
            self._engine.execute(
                "INSERT INTO note (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [_NAME + account, json.dumps(token.as_json())],
            )

    def lock(self, account: str, now: datetime, length: timedelta) -> bool:
        return self._leases.take(_NAME + account, self._holder, now=now, length=length)

    def unlock(self, account: str) -> None:
        self._leases.let_go(_NAME + account, self._holder)
