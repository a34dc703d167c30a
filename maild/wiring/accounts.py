"""What the settings say of mail accounts, in the words of the parts that use them.

Mailboxes, relays, and who signs in with a token. A relay that uses a mailbox's own user and
grant shares its token, so that one sign-in is enough.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from maild.config.mail import Mailbox, OAuth, Route
from maild.config.settings import Settings
from maild.ingest.door_limits import DoorLimits
from maild.ingest.mailbox import After, MailboxSettings, password_login, token_login
from maild.interfaces import Clock
from maild.notify.courier import Relay
from maild.oauth.client import Client, completed
from maild.oauth.keeper import Keeper
from maild.store import Store
from maild.store.store import new_holder
from maild.store.tokens import Tokens

#: `token(refused="")` gives an access token
Supply = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Account:
    """One grant: its name is what `maild oauth login` takes."""

    name: str
    client: Client
    secret_expires: date | None = None


def accounts(settings: Settings) -> dict[str, Account]:
    """Every account that signs in with a token, by name."""
    return {account.name: account for account in _all(settings)}


def tokens(settings: Settings, store: Store, clock: Clock) -> dict[str, Supply]:
    """Who supplies each account with access tokens; nodes of one store share them."""
    room = Tokens(store.engine, store.leases, new_holder())
    return {
        name: Keeper(name, account.client, room, clock=clock).access
        for name, account in accounts(settings).items()
    }


def _all(settings: Settings) -> list[Account]:
    found = [
        _account(key, mailbox.oauth, mailbox.user)
        for key, mailbox in settings.mailbox.items()
        if mailbox.oauth
    ]
    for name, route in routes(settings).items():
        if route.oauth and account_of(settings, route) == name:
            found.append(_account(name, route.oauth, route.user))
    return found


def _account(name: str, oauth: OAuth, user: str) -> Account:
    secret = oauth.client_secret
    client = Client(
        flow=oauth.flow,
        client_id=oauth.client_id,
        secret=secret.reveal if secret else str,
        user=user,
        token_url=oauth.token_url or "",
        auth_url=oauth.auth_url or "",
        device_url=oauth.device_url or "",
        scope=oauth.scope,
        key_file=oauth.key_file or None,
    )
    client = completed(client, oauth.provider, tenant=oauth.tenant)
    return Account(name, client, oauth.secret_expires)


def routes(settings: Settings) -> dict[str, Route]:
    """The ways out that lead to a server, by the name of their table."""
    relay = settings.relay
    found: dict[str, Route] = {"relay": relay} if relay.host else {}
    return found | ({"relay.alerts": relay.alerts} if relay.alerts else {})


def account_of(settings: Settings, route: Route) -> str:
    """Whose token a route signs in with; "" where it uses none."""
    if route.oauth is None:
        return ""
    for key, mailbox in settings.mailbox.items():
        if mailbox.oauth == route.oauth and mailbox.user == route.user:
            return key
    return next(name for name, known in routes(settings).items() if known is route)


def mailbox_settings(
    settings: Settings, key: str, supply: Mapping[str, Supply], **bounds: Any
) -> MailboxSettings:
    """One `[mailbox.x]` for its watcher; `supply` gives tokens by account."""
    mailbox, smtp = settings.mailbox[key], settings.smtp
    return MailboxSettings(
        name=key,
        host=mailbox.host,
        sign_in=_sign_in(key, mailbox, supply),
        port=mailbox.port,
        security=mailbox.security,
        folder=mailbox.folder,
        after=After(mailbox.after.action, mailbox.after.folder),
        department=mailbox.department or None,
        read_only=settings.desk.mode == "shadow",
        max_size=smtp.max_size if smtp else DoorLimits().max_size,
        **bounds,
    )


def _sign_in(key: str, mailbox: Mailbox, supply: Mapping[str, Supply]) -> Callable[[Any], None]:
    if mailbox.oauth:
        return token_login(mailbox.user, supply[key])
    secret = mailbox.password
    return password_login(mailbox.user, secret.reveal if secret else str)


def relay_of(settings: Settings, route: Route, supply: Mapping[str, Supply]) -> Relay:
    """One way out for its couriers."""
    secret = route.password
    account = account_of(settings, route)
    return Relay(
        route.host,
        route.port,
        route.security,
        route.user,
        secret.reveal if secret else str,
        settings.smtp.hostname if settings.smtp else "",
        supply[account] if account else None,
    )
