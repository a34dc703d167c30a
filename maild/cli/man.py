"""`maild man`: the manual page, made of the very help texts that `--help` shows."""

from collections.abc import Iterator
from typing import Any

import typer

_STATUS = (
    ("0", "Done."),
    ("1", "Done, but it found what it was asked to look for: a failed check, a difference."),
    ("2", "Usage or configuration error."),
    ("3", "No such ticket, message or report."),
    ("70", "Internal error."),
    ("75", "Temporary failure: try again. Of run also: another daemon holds this store."),
    ("78", "The store can't be used (damaged, or of a newer version); nothing was written."),
)
_FILES = (
    ("./config.toml, /etc/maild/config.toml", "The configuration; see maild schema."),
    ("var/maild.db", "The store, unless [store] url names another."),
)
_ENVIRONMENT = (
    ("MAILD_CONFIG", "The configuration to use, where -c does not name one."),
    ("CREDENTIALS_DIRECTORY", "Where credentials of systemd are found (systemd.exec(5))."),
    ("NOTIFY_SOCKET, WATCHDOG_USEC", "Where run tells systemd how it fares (sd_notify(3))."),
)


def man() -> None:
    """Print the manual page (roff): maild man | man -l -"""
    from maild import __version__
    from maild.cli.main import app

    typer.echo("\n".join(page(typer.main.get_command(app), __version__)))


def page(command: Any, version: str) -> Iterator[str]:
    """The lines of maild(1)."""
    yield f'.TH MAILD 1 "" "maild {_text(version)}" "User Commands"'
    yield ".SH NAME"
    yield "maild \\- a help desk that lives on e\\-mail"
    yield ".SH SYNOPSIS"
    yield ".B maild"
    yield "[\\fB\\-c\\fR \\fICONFIG\\fR] [\\fB\\-\\-log\\-level\\fR \\fIL\\fR]"
    yield "\\fICOMMAND\\fR ..."
    yield ".SH OPTIONS"
    yield from _options(command)
    yield ".SH COMMANDS"
    yield from _commands(command, ())
    for title, rows in (
        ("EXIT STATUS", _STATUS),
        ("ENVIRONMENT", _ENVIRONMENT),
        ("FILES", _FILES),
    ):
        yield f".SH {title}"
        for term, meaning in rows:
            yield from (".TP", f".B {_text(term)}", _text(meaning))


def _commands(group: Any, before: tuple[str, ...]) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        words = (*before, name)
        operands = " ".join(_operand(p) for p in command.params if _is_operand(p))
        yield f".SS {_text(' '.join(words))}"
        yield f".B maild {_text(' '.join(words))}"
        yield f"{operands}\n.PP".lstrip("\n")
        yield from _prose(command.help or "")
        yield from _options(command)
        if getattr(command, "commands", None):
            yield from _commands(command, words)


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        help = getattr(parameter, "help", None) or ""
        if getattr(parameter, "hidden", False):
            continue
        yield ".TP"
        if _is_operand(parameter):
            yield _operand(parameter)
        else:
            names = [*parameter.opts, *parameter.secondary_opts]
            value = "" if parameter.is_flag else f" \\fI{_text(_value(parameter))}\\fR"
            yield ", ".join(f"\\fB{_text(name)}\\fR" for name in names) + value
        yield _text(" ".join(help.split())) or "\\&"


def _is_operand(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _operand(parameter: Any) -> str:
    name = f"\\fI{_text(_value(parameter))}\\fR"
    many = f"{name} ..." if parameter.nargs == -1 else name
    return many if parameter.required else f"[{many}]"


def _value(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name).strip("[]").rstrip(".").upper()


def _prose(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield _text(" ".join(paragraph.split()))
        yield ".PP"


def _text(words: str) -> str:
    """Words as roff text: nothing in them is a request, an escape or a soft hyphen."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
