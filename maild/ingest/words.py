"""Header text: encoded words (RFC 2047), parameters (RFC 2231), and what must not be in it.

Tolerant: words glued together, split inside a character, badly padded or with raw bytes in
them are read as they were meant. Values come as the `email` package keeps them, with bytes
beyond ASCII as lone surrogates ("surrogateescape"). Pure; all of it takes linear time.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from maild.ingest import charsets

#: Controls, surrogates, and the characters with the property Bidi_Control.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)
_SPACE = re.compile("[\t\r\n\x0b\x0c\x85\u2028\u2029]+ *")
_DIRTY = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]*")
_START = re.compile(r"=\?([^?\s=]{1,75})\?([bBqQ])\?")
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_CUT_Q_BYTE = re.compile(
    rb"=(?:[ \t]{1,9}([0-9A-Fa-f]{2})|([0-9A-Fa-f])[ \t]{1,9}([0-9A-Fa-f]))"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_NOT_ALPHABET = re.compile(rb"[^A-Za-z0-9+/=\s]|[^\s][ \t]+[^\s]")
_LOST_SEMICOLON = re.compile(
    r"(?<![;\s])[ \t]{0,9}\r?\n[ \t]{1,20}(?=[\w-]{1,30}[\d*]{0,5}=[\"\w])"
)
_MARK = re.compile(r'\\.|[";]', re.DOTALL)
_PADDING = re.compile(rb"(=+)")
_MOST_PARAMS = 200


def clean(text: str) -> str:
    """One line of text without controls: what a field of a `Mail` may hold."""
    if not _DIRTY.search(text):
        return text.strip()
    return _UNWANTED.sub("", _SPACE.sub(" ", text)).strip()


def clean_body(text: str) -> str:
    """Text of several lines: `\\n` between them, tabs kept, other controls gone."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.replace("\u2028", "\n").replace("\u2029", "\n")  # line ends of Unicode
    return _UNWANTED.sub("", text)


def to_bytes(value: str) -> bytes:
    """The bytes that stood in the mail."""
    return value.encode("utf-8", "surrogateescape")


def decode(value: str, *, hint: str | None = None) -> str:
    """A header value as people read it: encoded words and raw bytes decoded, one line.

    `hint` is the charset of the body, for raw bytes without a label.
    """
    if "=?" not in value:
        return clean(_plain(_unfold(value), hint))
    value = _unfold(value)
    return clean("".join(_join(_split(value), hint)))


def _unfold(value: str) -> str:
    if "\n" not in value and "\r" not in value:
        return value
    return _FOLD.sub(" ", value)


def _plain(text: str, hint: str | None) -> str:
    if text.isascii() and "\x1b" not in text:
        return text
    return charsets.decode(text.encode("utf-8", "surrogateescape"), hint=hint)


# -- encoded words -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    charset: str
    encoding: str  #: "b" or "q"
    text: str


def _split(value: str) -> Iterator[str | _Word]:
    """Plain text and encoded words, in order."""
    at = done = 0
    end = -1
    while (at := value.find("=?", at)) >= 0:
        start = _START.match(value, at)
        if start is None:
            at += 2
            continue
        if end < start.end():
            end = value.find("?=", start.end())
            if end < 0:
                break
        inner = value.find("=?", start.end(), end)
        if inner >= 0 and _START.match(value, inner):
            at = inner  # this one never ended
            continue
        if at > done:
            yield value[done:at]
        yield _Word(start[1].lower(), start[2].lower(), value[start.end() : end])
        at = done = end + 2
    if done < len(value):
        yield _unclosed(value[done:])


def _unclosed(text: str) -> str | _Word:
    """The end of a value; a last word that lost its `?=` is still a word."""
    start = _START.match(text)
    if start is None or " " in text:
        return text
    return _Word(start[1].lower(), start[2].lower(), text[start.end() :].rstrip("?="))


def _join(pieces: Iterator[str | _Word], hint: str | None) -> Iterator[str]:
    """Decoded text; words that stand next to each other are joined as bytes first."""
    run: list[_Word] = []
    gap = ""
    for piece in pieces:
        if isinstance(piece, str):
            if run and not piece.strip():
                gap = piece
                continue
            yield from _flush(run)
            run, gap = [], ""
            yield _plain(piece, hint)
            continue
        gap = ""
        if run and run[-1].charset != piece.charset:
            yield from _flush(run)
            run = []
        run.append(piece)
    yield from _flush(run)
    yield gap


def _flush(run: list[_Word]) -> Iterator[str]:
    if run:
        yield charsets.decode(b"".join(_contents(run)), run[0].charset)


