"""Is a mail a delivery report on our own mail? Such a mail opens no ticket, hence the care.

A machine-readable report is one, and so is a mail system's letter in a mail system's words.
Postmasters and administrators are people too: for them the envelope must say machine as
well. What the report says is `delivery_report`'s question.
"""

import re

from maild.ingest import delivery_report, notification
from maild.ingest.layout import EMAIL
from maild.ingest.marks import auto_submitted, is_multipart, report_type
from maild.model.mail import Mail

_BEGINNING = 1500  #: characters of text in which a robot says what it is

_SYSTEM = re.compile(
    r"\b(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|maildaemon|mdaemon|majordomo-owner|smtpd|"
    r"amavis|"
    r"mail[-_. ]?deliver\w{1,3}|mailerdaemon|nondelivery|mta[-_]?admin|ndr|"
    r"\w{0,20}_smtp_\w{0,30}|symantec_\w{0,40})\b",
    re.IGNORECASE,
)
_POSTMASTER = re.compile(r"(?:post_?master\w{0,10}|bounced?|bounces?)$", re.IGNORECASE)
_OFFICE = re.compile(
    r"(?:post_?master\w{0,10}|root|admin\w{0,12}|bounced?|bounces?|no-?reply|mail|"
    r"microsoftexchange[\da-f]{8,40}|mailsystem|mailadmin|complaints|email-bounces)$",
    re.IGNORECASE,
)
#: an office no person writes from
_ROBOT = re.compile(r"no-?reply$", re.IGNORECASE)
#: how a mail system's letter begins, and no person's
_FORM = re.compile(
    r"\W{0,20}(?:non-delivery report\b|this is the mail system at|this (?:message|"
    r"e-?mail) was created automatically by|this is an automatically generated delivery)",
    re.IGNORECASE,
)
_SYSTEM_NAME = re.compile(
    r"mail(?:er)?[-_ ]?(?:delivery|daemon|system)|delivery[-_ ](?:sub)?system|"
    r"internet mail delivery|system administrator|administrador (?:del sistema|de correo)|"
    r"mail administrator|subsistema de entrega|mail server|mailserver",
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
    r"no lliurat|error de lliurament|no s.ha pogut lliurar|mancato|non recapitabile|"
    r"impossibile recapitare|onbestelbaar|niet bezorgd|olevererbart|inte leverera|"
    r"ikke leveres|kunne ikke levere|toimittamat|ei voitu toimittaa|nie można dostarczyć|"
    r"nedoručiteln|nedoruč|teslim edilemedi|kézbesíthetetlen|kézbesítési|nelivrabil|"
    r"δεν παραδόθηκε|αδυναμία παράδοσης|メッセージを配信でき|配信|送信|エラー|退信|退回|"
    r"无法|無法|失败|배달|반송|недостав|не доставлен|niedostarcz|processing error",
    re.IGNORECASE,
)
_BOUNCE_TEXT = re.compile(
    r"(?:could not|couldn.t|cannot|can.t|was not|were not|wasn.t|not been|not be|"
    r"unable to|failed "
    r"to) .{0,30}?deliver|delivery (?:has |to .{0,80}?)?(?:failed|is delayed|failure)|"
    r"returned (?:to sender|message)|permanent (?:fatal )?error|undeliverable|"
    r"(?:unknown|no such|not a valid) "
    r"user|user (?:is )?(?:unknown|not found)|mailbox (?:is )?(?:full|unavailable|not found)|"
    r"addresses? (?:had|failed|you entered|couldn|not found)|(?:not|n.t) (?:reach|exist)|"
    r"550[ -]|554[ -]|no se (?:ha podido|pudo|puede) entregar|no pudo ser entregado|"
    r"did not reach|bounced|over quota|rejected|original message follows|mensaje original|"
    r"your message (?:has encountered|reads|could|was)|invalid .{0,20}userid|"
    r"(?:mail|message) (?:has been|was|is being) (?:returned|postponed|blocked)|"
    r"(?:has been|was) postponed|konnte nicht zugestellt|n.a pas pu (?:être|etre) (?:remis|"
    r"délivré|delivr)|non (?:è stato|e stato) possibile (?:consegnare|recapitare)|"
    r"não (?:foi possível entregar|pôde ser entregue)|no s.ha pogut lliurar|kon niet worden|"
    r"inte att leverera|ikke leveres|ei voitu toimittaa|nie (?:mogła|można|została) |"
    r"не (?:может быть|было|удалось) достав|送信できません|配信できません|无法(?:送达|投递)|"
    r"無法(?:傳遞|送達)",
    re.IGNORECASE,
)


