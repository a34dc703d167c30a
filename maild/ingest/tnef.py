"""The files in a `winmail.dat` (MS-OXTNEF), as their sender attached them.

Outlook packs a mail so that only Outlook can open it. Files alone are read, not the text in
there; what does not fit the format ends the reading, with what was found so far. A mail packed
inside stays packed. One pass; all that comes out stood in what went in.
"""

import mimetypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from maild.ingest import charsets, filenames

TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_SIGNATURE = b"\x78\x9f\x3e\x22"
_MOST_FILES = 200
_MOST_PROPERTIES = 2_000

# attributes of the stream
_BEGIN_FILE, _TITLE, _DATA, _PROPERTIES = 0x69002, 0x18010, 0x6800F, 0x69005
_CODEPAGE = 0x69007

# properties of a file
_SHORT_NAME, _LONG_NAME, _CONTENT, _MIME_TYPE = 0x3704, 0x3707, 0x3701, 0x370E
_METHOD = 0x3705
_A_MAIL = b"\x05"  #: its first byte, where the file is a mail

# kinds of property values
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x0102
_FIXED = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
}


@dataclass(slots=True)
class PackedFile:
    """A file as it lay in a `winmail.dat`."""

    filename: str = ""
    content: bytes = b""
    content_type: str = ""


def unpack(data: bytes) -> list[PackedFile]:
    """The files packed in it, safely named; none where it is no such stream, or holds none."""
    if not data.startswith(_SIGNATURE):
        return []
    files: list[PackedFile] = []
    codepage = "cp1252"
    for attribute, value in _attributes(data):
        if attribute == _BEGIN_FILE:
            if len(files) >= _MOST_FILES:
                break
            files.append(PackedFile())
        elif attribute == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif files:
            _learn(files[-1], attribute, value, codepage)
    return [_named(file) for file in files if file.content]


def _learn(file: PackedFile, attribute: int, value: bytes, codepage: str) -> None:
    if attribute == _TITLE and not file.filename:
        file.filename = _text(value, codepage)
    elif attribute == _DATA:
        file.content = value
    elif attribute == _PROPERTIES:
        found = dict(_properties(value, codepage))
        name = found.get(_LONG_NAME) or found.get(_SHORT_NAME)
        content, kind = found.get(_CONTENT), found.get(_MIME_TYPE)
        file.filename = name if isinstance(name, str) and name else file.filename
        file.content = content if isinstance(content, bytes) and content else file.content
        file.content_type = kind if isinstance(kind, str) else ""
        if found.get(_METHOD, b"")[:1] == _A_MAIL:
            file.content = b""


def _named(file: PackedFile) -> PackedFile:
    name = filenames.safe(file.filename)
    guessed = mimetypes.guess_type(name)[0] if name else None
    kind = file.content_type if "/" in file.content_type else guessed
    kind = (kind or "application/octet-stream").lower()
    return PackedFile(name or filenames.invented(kind), file.content, kind)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(attribute, value): a level, an id, a length, the value, a checksum nobody needs."""
    at = 6
    while at + 9 <= len(data):
        attribute, length = struct.unpack_from("<II", data, at + 1)
        end = at + 9 + length
        if data[at] not in (1, 2) or end > len(data):
            return
        yield attribute, data[at + 9 : end]
        at = end + 2


# -- properties ----------------------------------------------------------------------------


def _properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """(property, value) of those that are texts or bytes, until one can't be read."""
    try:
        count, at = _number(data, 0)
        for _ in range(min(count, _MOST_PROPERTIES)):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _past_name(data, at + 4) if name >= 0x8000 else at + 4
            value, at = _value(data, at, kind)
            if kind == _UNICODE:
                yield name, value.decode("utf-16-le", "replace").rstrip("\0")
            elif kind == _STRING8:
                yield name, _text(value, codepage)
            elif kind == _BINARY or name == _METHOD:
                yield name, value
    except (struct.error, KeyError, ValueError):
        return


def _value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    """(the first value, where the next property begins)."""
    many, kind = bool(kind & 0x1000), kind & ~0x1000
    counted = many or kind in (_STRING8, _UNICODE, _OBJECT, _BINARY)
    count, at = _number(data, at) if counted else (1, at)
    first = b""
    for number in range(min(count, _MOST_PROPERTIES)):
        size, at = _number(data, at) if kind not in _FIXED else (_FIXED[kind], at)
        if at + size > len(data):
            raise ValueError
        first = data[at : at + size] if number == 0 else first
        at += size + -size % 4
    return first, at


def _past_name(data: bytes, at: int) -> int:
    """A named property: an identifier of 16 bytes, then a number or a name."""
    kind, at = _number(data, at + 16)
    if kind == 0:
        return at + 4
    size, at = _number(data, at)
    return at + size + -size % 4


def _number(data: bytes, at: int) -> tuple[int, int]:
    return int(struct.unpack_from("<I", data, at)[0]), at + 4


def _text(value: bytes, codepage: str) -> str:
    return charsets.decode(value.partition(b"\0")[0], codepage)
