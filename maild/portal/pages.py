"""What pages look like: templates, words and the style sheet. Rendering only.

One set of templates for all languages, `templates/portal/*.html`; what they say stands in
`templates/portal/<lang>/words.toml`. Own templates win over the built-in ones.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

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

    def source(self, name: str) -> str:
        return self._source(name)


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
        if language not in self._words:
            source = self._environment.source(f"{PORTAL}/{language}/words.toml")
            self._words[language] = tomllib.loads(source)
        return self._words[language]
