"""Charts: what they show in words, as bars of text, and as pictures."""

import struct
from xml.etree import ElementTree

import pytest

from maild.reports.charts import Chart, Kind, Part, columns, pie
from maild.reports.drawing import WIDTH, CannotDraw, draw, height

LEVELS = pie("levels", "Resueltas por nivel", {"Nivel 1": 39, "Nivel 2": 6, "Nivel 3": 2}, "es")
ATTAINED = Chart(
    "attained",
    Kind.ATTAINED,
    "Porcentaje alcanzado y meta",
    (
        Part("Primer contacto", 0.7234, "72,3 %", 0.7, True, "meta ≥ 70,0 %"),
        Part("Satisfacción", 0.75, "75,0 %", 0.85, False, "meta ≥ 85,0 %"),
    ),
)
AGES = columns(
    "ages", "Pendientes por antigüedad", {"< 1 d": 5, "1–3 d": 12, "> 30 d": 0}, "es"
)
HOSTILE = pie("hostile", "$\\frac{1}{0}$", {"$x^$": 3, "<b>&amp;": 2, "\U0001f600 \\": 1}, "es")


def test_alt_text_carries_the_figures() -> None:
    """Who sees no pictures reads the same numbers."""
    assert LEVELS.alt == (
        "Resueltas por nivel. Nivel 1: 39 (83,0\u00a0%), Nivel 2: 6 (12,8\u00a0%), "
        "Nivel 3: 2 (4,3\u00a0%)"
    )
    assert "Satisfacción: 75,0 % (meta ≥ 85,0 %)" in ATTAINED.alt


def test_bars_of_text() -> None:
    """A bar is as long as its share; a line marks the target."""
    assert (
        LEVELS.text_bars()[0] == "  Nivel 1  #########################.....  39 (83,0\u00a0%)"
    )
    assert ATTAINED.text_bars()[1] == (
        "  Satisfacción     ######################....|...  75,0 %"
    )
    assert all(len(line) <= 78 for line in (LEVELS.text_bars() + AGES.text_bars()))


def test_five_slices_and_the_rest() -> None:
    """More parts than an eye can tell apart: the largest five, and the others together."""
    chart = pie("channels", "Canal", {f"c{n}": n for n in range(1, 10)}, "es")
    assert [(part.label, part.value) for part in chart.parts] == [
        ("c9", 9), ("c8", 8), ("c7", 7), ("c6", 6), ("c5", 5), ("Otros", 10)
    ]  # fmt: skip


@pytest.mark.parametrize("chart", [LEVELS, ATTAINED, AGES, HOSTILE], ids=lambda c: c.name)
def test_png(chart: Chart) -> None:
    """Twice as many pixels as shown, white in all corners, opaque, and not all white."""
    from io import BytesIO

    from matplotlib.image import imread

    content = draw(chart)
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (2 * WIDTH, 2 * height(chart))
    pixels = imread(BytesIO(content), format="png")
    assert pixels[..., -1].min() == 1.0 or pixels.shape[-1] == 3
    edge = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    assert all((line[..., :3] == 1).all() for line in edge), "something is cut off"
    assert pixels[..., :3].min() < 0.2


@pytest.mark.parametrize("chart", [LEVELS, ATTAINED, AGES, HOSTILE], ids=lambda c: c.name)
def test_svg(chart: Chart) -> None:
    """The same for pages: well-formed, and the same bytes each time."""
    content = draw(chart, "svg")
    assert ElementTree.fromstring(content).tag.endswith("svg")
    assert content == draw(chart, "svg")


def test_what_can_not_be_drawn() -> None:
    """Whatever goes wrong inside is one kind of error, naming the chart."""
    broken = Chart("broken", Kind.PIE, "Roto", (Part("a", float("nan"), "?"),))
    with pytest.raises(CannotDraw, match="broken"):
        draw(broken)
