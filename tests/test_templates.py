"""Templates: own ones over the built-in ones, checked, boxed in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from maild.model.letter import LetterType
from maild.notify import palette, wording
from maild.notify.environment import Environment, builtin_templates
from maild.notify.facts import Answer, Deadline
from maild.notify.letters import Writer
from maild.notify.samples import DESK, NOW, POST, SAMPLES, check_templates

MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "letters/es").mkdir(parents=True)
    yield tmp_path


def reply(own: Path, faults: list[str] | None = None) -> str:
    heard = [] if faults is None else faults
    writer = Writer(
        Environment(own), DESK, new_id=lambda ticket: "<x@y>", on_fault=heard.append
    )
    facts = SAMPLES[Answer][0]
    return writer.write(LetterType.REPLY, facts, post=POST, language="es", now=NOW).text


def render(source: str, language: str = "es", **values: object) -> str:
    environment = Environment()
    words = environment.words(language)
    context = {"zone": MADRID, "now": NOW, "words": words, **values}
    return environment.from_string(source).render(context)


def test_the_built_in_templates_have_no_faults() -> None:
    """Every letter renders with full and with bare facts."""
    assert check_templates(Environment()) == []


def test_they_are_where_they_are_looked_for() -> None:
    """In a checkout at its top; in a wheel inside the package."""
    assert (builtin_templates() / "layout/page.html").is_file()


def test_an_own_template_wins_file_by_file(own: Path) -> None:
    """One file of one's own; all others stay the built-in ones."""
    (own / "letters/es/reply.txt").write_text("Subject: {{ ticket.subject }}\nBuenas:\n")
    assert reply(own) == "Buenas:\n"
    assert check_templates(Environment(own)) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Subject: x\n\n{{ tickett.number }}", "'tickett' is undefined"),
        ("Subject: x\n\n{{ ticket.nummer }}", "has no attribute 'nummer'"),
        ("Subject: x\n\n{% if ticket %}", "Unexpected end of template"),
        ("Subject: x\n\n{{ ticket.__class__ }}", "access to attribute '__class__'"),
        ("Subject: x\n\n{{ words.status.clear() }}", "'clear' of 'dict' object is unsafe"),
        ("Subject: x\n\n{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_fault_is_named_with_file_and_line(own: Path, source: str, reason: str) -> None:
    """`maild check` says where to look; meanwhile the built-in letter goes out."""
    (own / "letters/es/reply.txt").write_text(source)
    faults = check_templates(Environment(own))
    assert len(faults) == 1
    assert "letters/es/reply.txt:3: " in faults[0]
    assert reason in faults[0]
    heard: list[str] = []
    assert reply(own, heard).startswith("La cuenta ya está desbloqueada.")
    assert heard == faults


def test_a_new_language_is_a_folder(own: Path) -> None:
    """With words it is a language; `check` names the letters it lacks."""
    (own / "letters/fr").mkdir()
    words = (builtin_templates() / "letters/en/words.toml").read_text("utf-8")
    (own / "letters/fr/words.toml").write_text(words, "utf-8")
    environment = Environment(own)
    assert environment.languages == {"es", "en", "fr"}
    assert any("letters/fr/reply" in fault for fault in check_templates(environment))


def test_html_is_escaped_and_text_is_not() -> None:
    """By the file's ending, whatever an admin forgets."""
    environment = Environment()
    assert environment.autoescape("letters/es/reply.html") is True  # type: ignore[operator]
    assert environment.autoescape("letters/es/reply.txt") is False  # type: ignore[operator]


def test_the_sandbox_holds() -> None:
    """No way from a value to Python's insides, and nothing can be changed."""
    environment = Environment()
    for source in ("{{ x.__class__.__mro__[1].__subclasses__() }}", "{{ x.append(1) }}",
                   "{{ (x|attr('__class__')).__mro__ }}"):  # fmt: skip
        with pytest.raises((SecurityError, UndefinedError)):
            environment.from_string(source).render(x=[])
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()


def test_styles_are_inlined_when_a_template_is_loaded() -> None:
    """Gmail and Outlook read little else; the colour is the desk's."""
    page = Environment(color="#123456").get_template("layout/actions.html")
    assert page.name is not None
    source = Environment(color="#123456").preprocess('<a class="action main">', "x.html")
    assert 'class="action main" style="' in source
    assert "background-color: #123456" in source
    assert "DESK-" not in source


@pytest.mark.parametrize(
    "color", ["#0072B2", "#ffd400", "#000000", "#ffffff", "#e69f00", "#888888"]
)
def test_any_colour_is_legible(color: str) -> None:
    """Words on it and links on every ground have a contrast of 4.5 to 1 (WCAG 1.4.3)."""
    shades = palette.shades(color)

    def contrast(one: str, other: str) -> float:
        return palette._contrast(palette._rgb(one), palette._rgb(other))

    assert contrast(color, shades["DESK-INK"]) >= 4.5
    for light in ("#ffffff", "#f4f6f8", "#eef0f3"):
        assert contrast(light, shades["DESK-LINK"]) >= 4.5
    for dark in ("#14161a", "#1e2127", "#272b32"):
        assert contrast(dark, shades["DESK-LIGHT"]) >= 4.5


# -- how values are written ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "written"),
    [("es", "lun 2 nov 2026, 14:05"), ("en", "Mon 2 Nov 2026, 14:05")],
)
def test_dates_are_local_and_never_numbers_only(language: str, written: str) -> None:
    """In the desk's zone, with the names of day and month."""
    at = datetime(2026, 11, 2, 14, 5, tzinfo=MADRID).astimezone(ZoneInfo("UTC"))
    assert render("{{ at|when }}", language, at=at) == written


