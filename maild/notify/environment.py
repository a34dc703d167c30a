"""The Jinja2 environment of the letters: where templates lie, and what they may call.

Own templates win over the built-in ones file by file. Customers' words are only ever values:
the environment is sandboxed, strict about what it does not know, and escapes all in `.html`.
Classes become inline styles when a template is loaded, so a letter costs nothing for them.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.notify import wording
from maild.notify.palette import shades

LETTERS = "letters"
_CLASS = re.compile(r'\bclass="([a-z0-9 -]+)"')
_STYLE = re.compile(r'style="([^"]*)"')


@lru_cache(maxsize=1)
def builtin_templates() -> Path:
    """The folder of the built-in templates, in a checkout and in an installed package."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped" / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Environment(ImmutableSandboxedEnvironment):
    """Templates of letters. Build one per configuration, use it in one thread at a time."""

    def __init__(self, own: Path | None = None, *, color: str = "#0072B2") -> None:
        """`own` is the desk's template folder; `color` its colour, `#rrggbb`."""
        self.own = own is not None
        folders = [folder for folder in (own, builtin_templates()) if folder is not None]
        super().__init__(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.filters.update(wording.FILTERS)
        self._color = color
        self._styles: dict[str, str] = {}
        self._facts: dict[type, frozenset[str]] = {}
        self._inliner: css_inline.CSSInliner | None = None
        self._words: dict[str, Mapping[str, Any]] = {}

    def preprocess(self, source: str, name: str | None = None, filename: Any = None) -> str:
        """Before a template is compiled: its classes get their styles, colours their value."""
        if name is None or not name.endswith((".html", ".css")):
            return super().preprocess(source, name, filename)
        styled = _CLASS.sub(self._styled, source) if name.endswith(".html") else source
        for word, value in shades(self._color).items():
            styled = styled.replace(word, value)
        return super().preprocess(styled, name, filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Fields of our own facts are plain values: the sandbox's long look at each access
        cost a quarter of a letter. Everything else goes through it."""
        kind = type(obj)
        fields = self._facts.get(kind)
        if fields is None:
            ours = is_dataclass(kind) and kind.__module__.startswith("maild.notify.facts")
            fields = frozenset(f.name for f in dataclass_fields(kind)) if ours else frozenset()
            self._facts[kind] = fields
        if attribute in fields:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def words(self, language: str) -> Mapping[str, Any]:
        """Names of states, priorities and so on, of `letters/<language>/words.toml`."""
        if language not in self._words:
            self._words[language] = tomllib.loads(
                self._source(f"{LETTERS}/{language}/words.toml")
            )
        return self._words[language]

    @cached_property
    def builtin(self) -> "Environment":
        """The same without the desk's own templates."""
        return Environment(color=self._color)

    @cached_property
    def languages(self) -> frozenset[str]:
        """The languages that have words; a folder each."""
        names = (name.split("/") for name in self.list_templates(extensions=["toml"]))
        return frozenset(n[1] for n in names if len(n) == 3 and n[0] == LETTERS)

    def _source(self, name: str) -> str:
        assert self.loader is not None
        return self.loader.get_source(self, name)[0]

    def _styled(self, found: re.Match[str]) -> str:
        """`class="…"`, and beside it the style that `letter.css` gives to such an element."""
        classes = found[1]
        if classes not in self._styles:
            page = self._css().inline(f'<div class="{classes}"></div>')
            style = _STYLE.search(page)
            self._styles[classes] = f' style="{style[1]}"' if style else ""
        return f"{found[0]}{self._styles[classes]}"

    def _css(self) -> css_inline.CSSInliner:
        if self._inliner is None:
            css = self._source("layout/letter.css")
            for word, value in shades(self._color).items():
                css = css.replace(word, value)
            self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, extra_css=css)
        return self._inliner


def report_environment(own: Path | None) -> ImmutableSandboxedEnvironment:
    """Templates of reports: the same care, but blanks and breaks stand as they are written."""
    folders = [folder for folder in (own, builtin_templates()) if folder is not None]
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        auto_reload=False,
    )
