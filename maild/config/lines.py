"""Where each key of a TOML text stands: path -> line.

`tomllib` gives values without places; this gives places without values. It reads text that
`tomllib` has accepted, so it only has to find ends, not faults. A path is the keys from the
top, with numbers into arrays: `("rule", 0, "when", "from")`.
"""

import re

Place = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LITERAL = re.compile(r"'([^']*)'")
_LONG = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL),
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def locate(text: str) -> dict[Place, int]:
    """The line (from 1) of every table, key, array element and inline key of valid TOML."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Place, int] = {}
        self.counts: dict[Place, int] = {}  #: arrays of tables, and how many there are so far
        self._counted, self._line = 0, 1

    def scan(self) -> dict[Place, int]:
        table: Place = ()
        while self._skip() < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self.found

    def _header(self) -> Place:
        """`[a.b]` or `[[a.b]]`: the table that the lines below belong to."""
        array = self.text.startswith("[[", self.at)
        line = self._line_here()
        self.at += 2 if array else 1
        *above, last = self._dotted()
        self.at += 2 if array else 1
        place: Place = ()
        for key in above:
            place = self._inside((*place, key))
        place = (*place, last)
        if array:
            self.found.setdefault(place, line)
            number = self.counts.get(place, 0)
            self.counts[place] = number + 1
            place = (*place, number)
        self._note(place, line)
        return place

    def _inside(self, place: Place) -> Place:
        """A table by its name; for an array of tables, the one opened last."""
        return (*place, self.counts[place] - 1) if place in self.counts else place

    def _assignment(self, table: Place) -> None:
        line = self._line_here()
        keys = self._dotted()
        self.at += 1  # the "="
        place = (*table, *keys)
        self._note(place, line)
        self._value(place)

    def _dotted(self) -> list[str]:
        keys = []
        while True:
            self.at = self._end(_BLANK)
            keys.append(self._key())
            self.at = self._end(_BLANK)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        for pattern in (_BARE, _BASIC, _LITERAL):
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                if pattern is _BASIC:
                    return _ESCAPE.sub(_unescape, match[1])
                return match[match.lastindex or 0]
        raise ValueError(f"no key at line {self._line_here()}")

    def _value(self, place: Place) -> None:
        """Step over a value, noting what is inside it."""
        self.at = self._end(_BLANK)
        match self.text[self.at : self.at + 1]:
            case "[":
                self._array(place)
            case "{":
                self._inline_table(place)
            case '"' | "'":
                self._string()
            case _:
                self.at = self._end(_SCALAR)

    def _array(self, place: Place) -> None:
        self.at += 1
        number = 0
        while self._skip() < len(self.text) and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._note((*place, number), self._line_here())
            self._value((*place, number))
            number += 1
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        while self._skip() < len(self.text) and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._assignment(place)
        self.at += 1

    def _string(self) -> None:
        for pattern in (*_LONG, _BASIC, _LITERAL):
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                return
        raise ValueError(f"no end of text at line {self._line_here()}")

    def _note(self, place: Place, line: int) -> None:
        """Keep the first line of a path, and of the tables it opens on the way."""
        for depth in range(1, len(place) + 1):
            self.found.setdefault(place[:depth], line)

    def _skip(self) -> int:
        self.at = self._end(_SKIP)
        return self.at

    def _end(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        return match.end() if match else self.at

    def _line_here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line


def _unescape(match: re.Match[str]) -> str:
    word = match[1]
    return _ESCAPES[word] if word in _ESCAPES else chr(int(word[1:], 16))
