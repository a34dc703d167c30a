"""Dependencies point one way: what each part of maild may import, read from its source."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: From the bottom up; a module may import its own layer and those before it, never a later
#: one. The longest name that fits a module says where it belongs.
LAYERS: dict[str, str] = {
    "nouns": "maild maild.model maild.errors maild.links maild.clock",
    "pure": """
        maild.threading maild.rules maild.sla maild.ingest maild.reports
        maild.notify.letters maild.notify.facts maild.notify.mime maild.notify.environment
        maild.notify.wording maild.notify.drafts maild.notify.palette maild.notify.relaying
        maild.notify.samples
        """,
    "seams": "maild.interfaces",
    "desk": "maild.desk",
    "edge": """
        maild.store maild.oauth maild.health maild.portal maild.kb maild.notify
        maild.aside maild.bell maild.elsewhere maild.listeners maild.processes maild.logs
        maild.systemd
        maild.ingest.imap maild.ingest.imap_client maild.ingest.imap_folder
        maild.ingest.mailbox maild.ingest.smtp maild.ingest.smtp_session maild.ingest.lmtp
        maild.ingest.smtp_content maild.ingest.group_commit maild.ingest.door_limits
        maild.ingest.reader
        maild.ingest.sandbox maild.ingest.dkim_keys
        maild.reports.charts maild.reports.drawing maild.reports.letter
        """,
    "work": """
        maild.archive
        maild.worker maild.jobs maild.timetable maild.reporting maild.digests maild.surveying
        maild.hooks
        maild.kept maild.attempts
        """,
    "app": "maild.config maild.wiring maild.app maild.parts",
    "top": "maild.daemon maild.cli maild.demo maild.trial maild.__main__",
}
ORDER = list(LAYERS)
PLACE = {name: layer for layer, names in LAYERS.items() for name in names.split()}

#: what decides may not do: talk to a network, a database, a process
IO = set(
    """socket ssl select selectors asyncio subprocess multiprocessing smtplib imaplib http
    sqlite3 fcntl peewee playhouse psycopg imapclient aiosmtpd starlette uvicorn authlib dns
    schedule""".split()
)
#: who may read settings
_READERS = "config app wiring parts cli demo trial"
SETTINGS_READERS = tuple(f"maild.{name}" for name in _READERS.split())
CLOCK_CALLS = set(
    "datetime.now datetime.utcnow datetime.today date.today time.time time.time_ns".split()
)


def sources() -> dict[str, ast.Module]:
    """Every module of the package by its name, parsed."""
    found = {}
    for path in sorted((ROOT / "maild").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return found


SOURCES = sources()


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules it imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in SOURCES else str(node.module)


def layer(module: str) -> str | None:
    """The layer that a module of ours belongs to."""
    parts = module.split(".")
    for length in range(len(parts), 1, -1):
        if (name := ".".join(parts[:length])) in PLACE:
            return PLACE[name]
    return PLACE["maild"] if module == "maild" else None


def height(module: str) -> int:
    """How far up its layer is; a module without one counts as the very top."""
    found = layer(module)
    return ORDER.index(found) if found else len(ORDER)


def uphill(sources: dict[str, ast.Module]) -> list[str]:
    """Imports against the direction, one sentence each."""
    return [
        f"{module} ({layer(module)}) imports {wanted} ({layer(wanted)})"
        for module, tree in sources.items()
        for wanted in imports(tree)
        if wanted in SOURCES and height(wanted) > height(module)
    ]


def test_every_module_has_a_layer() -> None:
    """A new top-level module says first where it belongs."""
    assert [module for module in SOURCES if layer(module) is None] == []


def test_no_layer_names_a_module_that_is_gone() -> None:
    """Names in the table exist, but for parts that are still to come."""
    to_come = {"maild.health"}
    assert [name for name in PLACE if name not in SOURCES and name not in to_come] == []


def test_imports_point_one_way() -> None:
    """Nouns, pure parts, seams, desk, edge, work, app, top: never upwards."""
    assert uphill(SOURCES) == []


def test_an_import_upwards_would_be_seen() -> None:
    """The check itself: a pure part that imports the store, even inside a function."""
    bad = {"maild.rules.engine": ast.parse("def f():\n    from maild.store import Store")}
    assert uphill(bad) == ["maild.rules.engine (pure) imports maild.store (edge)"]


def test_what_decides_does_no_io() -> None:
    """Nouns, pure parts, seams and desk import no network, database or process library."""
    found = [
        f"{module} imports {wanted}"
        for module, tree in SOURCES.items()
        for wanted in imports(tree)
        if wanted.partition(".")[0] in IO and height(module) <= ORDER.index("desk")
    ]
    assert found == []


def test_settings_are_read_in_app_and_cli_only() -> None:
    """Parts take plain values; only the composition root, commands and demo know them."""
    found = [
        f"{module} imports {wanted}"
        for module, tree in SOURCES.items()
        for wanted in imports(tree)
        if wanted.startswith("maild.config") and not module.startswith(SETTINGS_READERS)
    ]
    assert found == []


@pytest.mark.parametrize("above", ["maild.desk", "maild.store", "maild.notify", "maild.ingest"])
def test_config_knows_rules_and_hours_but_no_desk(above: str) -> None:
    """Config checks words of rules and calendars with the parts themselves, nothing more."""
    found = [
        f"{module} imports {wanted}"
        for module, tree in SOURCES.items()
        if module.startswith("maild.config")
        for wanted in imports(tree)
        if wanted.startswith(above)
    ]
    assert found == []


def test_no_relative_imports() -> None:
    """`maild.threading` shares a name with the standard library: always the full name."""
    found = [
        f"{module}:{node.lineno}"
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert found == []


def test_only_the_clock_asks_the_time() -> None:
    """Everything else is handed `now`."""
    found = [
        f"{module}:{node.lineno} {ast.unparse(node.func)}()"
        for module, tree in SOURCES.items()
        if module != "maild.clock"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ".".join(ast.unparse(node.func).split(".")[-2:]) in CLOCK_CALLS
    ]
    assert found == []


def needed_at_start(tree: ast.Module) -> Iterator[str]:
    """What must be imported before the module itself is: not what stands in functions."""
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Try):
            yield from (name for name in imports(statement) if name in SOURCES)


def test_no_circles() -> None:
    """No module needs itself through others while it is being imported."""
    graph = {module: set(needed_at_start(tree)) for module, tree in SOURCES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]), pytrace=False)