def bounce_sign(mail: Mail, path: str | None, *, door_told: bool = False) -> str:
    """What shows that this is a bounce, "" when nothing does.

    `path`: see `envelope_path`; `door_told`: it is what the SMTP client said, no old header.
    """
    if notification.failure(mail):
        return "Amazon's notice of a bounce"
    if not mail.references or not _is_answer(mail.subject) or path == "":
        return _report(mail, path) or _letter(mail, path, door_told)
    return _report(mail, path) or _error_in_reply(mail)


def _is_answer(subject: str) -> bool:
    return re.match(r"(?:re|rv|fwd?|wg|tr)\s?:", subject, re.IGNORECASE) is not None


def _report(mail: Mail, path: str | None) -> str:
    """Its form alone tells."""
    machine = (
        path == "" or _system(mail) or auto_submitted(mail) or is_multipart(mail, "report")
    )
    if machine and delivery_report.status_part(mail) is not None:
        return "message/delivery-status"
    if report_type(mail) == "delivery-status":
        return "Content-Type: multipart/report; report-type=delivery-status"
    return "X-Failed-Recipients" if mail.header("X-Failed-Recipients") else ""


def _error_in_reply(mail: Mail) -> str:
    """Gateways that answer the mail they refuse, with nothing but the server's words."""
    error = re.match(r"\s{0,20}error:\s", mail.text[:40], re.IGNORECASE)
    said = re.search(r"^5\d\d[ -]", mail.text[:_BEGINNING], re.MULTILINE)
    return _office(mail, strict=True) if error and said else ""


def _letter(mail: Mail, path: str | None, door_told: bool) -> str:
    """A mail system's name together with its words; the words alone never suffice."""
    if _is_answer(mail.subject) and path != "":
        return ""
    subject = _BOUNCE_SUBJECT.search(mail.subject[:300]) is not None
    system = _system(mail)
    returned = path == "" and delivery_report.original_part(mail) is not None
    if not (system or subject or returned) and mail.from_ is not None:
        return ""  # as nearly every mail, and the words are dear to look for
    says = _BOUNCE_TEXT.search(" ".join(mail.text[:_BEGINNING].split()))
    if system:
        if subject:
            return f"{system}, and Subject: {mail.subject[:80]}"
        if says:
            return f"{system}, and its words: {says[0][:60]}"
        return f"{system}, and {auto_submitted(mail)}" if auto_submitted(mail) else ""
    if mail.from_ is None and says and (subject or path == ""):
        return f"no From, and its words: {says[0][:60]}"
    if subject and says and _machine_sent(mail, path, door_told):
        return f"{_office(mail) or 'the envelope'}, and Subject: {mail.subject[:80]}"
    if returned and says and not mail.references and mail.from_ and not mail.from_.name:
        return f"the empty envelope sender, the mail that comes back, and: {says[0][:60]}"
    return ""


def _machine_sent(mail: Mail, path: str | None, door_told: bool) -> bool:
    """A letter that no person sent: its envelope says so, or an office's fields or title."""
    titled = _BOUNCE_SUBJECT.match(mail.subject.lstrip(" *[")[:300]) is not None
    if _SYSTEM.match((path or "")[:64]):
        return True
    if path == "" and titled and not (mail.from_ and mail.from_.name):
        return EMAIL.search(mail.text[:_BEGINNING]) is not None  # it names whom it failed
    if not _office(mail):
        return False
    if path == "" or auto_submitted(mail):
        return True
    if _ROBOT.match(_local(mail)) and delivery_report.original_part(mail) is not None:
        return True
    if titled and _FORM.match(mail.text[:200]):
        return True
    return titled and not door_told and _office(mail, strict=True) != ""


def _local(mail: Mail) -> str:
    """The part before @; all of a From that is no address."""
    sender = mail.from_.email if mail.from_ else ""
    return (sender.rpartition("@")[0] or sender).strip('"')[:64]


def _system(mail: Mail) -> str:
    """The From line when nobody but a mail system writes so, else "" """
    written = (mail.header("From") or "")[:200]
    if mail.from_ is None or "@" not in written:
        found = _SYSTEM.search(written) or _SYSTEM_NAME.search(written)
        return f"From: {written[:60]}" if found else ""
    named = _SYSTEM.search(mail.from_.name[:100]) or _SYSTEM_NAME.search(mail.from_.name[:100])
    if named or _SYSTEM.match(_local(mail)) or _SYSTEM_NAME.search(_local(mail)):
        return f"From: {mail.from_.email or mail.from_.name}"
    return ""


def _office(mail: Mail, *, strict: bool = False) -> str:
    """The From line when it is an office both people and machines write from, else "" """
    pattern = _POSTMASTER if strict else _OFFICE
    return f"From: {mail.from_.email}" if mail.from_ and pattern.match(_local(mail)) else ""
