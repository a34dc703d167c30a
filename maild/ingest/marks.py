"""Facts about a mail's fields and parts that `screen` and its kin weigh."""

import re

from maild.model.mail import Mail


def envelope_path(mail: Mail, envelope_sender: str | None) -> str | None:
    """MAIL FROM as the door or else Return-Path tells it; "" is the null sender."""
    path = mail.header("Return-Path") if envelope_sender is None else envelope_sender
    return None if path is None else path.strip("<> ")


def auto_submitted(mail: Mail) -> str:
    """`Auto-Submitted: …` unless it says no (RFC 3834 section 5)."""
    value = (mail.header("Auto-Submitted") or "").strip().lower()
    if not value or value.split(";")[0].split("(")[0].strip() == "no":
        return ""
    return f"Auto-Submitted: {value[:60]}"


def is_multipart(mail: Mail, subtype: str) -> bool:
    return (mail.header("Content-Type") or "").lower().startswith(f"multipart/{subtype}")


def report_type(mail: Mail) -> str:
    """The report-type (RFC 6522; some write it on multipart/mixed), lower case, else "" """
    declared = (mail.header("Content-Type") or "")[:2000]
    if not declared.lower().startswith("multipart/"):
        return ""
    hit = re.search(r"report-type\s{0,3}=\s{0,3}\"?([\w-]{1,40})", declared, re.IGNORECASE)
    return hit[1].lower() if hit else ""


def has_part(mail: Mail, content_type: str) -> bool:
    return any(a.content_type.lower() == content_type for a in mail.attachments)
