"""Is a way out as couriers need it? All but the letter itself is tried."""

import smtplib
import ssl
from collections.abc import Sequence

from maild.errors import MaildError
from maild.health.finding import Finding, failed, ok, warning
from maild.health.mailbox_check import certificate_of
from maild.interfaces import Clock
from maild.notify.courier import Relay, RelayDown, SmtpCourier


def check_relay(
    relay: Relay, area: str, *, senders: Sequence[str], recipient: str, clock: Clock
) -> list[Finding]:
    """Connect, STARTTLS, AUTH, then MAIL and RCPT for each sender; nothing is sent."""
    courier = SmtpCourier(relay, clock)
    where = f"{relay.host}:{relay.port}"
    try:
        smtp = courier.connected(patience_s=10.0)
    except RelayDown as down:
        return [_down(down, area, relay)]
    try:
        found = [ok(area, "sign-in" if relay.user else "connection", f"{where} answers")]
        found += certificate_of(smtp.sock, area, clock.now())
        for sender in senders:
            found.append(_try(smtp, area, sender, recipient))
        found += _limits(smtp, area)
        return found
    finally:
        courier.close()


def _down(down: RelayDown, area: str, relay: Relay) -> Finding:
    cause = down.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        advice = f'The certificate must name "{relay.host}" and come from a known authority.'
        return failed(area, "certificate", str(down), advice)
    if isinstance(cause, smtplib.SMTPAuthenticationError):
        advice = "Is the user allowed to send by SMTP (Microsoft 365: SMTP AUTH)?"
        return failed(area, "sign-in", str(down), advice)
    if isinstance(cause, MaildError):
        return failed(area, "sign-in", str(down), "Put the secret in its place, or sign in.")
    advice = "Are host, port and security right, and is the way there open?"
    return failed(area, "connection", str(down), advice)


def _try(smtp: smtplib.SMTP, area: str, sender: str, recipient: str) -> Finding:
    """One sender, as far as RCPT TO."""
    try:
        code, answer = smtp.mail(sender)
        if code < 300:
            said = smtp.rcpt(recipient)
            smtp.rset()
            if said[0] < 300:
                return ok(area, "sender", f"letters from {sender} are taken")
            text = f"{recipient} is refused: {_words(said)}"
            return failed(area, "recipient", text, "Is maild's address allowed to relay?")
        smtp.rset()
    except (smtplib.SMTPException, OSError) as error:
        return failed(area, "sender", f"{sender}: {error}", "The relay hung up on us.")
    text = f"{sender} is refused as sender: {_words((code, answer))}"
    if "+" in sender:
        return failed(area, "sender", text, 'Set envelope = "" in this table.')
    return failed(area, "sender", text, "The user must be allowed to send as this address.")


def _limits(smtp: smtplib.SMTP, area: str) -> list[Finding]:
    size = smtp.esmtp_features.get("size", "")
    if size.isdecimal() and 0 < int(size) < 20_000_000:
        text = f"the relay takes letters up to {int(size) // 1_000_000} MB"
        return [warning(area, "size", text, "Lower attachments in [limits] below that.")]
    return []


def _words(said: tuple[int, bytes]) -> str:
    text = f"{said[0]} {said[1].decode('utf-8', 'replace')}"
    return "".join(c if c.isprintable() else " " for c in text)[:200]
