"""A mail that goes out by the relay and comes back to a plus address: the whole way, tried.

It bears the desk's own address as sender, so a running daemon knows it and drops it.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from imapclient.exceptions import IMAPClientError

from maild.errors import MaildError
from maild.health.finding import Finding, failed, ok, skipped
from maild.ingest.imap_client import BoundedClient, connect
from maild.ingest.mailbox import MailboxSettings
from maild.store import Store

WAIT_S = 30.0
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Trip:
    """From where to where, and who may see it arrive."""

    sender: str
    recipient: str
    send: Callable[[str, str, bytes], None]  #: a courier's: sender, recipient, message
    mailboxes: tuple[MailboxSettings, ...]
    store: Store
    now: datetime
    wait_s: float = WAIT_S


def check_round_trip(trip: Trip) -> list[Finding]:
    """One mail there and back."""
    message_id = f"<doctor.{secrets.token_hex(12)}@{trip.sender.rpartition('@')[2]}>"
    try:
        trip.send(trip.sender, trip.recipient, _mail(trip, message_id))
    except MaildError as error:
        return [skipped("round trip", "mail", f"could not be sent: {error}", "See [relay].")]
    began = time.monotonic()
    while (taken := time.monotonic() - began) < trip.wait_s:
        if where := _arrived(trip, message_id):
            text = f"{trip.recipient} came back {where} after {taken:.0f} s"
            return [ok("round trip", "mail", text), *_plus(trip)]
        time.sleep(LOOK_EVERY_S)
    text = f"a mail to {trip.recipient} did not come back within {trip.wait_s:.0f} s"
    advice = "Look for it in the spam folder and in the relay's log."
    if "+" in trip.recipient:
        advice += ' No plus addresses there? Then reply_to = "" in [desk].'
    return [failed("round trip", "mail", text, advice)]


def _plus(trip: Trip) -> list[Finding]:
    if "+" not in trip.recipient:
        return []
    return [ok("round trip", "plus address", "answers to signed addresses find the desk")]


def _mail(trip: Trip, message_id: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = trip.sender
    mail["To"] = trip.recipient
    mail["Subject"] = "maild doctor: there and back"
    mail["Date"] = format_datetime(trip.now)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("A test of the way out and in. maild takes it away again.\n")
    return mail.as_bytes()


def _arrived(trip: Trip, message_id: str) -> str:
    """Where it is: taken by a daemon, or lying in a mailbox (and then removed); "" nowhere."""
    if trip.store.gauges.has_taken(message_id):
        return "to the running desk"
    for mailbox in trip.mailboxes:
        with suppress(IMAPClientError, OSError, MaildError):
            client = connect(mailbox)
            try:
                if _fetch_away(client, mailbox.folder, message_id):
                    return f"to [mailbox.{mailbox.name}]"
            finally:
                client.cut()
    return ""


def _fetch_away(client: BoundedClient, folder: str, message_id: str) -> bool:
    client.select_folder(folder)
    uids = client.search(["HEADER", "Message-ID", message_id])
    if uids:
        client.delete_messages(uids)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(uids)
    return bool(uids)
