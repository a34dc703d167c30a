"""Logs: structlog over the standard library, for people or as JSON lines.

A log line never holds message text, and what comes from a mail can't start a new one: values
are printed as their repr or as JSON.
"""

import logging
import sys

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
    structlog.configure(
        processors=[*shared[:1], structlog.stdlib.filter_by_level, *shared[1:],
                    structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )  # fmt: skip
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _one_line,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("mail.log", "mailparser", "imapclient", "asyncio", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _one_line(
    _: object, __: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Line breaks and control characters in values become visible escapes."""
    for name, value in entry.items():
        if isinstance(value, str) and name != "exception" and not value.isprintable():
            entry[name] = value.encode("unicode_escape").decode("ascii")
    return entry
