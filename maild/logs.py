"""Logs: structlog, for people or as JSON lines; what libraries log comes out alike.

A log line never holds message text, and what comes from a mail can't start a new one: values
are printed as their repr or as JSON.
"""

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")


def set_up(level: str = "info", form: str = "console") -> None:
    """Log to stderr from now on."""
    renderer: structlog.typing.Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(),
    ]
    lines: list[structlog.typing.Processor] = [_one_line, renderer]
    structlog.configure(
        processors=[*shared, *lines],
        logger_factory=_Logger,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *lines],
        )
    )
    logging._srcfile = None  # no line says where it was written
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    noisy_ones = "mail.log mailparser imapclient asyncio matplotlib uvicorn"
    for noisy in noisy_ones.split():
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Logger(structlog.WriteLogger):
    """Ours write past the standard library, at half the price: a worker says a line a mail.
    A full disk or a closed terminal stops no mail."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def _one_line(
    _: object, __: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Line breaks and control characters in values become visible escapes.

    Lines of a traceback stay lines, behind a bar: what an exception says may be a mail's words.
    """
    for name, value in entry.items():
        if name == "exception" and isinstance(value, str):
            entry[name] = "\n".join(f"| {_visible(line)}" for line in value.split("\n"))
        else:
            entry[name] = _visible(value)
    return entry


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else _escaped(value)
    if isinstance(value, dict):
        return {_visible(key): _visible(found) for key, found in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(found) for found in value]
    return value


def _escaped(text: str) -> str:
    """ñ stays ñ; what can't be printed, backslash included, is written as Python does."""
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )
