"""Charts as pictures: PNG for letters at twice the size shown, SVG for pages.

matplotlib is imported when something is drawn, not before. White and opaque, so that a dark
reader does not swallow the ink; every value is printed beside its bar or slice.
"""

from io import BytesIO
from threading import Lock
from typing import Any, Final, Literal

from maild.errors import MaildError
from maild.reports.charts import Chart, Kind, Part

#: shown this wide, in CSS pixels; 100 of them are an inch here
WIDTH: Final = 564
_DPI: Final = 200
_PIXEL: Final = 1 / 100
_POINTS: Final = 0.72  # of a pixel

#: Okabe and Ito's colours for all eyes, those with 3:1 and more on white; the rest is grey
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY, INK, PALE, TRACK = "#595959", "#1a1a1a", "#8a8a8a", "#e9edf0"
_SLICES: Final = (BLUE, VERMILLION, GREEN, PURPLE, GREY, PALE)

#: matplotlib's settings are one for all threads
_ONE_AT_A_TIME: Final = Lock()


class CannotDraw(MaildError):
    """A chart could not be drawn."""


def height(chart: Chart) -> int:
    """How high it is shown, in CSS pixels."""
    if chart.kind is Kind.ATTAINED:
        return 62 + 38 * len(chart.parts)
    return 60 + max(150, 30 * len(chart.parts)) if chart.kind is Kind.PIE else 220


def draw(chart: Chart, form: Literal["png", "svg"] = "png", width: int = WIDTH) -> bytes:
    """The chart as a picture. Raises `CannotDraw`, whatever went wrong."""
    try:
        return _draw(chart, form, width)
    except Exception as error:
        raise CannotDraw(f"chart {chart.name}: {error!r}") from error


def _draw(chart: Chart, form: str, width: int) -> bytes:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (width * _PIXEL, height(chart) * _PIXEL)
    settings: Any = {
        "font.family": "DejaVu Sans",
        "svg.fonttype": "path",
        "svg.hashsalt": "maild",
        "text.parse_math": False,
        "axes.unicode_minus": False,
    }
    with _ONE_AT_A_TIME, rc_context(settings):
        figure = Figure(figsize=size, dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        figure.text(
            14 / width, 1 - 14 / height(chart), chart.title,
            ha="left", va="top", color=INK, weight="bold", fontsize=_px(17),
        )  # fmt: skip
        _PAINTERS[chart.kind](figure, chart)
        out = BytesIO()
        # no date and no version: the same figures make the same bytes
        nothing = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, facecolor="white", metadata=nothing)
    return out.getvalue()


def _px(pixels: float) -> float:
    return pixels * _POINTS


def _width(figure: Any) -> int:
    wide: float = figure.get_figwidth() / _PIXEL
    return round(wide)


def _area(figure: Any, chart: Chart, left: int, top: int, right: int, bottom: int) -> Any:
    """Axes without frame, placed by margins in pixels."""
    high, wide = height(chart), _width(figure)
    axes = figure.add_axes(
        (
            left / wide,
            bottom / high,
            (wide - left - right) / wide,
            (high - top - bottom) / high,
        )
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=_px(14), labelcolor=INK, pad=6)
    return axes


def _paint_pie(figure: Any, chart: Chart) -> None:
    high = height(chart)
    side = high - 60
    axes = _area(figure, chart, 14, 46, _width(figure) - 14 - side, 14)
    axes.pie(
        [part.value for part in chart.parts],
        colors=_SLICES,
        startangle=90,
        counterclock=False,
        radius=1,
        wedgeprops={"edgecolor": "white", "linewidth": 1.5},
    )
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
    for number, part in enumerate(chart.parts):
        _legend_line(figure, chart, number, part, left=14 + side + 30)


def _legend_line(figure: Any, chart: Chart, number: int, part: Part, *, left: int) -> None:
    """A square of the slice's colour, its label, its value."""
    from matplotlib.patches import Rectangle

    high, wide, count = height(chart), _width(figure), len(chart.parts)
    y = (high - 46 - 14) / 2 + 14 + (count - 1) * 15 - number * 30
    square = Rectangle(
        (left / wide, (y - 6) / high), 12 / wide, 12 / high,
        transform=figure.transFigure, color=_SLICES[number % len(_SLICES)], linewidth=0,
    )  # fmt: skip
    figure.add_artist(square)
    figure.text(
        (left + 22) / wide, y / high, f"{part.label}  ",
        va="center_baseline", color=INK, fontsize=_px(14.5),
    )  # fmt: skip
    figure.text(
        (wide - 14) / wide, y / high, part.text,
        ha="right", va="center_baseline", color=INK, weight="bold", fontsize=_px(14.5),
    )  # fmt: skip


def _paint_attained(figure: Any, chart: Chart) -> None:
    axes = _area(figure, chart, 186, 44, 104, 12)
    rows = range(len(chart.parts))
    axes.barh(rows, [1] * len(chart.parts), height=0.5, color=TRACK)
    axes.barh(
        rows,
        [part.value for part in chart.parts],
        height=0.5,
        color=[VERMILLION if part.met is False else BLUE for part in chart.parts],
    )
    for row, part in enumerate(chart.parts):
        mark = {True: " ✓", False: " ✗", None: ""}[part.met]
        axes.text(
            1.03, row - (0.14 if part.goal else 0), part.text + mark,
            va="center_baseline", color=INK, weight="bold", fontsize=_px(14.5),
        )  # fmt: skip
        if part.target is not None:
            axes.text(
                1.03, row + 0.27, part.goal,
                va="center_baseline", color=GREY, fontsize=_px(11.5),
            )  # fmt: skip
            axes.plot([part.target] * 2, [row - 0.36, row + 0.36], color=INK, linewidth=2)
    axes.set(xlim=(0, 1), ylim=(len(chart.parts) - 0.5, -0.5), xticks=[])
    axes.set_yticks(list(rows), [part.label for part in chart.parts])


def _paint_columns(figure: Any, chart: Chart) -> None:
    small = len(chart.parts) > 14
    side = 30 if small else 14
    axes = _area(figure, chart, side, 56, side, 30)
    places = range(len(chart.parts))
    axes.bar(places, [part.value for part in chart.parts], width=0.62, color=BLUE)
    most = max((part.value for part in chart.parts), default=0) or 1
    wide = max(len(part.text) for part in chart.parts) > 2
    for place, part in enumerate(chart.parts):
        if part.value or not small:
            axes.text(
                place, part.value + most * 0.03, part.text,
                ha="center", va="bottom", color=INK, weight="normal" if small else "bold",
                fontsize=_px(10 if small else 14.5), rotation=90 if small and wide else 0,
            )  # fmt: skip
    axes.axhline(0, color=PALE, linewidth=1)
    axes.set(xlim=(-0.6, len(chart.parts) - 0.4), ylim=(0, most * 1.12), yticks=[])
    room = _width(figure) // 70  # labels that fit beside each other
    shown = list(places)[:: max(1, -(-len(chart.parts) // room))]
    axes.set_xticks(shown, [chart.parts[place].label for place in shown])


_PAINTERS: Final = {
    Kind.PIE: _paint_pie,
    Kind.ATTAINED: _paint_attained,
    Kind.COLUMNS: _paint_columns,
}
