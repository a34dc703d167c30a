"""The library: a folder of articles, read again when a file changes.

`<folder>/<lang>/<slug>.md`. A broken file is left out and remembered as a fault; nobody who
searches notices. Reading is bounded: so many files, so large.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from maild.kb.article import LONGEST, Article, BadArticle, read_article
from maild.kb.search import Hit, Index

_MOST_FILES = 5_000
_LOOK_EVERY_S = 1.0

#: what makes an article worth suggesting: two words of the question, and either a share of its
#: weight (short ones), or a strength that grows with its length, as what fits by chance does
MATCHED, SHARE, SCORE = 2, 0.3, 4.5
STRENGTH, FOR_EACH_WORD = 2.25, 1 / 13


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that can't be used."""

    path: Path
    reason: str

    @property
    def key(self) -> str:
        """The same for the same fault of the same file."""
        return sha256(f"{self.path}:{self.reason}".encode()).hexdigest()[:24]


@dataclass(slots=True)
class Library:
    """All articles of a folder. Safe to use from several threads."""

    folder: Path
    monotonic: Callable[[], float]
    faults: tuple[Fault, ...] = ()
    _index: Index = field(default_factory=lambda: Index(()))
    _stamps: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _looked: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # -- what readers want --------------------------------------------------------------------

    @property
    def has_public(self) -> bool:
        return any(article.is_public for article in self._current().articles)

    def public(self, lang: str | None = None) -> list[Article]:
        """What customers may read, by title; of one language if given."""
        found = [a for a in self._current().articles if a.is_public]
        return sorted(
            (a for a in found if lang in (None, a.lang)), key=lambda a: a.title.casefold()
        )

    def article(self, slug: str, lang: str) -> Article | None:
        """A public article; where languages share a slug, the reader's own."""
        found = [a for a in self.public() if a.slug == slug]
        return min(found, key=lambda a: a.lang != lang, default=None)

    def search(self, words: str, *, lang: str, most: int = 10) -> list[Article]:
        """Public articles with any of the words: those of the reader's language first."""
        hits = [hit for hit in self._search(words, lang) if hit.article.is_public]
        own = [hit.article for hit in hits if hit.article.lang == lang]
        return [*own, *(h.article for h in hits if h.article.lang != lang)][:most]

    def suggest(self, words: str, *, lang: str, department: str, most: int) -> list[Article]:
        """What may answer a request by itself: only where that is likely (kpi.md section 5)."""
        if most <= 0:
            return []
        found = [
            hit.article
            for hit in self._search(words, lang)
            if _is_likely(hit)
            and hit.article.is_public
            and hit.article.lang == lang
            and hit.article.department in ("", department)
        ]
        return found[:most]

    def about(self) -> dict[str, str]:
        """The article of each recurring problem's key."""
        return {a.key: a.slug for a in self._current().articles if a.key and a.is_public}

    def _search(self, words: str, lang: str) -> Sequence[Hit]:
        return self._current().search(words, lang=lang)

    # -- the folder ---------------------------------------------------------------------------

    def _current(self) -> Index:
        with self._lock:
            now = self.monotonic()
            if now - self._looked >= _LOOK_EVERY_S:
                self._looked = now
                self._look()
            return self._index

    def look(self) -> tuple[Fault, ...]:
        """Read what has changed, at once; the files that can't be used."""
        with self._lock:
            self._look()
            return self.faults

    def _look(self) -> None:
        stamps = _stamps(self.folder)
        if stamps == self._stamps:
            return
        articles, faults = [], []
        for path in stamps:
            try:
                articles.append(_read(path))
            except BadArticle as fault:
                faults.append(Fault(path, str(fault)))
        self._index, self.faults, self._stamps = Index(articles), tuple(faults), stamps


def _is_likely(hit: Hit) -> bool:
    enough = STRENGTH + FOR_EACH_WORD * hit.asked
    covers = hit.score >= SCORE and hit.share >= SHARE
    return hit.matched >= MATCHED and (covers or hit.strength >= enough)


def _stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """The articles' files, and when each was changed."""
    found = {}
    for path in sorted(folder.glob("*/*.md"))[:_MOST_FILES]:
        try:
            status = path.stat()
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _read(path: Path) -> Article:
    try:
        raw = path.read_bytes()[: LONGEST * 4 + 1]
        source = raw.decode("utf-8")
    except OSError as error:
        raise BadArticle(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadArticle(f"line {line}: is not UTF-8 text") from None
    return read_article(source, slug=path.stem, lang=path.parent.name)
