"""Is a mail a reaction, a receipt or a recall: a gesture, not words?"""

import re

from maild.ingest.marks import has_part, report_type
from maild.model.mail import Mail

_SHORT = 400  #: characters; a gesture says no more

_REACTED = re.compile(
    r"reacted to your message|reacted via gmail|reacted to your email|liked your message|"
    r"(?:ha )?reaccion[oó]?(?:ado)? (?:a (?:tu|su) (?:mensaje|correo)|(?:a través de|mediante|"
    r"desde|con|por|vía) gmail)|(?:ha reaccionat|va reaccionar) (?:al|mitjançant)|"
    r"hat (?:über gmail|auf (?:ihre|deine) nachricht).{0,20}reagiert|a réagi (?:à votre|"
    r"à ton|via)|"
    r"reagiu (?:à sua|via)|ha reagito",
    re.IGNORECASE,
)
_RECALLED = re.compile(
    r"would like to recall the message|desea recuperar el mensaje|(?:quiere|quisiera|desearía) "
    r"recuperar el mensaje|möchte die nachricht .{0,120}zurückrufen|"
    r"souhaite rappeler le message",
    re.IGNORECASE,
)
_RECALL_SUBJECT = re.compile(
    r"(?:recall|message recall|recuperar|recuperaci[oó]n(?: de(?:l)? mensaje)?|rückruf|"
    r"rappel)\b",
    re.IGNORECASE,
)
_READ = re.compile(
    r"your message.{0,400}?was (?:read|deleted|displayed)|(?:su|tu|"
    r"el) mensaje.{0,400}?(?:se (?:ha )?"
    r"(?:ley[oó]|leído|elimin[oó]|mostr[oó])|fue leído|ha sido (?:leído|visto))|"
    r"this is a (?:return|read) receipt for|(?:esto|este|esta) es (?:un|"
    r"una) (?:acuse de recibo|"
    r"confirmaci[oó]n de lectura)|read receipt|acuse de (?:recibo|lectura) (?:del|"
    r"para el) mensaje",
    re.IGNORECASE | re.DOTALL,
)
_READ_SUBJECT = re.compile(
    r"(?:read|not read|leído|no leído|leido|read receipt|return receipt|"
    r"return receipt \(displayed\)|"
    r"acuse de (?:recibo|lectura)|confirmaci[oó]n de lectura|gelesen|lu|deleted|"
    r"eliminado)\s?[:(]",
    re.IGNORECASE,
)
_APPROVAL = frozenset("👍👏🙏❤💚💙🧡💛💜🎉😀😃😄😁🙂😊🥰😍🤩👌🙌💯✅✔🔥⭐😂🤝💪")


def reaction_sign(mail: Mail) -> str:
    """What shows that nobody wrote anything here, "" when nothing does."""
    if report_type(mail) == "disposition-notification" or has_part(
        mail, "message/disposition-notification"
    ):
        return "message/disposition-notification"
    if (mail.header("Content-Disposition") or "").lower().startswith("reaction"):
        return "Content-Disposition: reaction"
    if has_part(mail, "text/vnd.google.email-reaction+json"):
        return "text/vnd.google.email-reaction+json"
    text = mail.own_words.strip()
    if len(text) > _SHORT or not mail.references:
        return _recall(mail, text)
    if hit := _REACTED.search(text):
        return f"the words “{hit[0]}”"
    if _READ_SUBJECT.match(mail.subject[:60]) and (hit := _READ.search(text)):
        return f"Subject: {mail.subject[:40]}, and the words “{' '.join(hit[0].split())[:60]}”"
    if mail.references and text and _is_approval(text):
        return f"nothing but {text[:10]}"
    return _recall(mail, text)


def _recall(mail: Mail, text: str) -> str:
    if _RECALL_SUBJECT.match(mail.subject[:60]) and (hit := _RECALLED.search(text[:_SHORT])):
        return f"Subject: {mail.subject[:40]}, and the words “{hit[0]}”"
    return ""


def _is_approval(text: str) -> bool:
    """One to four approving emoji, skin tones and joiners aside, and not a letter more."""
    signs = [c for c in text if not (c.isspace() or c in "\ufe0f\u200d" or "🏻" <= c <= "🏿")]
    return 0 < len(signs) <= 4 and all(c in _APPROVAL for c in signs)
