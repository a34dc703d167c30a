"""Why a mail was understood as it was, in words: `#why`, `maild why`.

Decisions are kept with their reasons in English, in the words of those who found them
(`threading.match`, `ingest.trust`, `ingest.screen`); here they are said in other languages.
What stands in a header is quoted as it is.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from maild.rules import TraceLine, explain

_ES: Final = {
    "sent to the signed address of ticket {}, but about something else and long after: "
    "a new ticket": "enviado a la dirección firmada de la solicitud {}, pero sobre otra cosa y "
    "mucho después: solicitud nueva",
    "sent to the signed address of ticket {}": "enviado a la dirección firmada de la "
    "solicitud {}",
    "answers {}, of ticket {}": "contesta a {}, de la solicitud {}",
    "carries an id of ours, of ticket {}": "lleva un identificador nuestro, de la solicitud {}",
    "{}, of ticket {}": "{}, de la solicitud {}",
    "tag #{}: there is no such ticket": "etiqueta #{}: no existe esa solicitud",
    "tag #{}, and the sender takes part": "etiqueta #{}, y el remitente participa",
    "tag #{}, but the sender takes no part in it: linked only": "etiqueta #{}, pero el "
    "remitente no participa: solo se enlaza",
    "nothing names a ticket": "nada nombra una solicitud",
    "From is not exactly one address": "From no es una sola dirección",
    "the address was signed for this sender": "la dirección se firmó para este remitente",
    "answers a letter sent to this sender": "contesta a una carta enviada a este remitente",
    "carries the id of this sender's letters": "lleva el identificador de las cartas de este "
    "remitente",
    "nothing proves the sender": "nada prueba quién es el remitente",
    "nothing proves the sender; DKIM: {}": "nada prueba quién es el remitente; DKIM: {}",
    "it is signed, but neither To nor Cc names this desk": "está firmado, pero ni To ni Cc "
    "nombran este servicio",
    "signed by {} ({})": "firmado por {} ({})",
    "the words “{}”": "las palabras «{}»",
    "{}, and the empty envelope sender": "{}, y el remitente vacío del sobre",
    "{}, and {}": "{}, y {}",
    "empty envelope sender": "remitente vacío del sobre",
    "sender": "remitente",
    "proof": "prueba",
    "number {} of near-identical mails": "número {} de correos casi iguales",
    "none": "ninguna",
    "no-answer": "sin respuesta posible",
    "auto-reply": "respuesta automática",
    # what became of a mail
    "ticket": "solicitud nueva",
    "reply": "mensaje",
    "command": "orden",
    "question": "pregunta",
    "automatic": "automático",
    "bounce": "aviso de entrega",
    "dropped": "descartado",
    "stub": "ilegible, guardado",
    "duplicate": "repetido",
    "held": "a la espera de confirmación",
    "expired": "caducado",
    "failed": "fallido",
}
_SAID: Final = {"es": _ES}


def in_words(reason: str, language: str) -> str:
    """A reason in `language`; as it is where we have no words for it."""
    for english, pattern in _patterns(language):
        if found := pattern.fullmatch(reason[:2000]):
            return _SAID[language][english].format(*found.groups())
    return reason


@cache
def _patterns(language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (english, re.compile(re.escape(english).replace(r"\{\}", "(.{1,500})"), re.DOTALL))
        for english in _SAID.get(language, {})
    )


def decision_lines(decision: Mapping[str, Any], language: str) -> Iterator[str]:
    """One mail's decision record: evidence, proof, kind, storm, rules; a line each."""
    for reason in decision.get("thread", {}).get("evidence", ()):
        yield f"· {in_words(reason, language)}"
    if proof := decision.get("proof"):
        who = decision.get("sender", {}).get("email", "")
        yield (
            f"· {in_words('sender', language)} {who}: {in_words('proof', language)} "
            f"{in_words(proof['proof'], language)}, {in_words(proof['because'], language)}"
        )
    if (screening := decision.get("screening", {})) and screening.get("automatic"):
        kind = in_words(screening["automatic"], language)
        yield f"· {kind}: {in_words(screening['because'], language)}"
    if cluster := decision.get("cluster"):
        count = f"number {cluster['count']} of near-identical mails"
        yield f"· {in_words(count, language)}"
    for record in decision.get("rules", {}).get("trace", ()):
        sign = "✓" if record["matched"] else "–"
        yield f"{sign} {record['rule']}: {_because(record, language)}"


def _because(record: Mapping[str, Any], language: str) -> str:
    try:
        said = explain(TraceLine.from_json(dict(record)), language)
    except (KeyError, TypeError, ValueError):  # a record of an older version
        said = ""
    return said or str(record.get("because", ""))
