"""Work done by a second process: the result, whatever becomes of that process."""

import os
import signal
from typing import Any

import pytest

from maild.aside import aside, may_fork

HERE = os.getpid()


def test_the_result_comes_back() -> None:
    """From another process, while this one goes on."""
    waiting = aside(lambda: {"pid": os.getpid(), "words": ["mañana", None]})
    found = waiting()
    assert found["words"] == ["mañana", None]
    assert found["pid"] != HERE


def test_a_copy_that_dies_changes_nothing() -> None:
    """Killed, or in trouble: the work is done here."""

    def work() -> dict[str, Any]:
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"pid": os.getpid()}

    assert aside(work)() == {"pid": HERE}


def test_errors_are_raised_where_they_can_be_seen() -> None:
    """What goes wrong goes wrong here, too."""

    def work() -> dict[str, Any]:
        raise ValueError("no such period")

    with pytest.raises(ValueError, match="no such period"):
        aside(work)()


def test_what_is_shared_is_let_go_of_first() -> None:
    """In the copy only."""
    held = ["connection"]
    found = aside(lambda: {"held": held[:]}, held.clear)()
    assert found == {"held": []}
    assert held == ["connection"]


def test_threads_forbid_it() -> None:
    """Their locks would stay shut in the copy."""
    assert isinstance(may_fork(), bool)
    from threading import Event, Thread

    until = Event()
    thread = Thread(target=until.wait)
    thread.start()
    try:
        assert not may_fork()
    finally:
        until.set()
        thread.join()
