"""The header of a mail: repaired where programs broke it, decoded, and read.

Who wrote, to whom and when is `who`'s business.
"""

import re
from collections.abc import Iterable, Sequence

from maild.ingest import words
from maild.ingest.bounds import MAX_HEADER, header_end

MAX_IDS = 200
_ID = re.compile(r"<[^<>\s]{1,998}>")
_LOOSE_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^<>\s@]{1,500}@[^<>\s@]{1,498}")
_FIELD_LINE = re.compile(rb"([!-9;-~]{1,998})[ \t]{0,20}:")
#: The same with bytes in its name that no name may have.
_ODD_FIELD_LINE = re.compile(
    rb"([!-9;-~\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]{1,76})[ \t]{0,20}:(?=\s)"
)
_ODD_BYTE = re.compile(rb"[\x00-\x1f\x7f-\xff]")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type|"
    rb"content-transfer-encoding|reply-to|x-[\w-]{1,60}|dkim-signature|delivered-to)"
    rb"[ \t]{0,20}:",
    re.IGNORECASE,
)
_MBOX = re.compile(rb">?From [^\r\n]{1,500}\r?\n")
_ESCAPED_FROM = re.compile(rb"^>(>{0,20}From )", re.MULTILINE)
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")

Fields = Sequence[tuple[str, str]]


# -- repair ------------------------------------------------------------------------------


def repair(raw: bytes) -> bytes:
    """The message with a header that parsers understand.

    Leading blank lines, a byte order mark, an mbox `From ` line, a line of prose before the
    first field and folded lines that lost their blank are put right; of the headers of parts,
    the line that tells the boundary.
    """
    if b"\nboundary=" in raw:
        raw = raw.replace(b";\nboundary=", b";\n boundary=")
        raw = raw.replace(b";\r\nboundary=", b";\r\n boundary=")
    if b"\n" not in raw[:MAX_HEADER] and b"\r" in raw[:MAX_HEADER]:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw[:1].isspace():
        raw = _skip_blank_lines(raw)
    if match := _MBOX.match(raw):
        raw = unescape_from(raw[match.end() :])
    end = header_end(raw)
    if end > MAX_HEADER or _sound(raw[:end]):
        return raw
    return _mend(raw[:end]) + raw[end:]


def unescape_from(raw: bytes) -> bytes:
    """A message out of an mbox, where `From ` at the beginning of a line is `>From `."""
    return _ESCAPED_FROM.sub(rb"\1", raw) if b">From " in raw else raw


def _skip_blank_lines(raw: bytes) -> bytes:
    stripped = raw.lstrip(b"\r\n \t")
    return stripped if _FIELD_LINE.match(stripped) or _MBOX.match(stripped) else raw


_UNSOUND = re.compile(rb"^(?![ \t\r\n])(?![!-9;-~]{1,998}:)", re.MULTILINE)


def _sound(head: bytes) -> bool:
    return _UNSOUND.search(head) is None


def _mend(head: bytes) -> bytes:
    lines = [line for line in _LINE.findall(head) if line]
    last = max((i for i, line in enumerate(lines) if _KNOWN.match(line)), default=-1)
    mended: list[bytes] = []
    for i, line in enumerate(map(_named, lines)):
        broken = not _FIELD_LINE.match(line) and line[:1] not in b" \t\r\n:" and line
        if broken and line[:2] == b"--" and mended:
            return b"".join([*mended, b"\n", *lines[i:]])  # a part begins: the body did, too
        if not broken or i > last:
            mended.append(line)
        elif mended:
            mended.append(b" " + line)
        # else prose before the first field: there is nothing it could belong to
    return b"".join(mended)


def _named(line: bytes) -> bytes:
    """A field as parsers know it: no blank before the colon, a name that can be printed."""
    match = _FIELD_LINE.match(line) or _ODD_FIELD_LINE.match(line)
    if match is None:
        return line
    return _ODD_BYTE.sub(b"?", match[1]) + b":" + line[match.end() :]


# -- read --------------------------------------------------------------------------------


def decoded(fields: Fields, hint: str | None) -> tuple[tuple[str, str], ...]:
    """All fields in order, names cleaned, values decoded to one line each."""
    return tuple((words.clean(name), words.decode(value, hint=hint)) for name, value in fields)


def message_id(fields: Fields) -> str | None:
    """The mail's own id with its brackets, or None."""
    for value in every(fields, "message-id"):
        found = ids([value]) or [f"<{i}>" for i in _BARE_ID.findall(words.decode(value))]
        if found:
            return found[0]
    return None


def references(fields: Fields) -> tuple[str, ...]:
    """What the mail answers: References oldest first, In-Reply-To last; at most 200."""
    answered = ids(every(fields, "in-reply-to"))
    found = [i for i in ids(every(fields, "references")) if i not in set(answered)]
    found += answered
    if len(found) > MAX_IDS:
        found = found[:1] + found[1 - MAX_IDS :]
    return tuple(found)


def ids(values: Iterable[str]) -> list[str]:
    """The ids in some fields, each once; blanks that folding left in one are taken out."""
    found: dict[str, None] = {}
    for value in values:
        text = words.decode(value)
        for match in _ID.findall(text) or _loose(text):
            found.setdefault(match)
    return list(found)


def _loose(text: str) -> list[str]:
    return [f"<{''.join(i.split())}>" for i in _LOOSE_ID.findall(text) if "@" in i]


def every(fields: Fields, name: str) -> list[str]:
    """The values of all fields of that name (in lower case), topmost first."""
    return [value for key, value in fields if key.lower() == name]
