"""Which ticket a mail belongs to: signed addresses, references, tags. Pure."""

from maild.threading.clues import Clues, find_clues
from maild.threading.match import By, Match, match

__all__ = ["By", "Clues", "Match", "find_clues", "match"]