@pytest.mark.parametrize(
    ("hours", "written"),
    [(0, "hoy, 09:20"), (14.5, "hoy, 23:50"), (15, "mañana, 00:20"), (-24, "ayer, 09:20"),
     (48, "mié 4 nov 2026, 09:20")],
)  # fmt: skip
def test_near_days_have_names(hours: float, written: str) -> None:
    """Midnight is the desk's, not UTC's."""
    assert render("{{ at|soon }}", at=NOW + timedelta(hours=hours)) == written


@pytest.mark.parametrize(
    ("minutes", "day", "es", "en"),
    [
        (100, None, "quedan 1 h 40 min", "1 h 40 min left"),
        (1, None, "queda 1 min", "1 min left"),
        (120, None, "quedan 2 h", "2 h left"),
        (-35, None, "vencido hace 35 min", "overdue by 35 min"),
        (0, None, "quedan 0 min", "0 min left"),
        (12 * 60, 8, "quedan 1 d 4 h lab.", "1 d 4 h (working) left"),
        (30 * 60, None, "quedan 30 h", "30 h left"),
        (75 * 60, None, "quedan 3 d 3 h", "3 d 3 h left"),
    ],
)
def test_what_is_left(minutes: int, day: int | None, es: str, en: str) -> None:
    """In hours and minutes; working time in working days, and said so."""
    length = None if day is None else timedelta(hours=day)
    deadline = Deadline("resolution", NOW, timedelta(minutes=minutes), length)
    assert render("{{ it|left }}", "es", it=deadline) == es
    assert render("{{ it|left }}", "en", it=deadline) == en


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 KB"), (84_211, "84 KB"), (999_600, "1.0 MB"),
     (12_340_000, "12.3 MB")],
)  # fmt: skip
def test_sizes(count: int, written: str) -> None:
    """In units of a thousand, as file managers show them."""
    assert wording.size(count) == written


def test_one_line_keeps_scripts_and_emoji() -> None:
    """What turns text around or breaks it goes; what joins an emoji stays."""
    assert wording.one_line("a\u202eb\r\nc\x00d\u2028e") == "a b c d e"
    assert wording.one_line("👩‍👩‍👧 José 李") == "👩‍👩‍👧 José 李"
    assert wording.one_line("palabra " * 9, 20) == "palabra palabra pal…"


def test_lines_are_escaped_once_and_keep_their_shape() -> None:
    """Breaks and indentation of a log survive in every client."""
    assert wording.lines("<b>\n  x & y") == "&lt;b&gt;<br>\n&nbsp; x &amp; y"


def test_columns_stand_side_by_side() -> None:
    """A table in plain text."""
    assert wording.columns([("1042", "Acceso"), ("7", "x" * 60)], ("N", "Asunto")) == (
        f"N     Asunto\n1042  Acceso\n7     {'x' * 39}…"
    )
