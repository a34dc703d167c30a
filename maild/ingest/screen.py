"""What kind of mail is this: a person's, or one of five automatic kinds.

Three decisions rather than one flag: is it a report on our own mail (bounce), an answer no
person wrote (auto-reply, reaction), or a robot's request that nobody should answer
(no-answer)? A subject alone decides nothing, and X-Auto-Response-Suppress says "do not
answer me", never "I am no person". What the desk does about it is the desk's business.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from maild.ingest import delivery_report
from maild.model.mail import Automatic, Mail, Screening

_BEGINNING = 1500  #: characters of text in which a robot says what it is
_SHORT = 400  #: a reaction or a recall says no more


def screen(mail: Mail, *, envelope_sender: str | None = None, ours: bool = True) -> Screening:
    """The verdict on a mail, with the sign that decided.

    `envelope_sender`: MAIL FROM, "" for the null sender, None when unknown.
    `ours=False`: take X-Maild-Type for another desk's. The desk asks so again when the mail
    carries no Message-ID it ever wrote; another maild's letter may be a person's answer.
    """
    looks: tuple[tuple[Automatic, Callable[[Mail], str]], ...] = (
        (Automatic.OWN, _own if ours else _nothing),
        (Automatic.BOUNCE, lambda m: _bounce(m, _null_sender(m, envelope_sender))),
        (Automatic.REACTION, _reaction),
        (Automatic.AUTO_REPLY, lambda m: _auto_reply(m, _null_sender(m, envelope_sender))),
        (Automatic.NO_ANSWER, lambda m: _no_answer(m, _null_sender(m, envelope_sender))),
    )
    for kind, look in looks:
        if because := look(mail):
            verdict = Screening(kind, because)
            if kind is Automatic.BOUNCE:
                return replace(verdict, report=delivery_report.read_report(mail))
            return verdict
    return Screening()


def _nothing(mail: Mail) -> str:
    return ""


def _null_sender(mail: Mail, envelope_sender: str | None) -> bool:
    if envelope_sender is not None:
        return envelope_sender.strip("<> ") == ""
    path = mail.header("Return-Path")
    return path is not None and path.strip("<> ") == ""


# -- own ---------------------------------------------------------------------------------


def _own(mail: Mail) -> str:
    kind = mail.header("X-Maild-Type")
    return f"X-Maild-Type: {kind}" if kind else ""


# -- bounce ------------------------------------------------------------------------------

_DAEMON = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|maildaemon|mdaemon|majordomo-owner|smtpd|amavis|"
    r"mail[-_. ]?deliver\w{1,3}|postoffice|mailerdaemon|nondelivery|mta[-_]?admin|ndr|"
    r"\w{0,20}_smtp_\w{0,30}|symantec_\w{0,40})\b",
    re.IGNORECASE,
)
_POSTMASTER = re.compile(
    r"(?:postmaster|postmaster\w{0,10}|root|admin\w{0,12}|bounces?|bounced?|no-?reply|mail|"
    r"microsoftexchange[\da-f]{8,40}|mailsystem|mailadmin|complaints|email-bounces)$",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[-_ ]?(?:delivery|daemon|system)|delivery[-_ ](?:sub)?system|postmaster|"
    r"internet mail delivery|system administrator|administrador (?:del sistema|de correo)|"
    r"microsoft outlook|mail administrator|subsistema de entrega|mail server|mailserver",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|non[- ]?deliver|returned (?:mail|to sender|email)|"
    r"return(?:ed)? .{0,20}to sender|"
    r"deliver\w{0,3} (?:status|failure|failed|error|problem|notification|delayed|has|report|"
    r"incomplete|warning|unsuccessful)|fail(?:ure|ed) (?:notice|notification|delivery|mail|to)|"
    r"(?:mail|message|email|e-mail) (?:delivery|system error|status|could ?n.t|not delivered|"
    r"delayed|rejected|error|was not|is undeliver|failed|failure|you sent)|could not (?:be "
    r"delivered|send|deliver)|cannot be delivered|can.t be delivered|unable to deliver|"
    r"rejected|bounce|user unknown|unknown user|mailbox (?:full|unavailable)|quota|"
    r"warning: (?:could not send|message)|delayed|host unknown|nondeliverable|ndn:|ndr\b|"
    r"error de entrega|no se (?:puede|pudo|ha podido) entregar|no entregad|sin entregar|"
    r"correo devuelto|mensaje (?:devuelto|rechazado|no)|devuelto|entrega (?:fallida|"
    r"retrasada|pendiente|de(?:l)? (?:mensaje|correo))|notificaci[oó]n (?:de|"
    r"del) (?:estado de )?"
    r"(?:la )?entrega|fallo (?:en|de) (?:la )?entrega|retraso en la entrega|"
    r"aviso de no entrega|"
    r"unzustellbar|nicht zugestellt|zustell|fehlgeschlagen|non remis|échec|non distribu|"
    r"retourné|mancato recapito|mancata consegna|não entregue|falha na entrega|devolvid|"
    r"no lliurat|error de lliurament|配信|送信|エラー|退信|无法|недостав|не доставлен|niedostarcz",
    re.IGNORECASE,
)
_BOUNCE_TEXT = re.compile(
    r"(?:could not|couldn.t|cannot|can.t|was not|were not|wasn.t|not been|not be|"
    r"unable to|failed "
    r"to) .{0,30}?deliver|delivery (?:has |to .{0,80}?)?(?:failed|is delayed|failure)|"
    r"returned (?:to sender|message)|permanent (?:fatal )?error|undeliverable|"
    r"(?:unknown|no such) "
    r"user|user (?:is )?(?:unknown|not found)|mailbox (?:is )?(?:full|unavailable|not found)|"
    r"addresses? (?:had|failed|you entered|couldn|not found)|(?:not|n.t) (?:reach|exist)|"
    r"550[ -]|554[ -]|no se (?:ha podido|pudo|puede) entregar|no pudo ser entregado|"
    r"did not reach|bounced|over quota|rejected",
    re.IGNORECASE,
)


def _bounce(mail: Mail, null_sender: bool) -> str:
    daemon = _daemon(mail)
    machine = null_sender or daemon or _auto_submitted(mail) or _content_type(mail, "report")
    if machine and delivery_report.status_part(mail) is not None:
        return "message/delivery-status"
    if _report_type(mail) == "delivery-status":
        return "Content-Type: multipart/report; report-type=delivery-status"
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    if not (daemon or (null_sender and not mail.references)):
        return ""
    if re.match(r"(?:re|rv|fwd?|wg|tr)\s?:", mail.subject, re.IGNORECASE) and not null_sender:
        return ""
    return _bounce_words(mail, daemon, null_sender)


def _bounce_words(mail: Mail, daemon: str, null_sender: bool) -> str:
    """A daemon's name together with a bounce's words; the words alone never suffice."""
    if daemon and _BOUNCE_SUBJECT.search(mail.subject[:300]):
        return f"{daemon}, and Subject: {mail.subject[:80]}"
    says = _BOUNCE_TEXT.search(" ".join(mail.text[:_BEGINNING].split()))
    if says and (daemon or (null_sender and _BOUNCE_SUBJECT.search(mail.subject[:300]))):
        return f"{daemon or 'empty envelope sender'}, and its words: {says[0][:60]}"
    if null_sender and says and not mail.subject and mail.from_ is None:
        return f"empty envelope sender, no From, and its words: {says[0][:60]}"
    certain = daemon and mail.from_ is not None and _DAEMON.match(mail.from_.email)
    return f"{daemon}, {_auto_submitted(mail)}" if certain and _auto_submitted(mail) else ""


def _daemon(mail: Mail) -> str:
    """The From line when it is a mail system's, else "" """
    if mail.from_ is None or "@" not in mail.from_.email:
        return "no From" if _BOUNCE_SUBJECT.search(mail.subject[:300]) else ""
    local = mail.from_.email.rpartition("@")[0].strip('"')
    if _DAEMON.match(local[:64]) or _DAEMON.search(mail.from_.name[:100]):
        return f"From: {mail.from_.email}"
    if _POSTMASTER.match(local[:64]) or _DAEMON_NAME.search(
        f"{mail.from_.name[:100]} {local[:64]}"
    ):
        return f"From: {mail.from_.email}"
    return ""


