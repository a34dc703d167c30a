"""`De: … / Enviado: … / Asunto: …`: the header block above a quoted mail."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from maild.ingest import phrases
from maild.ingest.layout import DAY, EMAIL, LONGEST, TIME, Cut, any_of, bare, clean

_ROLES = {name.casefold(): role for role, names in phrases.FIELDS.items() for name in names}
_TOLD = ("sent", "to", "subject")
_FIELD = re.compile(r"[*_]{0,2}([^\W\d_][^:：*]{0,24}?)\s?[*_]{0,2}\s?[:：][*_]{0,2}\s{0,3}")
#: The fields after the first where a program wrote them all on one line.
_ALL_IN_ONE = re.compile(
    rf"[\s*](?P<name>{any_of(n for n in _ROLES if len(n) > 1 and _ROLES[n] in _TOLD)})\s?[:：]",
    re.IGNORECASE,
)
_BLOCK_LINES = 16


def header_field(line: str) -> tuple[str, str] | None:
    """(role, value) of `De: Ana`, `*Sent:* Monday`, `Objet : x`; None for anything else."""
    text = clean(line).lstrip("> ")
    hit = _FIELD.match(text[:60]) if ":" in text or "：" in text else None
    if hit is None:
        return None
    name = hit[1].strip().casefold()
    if name in phrases.RAW_FIELDS or name.startswith("x-"):
        return "raw", ""
    role = _ROLES.get(name)
    return (role, text[hit.end() : hit.end() + LONGEST].strip("*_ ")) if role else None


#: `De: Ana <…>Para: …Asunto: …`, as Yahoo glues them behind its separator
_GLUED = re.compile(rf"(CC|{any_of(name.capitalize() for name in _ROLES if len(name) > 1)}):\s")


def glued_fields(text: str) -> dict[str, str]:
    """The fields of a text that is one line of them; the sender must be among them."""
    hits = list(_GLUED.finditer(text[: 2 * LONGEST]))
    fields = {}
    for hit, following in zip_longest(hits, hits[1:]):
        end = following.start() if following else len(text)
        fields[_ROLES[hit[1].casefold()]] = text[hit.end() : end].strip()
    return fields if "from" in fields else {}


def header_block(lines: Sequence[str], at: int, *, fewest: int = 3) -> Cut | None:
    """A block of at least `fewest` different header fields, From among them."""
    first = header_field(lines[at])
    if first is None or first[0] in ("raw", "other") or len(lines[at]) > LONGEST:
        return None
    if _below_raw(lines, at):
        return None
    fields, end = _read_fields(lines, at)
    known = fields.keys() - {"other"}
    if "raw" in fields or "from" not in fields:
        return None
    if fewest > 1 and not (_mailish(fields) and _complete(fields)):
        return None
    if len(known) >= fewest or _all_in_one_line(lines[at]) or _says_who_and_when(fields):
        return Cut(at, end, "block", fields=fields)
    return None


def _below_raw(lines: Sequence[str], at: int) -> bool:
    """The lines right above are fields of a raw header."""
    for i in range(at - 1, max(-1, at - 12), -1):
        found = header_field(lines[i]) or (lines[i][:1] in " \t" and lines[i].strip())
        if not found:
            return False
        if found[0] == "raw":
            return True
    return False


def _mailish(fields: dict[str, str]) -> bool:
    """A form has a From and a Date too (`De: Madrid`), but no address, and no date and time."""
    return _dated(fields) or any("@" in fields.get(role, "") for role in ("from", "to", "cc"))


def _complete(fields: dict[str, str]) -> bool:
    """Programs tell the subject or an address; where there is none, who and when come first.

    `Fecha: 4/5/2026 10:15 / De: almacén / Para: tienda` is of somebody's parcel.
    """
    if "subject" in fields or any("@" in fields.get(role, "") for role in ("from", "to", "cc")):
        return True
    return list(fields)[:2] == ["from", "sent"] and fields["from"][:1].isalpha()


def _says_who_and_when(fields: dict[str, str]) -> bool:
    """Two fields do where they are a sender's address and a date with its time."""
    return _dated(fields) and EMAIL.search(fields.get("from", "")) is not None


def _dated(fields: dict[str, str]) -> bool:
    sent = fields.get("sent", "")
    return DAY.search(sent) is not None and TIME.search(sent) is not None


def _read_fields(lines: Sequence[str], at: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    end, wrapped, role = at, 0, ""
    for i in range(at, min(at + _BLOCK_LINES, len(lines))):
        found = header_field(lines[i])
        if found:
            if found[0] in fields and found[0] not in ("other", "cc"):
                break
            role, end, wrapped = found[0], i + 1, 0
            fields.setdefault(role, found[1])
        elif not bare(lines[i]):
            if role == "subject" and fields.get("subject"):
                break
            wrapped += 1
        elif role and i == end and not fields[role]:
            fields[role], end = clean(lines[i])[:LONGEST], i + 1
        elif role in ("to", "cc", "subject", "from") and i == end and wrapped < 2:
            fields[role] = f"{fields[role]} {clean(lines[i])[:LONGEST]}"
            end, wrapped = i + 1, wrapped + 1
            if role == "subject":
                fields, end = _undo_if_text(lines, fields, i)
        else:
            break
        if wrapped > 2:
            break
    return fields, end


def _undo_if_text(
    lines: Sequence[str], fields: dict[str, str], i: int
) -> tuple[dict[str, str], int]:
    """A line right below Subject continues it only where more of the block follows."""
    follows = i + 1 < len(lines) and (not bare(lines[i + 1]) or header_field(lines[i + 1]))
    if follows:
        return fields, i + 1
    return {**fields, "subject": fields["subject"].removesuffix(f" {clean(lines[i])}")}, i


def _all_in_one_line(line: str) -> bool:
    first = header_field(line)
    if first is None or first[0] != "from":
        return False
    told = {_ROLES.get(hit["name"].casefold()) for hit in _ALL_IN_ONE.finditer(line[:LONGEST])}
    return len(told) >= 2
