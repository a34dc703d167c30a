"""What each desk would make anew and alike is made once in a test process: compiled templates,
and the tables of an empty store. Nor does a store wait for the disk there.

Tests open thousands of desks in one process, where `maild` opens one: this took longer than
what they look at. The daemon and the commands, which are processes of their own, make theirs
themselves and wait for the disk; `wire/test_system_calls.py` shows that they do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any

import peewee
import pytest
from jinja2 import Environment

from maild.store import arrivals, engine, store
from maild.store.engine import Engine
from maild.store.migrations import prepare

_compile = Environment.compile


@contextmanager
def kept() -> Iterator[None]:
    """While it lasts, what is alike is taken from what was made before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _Templates().compiled)
        patch.setattr(store, "prepare", _prepare)
        patch.setattr(engine, "_sqlite", _sqlite)
        patch.setattr(arrivals, "_PRAGMAS", (*arrivals._PRAGMAS, "synchronous=off"))
        yield


# -- templates -----------------------------------------------------------------------------


class _Templates:
    """By their text, after the colours and styles of their desk are in it."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], CodeType] = {}

    @property
    def compiled(self) -> Any:
        def compile(
            environment: Environment, source: Any, name: Any = None, filename: Any = None,
            **how: Any,
        ) -> Any:  # fmt: skip
            if name is None or how or not isinstance(source, str):
                return _compile(environment, source, name, filename, **how)
            text = environment.preprocess(source, name, filename)
            key = (*_kind(environment, name), text, name, filename)
            if key not in self._known:
                self._known[key] = _compile(environment, source, name, filename)
            return self._known[key]

        return compile


def _kind(environment: Environment, name: str) -> tuple[Any, ...]:
    """What the compiler asks of an environment."""
    escapes = environment.autoescape
    return (
        type(environment),
        escapes(name) if callable(escapes) else escapes,
        environment.undefined,
        environment.trim_blocks,
        environment.lstrip_blocks,
        tuple(environment.extensions),
        tuple(environment.filters.items()),
        tuple(environment.tests.items()),
    )


# -- stores --------------------------------------------------------------------------------


def _prepare(new: Engine) -> None:
    """As ever, on a file that has its tables already."""
    if new.in_file:
        with _turn:
            if not new.size():
                new.path.write_bytes(_tables())
    prepare(new)


_turn = threading.Lock()


@cache
def _tables() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        made = Engine(f"sqlite:///{path}")
        prepare(made)
        made.close()
        return path.read_bytes()


_durable = engine._sqlite


def _sqlite(path: Path) -> peewee.SqliteDatabase:
    database = _durable(path)
    database._pragmas.append(("synchronous", "off"))
    return database