def _content_type(mail: Mail, subtype: str) -> bool:
    return (mail.header("Content-Type") or "").lower().startswith(f"multipart/{subtype}")


def _report_type(mail: Mail) -> str:
    declared = (mail.header("Content-Type") or "")[:2000]
    if not _content_type(mail, "report"):
        return ""
    hit = re.search(r"report-type\s{0,3}=\s{0,3}\"?([\w-]{1,40})", declared, re.IGNORECASE)
    return hit[1].lower() if hit else ""


def _has_part(mail: Mail, content_type: str) -> bool:
    return any(a.content_type.lower() == content_type for a in mail.attachments)


# -- reaction ----------------------------------------------------------------------------

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


def _reaction(mail: Mail) -> str:
    if _report_type(mail) == "disposition-notification" or _has_part(
        mail, "message/disposition-notification"
    ):
        return "message/disposition-notification"
    if (mail.header("Content-Disposition") or "").lower().startswith("reaction"):
        return "Content-Disposition: reaction"
    if _has_part(mail, "text/vnd.google.email-reaction+json"):
        return "text/vnd.google.email-reaction+json"
    text = (mail.reply or mail.text).strip()
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


# -- auto-reply --------------------------------------------------------------------------

_AWAY_SUBJECT = re.compile(
    r"\W{0,3}(?:automatic (?:reply|response)|auto(?:matic)?[- ]?(?:reply|response|"
    r"respond\w{0,4})|"
    r"auto:|out of (?:the )?office|ooo\b|on (?:vacation|holiday|leave)|away from|vacation|"
    r"i am (?:currently )?(?:out|away)|respuesta autom[aá]tica|autorespuesta|auto-?respuesta|"
    r"contestaci[oó]n autom[aá]tica|mensaje autom[aá]tico|fuera de (?:la )?oficina|ausente|"
    r"ausencia|estoy (?:fuera|de vacaciones|ausente)|de vacaciones|resposta autom[aàá]tica|"
    r"fora de l.oficina|abwesenheit\w{0,12}|abwesend|automatische antwort|"
    r"automatische reaktion|"
    r"réponse automatique|absence|absent|risposta automatica|fuori (?:sede|ufficio)|"
    r"automatisch antwoord|afwezig\w{0,12}|autosvar|automatiskt svar|automatisk svar|frånvaro|"
    r"fravær|odpowiedź automatyczna|automatyczna odpowiedź|automatická odpověď|автоответ|"
    r"автоматический ответ|自动回复|自動回覆|自動応答|自動返信)",
    re.IGNORECASE,
)
_AUTO_FIELDS = (
    *("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From"),
    *("X-Mail-Autoreply", "X-Auto-Reply", "X-Autoresponse", "X-Vacation", "X-AutoReply-To"),
)


