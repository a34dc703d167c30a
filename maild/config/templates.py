"""What the templates folder holds: languages, saved answers, and templates that can't be read.

What a template may say is the business of those who render it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maild.config.faults import Finding
from maild.config.settings import Settings
from maild.config.shipped import shipped

_BUILT_IN = {"en", "es"}


def folders(data: dict[str, Any], base: Path) -> tuple[Path, Path]:
    """The config's own templates (they win) and the built-in ones."""
    desk = data.get("desk")
    own = desk.get("templates") if isinstance(desk, dict) else None
    return base / (own if isinstance(own, str) else "templates"), shipped("templates")


def languages(folders: tuple[Path, ...]) -> list[str]:
    """Languages that letters are written in."""
    found = {path.name for folder in folders for path in folder.glob("letters/*/")}
    return sorted(_BUILT_IN | found)


def known_language(word: object) -> str:
    """A built-in language; ValueError for another."""
    built_in = languages((shipped("templates"),))
    if word not in built_in:
        raise ValueError(f"there are templates in {', '.join(built_in)}")
    return str(word)


def answers(folders: tuple[Path, ...]) -> list[str]:
    """Names of the saved answers, in whatever language."""
    return sorted({path.stem for folder in folders for path in folder.glob("answers/*/*.txt")})


def unreadable(settings: Settings) -> Iterator[Finding]:
    """Own templates with faults of syntax, each with its file and line."""
    files = [
        path
        for path in sorted(settings.desk.templates.rglob("*"))
        if path.suffix in (".txt", ".html") and path.is_file()
    ]
    if not files:
        return
    from jinja2 import Environment, TemplateSyntaxError  # only where there are templates

    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for path in files:
        name = path.relative_to(settings.desk.templates)
        try:
            environment.parse(path.read_text("utf-8"))
        except TemplateSyntaxError as error:
            yield ("desk", "templates"), f"{name}:{error.lineno}: {error.message}"
        except UnicodeDecodeError:
            yield ("desk", "templates"), f"{name}: is not UTF-8 text"
        except OSError as error:
            yield ("desk", "templates"), f"{name}: can't be read: {error.strerror}"
