"""Signatures: where one begins, how to set it aside, and when a text is nothing else.

A signature is what follows `-- `, what a telephone adds ("Enviado desde mi iPhone"), or
a closing that its owner is known to use. Footers are `footer`'s business, quoted mail is
`trim`'s.
"""

import re
from collections.abc import Sequence
from itertools import combinations

from maild.ingest.footer import is_footer
from maild.ingest.layout import EMAIL, clean, is_rule

_LONGEST = 200
_MOST_LINES = 25  #: of a signature; what is longer is text after a dash

# -- what lists and lawyers add -----------------------------------------------------------

_LIST_FOOTER = re.compile(
    r"(?:.{1,60} mailing list|to unsubscribe|unsubscribe|you received this message because|"
    r"you are receiving this|para (?:anular|cancelar|dejar de)|"
    r"has recibido este mensaje porque)",
    re.IGNORECASE,
)
_OF_LIST = re.compile(r"@|https?://|\b(?:group|list|subscri|suscri|grupo)", re.IGNORECASE)
_LINK = re.compile(r"[<(\[]?(?:https?://|www\.|mailto:)\S{3,300}$", re.IGNORECASE)
_CONFIDENTIAL = re.compile(
    r"\W{0,3}(?:aviso (?:legal|de confidencialidad)|confidencialidad|confidential|"
    r"este (?:mensaje|"
    r"correo|e-?mail)\b.{0,200}(?:confidencial|destinatari|privilegi)|la información contenida|"
    r"antes de imprimir|protección de datos|de conformidad con|en cumplimiento|"
    r"en virtud de lo|de acuerdo con lo (?:dispuesto|establecido)|"
    r"conforme al? (?:rgpd|reglamento)|"
    r"le informamos .{0,60}datos|información básica sobre protección|"
    r"responsable(?: del tratamiento)?: .{0,200}finalidad|"
    r"si (?:usted )?no es (?:el|usted el) destinatario|si (?:usted )?ha recibido este|"
    r"if you (?:are not the|have received this)|this (?:e-?mail|"
    r"message)\b.{0,200}(?:confidential|intended|privileged)|"
    r"the information (?:contained )?in this"
    r"|please consider the environment|legal notice|disclaimer|"
    r"diese e-?mail\b.{0,200}vertraulich|"
    r"ce (?:message|courriel)\b.{0,200}confidentiel|aquest (?:missatge|"
    r"correu)\b.{0,200}confiden|"
    r"esta mensagem\b.{0,200}confiden)",
    re.IGNORECASE | re.DOTALL,
)
_CLOSING = re.compile(
    r"(?:(?:un |muchos )?(?:cordial(?:es)? )?saludos?(?: cordiale?s?)?|atentamente|atte\.?|"
    r"(?:un )?(?:fuerte )?abrazo|cordialmente|quedo a (?:su|tu) disposición|"
    r"(?:best|kind|warm|many)?\s?(?:regards|wishes)|regards|best|cheers|sincerely(?: yours)?|"
    r"yours(?: sincerely| faithfully)?|salutacions(?: cordials)?|(?:una )?salutació|atentament|"
    r"(?:mit )?(?:freundlichen?|besten?|viele|liebe|schöne) grü(?:ß|ss)en?|mfg|lg|gruß|"
    r"(?:bien )?cordialement|bien à vous|salutations|atenciosamente|cumprimentos|abraços|"
    r"(?:cordiali |distinti )?saluti|met vriendelijke groet(?:en)?|groeten|mvh|"
    r"(?:med )?vänliga? hälsning(?:ar)?)",
    re.IGNORECASE,
)


def start(lines: Sequence[str]) -> int:
    """The line at which the signature of a text without quotations begins; len when none."""
    by_dashes = _after_dashes(lines)
    return _before_footers(lines[:by_dashes])


def _after_dashes(lines: Sequence[str]) -> int:
    """The first `-- ` line with no more than a signature's length below it."""
    below = 0
    found = len(lines)
    for i in range(len(lines) - 1, -1, -1):
        line = lines[i].rstrip("\r")
        if line in ("-- ", "--", "– ", "—", "— ") or clean(line) in ("--", "—"):
            if below <= _MOST_LINES and (line == "-- " or _may_sign(lines[i + 1 :])):
                found = i
            elif found < len(lines) and lines[found].rstrip("\r") == "--":
                found = len(lines)  # they set its paragraphs apart
        elif is_rule(line) and 0 < below <= 8 and surely_signs("\n".join(lines[i + 1 :])):
            found = i
        elif line.strip():
            below += 1
            if below > _MOST_LINES:
                break
    return found


