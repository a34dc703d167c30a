"""Read what a bounce says: who did not get which mail, and why.

First the machine-readable part (RFC 3464), else the words the common mail systems use, and
flufl.bounce for the address when neither names one. Whether a mail is a bounce at all is
`screen`'s question. Only bounded beginnings are read.
"""

import logging
import re
from collections.abc import Iterable
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser, HeaderParser

from flufl.bounce import scan_message

from maild.ingest import notification
from maild.model.mail import Attachment, DeliveryReport, Mail

# It logs a traceback for each of its detectors that fails; we ask it knowing they do.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_ACTIONS = {"failure": "failed", "error": "failed"} | {
    action: action for action in ("failed", "delayed", "delivered", "relayed", "expanded")
}
_MOST = 60_000  #: characters or bytes of a part that are read
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_ORIGINAL_TYPES = (
    *("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"),
    *("message/rfc822-headers", "text/rfc822", "message/partial"),
)

_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~\U0001f000-\U0001faff-]{1,64}"
_ADDRESS = _LOCAL + r"@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
_EMAIL = re.compile(_ADDRESS)
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(r"(?<![\d.])([45][0-7]\d)(?=[ :,-])")
_IDS = re.compile(r"^>?[ \t]{0,8}message-id:\s{0,8}(<[^<>\s]{1,300}>)", re.I | re.M)
_ID = re.compile(r"<[^<>\s]{1,300}>")


def status_part(mail: Mail) -> Attachment | None:
    """The message/delivery-status part of a report."""
    return next((a for a in mail.attachments if a.content_type.lower() in _STATUS_TYPES), None)


def read_report(mail: Mail) -> DeliveryReport | None:
    """What a bounce says, or None when it names neither address, status nor mail.

    `message_ids` are those of the returned original alone: what that one referred to was
    delivered. Only where nothing was returned, the mail the bounce itself answers.
    """
    text = mail.text[:_MOST]
    words, returned = _split_returned(text)
    told = notification.failure(mail) or _from_status(_status_lines(mail) or _among(words))
    recipient, status, action, reason = told or ("", "", "", "")
    recipient = recipient or _failed_header(mail) or _recipient(words) or _opinion(mail)
    reason = reason or _reason(words.partition("\nReporting-MTA:")[0], recipient)
    status = status or _first_code(words) or _of_reply(reason)
    action = action or ("delayed" if _is_delay(mail.subject, words) else "failed")
    ids = (
        notification.message_ids(mail)
        or _returned_ids(mail.attachments)
        or tuple(_IDS.findall(returned)[:1])
    )
    ids = ids or mail.references[-1:]
    if not (recipient or status or ids):
        return None
    passes = _passes(status, reason)
    return DeliveryReport(recipient, status, action, reason, ids, passes)


# -- the machine-readable part -----------------------------------------------------------


def _status_lines(mail: Mail) -> bytes:
    """Of the report's own part, else of the report that a gateway wrapped in a mail."""
    if part := status_part(mail):
        return part.content[:_MOST]
    for wrapped in mail.attachments:
        if wrapped.content_type.lower() == "message/rfc822":
            _, found, rest = wrapped.content[:_MOST].partition(b"message/delivery-status")
            lines = rest.replace(b"\r\n", b"\n").partition(b"\n\n")[2].partition(b"\n--")[0]
            if found and lines:
                return lines
    return b""


def _among(words: str) -> bytes:
    """The report's lines where they stand in the text, its parts having no boundary."""
    at = words.find("\nFinal-Recipient:")
    if at < 0:
        return b""
    return words[words.rfind("\n\n", 0, at) + 1 :].encode("utf-8", "replace")


def _from_status(content: bytes) -> tuple[str, str, str, str] | None:
    """(recipient, status, action, reason): of the first that failed, else of the first."""
    groups = re.split(r"\r?\n[ \t]{0,20}\r?\n", content.decode("utf-8", "replace").strip())
    told = [HeaderParser().parsestr(group) for group in groups[:200]]
    entries = [e for e in (_entry(fields, told[0]) for fields in told) if e[0] or e[2]]
    entries = [e for e in entries if e[0]] or entries
    failed = [e for e in entries if e[2] == "failed"]
    return next(iter(failed or entries), None)


