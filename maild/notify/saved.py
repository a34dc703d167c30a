"""Saved answers: `templates/answers/<language>/NAME.txt`, the desk's own over the built-in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class SavedAnswers:
    """Answers by language and name. `folders`: the first that has the file wins."""

    folders: tuple[Path, ...]

    def find(self, language: str, name: str) -> str | None:
        """The text of an answer; None where there is none of that name."""
        wanted = name.strip().casefold()
        for known in self.names(language):
            if known.casefold() == wanted:
                return self._read(language, known)
        return None

    def names(self, language: str) -> Sequence[str]:
        """What answers there are, in order."""
        found = {
            path.stem
            for folder in self.folders
            for path in (folder / "answers" / language).glob("*.txt")
        }
        return sorted(found)

    def _read(self, language: str, name: str) -> str | None:
        for folder in self.folders:
            path = folder / "answers" / language / f"{name}.txt"
            if path.is_file() and path.stat().st_size <= _LARGEST:
                return path.read_text("utf-8").strip()
        return None
