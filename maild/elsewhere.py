"""Ask something of a child process that ends: what it had to load goes with it.

For a parent that stays for months and forks: it must have a single thread.
"""

import os
import pickle
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def elsewhere(work: Callable[P, T]) -> Callable[P, T]:
    """The same function, done in a child; what it raises is raised here."""

    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        hear, tell = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.close(hear)
            _answer(tell, lambda: work(*args, **kwargs))
        os.close(tell)
        with os.fdopen(hear, "rb") as answer:
            content = answer.read()
        os.waitpid(child, 0)
        done, value = pickle.loads(content)  # noqa: S301 -- written by our own child
        if not done:
            raise value
        result: T = value
        return result

    return ask


def _answer(tell: int, work: Callable[[], object]) -> None:
    try:
        answer: tuple[bool, object] = (True, work())
    except Exception as error:
        answer = (False, error)
    with os.fdopen(tell, "wb") as pipe:
        pickle.dump(answer, pipe)
    os._exit(0)
