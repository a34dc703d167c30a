"""Lists for people: plain columns, one line an entry, cut to the terminal's width; a file or
another program gets every line whole. What stands in them is the commands' business."""

import shutil
import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_LEAST = 12  #: columns that the column which gives way keeps


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str, gives_way: str
) -> None:
    """`nothing` is said where no row is; `gives_way` names the column that is cut."""
    lines = [[_line(cell) for cell in row] for row in rows]
    if not lines:
        print(nothing)
        return
    widths = [max(map(cell_len, column)) for column in zip(head, *lines, strict=True)]
    if sys.stdout.isatty():
        _fit(widths, head.index(gives_way), shutil.get_terminal_size().columns)
    for line in (head, *lines):
        cells = (_cut(cell, width) for cell, width in zip(line, widths, strict=True))
        print(_GAP.join(cells).rstrip())


def _fit(widths: list[int], flexible: int, room: int) -> None:
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    if over > 0:
        widths[flexible] = max(min(_LEAST, widths[flexible]), widths[flexible] - over)


def _cut(cell: str, width: int) -> str:
    whole = cell_len(cell) <= width
    return set_cell_size(cell, width) if whole else set_cell_size(cell, width - 1) + "…"


def _line(cell: object) -> str:
    """One line of text; nothing in it moves the cursor."""
    text = "" if cell is None else str(cell)
    return "".join(char if char.isprintable() else " " for char in text)
