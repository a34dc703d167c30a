"""Servers for tests that talk to real ones; each is started when first asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import made_once
from tests.servers import commands
from tests.servers.certificate import certificate
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.postgres import Postgres
from tests.servers.sink import Sink


@pytest.fixture(scope="session", autouse=True)
def made_before() -> Iterator[None]:
    """Templates are compiled once, and an empty store made once, not for each desk."""
    with made_once.kept():
        yield
    commands.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A relay that keeps letters; one per test."""
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for all tests; take a mailbox of your own with `dovecot.user()`."""
    dovecot = Dovecot()
    yield dovecot
    dovecot.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for all tests (not durable: it forgets when the machine dies)."""
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """The same; what databases a test makes on it go with the test."""
    yield postgres_server
    postgres_server.drop_all()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The URL of an empty database of this test's own."""
    return postgres.fresh()


@pytest.fixture
def start_postfix() -> Iterator[type[Postfix]]:
    """`start_postfix(door_port, transport="lmtp")`: an MTA in front of a door."""
    started: list[Postfix] = []

    def start(door: int, *, transport: str = "smtp") -> Postfix:
        started.append(Postfix(door, transport=transport))
        return started[-1]

    yield start  # type: ignore[misc]
    for postfix in started:
        postfix.close()


@pytest.fixture(scope="session")
def localhost_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost (its own authority) and its key."""
    return certificate(tmp_path_factory.mktemp("tls"))
