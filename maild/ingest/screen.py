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
from maild.ingest.bounce import bounce_sign
from maild.ingest.marks import auto_submitted, envelope_path, report_type
from maild.ingest.reaction import reaction_sign
from maild.model.mail import Automatic, Mail, Screening


def screen(mail: Mail, *, envelope_sender: str | None = None, ours: bool = True) -> Screening:
    """The verdict on a mail, with the sign that decided.

    `envelope_sender`: MAIL FROM, "" for the null sender, None when unknown.
    `ours=False`: take X-Maild-Type for another desk's. The desk asks so again when the mail
    carries no Message-ID it ever wrote; another maild's letter may be a person's answer.
    """
    path, told = envelope_path(mail, envelope_sender), envelope_sender is not None
    looks: tuple[tuple[Automatic, Callable[[Mail], str]], ...] = (
        (Automatic.OWN, _own if ours else _nothing),
        (Automatic.BOUNCE, lambda m: bounce_sign(m, path, door_told=told)),
        (Automatic.REACTION, reaction_sign),
        (Automatic.AUTO_REPLY, lambda m: _auto_reply(m, path == "")),
        (Automatic.NO_ANSWER, lambda m: _no_answer(m, path == "")),
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


# -- own ---------------------------------------------------------------------------------


def _own(mail: Mail) -> str:
    kind = mail.header("X-Maild-Type")
    return f"X-Maild-Type: {kind}" if kind else ""


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
    r"fravær|odpowiedź automatyczna|automatyczna odpowiedź|automatická odpověď|"
    r"ausência|estou ausente|außer haus|nicht im (?:büro|haus)|ich bin (?:abwesend|nicht im)|"
    r"je suis absent|ne pas au bureau|ik ben afwezig|(?:sono )?fuori ufficio|"
    r"non sono in ufficio|(?:jeg er )?ikke på kontoret|(?:jag är )?inte på kontoret|"
    r"(?:jsem )?mimo kancelář|nieobecność|(?:jestem )?poza biurem|отсутств\w{1,4}\b|вне офиса|"
    r"vacaciones\s?:|automatická odpoveď|automaattinen vastaus|poissaolo|"
    r"automatikus válasz|házon kívül|"
    r"răspuns automat|otomatik yanıt|automatski odgovor|samodejni odgovor|automaatvastus|"
    r"αυτόματη απάντηση|автоответ|автоматический ответ|автоматична відповідь|"
    r"автоматичен отговор|erantzun automatikoa|自动(?:回复|答复)|自動(?:回覆|応答|返信|回信)|"
    r"자동 (?:회신|응답)|부재 중|رد تلقائي|תשובה אוטומטית|trả lời tự động|ตอบกลับอัตโนมัติ)",
    re.IGNORECASE,
)
#: Lotus Notes writes this, and nobody else does
_NOTES_AWAY = re.compile(
    r"auto: .{1,100}(?:is out of the office|\(returning \d|\(r[üu]ckkehr|está ausente)",
    re.IGNORECASE,
)
_RECEIVED_SUBJECT = re.compile(
    r"thank you for (?:your (?:e-?mail|message|mail|enquiry|inquiry)|contacting)|"
    r"(?:we have|we've) received your|your (?:e-?mail|message) (?:has been|was) received|"
    r"gracias por (?:su (?:correo|mensaje|consulta)|contactar)|hemos recibido su|"
    r"(?:acuse|confirmaci[oó]n) de (?:recibo|recepci[oó]n)|eingangsbestätigung",
    re.IGNORECASE,
)
_AUTO_PRECEDENCE = ("auto_reply", "auto-reply", "autoreply")
_AUTO_FIELDS = (
    *("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From"),
    *("X-Mail-Autoreply", "X-Auto-Reply", "X-Autoresponse", "X-Vacation", "X-AutoReply-To"),
)


