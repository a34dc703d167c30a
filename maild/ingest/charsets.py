"""Bytes to text: what mail programs call a charset, and what they mean by it.

Labels are read as their supersets, a wrong label is noticed, a missing one is guessed, and no
character is given up while some charset fits. Pure; time is linear in the bytes.
"""

import codecs
import re
from functools import lru_cache

import chardet

#: What a label stands for in practice (WHATWG Encoding, section 4.2, and mail's own habits).
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "big5": "big5hkscs",
}
_ALIASES = {
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "unicode": "utf-16",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "windows-874": "cp874",
    "utf8mb4": "utf-8",
}
_WESTERN = frozenset({"cp1252", "iso8859-15"})
_ISO_2022 = ("iso2022_jp", "iso2022_jp_2", "iso2022_kr", "iso2022_jp_ext", "iso2022_jp_2004")
#: Charsets of seven bits; bytes with eight under their label are the writer's other habit.
_SEVEN_BIT = dict.fromkeys(_ISO_2022, ("utf-8", "euc_jp", "cp932")) | {
    "iso2022_kr": ("utf-8", "cp949"),
    "hz": ("utf-8", "gb18030"),
}
_SHIFT = re.compile(rb"\x1b(?:\$[@AB]|\([BIJ]|\$\([@-Q]|\$\)C|\.[AF])")
_UTF_7 = re.compile(rb"\+(?:[A-Za-z0-9/+]{2,}-?|-)")
_UTF_8_WORD = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_HIGH = re.compile(rb"[\x80-\xff]")
#: Western words have accents here and there; all high bytes, and various, is another script.
_RUN = re.compile(rb"[\xa1-\xff]{8,64}")
_WORDS = 4
_LETTER = re.compile(rb"[A-Za-z]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SAMPLE = 20_000  #: bytes around the first odd byte that a guess looks at
_FEW = 8  #: below so many high bytes a guess is worth less than "western"
_TRUSTED = 0.02  #: share of faulty bytes up to which a multi-byte label is still believed


def decode(data: bytes, label: str | None = None, *, hint: str | None = None) -> str:
    """The text of some bytes that claim the charset `label`.

    `hint` is the charset of a neighbour (a body, for its header); it is tried where there is
    no usable label. Never raises; never gives a lone surrogate.
    """
    codec = find(label)
    if data.isascii():
        return _decode_ascii(data, codec)
    if codec == "ascii":
        codec = None  # it plainly is not
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and codec in (None, "utf-16", "cp1252", "utf-8"):
        return _strict(data, "utf-16") or _western(data)
    if codec in _WESTERN or codec is None or codec == "utf-8":
        text = _strict(data, "utf-8")
        if text is not None:
            return text.removeprefix("\ufeff")
    neighbour = None if codec or hint is None else find(hint)
    for name in (codec, None if neighbour == "ascii" else neighbour):
        text = None if name is None else _believe(data, name)
        if text is not None:
            return text
    return _guess(data)


@lru_cache(maxsize=512)
def find(label: str | None) -> str | None:
    """The codec to use for a label; None when it names no text charset of ours."""
    if not label:
        return None
    name = label.strip("\"' \t\r\n<>").lower().partition("*")[0]
    name = name.partition("(")[0].rstrip("\"' ")
    for guess in (name, _misspelt(name), re.sub(r"^(?:x-|cs|charset=)", "", name)):
        guess = _ALIASES.get(guess, guess)
        try:
            found = codecs.lookup(guess)
        except (LookupError, ValueError, UnicodeError):
            continue
        if found._is_text_encoding and found.name not in _NOT_FOR_MAIL:
            return _SUPERSETS.get(found.name, found.name)
    return None


def _misspelt(name: str) -> str:
    return name.replace("iso-gb", "gb").replace("cp-", "cp").replace("iso8859_", "iso8859-")


#: Codecs that Python has and mail must not reach.
_NOT_FOR_MAIL = frozenset(
    {"punycode", "idna", "unicode-escape", "unicode_escape", "raw-unicode-escape", "undefined"}
    | {"raw_unicode_escape", "unicode-internal", "mbcs", "oem", "palmos"}
)


def _decode_ascii(data: bytes, codec: str | None) -> str:
    if b"\x1b" in data and _SHIFT.search(data):
        for name in _ISO_2022:
            text = _strict(data, name)
            if text is not None:
                return text
        return _windows_jis(data)
    if codec in ("utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32") and data:
        if codec == "utf-7" and not _UTF_7.search(data):
            return data.decode("ascii")
        text = _strict(data, codec)
        if text is not None and (codec in ("utf-7", "hz") or b"\x00" in data):
            return text
    if codec and codec.startswith("cp") and codec[2:] in ("037", "500", "1026", "1140"):
        return _strict(data, codec) or data.decode("ascii")
    return data.decode("ascii")


_ESCAPE = re.compile(rb"(\x1b(?:\$[@B]|\([BIJ]))")


def _windows_jis(data: bytes) -> str:
    """ISO-2022-JP with the characters that Windows adds (\u2460, \u3231), or broken off."""
    done, mode = [], b""
    for piece in _ESCAPE.split(data):
        if _ESCAPE.match(piece):
            mode = piece[1:]
        elif mode in (b"$@", b"$B"):
            done.append(_shifted(piece))
        else:
            done.append(bytes(b | 0x80 for b in piece) if mode == b"(I" else piece)
    return b"".join(done).decode("cp932", "replace")


def _shifted(jis: bytes) -> bytes:
    """Pairs of JIS X 0208 in the places Shift JIS has for them (JIS X 0208, annex 1)."""
    done, at = bytearray(), 0
    while at < len(jis):
        row, cell = jis[at], jis[at + 1] if at + 1 < len(jis) else 0
        if row < 0x21 or cell < 0x21:
            done.append(row)
            at += 1
            continue
        lead = ((row - 0x21) >> 1) + 0x81
        done.append(lead if lead <= 0x9F else lead + 0x40)
        done.append(cell + ((0x1F if cell < 0x60 else 0x20) if row & 1 else 0x7E))
        at += 2
    return bytes(done)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None
    return None if _SURROGATE.search(text) else text


def _believe(data: bytes, codec: str) -> str | None:
    """The bytes as that charset, if they are: all of them, or nearly all."""
    if codec == "cp1252":
        # A label that programs write by habit: believed only as far as it makes sense.
        doubtful = _foreign(data) or (len(_HIGH.findall(data)) >= _FEW and _has_c1(data))
        return None if doubtful else _western(data)
    for name in (codec, *_SEVEN_BIT.get(codec, ())):
        text = _strict(data, name)
        if text is not None:
            return text
    if codec == "utf-8":
        return _mixed(data) if _UTF_8_WORD.search(data) else None
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return None
    if text.count("\ufffd") > len(data) * _TRUSTED or _SURROGATE.search(text):
        return None
    return data.decode(codec, "maild.cp1252") if _single_byte(codec) else text


@lru_cache(maxsize=64)
def _single_byte(codec: str) -> bool:
    """Every byte is a character by itself: one that has none there has one elsewhere."""
    return len(bytes(range(256)).decode(codec, "replace")) == 256


def _foreign(data: bytes) -> bool:
    """Words of high bytes alone: several, or nothing beside. One may be a list of accents."""
    runs = {run for run in _RUN.findall(data[:_SAMPLE]) if len(set(run)) > len(run) // 3}
    if len(runs) >= _WORDS:
        return True
    return bool(runs) and len(_HIGH.findall(data)) > 2 * len(_LETTER.findall(data))


def _has_c1(data: bytes) -> bool:
    return re.search(rb"[\x81\x8d\x8f\x90\x9d]", data) is not None


def _guess(data: bytes) -> str:
    """No label, or a wrong one."""
    if _SHIFT.search(data):
        for name in _ISO_2022:
            text = _strict(data, name)
            if text is not None:
                return text
    words = len(_UTF_8_WORD.findall(data))
    high = len(_HIGH.findall(data))
    if words and 2 * words >= high * 0.5:
        return _mixed(data)
    if high < _FEW:
        return _western(data)
    start = max(0, _first_high(data) - 500)
    found = chardet.detect(data[start : start + _SAMPLE]).get("encoding")
    codec = find(found)
    text = _strict(data, codec) if codec else None
    return _western(data) if text is None else text


def _first_high(data: bytes) -> int:
    match = _HIGH.search(data)
    return match.start() if match else 0


def _western(data: bytes) -> str:
    return data.decode("cp1252", "maild.latin-1")


def _mixed(data: bytes) -> str:
    """UTF-8 with stray western bytes in it, as when two programs wrote one text."""
    return data.decode("utf-8", "maild.cp1252")


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    end = min(error.end, error.start + 1)
    return _western(error.object[error.start : end]), end


codecs.register_error("maild.latin-1", _as_latin_1)
codecs.register_error("maild.cp1252", _as_cp1252)
