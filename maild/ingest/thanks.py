"""Tell a mail that only says thanks, so that it does not reopen a ticket."""

import re

_LONGEST = 80  #: characters, quotations and signature aside

#: With one of these a mail is thanks; all else in it must be of `_BESIDE`.
_THANKS = (
    *("muchas gracias", "muchísimas gracias", "mil gracias", "gracias", "muy agradecido"),
    *("muy agradecida", "te lo agradezco", "se lo agradezco", "os lo agradezco", "se agradece"),
    *("thank you", "thank you very much", "thank you so much", "thanks", "many thanks"),
    *("thanks a lot", "thanks so much", "thx", "cheers", "much appreciated", "ty"),
    *("moltes gràcies", "gràcies", "mercès", "muito obrigado", "muito obrigada", "obrigado"),
    *("obrigada", "merci", "merci beaucoup", "merci bien", "grand merci", "danke"),
    *("vielen dank", "danke schön", "dankeschön", "herzlichen dank", "besten dank"),
    *("danke sehr", "grazie", "grazie mille", "molte grazie", "mille grazie", "ti ringrazio"),
    *("la ringrazio", "moltes merces", "mercès"),
)
_BESIDE = (
    *(
        "ok",
        "okay",
        "vale",
        "perfecto",
        "genial",
        "estupendo",
        "excelente",
        "fantástico",
        "hola",
    ),
    *("recibido", "entendido", "de acuerdo", "muy amable", "muy amables", "por todo"),
    *("todo perfecto", "todo correcto", "todo bien", "todo ok", "ya funciona", "solucionado"),
    *("todo en orden", "all good", "all good now", "works now", "it works now", "all set"),
    *("por la ayuda", "por tu ayuda", "por su ayuda", "por vuestra ayuda", "de nuevo", "a ti"),
    *("a usted", "a todos", "por la rapidez", "por la respuesta", "por su rápida respuesta"),
    *("por tu respuesta", "por su respuesta", "por la información", "perfect", "great"),
    *("excellent", "awesome", "got it", "received", "hi", "hello", "for your help", "again"),
    *("for the help", "for everything", "for the quick reply", "for your quick reply"),
    *("for the info", "perfecte", "rebut", "d'acord", "molt amable", "per tot", "per l'ajuda"),
    *("perfeito", "ótimo", "por tudo", "pela ajuda", "parfait", "super", "pour votre aide"),
    *(
        "d'accord",
        "pour tout",
        "perfekt",
        "prima",
        "für die hilfe",
        "für ihre hilfe",
        "alles klar",
    ),
    *("perfetto", "ottimo", "per l'aiuto", "per tutto", "va bene", "so much", "very much"),
)
_CLOSING = (
    *("un saludo", "saludos", "un cordial saludo", "saludos cordiales", "atentamente"),
    *("un abrazo", "regards", "best regards", "kind regards", "best", "salutacions"),
    *("una salutació", "cumprimentos", "abraço", "cordialement", "viele grüße", "grüße"),
    *("mit freundlichen grüßen", "lg", "mfg", "saluti", "cordiali saluti", "buen día"),
    *("feliz día", "buen fin de semana", "have a nice day", "buenas tardes", "buenos días"),
)


def _alternatives(*lists: tuple[str, ...]) -> str:
    phrases = sorted({p for some in lists for p in some}, key=len, reverse=True)
    return "|".join(map(re.escape, phrases))


_PHRASE = re.compile(
    rf"(?:(?P<thanks>{_alternatives(_THANKS)})|(?P<closing>{_alternatives(_CLOSING)})"
    rf"|(?:{_alternatives(_BESIDE)}))(?!\w)"
)
_DECORATION = re.compile(r"[\s.,;!¡:)(\-–—_*\"'´`👍🙏😊🙂😀😃👏❤🙌👌\ufe0f]{0,100}")


def only_thanks(text: str, own: str = "") -> bool:
    """True only for a short text of listed phrases of thanks and nothing beside them.

    A name of up to three words may follow: any after a closing ("Un saludo,"), the sender's
    (`own`: his name and address) on a line of its own. In doubt False: a request for more
    must reopen its ticket.
    """
    lines = text[: _LONGEST * 3].replace("’", "'").strip().splitlines()
    if len(lines) > 1 and _is_name(lines[-1]) and _is_his(lines[-1], own):
        del lines[-1]
    words = " ".join(" ".join(lines).split())
    if not words or len(words) > _LONGEST:
        return False
    lowered = (
        words.casefold().replace("ss", "ß") if "grüss" in words.casefold() else words.lower()
    )
    at, thanked, closed = 0, False, False
    while at < len(lowered):
        at = _skip(lowered, at)
        hit = _PHRASE.match(lowered, at)
        if hit is None:
            break
        thanked = thanked or hit["thanks"] is not None
        closed = closed or hit["closing"] is not None
        at = hit.end()
    return thanked and (at >= len(lowered) or (closed and _is_name(words[at:])))


def _skip(text: str, at: int) -> int:
    hit = _DECORATION.match(text, at)
    return hit.end() if hit else at


def _is_his(line: str, own: str) -> bool:
    """`Luis Gómez` under a mail of `Luis <luis@x.test>`."""
    named = re.findall(r"\w{3,}", own.partition("@")[0].lower())
    return line.split()[0].strip(".,").lower() in named


def _is_name(words: str) -> bool:
    parts = words.strip(" .,-").split()
    return len(parts) <= 3 and all(part[0].isupper() for part in parts) and "?" not in words
