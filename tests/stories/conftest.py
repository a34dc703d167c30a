"""An office for each story."""

from pathlib import Path

import pytest

from tests.stories.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An empty desk on a Monday morning."""
    return Office(tmp_path)
