"""What the documents say is so: commands exist, TOML passes `check`, "not yet" is true."""

import ast
import json
import re
import shlex
import tomllib
import typing
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from maild.cli.main import app
from maild.config.inspection import inspect
from maild.config.settings import Settings
from maild.config.table import Table
from maild.trial import golden_reader

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
CONTRACT = ROOT / "docs" / "contract.md"
LEEME = ROOT / "README.es.md"
PAGES = [README, LEEME, *sorted((ROOT / "docs").rglob("*.md"))]
TODAY = date(2026, 6, 1)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of a page in one of the languages."""
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.M | re.S):
        if language in languages:
            yield text


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


# -- commands -------------------------------------------------------------------------------


def known_commands() -> dict[str, Any]:
    """`maild`'s commands by their name; a group's as "queue retry"."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        found[name] = command
        for inner in getattr(command, "commands", {}):
            found[f"{name} {inner}"] = command.commands[inner]
    return found


KNOWN = known_commands()


def spoken() -> Iterator[tuple[str, list[str]]]:
    """Each line of a shell block that calls maild or make: its page and its words."""
    for page in PAGES:
        for block in blocks(page, "sh", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words and words[0].rpartition("/")[2] in ("maild", "make"):
                    yield named(page), words


SPOKEN = list(spoken())


def test_the_documents_speak_of_commands() -> None:
    """The check below has something to look at."""
    programs = {words[0] for _, words in SPOKEN}
    assert programs == {"maild", "make"}


@pytest.mark.parametrize(
    ("page", "words"), SPOKEN, ids=[f"{page}: {' '.join(words)}" for page, words in SPOKEN]
)
def test_commands_in_documents_exist(page: str, words: list[str]) -> None:
    """Each is a target of the Makefile, or a command of maild with the options it is given."""
    if words[0] == "make":
        assert set(words[1:]) <= targets()
        return
    words = words[3:] if words[1:2] == ["-c"] else words[1:]
    name = " ".join(words[:2]) if " ".join(words[:2]) in KNOWN else words[0]
    assert name in KNOWN, f"{page} calls maild {words[0]}"
    options = {option for parameter in KNOWN[name].params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY:(.*)$", text, re.M)
    assert phony
    return set(phony[1].split())


def test_the_makefile_has_five_targets_for_people() -> None:
    """`system` is a step of theirs."""
    assert targets() - {"system"} == {"run", "test", "check", "bench", "proof"}


@pytest.mark.parametrize("name", KNOWN)
def test_every_command_explains_itself(name: str) -> None:
    """`--help` of each works and says what the command does."""
    done = CliRunner().invoke(app, [*name.split(), "--help"])
    assert done.exit_code == 0
    assert KNOWN[name].help


# -- the two lists of what is still to come ----------------------------------------------------


def promised() -> list[str]:
    """The commands of the contract's table, by their first word, in its order."""
    table = CONTRACT.read_text().partition("| command | what it does |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    words = [word for cell in cells for word in re.findall(r"`maild ([a-z-]+)", cell)]
    return list(dict.fromkeys(word for word in words if not word.startswith("-")))


def listed(opening: str) -> list[str]:
    """The words in backticks of the README's sentence that begins so."""
    sentence = " ".join(README.read_text().split()).partition(opening)[2]
    assert sentence, f"the README has no sentence that begins with {opening!r}"
    return re.findall(r"`([^`]+)`", sentence.partition(". ")[0])


def test_commands_to_come_are_named() -> None:
    """The README lists the commands of the contract that are not there yet, and no other."""
    missing = [word for word in promised() if word not in KNOWN]
    written = listed("Commands of [the contract](docs/contract.md) still to come:")
    assert set(written) == set(missing), f"the README should name {in_backticks(missing)}"


def test_keys_without_effect_are_named() -> None:
    """The README lists the keys of config.toml that nothing reads yet, and no other."""
    written, idle = listed("Accepted in `config.toml`, does nothing yet:"), list(ineffective())
    assert set(written) == set(idle), f"the README should name {in_backticks(idle)}"


def in_backticks(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


#: read under another name: by priority, by the name of a day, or when the config is checked
READ_OTHERWISE = {
    "sla.urgent", "sla.high", "sla.normal", "sla.low", "calendar.(days)", "rule.test",
}  # fmt: skip


def ineffective() -> Iterator[str]:
    """Keys that no module outside the config's own looks at."""
    read = attributes()
    yield from (key for key in unread(Settings, [], read) if key not in READ_OTHERWISE)


def attributes() -> set[str]:
    """Every attribute that is looked up where settings are read."""
    config = ROOT / "maild" / "config"
    texts = [(config / name).read_text() for name in ("promises.py", "rulewords.py")]
    for path in (ROOT / "maild").rglob("*.py"):
        text = path.read_text()
        built = path.parent.name in ("parts", "wiring") or path.stem == "reporting"
        if config not in path.parents and ("maild.config" in text or built):
            texts.append(text)
    trees = [ast.parse(text) for text in texts]
    return {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }


def unread(table: type[Table], path: list[str], read: set[str]) -> Iterator[str]:
    for name, field in table.model_fields.items():
        here = [*path, field.alias or name]
        if name not in read:
            yield ".".join(here)
        else:
            for inner in dict.fromkeys(tables(field.annotation)):
                yield from unread(inner, here, read)


def tables(annotation: Any) -> Iterator[type[Table]]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from tables(inner)


# -- two languages -----------------------------------------------------------------------------

#: the same page in both languages, each under its own name
PAIRS = [(README, LEEME)] + [
    (ROOT / "docs" / english, ROOT / "docs" / spanish)
    for english, spanish in (("agents.md", "agentes.md"), ("supervisors.md", "supervisores.md"))
    if (ROOT / "docs" / english).exists()
]


def rows(page: Path) -> list[list[str]]:
    """The lines of all tables of a page, cell by cell."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def figures(cell: str) -> list[str]:
    """The numbers of a cell, in one spelling: `10.000` and `10,000`, `0,5` and `0.5`."""
    found = re.findall(r"\d+(?:[.,]\d+)*", cell.replace("#", ""))
    return [re.sub(r"[.,](?=\d{3}\b)", "", word).replace(",", ".") for word in found]


@pytest.mark.parametrize(("english", "spanish"), PAIRS, ids=lambda page: named(page))
def test_both_languages_say_the_same_figures(english: Path, spanish: Path) -> None:
    """Table for table, line for line, cell for cell; and the same yes, no and in part."""
    ours, theirs = rows(english), rows(spanish)
    assert [len(line) for line in ours] == [len(line) for line in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert [figures(cell) for cell in one] == [figures(cell) for cell in other]
        assert [verdict(cell) for cell in one] == [verdict(cell) for cell in other]


VERDICTS = {
    "yes": "yes", "sí": "yes", "no": "no", "~": "in part", "works": "works", "work": "works",
    "funciona": "works", "not yet": "not yet", "todavía no": "not yet",
}  # fmt: skip


def verdict(cell: str) -> str:
    """A cell of a comparison or a status in one word, whatever its language; "" for others."""
    found = re.fullmatch(r"\**([^(;*]+?)\**(?: \(.*|;.*)?", cell)
    return VERDICTS.get(found[1], "") if found else ""


def test_the_same_figures_stand_below_the_tables() -> None:
    """What was measured of others, and on which machine, is told alike."""
    for heading in (("## Beside other desks", "## Junto a otros"),):
        texts = [
            page.read_text().partition(title)[2].partition("\n## ")[0]
            for page, title in zip((README, LEEME), heading, strict=True)
        ]
        prose = [re.sub(r"^\|.*$", "", text, flags=re.M) for text in texts]
        english, spanish = (sorted(figures(text)) for text in prose)
        assert english == spanish != []


# -- TOML -------------------------------------------------------------------------------------

#: the office that documents tell of has this beside what the shipped config has
MORE = """
[department.administracion]
name = "Administración"
address = "administracion@acme.test"
"""

FRAGMENTS = [
    (named(page), text)
    for page in PAGES
    if page != CONTRACT  # its values are examples, with "…" in them
    for text in blocks(page, "toml")
]


@pytest.mark.parametrize(
    ("page", "text"), FRAGMENTS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(FRAGMENTS)]
)
def test_toml_in_documents_passes_check(
    page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole config, or a fragment laid over the shipped one."""
    for secret in re.findall(r'env *= *"(\w+)"', text):
        monkeypatch.setenv(secret, "secret")
    whole = tomllib.loads((ROOT / "config.toml").read_text())
    for more in (MORE, text):
        whole = laid_over(whole, tomllib.loads(more))
    path = tmp_path / "config.toml"
    path.write_text("".join(f"{key} = {as_toml(value)}\n" for key, value in whole.items()))
    found = inspect(path, first=TODAY, last=TODAY)
    assert [fault.message for fault in found.faults] == [], page


def test_the_contracts_own_config_passes_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands, with what it names beside it; and with each table that it has commented
    out because it speaks of somebody else's account."""
    (text,) = blocks(CONTRACT, "toml")
    for secret in re.findall(r'env *= *"(\w+)"', text):
        monkeypatch.setenv(secret, "secret")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "acceso.eml").write_text(
        "From: luis@ventas.acme.test\nSubject: No puedo acceder\n\nHola.\n"
    )
    path = tmp_path / "config.toml"
    more = re.sub(r"^# (?=provider|oauth|from|window|raise_level|\[)", "", text, flags=re.M)
    more = more.replace("[relay.alerts]", '[relay.alerts]\nhost = "smtp.other.test"\n')
    more = re.sub(r"^password = \{ env.*$", "", more, flags=re.M)
    more = more.replace('{ env = "…" }', '{ env = "HOOK_SECRET" }').replace("…", "x")
    with golden_reader() as read:
        for whole in (text, more):
            path.write_text(whole)
            found = inspect(path, first=TODAY, last=TODAY, read=read)
            assert [fault.text("") for fault in found.faults] == []


def laid_over(below: Any, above: Any) -> Any:
    """Tables key by key, lists after one another; else what is above."""
    if isinstance(below, dict) and isinstance(above, dict):
        both = {key: laid_over(below[key], above[key]) for key in below.keys() & above.keys()}
        return {**below, **above, **both}
    if isinstance(below, list) and below and isinstance(below[0], dict):
        return below + above
    return above


def as_toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {as_toml(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, date | time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


# -- links ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page is a file of the project."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_path_of_a_message_fits_on_a_page() -> None:
    """At most 70 lines, and every file it names exists."""
    page = ROOT / "docs" / "flow.md"
    text = page.read_text()
    assert len(text.splitlines()) <= 70
    files = re.findall(r"`(?:maild/)?([a-z_]+(?:/[a-z_]+)?\.py)", text)
    places = (ROOT / "maild", ROOT / "maild" / "ingest")
    assert [name for name in files if not any((p / name).exists() for p in places)] == []


@pytest.mark.parametrize(
    "name", ["README.md", "README.es.md", "CHANGELOG.md", "docs/first-mail.txt"]
)
def test_nothing_names_an_address_of_a_real_mail_server(name: str) -> None:
    """Examples use names that can't exist."""
    domains = re.findall(r"\w@([\w.-]+\.\w+)", (ROOT / name).read_text())
    assert {d.rpartition(".")[2] for d in domains} <= {"test", "example", "org"}