def _entry(fields: Message, of_all: Message) -> tuple[str, str, str, str]:
    """`of_all`: the fields above those of any recipient; some write the action there."""
    recipient = _address(_field(fields, "Final-Recipient"))
    original = _address(_field(fields, "Original-Recipient"))
    status = _CODE.search(_field(fields, "Status"))
    reason = _field(fields, "Diagnostic-Code") or _field(fields, "X-Supplementary-Info")
    code = status[1] if status else ""
    if (better := _CODE.search(reason)) and code in ("", "5.0.0", "4.0.0", "5.0", "4.0"):
        code = better[1]
    action = (_field(fields, "Action") or _field(of_all, "Action")).lower()
    action = action.split(" ")[0].strip("();")
    reason = re.sub(r"^(?:smtp|x-\w{1,20}|dns|unix)\s?;\s?", "", reason, flags=re.I)
    action = _ACTIONS.get(action, action)
    if action not in _ACTIONS.values():
        action = "delayed" if code.startswith("4") else "failed" if code or action else ""
    return original or recipient, code, action, reason[:200]


def _field(fields: Message, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())


def _address(value: str) -> str:
    """`rfc822; ana@acme.test` without its type."""
    hit = _EMAIL.search(value.partition(";")[2] or value)
    return hit[0] if hit else ""


def _failed_header(mail: Mail) -> str:
    return _address((mail.header("X-Failed-Recipients") or "")[:1000])


# -- the words ---------------------------------------------------------------------------

_COPY = re.compile(
    r"^.{0,20}(?:copy of (?:your|the|my)|original message|message header|returned message|"
    r"returned mail follows|unsent message|text of the message|headers? of|mensaje original|"
    r"encabezados|copia del mensaje|forwarded message|body of|message follows|"
    r"contents).{0,80}$|"
    r"^received:\s?.{1,200}$|^return-path:\s?.{1,200}$",
    re.IGNORECASE | re.MULTILINE,
)
#: in lower case; whole words are found faster than by a pattern
_DELAY = (
    *("delay", "retras", "still being", "still trying", "still undeliver"),
    *("not yet been delivered", "attempts will continue", "has been postponed"),
    *("do not need to resend", "se seguirá intentando", "could not send message for past"),
)
_WILL_TRY = re.compile(r"(?:will|continue).{0,30}(?:retr[iy]|try)")
_TEMPORARY = re.compile(r"temporar\w{1,4} (?:failure|problem)")
_DELAYED_SUBJECT = re.compile(
    r"delay|retras|demora|retard|verzöger|ritard|postponed|vertraag|fördröj|forsink", re.I
)
_NEVER = re.compile(
    r"unknown|no such|does ?n.t (?:exist|have)|not (?:exist|known)|no longer|no existe|"
    r"desconocid",
    re.I,
)
#: the sender, mailbox full, letter too long, system full, a loop, the content (RFC 3463)
_PASSING = re.compile(r"5\.(?:1\.[78]|2\.[23]|3\.[14]|4\.6|6\.\d{1,3})$")
_NOT_THE_ADDRESS = re.compile(
    r"\bfull\b|quota|exceed|too (?:large|big)|\bsize\b(?!=)|\bspam|bulk|black ?list|"
    r"block ?list|blocked|reputation|polic(?:y|ies)|content|virus|dmarc|\bspf\b|unsolicited|"
    r"unauthenticated|too many hops|\bloop|llen[oa]|cuota|tamaño|timed? ?out|"
    r"to connect\b|connection (?:refused|failed)|unreachable",
    re.IGNORECASE,
)
_FINAL = ("permanent", "give up", "giving up", "given up", "no further")
_SHAPES = (
    re.compile(
        rf"^\s{{0,8}}(?:[45]\d\d |-- |\* )?<?({_ADDRESS})>?"
        r"(?:\.{3}|:|\s{0,4}$|\s[(\[]|\s(?=invalid|unknown|no such|not found|rejected))",
        re.M | re.I,
    ),
    re.compile(
        r"(?:to|rcpt to|recipient|for|address|user|attempts|a|para|destinatario|usuario)"
        rf"\W{{1,6}}({_ADDRESS})",
        re.I,
    ),
    re.compile(rf"<({_ADDRESS})>"),
    re.compile(rf":[ \t]{{1,4}}({_ADDRESS})\.?(?=\s)"),
)
#: *did not reach the following recipient(s):*, the address on the next line with words
_ANNOUNCED = re.compile(
    r"(?:following|siguientes?) (?:recipient|address|destinatari|direcci[oó]n)\S{0,6}"
    r"[^\n@]{0,40}:"
    rf"[ \t]{{0,8}}\n\s{{0,40}}[<\"'\[]?({_ADDRESS})",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"unknown|does ?n.t (?:exist|have)|not exist|no such|full|quota|denied|blocked|reject|"
    r"not found|invalid|"
    r"disabled|inactive|refused|timed? ?out|unavailable|no existe|desconocid|llen[oa]|rechaz|"
    r"not (?:listed|allowed|accepted|recogni[sz]ed)|exceed|finns inte|"
    r"existe pas|existiert nicht|não existe|non esiste|could not|couldn.t|failed|"
    r"unreachable|expired|not known|no longer|permanent",
    re.IGNORECASE,
)


