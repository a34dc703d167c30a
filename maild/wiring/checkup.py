"""What the settings say that ends some day or must work, in the words of `maild.health`."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from maild.config.mail import Mailbox, Route
from maild.config.secret import Secret
from maild.config.settings import Settings
from maild.health.expiry import Expiring, certificate_of_file
from maild.health.servers import Server
from maild.store import Store
from maild.store.certificates import Certificates
from maild.store.tokens import Tokens
from maild.wiring.accounts import accounts, routes


def expiring(settings: Settings, store: Store) -> list[Expiring]:
    """All whose end is known: client secrets, grants, the certificates of door and servers."""
    found = []
    room = Tokens(store.engine, store.leases, "")
    for name, account in accounts(settings).items():
        if account.secret_expires:
            ends = datetime.combine(account.secret_expires, time(), UTC)
            found.append(Expiring("client-secret", name, ends))
        token = room.read(name)
        if token and token.refresh_expires:
            found.append(Expiring("sign-in", name, token.refresh_expires))
    smtp = settings.smtp
    if smtp and smtp.tls_cert and (life := certificate_of_file(smtp.tls_cert)):
        door = Expiring("door-certificate", str(smtp.tls_cert), life.ends, life.begins)
        found.append(door)
    seen = Certificates(store.engine)
    for server in servers(settings):
        if life := seen.of(server.place):
            place = server.place
            found.append(Expiring("server-certificate", place, life.ends, life.begins))
    return found


def servers(settings: Settings) -> list[Server]:
    """Who shows the desk a certificate, and its own pages, each once."""
    found = [
        Server(table.host, table.port, speaks, table.security)
        for speaks, tables in (
            ("imap", settings.mailbox.values()),
            ("smtp", routes(settings).values()),
        )
        for table in tables
        if table.security != "none"
    ]
    pages = urlsplit(settings.portal.url if settings.portal else "")
    if pages.scheme == "https" and pages.hostname:
        found.append(Server(pages.hostname, pages.port or 443, "https"))
    return list(dict.fromkeys(found))


def watched(settings: Settings) -> frozenset[str]:
    """Names under which mailboxes and relays note their troubles."""
    return frozenset(routes(settings)) | {f"mailbox:{key}" for key in settings.mailbox}


def secrets_of(table: object) -> Iterator[Secret]:
    """Every secret that is set, however deep."""
    if isinstance(table, Secret):
        yield table
    elif isinstance(table, BaseModel):
        for name in type(table).model_fields:
            yield from secrets_of(getattr(table, name))
    elif isinstance(table, dict):
        for value in table.values():
            yield from secrets_of(value)


def secret_files(settings: Settings) -> list[Path]:
    """Files that hold secrets."""
    files = [Path(s.source) for s in secrets_of(settings) if s.kind == "file"]
    tables: list[Mailbox | Route] = [*settings.mailbox.values(), *routes(settings).values()]
    keys = [table.oauth.key_file for table in tables if table.oauth and table.oauth.key_file]
    door = settings.smtp.tls_key if settings.smtp else None
    return sorted({*files, *keys, *([door] if door else [])})


def sample_senders(settings: Settings, pattern: str) -> list[str]:
    """Senders of letters as a relay sees them: plain, and with a token for bounces."""
    local, _, domain = settings.desk.address.rpartition("@")
    words = {"local": local, "token": "doctor", "domain": domain}
    signed = pattern.format(**words) if pattern else ""
    return [settings.desk.address, *([signed] if signed else [])]


def sample_reply_address(settings: Settings) -> str:
    """Where an answer would go."""
    return sample_senders(settings, settings.desk.reply_to)[-1]


def domains(settings: Settings) -> list[str]:
    """The domains the desk has addresses in."""
    own = [settings.desk.address, *(d.address for d in settings.department.values())]
    return sorted({address.rpartition("@")[2].casefold() for address in own})