def _contents(run: list[_Word]) -> Iterator[bytes]:
    base64 = ""
    for word in run:
        if word.encoding == "b":
            base64 += word.text
            if word.text.endswith("=") or len(base64.strip()) % 4 == 0:
                yield unbase64(to_bytes(base64))
                base64 = ""
            continue
        if base64:
            yield unbase64(to_bytes(base64))
            base64 = ""
        text = to_bytes(word.text)
        if b" " in text or b"\t" in text:  # folded within a byte
            text = _CUT_Q_BYTE.sub(rb"=\1\2\3", text)
        text = text.replace(b"_", b" ")
        yield _Q_BYTE.sub(lambda m: bytes([int(m[1], 16)]), text)
    if base64:
        yield unbase64(to_bytes(base64))


def unbase64(data: bytes, *, tail: bool = False) -> bytes:
    """Decode base64, whatever is wrong with it: padding, strange characters, a cut end.

    Several padded pieces in a row are all decoded. With `tail`, plain text after the last of
    them (a mailing list's footer) is kept as it stands; else it is dropped.
    """
    done = []
    rest = data
    while rest:
        piece, pad, rest = (
            _PADDING.split(rest, maxsplit=1) if b"=" in rest else (rest, b"", b"")
        )
        kept = _NOT_BASE64.sub(b"", piece.replace(b"-", b"+").replace(b"_", b"/"))
        if len(kept) % 4 == 1:
            kept = kept[:-1]
        done.append(binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)))
        if pad and _NOT_ALPHABET.search(rest):
            done.append(b"\n" + rest.lstrip() if tail else b"")
            break
    return b"".join(done)


# -- parameters --------------------------------------------------------------------------


def parameters(value: str) -> dict[str, str]:
    """The parameters of a Content-Type or -Disposition, names in lower case, undecoded.

    Values keep their surrogates; RFC 2231 names keep their `*`. The first of a name counts.
    """
    found: dict[str, str] = {}
    for piece in _pieces(_unfold(_LOST_SEMICOLON.sub("; ", value))):
        name, equals, text = piece.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), _unquote(text.strip()))
        if len(found) >= _MOST_PARAMS:
            break
    return found


def _pieces(value: str) -> Iterator[str]:
    """What stands between the semicolons outside quotes, the first piece left out."""
    start, quoted = value.find(";") + 1, False
    if not start:
        return
    for match in _MARK.finditer(value, start):
        mark = match[0]
        if mark == '"':
            quoted = not quoted
        elif mark == ";" and not quoted:
            yield value[start : match.start()]
            start = match.end()
    if quoted and ";" in (rest := value[start:]):  # a quote that never closed
        yield from rest.split(";")
        return
    yield value[start:]


def _unquote(text: str) -> str:
    if text[:1] != '"':
        return text
    text = text[1 : text.rfind('"')] if text.rfind('"') > 0 else text[1:]
    if "\\" not in text:
        return text
    return re.sub(r'\\(["\\])', r"\1", text)


def parameter(found: dict[str, str], name: str, *, hint: str | None = None) -> str:
    """One parameter decoded: RFC 2231 with or without pieces, RFC 2047, raw bytes; or ""."""
    if found.get(name + "*"):
        return clean(_extended(to_bytes(found[name + "*"]), hint))
    if f"{name}*0" in found or f"{name}*0*" in found:
        return clean(_continued(found, name, hint))
    value = found.get(name, "")
    if "%" in value and "''" in value[:40] and value.isascii():
        return clean(_extended(to_bytes(value), hint))  # the star was forgotten
    return decode(value, hint=hint)


def _extended(value: bytes, hint: str | None) -> str:
    """charset'language'percent-encoded"""
    charset, first, rest = value.partition(b"'")
    _, second, text = rest.partition(b"'")
    if not (first and second):
        return charsets.decode(unquote_to_bytes(value), hint)
    return charsets.decode(unquote_to_bytes(text), charset.decode("ascii", "replace"))


def _continued(found: dict[str, str], name: str, hint: str | None) -> str:
    """Pieces `name*0`, `name*1*` …: only the starred ones are percent-encoded."""
    label: str | None = None
    data = b""
    for n in range(_MOST_PARAMS):
        if (piece := found.get(f"{name}*{n}*")) is not None:
            raw = to_bytes(piece)
            if n == 0 and raw.count(b"'") >= 2:
                charset, _, raw = raw.split(b"'", 2)
                label = charset.decode("ascii", "replace")
            data += unquote_to_bytes(raw)
        elif (piece := found.get(f"{name}*{n}")) is not None:
            data += to_bytes(piece)
        else:
            break
    text = charsets.decode(data, label, hint=hint)
    return decode(text) if "=?" in text else text
