"""docs/proof.md names tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "proof.md").read_text()


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_on_the_page_exists() -> None:
    """File and function, as they are called today."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 60
    stale = [f"{file}::{name}" for file, name in named
             if not (ROOT / file).exists() or name not in _functions(ROOT / file)]  # fmt: skip
    assert stale == []


def test_every_number_of_the_catalogue_is_there() -> None:
    """T1 to T38, but for none."""
    numbers = {int(n) for n in re.findall(r"^\| T(\d+) \|", PAGE, re.M)}
    assert numbers == set(range(1, 39))


def test_every_line_has_a_figure() -> None:
    """Four cells, none of them empty but the number's."""
    for line in PAGE.splitlines():
        if "`tests/" in line and line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, line
            assert all(cells[1:]), line
