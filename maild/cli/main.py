"""`maild`: the commands put together, and what every one of them does about errors."""

import codecs
import errno
import os
import sys
import traceback
from io import TextIOWrapper
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from maild import __version__
from maild.cli import (
    backup,
    check,
    deliver,
    demo,
    doctor,
    forget,
    init,
    man,
    moving,
    oauth,
    parse,
    queue,
    report,
    rules,
    run,
    schema,
    sla,
    tickets,
    verify,
)
from maild.errors import ConfigError, MaildError

app = typer.Typer(
    name="maild",
    help="A help desk that lives on e-mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "-c",
            "--config",
            envvar="MAILD_CONFIG",
            help="The configuration (else ./config.toml, then /etc/maild/config.toml).",
        ),
    ] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", help="debug, info, warning or error.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --version: as JSON.")] = False,
) -> None:
    """Options of every command."""
    _refuse_unknown_level(log_level)
    ctx.obj = {"config": config, "log_level": log_level}
    if version:
        _print_version(as_json=json)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


def _refuse_unknown_level(word: str | None) -> None:
    if word is None:
        return
    from maild.cli.words import refuse_unknown
    from maild.logs import LEVELS

    refuse_unknown(word, "--log-level", LEVELS)


def _print_version(*, as_json: bool) -> None:
    if not as_json:
        print(f"maild {__version__}")
        return
    from maild.store.migrations import STORE_VERSION

    print(dumps({"maild": __version__, "store": STORE_VERSION, "contract": 1}))


app.command()(init.init)
app.command()(check.check)
app.command()(schema.schema)
app.command()(run.run)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(man.man)
app.command()(deliver.deliver)
app.command()(parse.parse)
app.command()(report.report)
app.command("list")(tickets.list_)
app.command()(tickets.show)
app.command()(tickets.search)
app.command()(tickets.why)
app.command()(sla.sla)
app.add_typer(queue.app, name="queue")
app.add_typer(oauth.app, name="oauth")
app.add_typer(rules.app, name="rules")
app.command()(verify.verify)
app.command()(backup.backup)
app.command()(forget.forget)
app.command()(moving.export)
app.command("import")(moving.import_)
app.command()(moving.import_mail)


#: what is wrong with a path that somebody named, not with the machine
_OF_A_PATH = {
    errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT,
    errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip
#: the machine lacks something just now
_OF_NOW = {errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What a terminal can't show, as JSON writes it: in a document it means the same."""
    assert isinstance(error, UnicodeEncodeError)
    return dumps(error.object[error.start : error.end])[1:-1], error.end


def main() -> None:
    """Run a command; every known error becomes its exit status and one line, any other 70."""
    codecs.register_error("maild", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may not know ñ
            stream.reconfigure(errors="maild")
    try:
        app()
    except MaildError as error:
        listed = isinstance(error, ConfigError) and hasattr(error, "faults")
        print(error if listed else f"maild: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `maild list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        status = 2 if error.errno in _OF_A_PATH and error.filename else 70
        status = 75 if error.errno in _OF_NOW else status
        if status == 70:
            _print_fault()
        else:
            place = f"{error.filename}: " if error.filename else ""
            print(f"maild: {place}{error.strerror}", file=sys.stderr)
        sys.exit(status)
    except Exception:
        _print_fault()
        sys.exit(70)


def _print_fault() -> None:
    traceback.print_exc()
    print(f"maild {__version__}: this is a fault of maild; please report it", file=sys.stderr)
