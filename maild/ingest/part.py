"""One part of a MIME tree: its type, name, bytes and text, read in spite of its faults.

The tree itself is built by the standard library's tolerant parser; messages inside a message
are kept whole, so that nothing in them is taken for the mail's own.
"""

import binascii
import email
import re
from email.message import Message
from email.policy import Policy, compat32
from functools import cached_property, partial

from maild.ingest import charsets, filenames, words
from maild.ingest.bounds import header_end
from maild.ingest.flowed import unflow

_TYPE = re.compile(
    r"\s{0,9}[\"']?\s{0,9}([\w!#$&^.+-]{1,100})\s{0,9}/\s{0,9}([\w!#$&^.+*-]{1,100})", re.ASCII
)
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w.:-]{2,40})", re.IGNORECASE
)
_XML = re.compile(
    rb"<\?xml[^>]{0,100}?encoding\s{0,5}=\s{0,5}[\"']([\w.:-]{2,40})", re.IGNORECASE
)
_SUBJECT = re.compile(
    rb"^Subject[ \t]{0,9}:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_DELIMITER = re.compile(
    rb"^--([^\s]{1,200})[ \t]{0,9}\r?\nContent-[A-Z]", re.IGNORECASE | re.MULTILINE
)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
_UUENCODE = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]{0,998}(?:\r?\n|\Z)", re.MULTILINE)
_WRONG_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "html": "text/html",
    "multipart": "multipart/mixed",
}


class Part(Message):
    """A node of the tree. The standard parser asks it what it is, and so is guided by it."""

    def __init__(self, policy: Policy = compat32, *, guess: str | None = None) -> None:
        super().__init__(policy)
        self._guess = guess

    def get_content_type(self) -> str:
        """As the standard parser is to see it: a message in a message has no parts."""
        kind = self.media_type
        return "whole/" + kind[8:] if kind.startswith("message/") else kind

    def get_boundary(self, failobj: object = None) -> str | None:  # type: ignore[override]
        """The boundary, read in linear time (the inherited one is quadratic)."""
        if self._guess is not None:
            return self._guess
        found = self.type_parameters
        value = words.parameter(found, "boundary") if "boundary" not in found else None
        value = found["boundary"].rstrip() if value is None else value
        return value or None

    @cached_property
    def media_type(self) -> str:
        """`text/plain`, in lower case; repaired where it is no type."""
        value = self._header("content-type")
        if value is None:
            return self.get_default_type()
        match = _TYPE.match(value)
        if match:
            return f"{match[1]}/{match[2]}".lower()
        kind = value.partition(";")[0].strip().lower().strip("\"'")
        if kind in _WRONG_TYPES:
            return _WRONG_TYPES[kind]
        return "application/octet-stream" if self.filename else "text/plain"

    @cached_property
    def type_parameters(self) -> dict[str, str]:
        value = self._header("content-type")
        return words.parameters(value) if value and "=" in value else {}

    @cached_property
    def disposition(self) -> str:
        """`inline`, `attachment`, what else was said, or ""."""
        value = self._header("content-disposition") or ""
        return "".join(value.partition(";")[0].split()[:1]).strip("\"'").lower()

    @cached_property
    def charset(self) -> str | None:
        return self.type_parameters.get("charset") or self.type_parameters.get("charset*")

    @cached_property
    def content_id(self) -> str | None:
        value = words.decode(self._header("content-id") or "").strip("<> ")
        return value[:250] or None

    @cached_property
    def filename(self) -> str:
        """The name it was sent with, decoded and safe; "" if it has none."""
        value = self._header("content-disposition")
        found = words.parameters(value) if value and "=" in value else {}
        name = words.parameter(found, "filename", hint=self.charset)
        if not name and "name" in (self._header("content-type") or "").lower():
            name = words.parameter(self.type_parameters, "name", hint=self.charset)
        return filenames.safe(name)

    @property
    def name(self) -> str:
        """A name in any case."""
        if self.filename:
            return self.filename
        if self.media_type in ("message/rfc822", "message/global"):
            data = self.content()
            found = _SUBJECT.search(data[: min(header_end(data), 64_000)])
            value = found[1][:2000].decode("ascii", "surrogateescape") if found else ""
            return filenames.of_message(words.decode(value))
        return filenames.invented(self.media_type)

    def content(self) -> bytes:
        """The bytes of a leaf, its transfer encoding undone."""
        encoding = (
            (self._header("content-transfer-encoding") or "").strip().strip("\"'").lower()
        )
        raw = self._raw()
        if encoding in _UUENCODE:
            return _uudecode(raw)
        if encoding == "base64":
            return _unbase64(raw, text=self.media_type.startswith("text/"))
        if encoding == "quoted-printable":
            return binascii.a2b_qp(raw)
        return raw

    def text(self) -> str:
        """A text leaf, decoded; `\\n` between lines, other controls gone."""
        data = self.content()
        label = self.charset
        if self.media_type == "text/html" and not charsets.find(label):
            found = _META.search(data[:4096]) or _XML.search(data[:200])
            label = found[1].decode("ascii") if found else label
        text = words.clean_body(charsets.decode(data, label))
        flow = self.type_parameters.get("format", "").lower() == "flowed"
        if flow and self.media_type == "text/plain":
            return unflow(text, delsp=self.type_parameters.get("delsp", "").lower() == "yes")
        return text

    def end_at(self, boundary: str) -> None:
        """Take the closing delimiter off the end of a last line that it was glued to."""
        payload = self.__dict__.get("_payload")
        if boundary and isinstance(payload, str):
            text = payload.rstrip()
            if text.endswith(f"--{boundary}--"):
                self._payload = text.removesuffix(f"--{boundary}--")

    def _header(self, name: str) -> str | None:
        """The first field of that name, with surrogates for bytes beyond ASCII."""
        for key, value in self.raw_items():
            if len(key) == len(name) and key.lower() == name:
                return str(value)
        return None

    def _raw(self) -> bytes:
        payload = self.__dict__.get("_payload")
        if isinstance(payload, str):
            return payload.encode("ascii", "surrogateescape")
        return b""


