"""`maild rules`: what the rules would do with a mail, and what others would have done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maild.config.settings import Settings
    from maild.rules import Decision, Replay, RuleBook
    from maild.store import Store
    from maild.store.replay import Packed

app = typer.Typer(help="Try the rules without doing what they say.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

#: what a table of differences shows before it says "and so many more"
SHOWN = 200


@app.command()
def test(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Raw messages; else stdin.")
    ] = None,
    on: Annotated[str, typer.Option(help="new, or reply: as if it joined a ticket.")] = "new",
    json: Json = False,
) -> None:
    """Show what the rules would do with a raw message, and why; nothing is done."""
    from maild.cli.context import config_path, print_json
    from maild.config import load
    from maild.rules.facts import OCCASIONS

    if on not in OCCASIONS:
        raise typer.BadParameter(f"must be {' or '.join(OCCASIONS)}", param_hint="--on")
    settings = load(config_path(ctx), secrets=False)
    decisions = _decide(settings, files or [], on)
    if json:
        told = [decision.as_json() for _, decision in decisions]
        print_json(told if len(files or []) > 1 else told[0])
        return
    for name, decision in decisions:
        _print_decision(name, decision, settings.desk.language)


def _decide(settings: "Settings", files: list[Path], on: str) -> "list[tuple[str, Decision]]":
    from maild.trial import on_trial

    with on_trial(settings) as trial:
        return [
            (name, trial.book.decide(trial.facts(raw), on=on)) for name, raw in _raws(files)
        ]


def _raws(files: list[Path]) -> list[tuple[str, bytes]]:
    import sys

    from maild.errors import ConfigError

    if not files:
        return [("stdin", sys.stdin.buffer.read())]
    try:
        return [(str(path), path.read_bytes()) for path in files]
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error


def _print_decision(name: str, decision: "Decision", language: str) -> None:
    from maild.rules import explain

    print(name)
    for key, value in decision.outcome().items():
        if value not in (None, []):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"  {key}: {shown}")
    for line in decision.trace:
        sign = "✓" if line.matched else "·"
        print(f"  {sign} {line.rule}: {explain(line, language)}")


@app.command()
def replay(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(help="YYYY-MM-DD, or a span back: 30d, 12h.")] = "30d",
    other: Annotated[
        Path | None,
        typer.Option("--with", metavar="NEW.toml", help="Rules of another configuration."),
    ] = None,
    send: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Mail the answer there as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Run rules over stored mail and list what would differ; changes nothing.

    With NEW.toml its rules are compared with today's; without it today's rules are compared
    with what was decided when each mail came. Exit status 1 if anything differs.
    """
    from maild.cli.context import opened, print_json
    from maild.cli.tickets import instant
    from maild.config import load
    from maild.config.rulewords import specs
    from maild.rules import compile_rules

    start = instant(since)
    assert start is not None
    with opened(ctx) as (settings, store):
        today = compile_rules(specs(settings))
        after = compile_rules(specs(load(other, secrets=False))) if other else today
        found = _compare(store.sightings.packed_since(start), today if other else None, after)
        if send:
            _send(settings, store, found, send)
    if json:
        print_json(found.as_json())
    else:
        _print_replay(found, settings.desk.tag)
    raise typer.Exit(1 if found.differ else 0)


def _compare(
    packed: "Iterable[Packed]", before: "RuleBook | None", after: "RuleBook"
) -> "Replay":
    """On all processors."""
    import os
    import pickle

    from maild.errors import MaildError
    from maild.ingest.sandbox import Sandbox, pack
    from maild.rules.replay import Replay, compare
    from maild.store.replay import unpack

    def work(job: bytes) -> bytes:
        return pack(compare(unpack(*pickle.loads(job)), before, after))  # noqa: S301 -- ours

    box = Sandbox(work, workers=os.cpu_count() or 1)
    found, count = [], 0
    try:
        for answer in box.run(pack(tuple(each)) for each in packed):
            count += 1
            if answer.result is None:
                raise MaildError(f"a message could not be tried ({answer.lost})")
            if (difference := pickle.loads(answer.result)) is not None:  # noqa: S301 -- ours
                found.append(difference)
    finally:
        box.close()
    return Replay(count, tuple(found))


def _print_replay(found: "Replay", tag: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(_summary(found, "en"), highlight=False)
    if not found.differ:
        return
    table = Table("Ticket", "Subject", "What", "Before", "After")
    for row in _rows(found, tag):
        table.add_row(*map(escape, row))
    console.print(table)
    if len(found.differ) > SHOWN:
        console.print(f"… and {len(found.differ) - SHOWN} more (--json shows all)")


_WORDS = {
    "en": (
        "{0} messages: {1} would be treated otherwise.",
        "{0} go to another department",
        "{0} have another priority",
        "{0} match no rule",
        "Rules tried on past mail",
        "Ticket|Subject|What|Before|After",
    ),
    "es": (
        "{0} mensajes: {1} se tratarían de otra manera.",
        "{0} van a otro departamento",
        "{0} tienen otra prioridad",
        "{0} no encajan en ninguna regla",
        "Reglas probadas con el correo pasado",
        "Solicitud|Asunto|Qué|Antes|Después",
    ),
}


def _summary(found: "Replay", language: str) -> str:
    words = _WORDS.get(language, _WORDS["en"])
    changed = [difference.fields() for difference in found.differ]
    parts = (
        (words[1], sum("department" in fields for fields in changed)),
        (words[2], sum("priority" in fields for fields in changed)),
        (words[3], sum(not difference.after["matched"] for difference in found.differ)),
    )
    more = ", ".join(text.format(count) for text, count in parts if count)
    said = words[0].format(found.messages, len(found.differ))
    return f"{said} ({more})" if more else said


def _rows(found: "Replay", tag: str) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for difference in found.differ[:SHOWN]:
        for key in difference.fields():
            number = f"{tag} #{difference.ticket}" if difference.ticket else "—"
            before, after = _plain(difference.before.get(key)), _plain(difference.after[key])
            rows.append((number, difference.subject, key, before, after))
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return "—" if value is None else str(value)


def _send(settings: "Settings", store: "Store", found: "Replay", address: str) -> None:
    """As an `admin` letter; the daemon carries it."""
    from maild.app import build
    from maild.notify.facts import Information

    language = settings.desk.language
    words = _WORDS.get(language, _WORDS["en"])
    facts = Information(
        title=words[4],
        lines=(_summary(found, language),),
        head=tuple(words[5].split("|")) if found.differ else (),
        rows=tuple(_rows(found, settings.desk.tag)),
    )
    app = build(settings)  # opens the store itself, so before our transaction
    with store.write():
        app.house.inform(store, [address], facts)
