"""What the settings say that ends some day or must work, in the words of `maild.health`."""

from datetime import UTC, datetime, time

from maild.accounts import accounts, routes
from maild.config.settings import Settings
from maild.health.expiry import Expiring, certificate_end
from maild.store import Store
from maild.store.tokens import Tokens


def expiring(settings: Settings, store: Store) -> list[Expiring]:
    """All whose end is known: client secrets, the door's certificate, grants."""
    found = []
    room = Tokens(store.engine, store.leases, "")
    for name, account in accounts(settings).items():
        if account.secret_expires:
            ends = datetime.combine(account.secret_expires, time(), UTC)
            advice = "Make a new client secret at the provider and put it in its place."
            found.append(Expiring(f"the client secret of {name}", ends, advice))
        token = room.read(name)
        if token and token.refresh_expires:
            advice = f"Sign in again: maild oauth login {name}"
            found.append(Expiring(f"the sign-in of {name}", token.refresh_expires, advice))
    smtp = settings.smtp
    if smtp and smtp.tls_cert and (end := certificate_end(smtp.tls_cert)):
        advice = f"Renew {smtp.tls_cert}; maild takes it up with a reload (SIGHUP)."
        found.append(Expiring("the certificate of the SMTP door", end, advice))
    return found


def watched(settings: Settings) -> frozenset[str]:
    """Names under which mailboxes and relays note their troubles."""
    return frozenset(routes(settings)) | {f"mailbox:{key}" for key in settings.mailbox}
