"""What commands share: the config at hand, the store it names, JSON on stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from maild.config import find_config, load
from maild.config.settings import Settings
from maild.model.as_json import timestamp
from maild.store import Store, open_store


def config_path(ctx: typer.Context) -> Path:
    """The configuration this command uses."""
    return find_config(ctx.obj["config"])


@contextmanager
def opened(ctx: typer.Context) -> Iterator[tuple[Settings, Store]]:
    """The settings and their store, closed at the end."""
    settings = load(config_path(ctx), secrets=False)
    store = open_store(settings.store.url)
    try:
        yield settings, store
    finally:
        store.close()


def print_json(value: Any) -> None:
    """One JSON document, nothing else, on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