def _may_sign(lines: Sequence[str]) -> bool:
    """What follows a line of two dashes without the blank: few short lines, no sentence."""
    rest = [clean(line[: _LONGEST + 1]) for line in lines if line.strip()]
    if len(rest) > 12:
        return False
    if rest and _LIST_FOOTER.match(rest[0]) and _OF_LIST.search(" ".join(rest)):
        return True
    return all(len(line) <= 80 and line[-1:] not in ":?" for line in rest) or (
        looks_like_signature("\n".join(rest))
    )


def _before_footers(lines: Sequence[str]) -> int:
    """Above the lowest lines that programs, lists and lawyers added."""
    end = len(lines)
    pending: list[str] = []
    found = end
    for i in range(end - 1, max(-1, end - 40), -1):
        line = clean(lines[i][: _LONGEST + 1])
        if not line:
            continue
        of_list = _is_list_footer(lines, i)
        if of_list or is_footer(line):
            if pending and not of_list and not looks_like_signature("\n".join(pending)):
                break
            found, pending = i, []
            while found and is_rule(lines[found - 1]):
                found -= 1
        elif len(pending) < 4 and len(line) <= _LONGEST:
            pending.insert(0, line)
        else:
            break
    return found


def _is_list_footer(lines: Sequence[str], i: int) -> bool:
    """`____` and the name of the mailing list below it."""
    drawn = is_rule(lines[i]) or clean(lines[i]) in ("__", "___", "____")
    return drawn and any(
        _LIST_FOOTER.match(clean(line)[:_LONGEST]) for line in lines[i + 1 : i + 3]
    )


# -- nothing but a signature -------------------------------------------------------------

_PHONE = re.compile(
    r"(?:(?:t(?:el|lf|fno|eléfono)?|m(?:óvil|ovil|òbil|obile)?|fax|phone|cell|ext|"
    r"f)\b\.?\s?:?\s?)?"
    r"\(?\+?[\d][\d\s().\-/|]{5,60}(?:ext\.?\s?\d{1,5})?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?:c/|calle|avda?\.?|avenida|plaza|pza\.?|paseo|carrer|polígono|apdo|"
    r"\d{1,5}\s\w+\s(?:street|"
    r"road|avenue|lane)|.{2,40}(?:straße|strasse|street|road|avenue|rue)\b|\d{5}\b|"
    r".{2,40}\b\d{5}\b)",
    re.IGNORECASE,
)
#: how Outlook writes a picture into plain text
_PICTURE = re.compile(r"\[?cid:[^\s\]]{1,150}\]?$", re.IGNORECASE)
_SMALL = frozenset(
    "de del la las los el y e i and of the da do dos das von van der di le du & - | · @ at"
    " en".split()
)
#: Capitalised words at the start of a line that are an answer, not a name.
_ANSWERS = frozenset(
    "ok okay sí si no vale hecho listo gracias perfecto done fixed solved thanks yes hola"
    " buenas buenos hello hi dear estimado estimada resuelto reiniciado claro correcto"
    " entendido".split()
)


def looks_like_signature(text: str) -> bool:
    """Nothing but closing words, names, telephones, addresses, disclaimers. "" is none."""
    paragraphs = [p for p in re.split(r"\n\s{0,5}\n", text[:6000]) if p.strip()]
    if not paragraphs or len(text) > 6000:
        return False
    return all(_CONFIDENTIAL.match(p.strip()) or _all_lines_sign(p) for p in paragraphs)


#: closes a mail only where a name follows
_THANKS = re.compile(
    r"(?:(?:muchas |mil )?gracias(?: de antemano)?(?: y (?:un )?saludos?)?|"
    r"(?:un )?saludos? y (?:muchas )?gracias|"
    r"(?:many )?thanks(?: and (?:best |kind )?regards)?|thank you)[ ,.!]{0,3}",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.?!:;¿¡]")


def signed_by(text: str, names: Sequence[str]) -> bool:
    """Begins with one of these names, or with a closing and such a name, and goes on with
    short lines that are no sentences, and what lawyers add."""
    lines = [_naked(line) for line in text[:6000].splitlines() if line.strip()]
    lines = [line for line in lines if not _PICTURE.match(line)]
    closed = bool(lines) and bool(_closes(lines[0]) or _THANKS.fullmatch(lines[0]))
    below = lines[closed:]
    if not below or len(below) > 12:
        return False
    first = re.split(r"[|·,–—]", below[0])[0]
    who = first.casefold().split()
    whole = [name.casefold().split() for name in names]
    known = [name[:1] for name in whole] if closed else [n for n in whole if len(n) > 1]
    if not _names(first) or not any(name and who[: len(name)] == name for name in known):
        return False
    for line in below[1:]:
        if _CONFIDENTIAL.match(line):
            return True
        if not _line_signs(line) and (len(line) > 60 or _SENTENCE.search(line)):
            return False
    return True