def _split_returned(text: str) -> tuple[str, str]:
    """(what the mail system says, the copy of the mail it gives back)."""
    hit = _COPY.search(text, pos=min(40, len(text)))
    return (text[: hit.start()], text[hit.start() :]) if hit else (text, text)


def _recipient(words: str) -> str:
    """Below the words that announce it, else by the shapes addresses stand in."""
    head = words[:8000]
    if hit := _ANNOUNCED.search(head):
        return hit[1].removeprefix("SMTP=").rstrip(".")
    for shape in _SHAPES:
        for hit in shape.finditer(head):
            if not re.match(r"(?:mailer-daemon|postmaster)@", hit[1], re.IGNORECASE):
                return hit[1].removeprefix("SMTP=").rstrip(".")
    return ""


def _first_code(words: str) -> str:
    return next((hit[1] for hit in _CODE.finditer(words) if hit[1][0] in "45"), "")


def _of_reply(reason: str) -> str:
    """Where a server gave only its reply code: what is certain, the class (RFC 3463)."""
    hit = _REPLY.search(reason)
    return f"{hit[1][0]}.0.0" if hit else ""


def _passes(status: str, reason: str) -> bool:
    """It is the letter or the moment that fails, not the address; or nobody says which."""
    if _PASSING.match(status) or not (status or reason):
        return True
    if status.startswith("5.1.") or _NEVER.search(reason):
        return False
    return _NOT_THE_ADDRESS.search(reason) is not None


def _is_delay(subject: str, words: str) -> bool:
    if _DELAYED_SUBJECT.search(subject[:200]):
        return True
    low = words[:3000].lower()
    if any(word in low for word in _FINAL):
        return False
    if re.search(r"warning|aviso(?! de no )", subject[:200], re.IGNORECASE):
        return _NEVER.search(low) is None
    if any(word in low for word in _DELAY):
        return True
    again = ("try" in low or "retri" in low) and _WILL_TRY.search(low) is not None
    return again or ("temporar" in low and _TEMPORARY.search(low) is not None)


_NAMED = re.compile(
    r"(?:technical details of \w{4,9} failure|reject(?:ion)? reason|"
    r"motivo del (?:rechazo|fallo))\s?:\s?(?=\S)",
    re.IGNORECASE,
)


def _reason(words: str, recipient: str) -> str:
    """The paragraph with a code, else the one that says what went wrong."""
    head = words[:8000]
    found = head.find(recipient) if recipient else 0
    near, whole = head[head.rfind("\n", 0, max(found, 0)) + 1 :], head
    for test, text in (
        (_CODE, near),
        (_REPLY, near),
        (_NAMED, near),
        (_SAYS, near),
        (_CODE, whole),
        (_REPLY, whole),
        (_NAMED, whole),
        (_SAYS, whole),
    ):
        for paragraph in text.split("\n\n")[:60]:
            line = " ".join(paragraph[:1000].split())
            if (hit := test.search(line)) is not None:
                return line if len(line) <= 200 else line[max(0, hit.start() - 100) :][:200]
    return ""


# -- the returned original ---------------------------------------------------------------


def original_part(mail: Mail) -> Attachment | None:
    """The mail that comes back, or its headers."""
    return next(filter(_is_original, mail.attachments), None)


def _is_original(part: Attachment) -> bool:
    kind = part.content_type.lower()
    headers = kind == "text/plain" and part.content.lstrip()[:9].lower() == b"received:"
    return kind in _ORIGINAL_TYPES or headers


def _returned_ids(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    for part in attachments:
        if _is_original(part):
            head = part.content[:_MOST].lstrip()
            found = BytesParser().parsebytes(head, headersonly=True).get("Message-ID", "")
            if ids := _ID.findall(str(found)[:400]):
                return tuple(ids[:1])
    return ()


def _opinion(mail: Mail) -> str:
    """flufl.bounce's finding; it raises on odd mail, so it is asked last and guarded."""
    message = Message()
    sender = mail.from_.email if mail.from_ else "nobody@invalid"
    message["From"] = sender.encode("ascii", "replace").decode()
    message["Subject"] = mail.subject[:300].encode("ascii", "replace").decode()
    message.set_payload(mail.text[:20_000].encode("ascii", "replace"))
    try:
        found = scan_message(message)
    except (MessageError, LookupError, ValueError, TypeError, AttributeError):
        return ""
    whole = (a for a in sorted(found) if b"@" in a and b"?" not in a)  # "?": a lost character
    return next((a.decode("ascii", "replace") for a in whole), "")