def _auto_reply(mail: Mail, null_sender: bool) -> str:
    for name in _AUTO_FIELDS:
        value = mail.header(name)
        if value is not None and value.strip().lower() not in ("no", "false", "0"):
            return f"{name}: {value[:60]}"
    submitted = _auto_submitted(mail)
    if "auto-replied" in submitted or "vacation" in submitted:
        return submitted
    for name in ("Precedence", "X-Precedence"):
        if (mail.header(name) or "").strip().lower() in (
            "auto_reply",
            "auto-reply",
            "autoreply",
        ):
            return f"{name}: auto_reply"
    if (mail.header("X-Autogenerated") or "").strip().lower() in ("reply", "forward"):
        return "X-Autogenerated"
    if "autoresponder" in (mail.header("Delivered-To") or "").lower()[:200]:
        return "Delivered-To: autoresponder"
    if not _AWAY_SUBJECT.match(mail.subject[:120]):
        return ""
    sign = submitted or _away_sign(mail, null_sender)
    return f"Subject: {mail.subject[:60]}, and {sign}" if sign else ""


def _away_sign(mail: Mail, null_sender: bool) -> str:
    """A subject says "out of office" to people too; this must stand beside it."""
    if mail.references:
        return "In-Reply-To"
    if null_sender:
        return "the empty envelope sender"
    for name in ("X-Auto-Response-Suppress", "X-MS-Exchange-Inbox-Rules-Loop"):
        if mail.header(name):
            return name
    precedence = (mail.header("Precedence") or "").strip().lower()
    return f"Precedence: {precedence}" if precedence in ("bulk", "junk") else ""


def _auto_submitted(mail: Mail) -> str:
    """`Auto-Submitted: …` unless it says no (RFC 3834 section 5)."""
    value = (mail.header("Auto-Submitted") or "").strip().lower()
    if not value or value.split(";")[0].split("(")[0].strip() == "no":
        return ""
    return f"Auto-Submitted: {value[:60]}"


# -- no-answer ---------------------------------------------------------------------------

_NO_REPLY = re.compile(
    r"(?:no|do-?not|dont|nao)[-_.]?repl(?:y|ies)|do[-_.]not[-_.]reply|no[-_.]?respond\w{0,4}|"
    r"no[-_.]?contest\w{0,4}|noanswer|nicht[-_.]?antworten|ne[-_.]?pas[-_.]?repondre",
    re.IGNORECASE,
)


def _no_answer(mail: Mail, null_sender: bool) -> str:
    if submitted := _auto_submitted(mail):
        return submitted
    for name in ("Precedence", "X-Precedence"):
        if (value := (mail.header(name) or "").strip().lower()) in ("bulk", "list", "junk"):
            return f"{name}: {value}"
    for name in ("List-Id", "List-Post", "List-Unsubscribe", "Feedback-Type"):
        if mail.header(name):
            return name
    if _report_type(mail) == "feedback-report":
        return "multipart/report; report-type=feedback-report"
    if mail.header("X-Autogenerated") or mail.header("X-FC-MachineGenerated"):
        return "X-Autogenerated"
    return _unanswerable(mail, null_sender)


def _unanswerable(mail: Mail, null_sender: bool) -> str:
    suppress = (mail.header("X-Auto-Response-Suppress") or "").lower()
    if any(word.strip() in ("all", "autoreply", "oof") for word in suppress.split(",")):
        return f"X-Auto-Response-Suppress: {suppress[:60]}"
    local = (mail.from_.email if mail.from_ else "").rpartition("@")[0][:64]
    if _NO_REPLY.match(local):
        return f"From: {local}@…"
    # A gateway may empty the envelope sender of a person's answer; what answers a mail
    # is taken for a person's, and the cap on automatic mail per address bounds the rest.
    return "empty envelope sender" if null_sender and not mail.references else ""
