"""Alert storms as they are remembered, on both engines."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.clock import SystemClock
from maild.desk.clusters import Storm
from maild.store import Store, open_store

AT = datetime(2026, 6, 8, 9, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on either engine."""
    if request.param == "postgres":
        found: str = request.getfixturevalue("postgres_url")
        return found
    return f"sqlite:///{tmp_path}/m.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url, SystemClock())
    yield store
    store.close()


def test_a_storm_is_found_by_its_key_and_by_its_ticket(store: Store) -> None:
    """Nothing at first; then what was noted last."""
    storm = Storm(7, AT, AT, 1)
    with store.write():
        assert store.storms.find("k", AT) is None
        store.storms.note("k", storm)
    later = replace(storm, latest=AT + timedelta(minutes=1), count=2)
    with store.write():
        assert store.storms.find("k", AT) == storm
        store.storms.note("k", later)
        assert store.storms.find("other", AT) is None
    assert store.storms.of(7) == later
    assert store.storms.of(8) is None


def test_two_nodes_open_one_ticket(url: str, store: Store) -> None:
    """Whoever asks second waits until the first has decided, and finds his ticket."""
    found: list[Storm | None] = []
    asked = threading.Event()

    def second() -> None:
        other = open_store(url, SystemClock())
        asked.set()
        with other.write():
            found.append(other.storms.find("k", AT))
        other.close()

    thread = threading.Thread(target=second)
    with store.write():
        assert store.storms.find("k", AT) is None
        thread.start()
        asked.wait(10)
        store.storms.note("k", Storm(3, AT, AT, 1))
    thread.join(20)
    assert found == [Storm(3, AT, AT, 1)]
