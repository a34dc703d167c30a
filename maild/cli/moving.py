"""`maild export`, `import` and `import-mail`: moving in, and being able to move out."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maild.config.settings import Settings
    from maild.store.moving import Imported

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SHOWN = 50  #: faults printed at most


def export(
    ctx: typer.Context,
    requester: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="All that is kept on one person, and no more."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A new file; else stdout.")] = None,
) -> None:
    """Write tickets with their history, one JSON object a line."""
    from maild.cli.context import opened
    from maild.store.handing_over import as_line, export_all, export_person

    with opened(ctx) as (settings, store), _written(out) as stream:
        tag = settings.desk.tag
        if requester is None:
            lines = export_all(store.engine, tag)
        else:
            lines = export_person(store.engine, tag, requester)
        count = 0
        for line in lines:
            stream.write(as_line(line))
            count += 1
    print(f"{count} lines", file=sys.stderr)


@contextmanager
def _written(out: Path | None) -> Iterator[IO[str]]:
    """A new file of the owner's alone, gone again if it can't be finished; or stdout."""
    import os

    from maild.errors import ConfigError

    if out is None:
        yield sys.stdout
        return
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yield stream
    except BaseException:
        out.unlink()
        raise


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One ticket a line.")],
    json: Json = False,
) -> None:
    """Import tickets with their history; what is here already stays as it is."""
    from maild.cli.context import print_json

    settings, done = _import(ctx, file)
    unknown = sorted(done.departments - set(settings.department))
    if unknown:
        print(f"departments that the config does not name: {', '.join(unknown)}",
              file=sys.stderr)  # fmt: skip
    for number, reason in done.bad[:SHOWN]:
        print(f"line {number}: {reason}", file=sys.stderr)
    if len(done.bad) > SHOWN:
        print(f"… and {len(done.bad) - SHOWN} more", file=sys.stderr)
    if json:
        bad = [{"line": number, "reason": reason} for number, reason in done.bad]
        print_json({"imported": done.new, "known": done.known, "bad": bad})
    else:
        print(f"{done.new} imported, {done.known} known already, {len(done.bad)} bad")
    raise typer.Exit(1 if done.bad else 0)


def _import(ctx: typer.Context, file: Path) -> "tuple[Settings, Imported]":
    from contextlib import closing

    from maild.app import build
    from maild.cli.context import config_path
    from maild.config import load
    from maild.errors import ConfigError
    from maild.model.from_json import Home
    from maild.store.moving import Van

    app = build(load(config_path(ctx), secrets=False))
    desk = app.settings.desk
    home = Home(desk.tag, next(iter(app.settings.department)), desk.language)
    try:
        size = file.stat().st_size
        lines = _lines_of(file)
        with closing(app.open_store()) as store, _progress(2 * size) as moved:
            van = Van(store.engine, home, now=app.clock.now(), reckon=app.deadlines.reckon)
            return app.settings, van.carry(lines, moved)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error


def import_mail(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(help="An mbox, a Maildir, or a folder of .eml files.")
    ],
    keep_open: Annotated[
        bool,
        typer.Option("--keep-open", help="Leave tickets open that have long been silent."),
    ] = False,
    json: Json = False,
) -> None:
    """Take an archive of mail as history: tickets with the mails' own times, nothing sent."""
    from contextlib import closing
    from dataclasses import replace

    from maild.app import build
    from maild.archive import entries, take_archive
    from maild.cli.context import config_path, print_json
    from maild.config import load
    from maild.desk.past import Past, Silence

    app = build(load(config_path(ctx), secrets=False))
    now = app.clock.now()
    archive = entries(path, now)
    with closing(app.open_store()) as store, _progress(len(archive), every=100) as moved:
        desk = app.desk(store)
        customers = replace(desk.customers, notices=Silence())
        done = take_archive(
            store,
            Past(desk.reader, customers, store.cases, now),
            archive,
            close_after=None if keep_open else app.settings.lifecycle.close_after,
            moved=moved,
        )
    if json:
        print_json({"imported": done.new, "known": done.known, "closed": done.closed})
    else:
        print(f"{done.new} mails imported, {done.known} known already, "
              f"{done.closed} silent tickets closed")  # fmt: skip


def _lines_of(file: Path) -> Callable[[], Iterable[bytes]]:
    """The file's lines, as often as they are asked for; a pipe is kept meanwhile."""
    import shutil
    import tempfile

    if file.is_file():
        return lambda: file.open("rb")
    kept = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as what is returned
    with file.open("rb") as pipe:
        shutil.copyfileobj(pipe, kept)

    def again() -> Iterable[bytes]:
        kept.seek(0)
        return kept

    return again


@contextmanager
def _progress(total: int, *, every: int = 500_000) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("importing", total=total or None)
        waiting = 0

        def moved(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting >= every:
                bar.advance(task, waiting)
                waiting = 0

        yield moved
        bar.advance(task, waiting)
