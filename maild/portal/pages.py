"""What pages look like: templates, words and the style sheet. Rendering only.

One set of templates for all languages, `templates/portal/*.html`; what they say stands in
`templates/portal/<lang>/words.toml`. Own templates win over the built-in ones.
"""

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, TemplateNotFound

from maild.notify.environment import Environment
from maild.notify.palette import shades

PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class House:
    """What pages say of the desk."""

    name: str
    address: str
    base: str  #: `https://help.acme.test`
    timezone: tzinfo
    language: str = "es"
    color: str = "#0072B2"
    logo: Path | None = None
    scale: int = 5
    levels: Mapping[int, str] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        return self.base.startswith("https:")

    @property
    def origin(self) -> str:
        """`https://help.acme.test`, as browsers name it."""
        scheme, _, rest = self.base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}".lower()


class _Templates(Environment):
    """Templates of pages: classes stay classes, since pages have a style sheet."""

    def preprocess(self, source: str, name: str | None = None, filename: Any = None) -> str:
        if name and name.endswith(".css"):
            for word, value in shades(self._color).items():
                source = source.replace(word, value)
        return source

    def sources(self, name: str) -> list[str]:
        """The built-in file of that name and the desk's own, as far as there are any."""
        assert isinstance(self.loader, ChoiceLoader)
        found = []
        for loader in reversed(self.loader.loaders):
            with suppress(TemplateNotFound):
                found.append(loader.get_source(self, name)[0])
        return found


class Pages:
    """Renders pages of one desk. Use it in one thread."""

    def __init__(self, house: House, own: Path | None = None) -> None:
        self.house = house
        self._environment = _Templates(own, color=house.color)
        self._words: dict[str, Mapping[str, Any]] = {}

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages with words for pages, the desk's own first."""
        names = (name.split("/") for name in self._environment.list_templates(["toml"]))
        found = {n[1] for n in names if len(n) == 3 and n[0] == PORTAL}
        return tuple(sorted(found, key=lambda code: (code != self.house.language, code)))

    @cached_property
    def style(self) -> bytes:
        return self._environment.get_template(f"{PORTAL}/style.css").render().encode()

    @cached_property
    def style_version(self) -> str:
        return sha256(self.style).hexdigest()[:12]

    def render(self, name: str, language: str, now: datetime, **context: Any) -> str:
        """One page. `t` are the page's words, `words` the letters'."""
        template = self._environment.get_template(f"{PORTAL}/{name}.html")
        return template.render(
            {
                "house": self.house,
                "language": language,
                "languages": self.languages,
                "t": self.words(language),
                "words": self._environment.words(language),
                "zone": self.house.timezone,
                "now": now,
                "style": self.style_version,
                **context,
            }
        )

    def words(self, language: str) -> Mapping[str, Any]:
        """What pages say. An own file wins word by word: one written for an older version
        lacks a few, and they are said as built in."""
        if language not in self._words:
            words: dict[str, Any] = {}
            for source in self._environment.sources(f"{PORTAL}/{language}/words.toml"):
                _lay_over(words, tomllib.loads(source))
            self._words[language] = words
        return self._words[language]


def _lay_over(words: dict[str, Any], own: Mapping[str, Any]) -> None:
    for key, value in own.items():
        below = words.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            _lay_over(below, value)
        else:
            words[key] = value