def _naked(line: str) -> str:
    """Without the emphasis and the small pictures people put before their telephone."""
    return re.sub(r"^[^\w+(<\"'¿¡/#@-]{1,8}", "", clean(line).strip("*_|- "))


def surely_signs(text: str) -> bool:
    """Looks like a signature, and has more than names: a closing, a telephone, an address."""
    lines = [_naked(line) for line in text[:6000].splitlines() if line.strip()]
    return looks_like_signature(text) and any(
        _CONFIDENTIAL.match(line)
        or (
            len(line) <= _LONGEST
            and (
                _closes(line)
                or _PHONE.match(line)
                or _LINK.match(line)
                or is_footer(line)
                or "@" in line
            )
        )
        for line in lines
    )


def _closes(line: str) -> bool:
    """`Un saludo,` and `Regards, Ana`"""
    hit = _CLOSING.match(line)
    if hit is None:
        return False
    rest = line[hit.end() :].strip(" ,.;!-")
    return not rest or (
        line[hit.end() : hit.end() + 1] in ",." and len(rest) < 40 and _names(rest)
    )


def _all_lines_sign(paragraph: str) -> bool:
    lines = [_naked(line) for line in paragraph.splitlines() if line.strip()]
    return len(lines) <= 12 and all(map(_line_signs, lines))


def _line_signs(line: str) -> bool:
    if len(line) > _LONGEST:
        return _CONFIDENTIAL.match(line) is not None
    if not line or any(p.match(line) for p in (_LINK, _PHONE, _PICTURE)) or is_footer(line):
        return True
    if "|" in line:
        return all(_line_signs(part.strip()) for part in line.split("|"))
    if _CONFIDENTIAL.match(line) or _closes(line):
        return True
    if any(mark in line for mark in "?!;¿¡"):
        return False
    if "@" in line and EMAIL.search(line):
        return len(line.split()) <= 4
    return (_ADDRESS.match(line) is not None and len(line) <= 80) or _names(line)


def _names(line: str) -> bool:
    """`Ana Ruiz Gómez`, `Técnica de Soporte | Acme S.L.`"""
    words = re.split(r"[\s,|/·]+", line.strip())
    words = [word for word in words if word]
    if not words or len(words) > 8 or words[0].casefold().strip(".,:") in _ANSWERS:
        return False
    if line.rstrip().endswith((".", ":")) and not re.search(r"\b\w\.?\w?\.$", line[-5:]):
        return False
    return all(w.casefold() in _SMALL or w[0].isupper() or not w[0].isalpha() for w in words)


# -- set aside ---------------------------------------------------------------------------


def set_aside(text: str, *, known: Sequence[str] = ()) -> tuple[str, str]:
    """(body, signature) of a text without quotations.

    `known`: signatures this author is known by, such as the configured one and what
    `repeated_closings` found in earlier mails. Nothing is lost: all words are in one of both.
    """
    lines = text.split("\n")
    at = start(lines)
    for block in sorted(known, key=len, reverse=True):
        at = min(at, _where_closing(lines[:at], block))
    at = _before_footers(lines[:at])
    return "\n".join(lines[:at]).strip(), "\n".join(lines[at:]).strip()


def repeated_closings(earlier: Sequence[str]) -> list[str]:
    """The closing blocks that at least two of these earlier texts end with alike.

    Only the last 20 texts are compared; a block is two lines or more, or follows a blank one.
    """
    found: dict[str, None] = {}
    for one, other in combinations([t.strip().split("\n") for t in earlier[-20:]], 2):
        if one != other and (block := _common_end(one, other)):
            found[block] = None
    return list(found)


def _common_end(one: Sequence[str], other: Sequence[str]) -> str:
    """The lines both end with, from a paragraph's beginning or a closing word on."""
    same = 0
    most = min(len(one), len(other), _MOST_LINES)
    while same < most and _key(one[-same - 1]) == _key(other[-same - 1]):
        same += 1
    end = list(one[len(one) - same :])
    while end and not end[0].strip():
        end.pop(0)
    return "\n".join(end) if len([line for line in end if line.strip()]) >= 2 else ""


def _where_closing(lines: Sequence[str], block: str) -> int:
    wanted = [_key(line) for line in block.split("\n") if line.strip()]
    i = len(lines)
    for line in reversed(wanted):
        i -= 1
        while i >= 0 and not lines[i].strip():
            i -= 1
        if i < 0 or _key(lines[i]) != line:
            return len(lines)
    return i if wanted else len(lines)


def _key(line: str) -> str:
    return " ".join(line[:500].split()).casefold()
