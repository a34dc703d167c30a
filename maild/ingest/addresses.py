"""Mailboxes in header fields (RFC 5322, section 3.4), as written and as people mangle them.

`mailboxes` reads a field for display; `named` lists everything in it that could pass for an
address, so that whoever grants rights can insist on exactly one. Linear time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maild.ingest import words
from maild.model.mail import Address

MOST = 500  #: addresses of one field
_LONGEST = 64_000  #: characters of a field that are read
_TOKEN = re.compile(
    r"=\?[^?\s]{1,75}\?[bBqQ]\?[^?<>\"]{0,800}\?="  # an encoded word, whatever is in it
    r'|\\.|[\\"()<>,;:]|=|[^\\"()<>,;:=]+',
    re.DOTALL,
)
_ENCODED_WHOLE = re.compile(
    r"(?:\s{0,50}=\?[^?\s]{1,75}\?[bBqQ]\?[^?<>]{0,800}\?=){1,500}\s{0,50}"
)
_SPEC = re.compile(
    r"[^\s@<>()\[\],;:\"\\]{1,256}@(?:\[[^\s\[\]]{1,80}\]|[^\s@<>()\[\],;:\"\\]{1,255})"
)
_QUOTED_LOCAL = re.compile(r'"[^"@\s]{1,64}"@[^\s@<>()\[\],;:"\\]{1,255}')
_WORD = re.compile(r"[!-;=?A-~]{1,64}")
_AROUND_DOTS = re.compile(r"[ \t]{0,50}([.@])[ \t]{0,50}")


@dataclass(slots=True)
class _Draft:
    """A mailbox while it is being read."""

    phrase: str = ""
    spec: str | None = None
    comment: str = ""
    bare: str = ""  #: the phrase without its quoted strings and encoded words
    raw: str = ""  #: all of it as written


def mailboxes(value: str, *, hint: str | None = None) -> list[Address]:
    """The mailboxes of a field, groups opened, in order; at most 500.

    What holds no address is left out. A field that is wholly one encoded word is decoded and
    read again.
    """
    found = []
    for draft in _read(value[:_LONGEST]):
        address = _finish(draft, hint)
        if address is not None:
            found.append(address)
        if len(found) >= MOST:
            break
    if not found and _ENCODED_WHOLE.fullmatch(value[:_LONGEST]):
        decoded = words.decode(value[:_LONGEST], hint=hint)
        return mailboxes(decoded.replace("=?", ""), hint=hint)
    return found


def unreachable(value: str, *, hint: str | None = None) -> Address | None:
    """Whom a field names that holds no address: `root (Cron Daemon)`, `MAILER-DAEMON`."""
    draft = next(_read(value[:_LONGEST]), _Draft())
    word = (draft.bare if draft.spec is None else draft.spec).strip()
    if not _WORD.fullmatch(word):
        name = _name(draft, draft.phrase, hint)
        broken = "@" in name and " " not in name  # half an address is no name
        return Address(name, "") if name and not broken else None
    return Address(_name(draft, "" if draft.spec is None else draft.phrase, hint), word)


def named(value: str) -> list[str]:
    """Every address in a field, wherever it stands but in quotes and comments."""
    found: list[str] = []
    for draft in _read(value[:_LONGEST]):
        found += _SPEC.findall(draft.bare)[:MOST]
        if draft.spec:
            inside = _bare_spec(draft.spec)
            found += _QUOTED_LOCAL.findall(inside) or _SPEC.findall(inside)[:MOST]
        elif draft.bare.startswith("@"):
            found += _QUOTED_LOCAL.findall(draft.raw)[:MOST]
    return [_decoded(email, None) or words.clean(email) for email in found[:MOST]]


def _read(value: str) -> Iterator[_Draft]:
    """The drafts between commas, semicolons and group names."""
    draft, depth, quoted, angle = _Draft(), 0, False, False
    closes = {mark: value.rfind(mark) for mark in '")>'}
    for match in _TOKEN.finditer(value):
        token, at = match[0], match.start()
        draft.raw += token
        if quoted:
            if token == '"':
                quoted = False
            if angle:
                draft.spec = (draft.spec or "") + token
            elif token != '"':
                draft.phrase += token[1:] if len(token) == 2 and token[0] == "\\" else token
        elif depth:
            depth += (token == "(") - (token == ")")
            draft.comment += token if depth else ""
        elif token == '"' and at < closes['"']:
            quoted = True
            if angle:
                draft.spec = (draft.spec or "") + token
        elif token == "(" and at < closes[")"]:
            depth = 1
            draft.comment += " " if draft.comment else ""
        elif angle:
            if token == ">" or (token in ",;" and value.find(">", at) < 0):
                angle = False
            else:
                draft.spec = (draft.spec or "") + token
        elif token == "<":
            if draft.spec is not None:  # a second one: a forgotten comma
                yield draft
                draft = _Draft()
            draft.spec, angle = "", True
        elif token in ",;":
            yield draft
            draft = _Draft()
        elif token == ":" and "@" not in draft.phrase and draft.spec is None:
            draft = _Draft()  # the name of a group
        elif len(token) == 2 and token[0] == "\\":
            draft.phrase += token[1]
        else:
            draft.phrase += token
            draft.bare += "" if token.startswith("=?") and token.endswith("?=") else token
    yield draft


def _finish(draft: _Draft, hint: str | None) -> Address | None:
    if draft.spec is not None:
        email = _email(draft.spec)
        if email is None and (other := _SPEC.search(draft.bare)):
            email = other[0]
        if email is None:
            return None
        return _address(_name(draft, draft.phrase, hint), email, hint)
    if whole := _SPEC.fullmatch(_AROUND_DOTS.sub(r"\1", draft.bare.strip())):
        before, found, after = draft.phrase.rpartition(draft.bare.strip())
        rest = before + after if found and draft.bare != draft.raw else ""
        return _address(_name(draft, rest, hint), whole[0], hint)
    match = _SPEC.search(draft.bare)
    if match is None:
        if quoted := _QUOTED_LOCAL.search(draft.raw):
            return _address(words.decode(draft.comment, hint=hint), quoted[0], hint)
        if "@" in draft.bare and (email := _email(draft.bare)):
            return _address(words.decode(draft.comment, hint=hint), email, hint)
        return None
    rest = draft.phrase.replace(match[0], "", 1)
    return _address(_name(draft, rest, hint), match[0], hint)


def _name(draft: _Draft, phrase: str, hint: str | None) -> str:
    """`Ana Ruiz`, `Ana Ruiz (Sales)`, or the comment alone where there is nothing else."""
    name = words.decode(phrase, hint=hint).strip(' "')
    comment = words.decode(draft.comment, hint=hint)
    return f"{name} ({comment})" if name and comment else name or comment


def _email(spec: str) -> str | None:
    """The address between angle brackets."""
    spec = _bare_spec(spec)
    match = _QUOTED_LOCAL.search(spec) or _SPEC.search(spec)
    return match[0] if match else None


def _bare_spec(spec: str) -> str:
    """What stands between angle brackets, without source routes, `mailto:` and stray blanks."""
    if "=?" not in spec:
        spec = words.decode(spec)  # raw UTF-8 (RFC 6532), or what its sender took for text
    spec = _AROUND_DOTS.sub(r"\1", words.clean(spec))
    if spec[:7].lower() == "mailto:":
        spec = spec[7:].partition("?")[0]
    return spec.rpartition(":")[2] if spec.startswith("@") else spec


def _address(name: str, written: str, hint: str | None) -> Address | None:
    email = _decoded(written, hint)
    if email is None:
        return None
    name = name.strip(' "').strip()
    return Address("" if name.casefold() == email.casefold() else name, email)


def _decoded(email: str, hint: str | None) -> str | None:
    """Raw UTF-8 is what it means (RFC 6532); encoded words have no place in an address (RFC
    2047, 5), and could mean two: that is none."""
    text = words.decode(email, hint=hint)
    if _SPEC.fullmatch(text) or _QUOTED_LOCAL.fullmatch(text):
        return text
    first = None if "=?" in email else _SPEC.search(text)
    return first[0] if first else None
