"""Work done by a second process, for those who have two processors and want it soon."""

import json
import os
import threading
from collections.abc import Callable
from typing import Any

#: makes what JSON can say
Work = Callable[[], dict[str, Any]]


def may_fork() -> bool:
    """Only a process of one thread can be copied: the locks of others would stay shut. And
    it pays only with more than one processor."""
    return threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def aside(work: Work, first: Callable[[], None] = lambda: None) -> Work:
    """Begin `work` in a copy of this process; what is returned waits for its result.

    In the copy `first` is called before it, to let go of what can't be shared. Whatever goes
    wrong there, the work is done here, so that errors are raised where they can be seen.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _do(work, first, writing)
    os.close(writing)

    def result() -> dict[str, Any]:
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        if status != 0:
            return work()
        found: dict[str, Any] = json.loads(answer)
        return found

    return result


def _do(work: Work, first: Callable[[], None], writing: int) -> None:
    """In the copy, which ends here without a trace: no clean-up of what the parent has."""
    try:
        first()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(work()).encode())
    except BaseException:
        os._exit(1)
    os._exit(0)