def read_tree(raw: bytes) -> Part:
    """The tree of a raw message. Raises RecursionError where it is nested too deeply."""
    tree: Part = email.message_from_bytes(raw, _class=Part)
    if tree.media_type.startswith("multipart/") and not tree.is_multipart():
        found = _DELIMITER.search(raw, header_end(raw))
        if found:  # it does not say what separates its parts, or says it wrongly
            guess = found[1].decode("ascii", "surrogateescape")
            return email.message_from_bytes(raw, _class=partial(Part, guess=guess))
    return tree


def read_part(text: str) -> Part:
    """Text that stands in no part, as if it did."""
    part = Part()
    part.set_payload(text)
    return part


def _uudecode(raw: bytes) -> bytes:
    """Decode; `begin` may be missing. What never was uuencoded stays as it is."""
    begin = _BEGIN.search(raw)
    lines = raw[begin.end() if begin else 0 :].splitlines()
    done = []
    for line in lines:
        if line.strip() == b"end":
            break
        try:
            done.append(binascii.a2b_uu(line[: _uu_length(line)]) if line.strip() else b"")
        except binascii.Error:
            return raw
    return b"".join(done) if any(map(bytes.strip, lines)) else raw


def _uu_length(line: bytes) -> int:
    """How long a line is by its first character; some programs write a checksum behind."""
    return 1 + (((line[0] - 32) & 63) + 2) // 3 * 4


def _unbase64(raw: bytes, *, text: bool) -> bytes:
    """Decode; what never was base64 stays as it is."""
    sample = raw[:2000].lstrip().partition(b"\n")[0]
    odd = sample.translate(None, _BASE64)
    few = max(len(sample) // 20, 0 if text or b" " in odd else 1)
    if len(odd) > few and not (len(odd) == 1 and _padded_but_for(odd, sample)):
        return raw
    body = raw.rstrip(b"=\r\n \t")
    if b"=" not in body:
        try:
            return binascii.a2b_base64(raw)
        except binascii.Error:
            return words.unbase64(raw)
    return words.unbase64(raw, tail=text)


def _padded_but_for(stray: bytes, sample: bytes) -> bool:
    """Without the stray character it is base64 to the letter, padding and all."""
    rest = sample.rstrip().replace(stray, b"")
    return stray != b" " and rest.endswith(b"=") and len(rest) % 4 == 0