def _auto_reply(mail: Mail, null_sender: bool) -> str:
    if sign := _by_field(mail):
        return sign
    if _NOTES_AWAY.match(mail.subject[:200]):
        return f"Subject: {mail.subject[:60]}"
    if null_sender and _RECEIVED_SUBJECT.match(mail.subject[:120]):
        return f"Subject: {mail.subject[:60]}, and the empty envelope sender"
    if not _AWAY_SUBJECT.match(mail.subject[:120]):
        return ""
    sign = auto_submitted(mail) or _away_sign(mail, null_sender)
    return f"Subject: {mail.subject[:60]}, and {sign}" if sign else ""


def _by_field(mail: Mail) -> str:
    """A field that only machines write, and only when they answer."""
    for name in _AUTO_FIELDS:
        value = mail.header(name)
        if value is not None and value.strip().lower() not in ("no", "false", "0"):
            return f"{name}: {value[:60]}"
    submitted = auto_submitted(mail)
    if "auto-replied" in submitted or "vacation" in submitted:
        return submitted
    for name in ("Precedence", "X-Precedence"):
        if (mail.header(name) or "").strip().lower() in _AUTO_PRECEDENCE:
            return f"{name}: auto_reply"
    if (mail.header("X-Autogenerated") or "").strip().lower() in ("reply", "forward"):
        return "X-Autogenerated"
    suppressed = "all" in (mail.header("X-Auto-Response-Suppress") or "").lower()
    if suppressed and mail.references and mail.header("X-MS-Exchange-Inbox-Rules-Loop"):
        return "X-MS-Exchange-Inbox-Rules-Loop"  # Exchange, whatever language it speaks
    found = "autoresponder" in (mail.header("Delivered-To") or "").lower()[:200]
    return "Delivered-To: autoresponder" if found else ""


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


# -- no-answer ---------------------------------------------------------------------------

_NO_REPLY = re.compile(
    r"(?:no|do-?not|dont|nao)[-_.]?repl(?:y|ies)|do[-_.]not[-_.]reply|no[-_.]?respond\w{0,4}|"
    r"no[-_.]?contest\w{0,4}|noanswer|nicht[-_.]?antworten|ne[-_.]?pas[-_.]?repondre",
    re.IGNORECASE,
)


_SAYS_SO = re.compile(
    r"do not (?:reply|respond) to this|please do not reply|no responeu aquest|"
    r"no (?:responda|conteste) a este (?:correo|mensaje|e-?mail)|"
    r"(?:mensaje|correo) generado autom[aá]ticamente|"
    r"this is an automatic(?:ally)?(?: generated)? (?:e-?mail|message)",
    re.IGNORECASE,
)

#: Outlook.com hands on what its users call spam so, with no report part and no word of its own
_COMPLAINT = re.compile(r"complaint about message from [0-9a-f.:]{7,45}$", re.IGNORECASE)


def _no_answer(mail: Mail, null_sender: bool) -> str:
    if submitted := auto_submitted(mail):
        return submitted
    for name in ("Precedence", "X-Precedence"):
        if (value := (mail.header(name) or "").strip().lower()) in ("bulk", "list", "junk"):
            return f"{name}: {value}"
    for name in ("List-Id", "List-Post", "List-Unsubscribe", "X-MLServer", "Feedback-Type"):
        if mail.header(name):
            return name
    if report_type(mail) == "feedback-report":
        return "multipart/report; report-type=feedback-report"
    if _COMPLAINT.match(mail.subject.strip()[:90]) and not mail.own_words.strip():
        return f"Subject: {mail.subject.strip()[:60]}"
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
    own_words = " ".join(mail.own_words[:1000].split())
    if not mail.references and (hit := _SAYS_SO.search(own_words)):
        return f"the words “{hit[0]}”"
    # A gateway may empty the envelope sender of a person's answer; what answers a mail
    # is taken for a person's, and the cap on automatic mail per address bounds the rest.
    return "empty envelope sender" if null_sender and not mail.references else ""
