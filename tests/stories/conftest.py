"""An office for each story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An empty desk on a Monday morning."""
    office = Office(tmp_path)
    yield office
    office.store.close()
