"""Is a mailbox as a watcher needs it: sign-in, folder, rights, MOVE, IDLE?"""

import ssl
from collections.abc import Iterator
from datetime import datetime

from imapclient.exceptions import IMAPClientError

from maild.errors import MaildError
from maild.health.expiry import Life, der_life
from maild.health.finding import Finding, failed, ok, warning
from maild.ingest.imap import describe, refuses_sign_in
from maild.ingest.imap_client import BoundedClient, connect
from maild.ingest.mailbox import MailboxSettings

#: a certificate that ends sooner is worth a word
SOON_DAYS = 14
_SIGN_IN = (
    "Try user and password in a mail program. Microsoft 365 and Google want oauth, or with "
    "Google an app password; IMAP may have to be allowed for the mailbox."
)


def check_mailbox(settings: MailboxSettings, *, now: datetime) -> list[Finding]:
    """Reads and changes nothing."""
    area = f"mailbox.{settings.name}"
    where = f"{settings.host}:{settings.port}"
    try:
        client = connect(settings)
    except ssl.SSLCertVerificationError as error:
        advice = f'The certificate must name "{settings.host}" and come from a known authority.'
        return [failed(area, "certificate", f"{where}: {error.verify_message}", advice)]
    except MaildError as error:
        return [failed(area, "sign-in", str(error), "Put the secret in its place.")]
    except (IMAPClientError, OSError, ValueError) as error:
        if refuses_sign_in(error):
            return [failed(area, "sign-in", f"{where}: {describe(error)}", _SIGN_IN)]
        advice = "Are host, port and security right, and is the way there open?"
        return [failed(area, "connection", f"{where}: {describe(error)}", advice)]
    try:
        return [
            ok(area, "sign-in", f"{where} takes the sign-in"),
            *certificate_of(client.socket(), area, now),
            *_folder(client, settings, area),
        ]
    finally:
        client.cut()


def certificate_of(line: object, area: str, now: datetime) -> Iterator[Finding]:
    """When the certificate of a connection's other end runs out."""
    if not isinstance(line, ssl.SSLSocket):
        return
    life = der_life(line.getpeercert(binary_form=True) or b"")
    if life is not None:
        yield lasting(life, area, now)


def lasting(life: Life, area: str, now: datetime) -> Finding:
    """How long a server's certificate holds."""
    text = f"valid until {life.ends:%Y-%m-%d}"
    if (life.ends - now).days < SOON_DAYS:
        return warning(area, "certificate", text, "Its owner has to renew it.")
    return ok(area, "certificate", text)


def _folder(client: BoundedClient, settings: MailboxSettings, area: str) -> Iterator[Finding]:
    folder = settings.folder
    try:
        answer = client.select_folder(folder)
    except IMAPClientError as error:
        names = ", ".join(str(name) for _, _, name in client.list_folders()[:12])
        advice = f"There are: {names}"
        yield failed(area, "folder", f"{folder}: {describe(error)}", advice)
        return
    yield ok(area, "folder", f"{folder} holds {answer.get(b'EXISTS', 0)} messages")
    if b"READ-WRITE" not in answer and not settings.read_only:
        text = f"{folder} can only be read"
        yield failed(area, "rights", text, "Give the user write access to the mailbox.")
    elif settings.after.action == "move":
        yield from _target(client, settings, area)
    if client.has_capability("IDLE"):
        yield ok(area, "idle", "new mail is told at once")
    else:
        text = f"the server has no IDLE: mail is looked for every {settings.poll:.0f} s"
        yield warning(area, "idle", text)


def _target(client: BoundedClient, settings: MailboxSettings, area: str) -> Iterator[Finding]:
    target = settings.after.folder
    if client.folder_exists(target):
        yield ok(area, "rights", f"mail can be moved to {target}")
    else:
        yield ok(area, "rights", f"{target} will be made when the first mail is moved")
    if not (client.has_capability("MOVE") or client.has_capability("UIDPLUS")):
        advice = 'after = "flag" is safer with this server.'
        yield warning(area, "move", "the server has neither MOVE nor UIDPLUS", advice)
