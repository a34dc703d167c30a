"""An article: Markdown with TOML between `+++` lines above it, read and made into HTML.

A file that can't be read raises `BadArticle`, which says what is wrong and in which line.
Pure: text in, article out.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt

from maild.errors import MaildError

FENCE = "+++"
LONGEST = 200_000
_STRINGS = frozenset({"title", "lang", "department", "visibility", "status", "key"})
_KEYS = _STRINGS | {"keywords", "translations"}
_MARKUP = re.compile(r"[*_`]|\]\([^)]{0,500}\)|\[|^[-+] |^\d{1,3}\. ", re.MULTILINE)
_VISIBILITY = ("public", "agents")
_STATUS = ("draft", "published")


class BadArticle(MaildError):
    """An article's file can't be used."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Article:
    """A page of the knowledge base."""

    slug: str  #: its file's name without ending: where it stands under /kb/
    lang: str
    title: str
    text: str  #: Markdown
    keywords: tuple[str, ...] = ()
    department: str = ""  #: "" is for all
    visibility: str = "public"  #: public | agents
    status: str = "published"  #: draft | published
    key: str = ""  #: of the recurring problem it answers
    translations: tuple[str, ...] = ()  #: slugs of the same article in other languages

    @property
    def is_public(self) -> bool:
        """Whether customers may read it."""
        return self.status == "published" and self.visibility == "public"

    @property
    def lead(self) -> str:
        """The first paragraph, as plain words."""
        return _words(self.text, 200)

    def html(self) -> str:
        """The text as HTML: no raw HTML, no images, no script can come through."""
        return str(_markdown().render(self.text))


def read_article(source: str, *, slug: str, lang: str) -> Article:
    """The article of a file's text; `lang` is its folder. Raises `BadArticle`."""
    if len(source) > LONGEST:
        raise BadArticle(f"is longer than {LONGEST} characters")
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip() != FENCE:
        raise BadArticle(f'line 1: {FENCE} is missing; title = "…" stands between two of them')
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        raise BadArticle(f"the second {FENCE} is missing")
    front = _front("\n".join(lines[1:end]))
    text = "\n".join(lines[end + 1 :]).strip()
    if not text:
        raise BadArticle(f"line {end + 1}: there is no text below {FENCE}")
    return Article(
        slug=slug,
        lang=front.get("lang", lang),
        title=front["title"],
        text=text,
        keywords=tuple(front.get("keywords", ())),
        department=front.get("department", ""),
        visibility=front.get("visibility", "public"),
        status=front.get("status", "published"),
        key=front.get("key", ""),
        translations=tuple(front.get("translations", ())),
    )


def _front(text: str) -> dict[str, Any]:
    try:
        front = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadArticle(f"between the {FENCE} lines: {_place(str(error))}") from None
    for key, value in front.items():
        _check(key, value)
    if not front.get("title", "").strip():
        raise BadArticle('title is missing: title = "…"')
    _one_of(front, "visibility", _VISIBILITY)
    _one_of(front, "status", _STATUS)
    return front


def _check(key: str, value: Any) -> None:
    if key not in _KEYS:
        near = get_close_matches(key, sorted(_KEYS), n=1)
        raise BadArticle(f"{key} is unknown" + (f" (did you mean {near[0]}?)" if near else ""))
    if key in _STRINGS and not isinstance(value, str):
        raise BadArticle(f"{key} must be text")
    if key not in _STRINGS and not (
        isinstance(value, list) and all(isinstance(word, str) for word in value)
    ):
        raise BadArticle(f"{key} must be a list of texts")


def _one_of(front: Mapping[str, Any], key: str, known: tuple[str, ...]) -> None:
    if key in front and front[key] not in known:
        raise BadArticle(f"{key} must be {' or '.join(known)}, not {front[key]!r}")


def _place(said: str) -> str:
    """The parser's line counts from the first `+++`."""
    return re.sub(r"line (\d+)", lambda found: f"line {int(found[1]) + 1}", said)


def _words(markdown: str, limit: int) -> str:
    for block in re.split(r"\n\s*\n", markdown[:20_000]):
        if not block.lstrip().startswith(("#", "```", "|", ">")):
            plain = " ".join(
                re.sub(r"[*_`]|\]\([^)]{0,500}\)|\[|^[-+] |^\d+\. ", "", block).split()
            )
            return plain if len(plain) <= limit else plain[: limit - 1].rsplit(" ", 1)[0] + "…"
    return ""


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
