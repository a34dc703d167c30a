"""Tokens in place of passwords: every grant against a provider on loopback, and a Dovecot
that checks the tokens there."""

import json
import queue
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from maild.clock import SystemClock
from maild.errors import ConfigError, Temporary
from maild.ingest.mailbox import token_login
from maild.notify.courier import Relay, RelayDown, SmtpCourier
from maild.oauth.client import Client, completed
from maild.oauth.endpoint import Refused, ask
from maild.oauth.grants import by_code, renewed, understood
from maild.oauth.keeper import Keeper, SignInNeeded
from maild.oauth.sign_in import in_browser, on_device
from maild.oauth.token import Token
from maild.store import Store, open_store
from maild.store.tokens import Tokens
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.servers.token_server import CLIENT, SECRET, TokenServer
from tests.wire.desk import Desk, as_sent, mail, wait_until

NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)


class Wound:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def wind(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/maild.db")
    yield store
    store.close()


def client(provider: TokenServer, flow: str = "browser", **changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": CLIENT,
        "secret": lambda: SECRET,
        "user": "ana",
        "token_url": f"{provider.url}/token",
        "auth_url": f"{provider.url}/authorize",
        "device_url": f"{provider.url}/devicecode",
        "scope": "mail",
    }
    return Client(flow, **(values | changes))


def room(store: Store, node: str = "node a") -> Tokens:
    return Tokens(store.engine, store.leases, node)


def signed_in(provider: TokenServer, at: datetime = NOW) -> Token:
    """As a person's sign-in gives it."""
    return understood(provider._issue("authorization_code"), at)


def keeper(provider: TokenServer, store: Store, clock: Any, **changes: Any) -> Keeper:
    asking = changes.pop("client", client(provider))
    where = changes.pop("room", room(store))
    return Keeper("main", asking, where, clock=clock, **changes)


# -- the grants ------------------------------------------------------------------------------


def test_a_browser_on_this_machine(provider: TokenServer) -> None:
    """PKCE: the page comes back to loopback, and the code is exchanged."""

    def say(text: str) -> None:
        if text.startswith("http"):
            with urllib.request.urlopen(text.strip()) as page:
                assert b"Signed in" in page.read()

    token = in_browser(client(provider), clock=SystemClock(), say=say)
    assert token.access == provider.issued[-1] and token.refresh
    assert provider.asked[-1]["client_secret"] == SECRET


def test_a_browser_elsewhere(provider: TokenServer) -> None:
    """Over SSH: the address of the page that does not load is pasted, after a wrong one."""
    pages: queue.SimpleQueue[str] = queue.SimpleQueue()
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("http"):
            pages.put(text.strip())

    def pasted() -> Iterator[str]:
        fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(pages.get()).query))
        yield "http://127.0.0.1:1/?code=stolen&state=other\n"
        yield provider.authorize(fields) + "\n"

    token = in_browser(client(provider), clock=SystemClock(), say=say, pasted=pasted())
    assert token.access == provider.issued[-1]
    assert any("not the answer" in text for text in said)


def test_a_browser_that_is_told_no(provider: TokenServer) -> None:
    """The person declines: said at once, with the provider's own words."""
    pages: queue.SimpleQueue[str] = queue.SimpleQueue()

    def pasted() -> Iterator[str]:
        query = urllib.parse.urlsplit(pages.get()).query
        state = dict(urllib.parse.parse_qsl(query))["state"]
        yield f"?error=access_denied&error_description=no+consent&state={state}"

    with pytest.raises(Refused, match="access_denied: no consent"):
        in_browser(
            client(provider),
            clock=SystemClock(),
            say=lambda text: pages.put(text) if text.startswith("http") else None,
            pasted=pasted(),
        )


def test_nobody_signs_in(provider: TokenServer) -> None:
    """The wait ends."""
    with pytest.raises(Exception, match="nobody signed in"):
        in_browser(client(provider), clock=SystemClock(), say=lambda _: None, patience_s=0.1)


def test_a_stolen_code_is_worth_nothing(provider: TokenServer) -> None:
    """Without the verifier the provider gives no token for a code."""
    provider._codes["code-1"] = {"redirect_uri": "http://x", "code_challenge": "y"}
    with pytest.raises(Refused, match="invalid_grant"):
        by_code(client(provider), "code-1", "guessed", "http://x", NOW)


def test_another_device(provider: TokenServer) -> None:
    """The code is shown, and asked about until the person has typed it in."""
    said: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        provider.approved = len(pauses) == 3

    token = on_device(
        client(provider, "device"), clock=SystemClock(), say=said.append, pause=pause
    )
    assert token.refresh and len(pauses) == 3
    assert "WDJB-MJHT" in said[0] and "canary" not in said[0]


def test_the_desk_in_its_own_name(provider: TokenServer) -> None:
    """Client credentials: no person, no refresh token."""
    token = renewed(client(provider, "client_credentials"), None, NOW)
    assert token.access == provider.issued[-1] and token.refresh == ""
    assert token.expires == NOW + timedelta(hours=1)


def service_key(folder: Path, token_url: str, mode: int = 0o600) -> tuple[Path, Any]:
    """A key file as Google gives it, and the public key."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "key.json"
    path.write_text(
        json.dumps(
            {
                "client_email": "desk@project.test",
                "private_key": pem.decode(),
                "private_key_id": "k1",
                "token_uri": token_url,
            }
        )
    )
    path.chmod(mode)
    return path, key.public_key()


def test_a_service_account(provider: TokenServer, tmp_path: Path) -> None:
    """An assertion signed with RS256, in the name of the mailbox's user."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    path, public = service_key(tmp_path, f"{provider.url}/token")
    asking = client(provider, "service_account", key_file=path, token_url="", client_id="")
    assert renewed(asking, None, NOW).access == provider.issued[-1]
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    told = jwt.decode(
        provider.asked[-1]["assertion"], RSAKey.import_key(pem), algorithms=["RS256"]
    )
    assert told.header["kid"] == "k1"
    assert told.claims["iss"] == "desk@project.test" and told.claims["sub"] == "ana"
    assert told.claims["aud"] == f"{provider.url}/token" and told.claims["scope"] == "mail"
    assert told.claims["exp"] - told.claims["iat"] == 3600


def test_a_key_for_all_to_read_is_not_used(provider: TokenServer, tmp_path: Path) -> None:
    """The key file is refused, with what to do about it."""
    path, _ = service_key(tmp_path, provider.url, mode=0o644)
    with pytest.raises(ConfigError, match="chmod o-r"):
        renewed(client(provider, "service_account", key_file=path), None, NOW)


def test_what_providers_are_asked_for() -> None:
    """Pages and scopes of Microsoft and Google; what is written wins."""
    microsoft = completed(Client("browser", "id"), "microsoft", tenant="acme.test")
    assert microsoft.auth_url.endswith("/acme.test/oauth2/v2.0/authorize")
    assert "IMAP.AccessAsUser.All" in microsoft.scope and "SMTP.Send" in microsoft.scope
    assert "offline_access" in microsoft.scope and microsoft.redirect_host == "localhost"
    own_name = completed(Client("client_credentials", "id"), "microsoft", tenant="t")
    assert own_name.scope == "https://outlook.office365.com/.default"
    google = completed(Client("browser", "id", scope="other"), "google")
    assert google.scope == "other" and ("access_type", "offline") in google.extra


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {"error": "invalid_grant", "error_description": "x\n\x1b[31m"}), Refused),
        ((401, {"error": "invalid_client"}), Refused),
        ((503, {"error": "x"}), Temporary),
        ((429, {}), Temporary),
        ((400, {"error": "temporarily_unavailable"}), Temporary),
        ((200, {}), Temporary),
        ((200, {"access_token": "a b"}), Temporary),
        ((200, {"access_token": "a\r\nb"}), Temporary),
        ((200, {"access_token": 7}), Temporary),
    ],
)
def test_two_kinds_of_no(
    provider: TokenServer, answer: tuple[int, dict[str, Any]], error: type[Exception]
) -> None:
    """Where trying again helps it is tried again; answers are data."""
    provider.fail = answer
    with pytest.raises(error) as caught:
        renewed(client(provider, "client_credentials"), None, NOW)
    assert str(caught.value).isprintable() and SECRET not in str(caught.value)


def test_secrets_go_by_https_only() -> None:
    """Plain http is for loopback."""
    with pytest.raises(ConfigError, match="https only"):
        ask("http://login.example.com/token", {"a": "b"})


# -- keeping --------------------------------------------------------------------------------


def test_a_token_is_used_for_four_fifths_of_its_life(
    provider: TokenServer, store: Store
) -> None:
    """One hour: after 47 minutes the same, after 48 a new one, and the new grant is kept."""
    clock = Wound()
    room(store).keep("main", signed_in(provider))
    kept = keeper(provider, store, clock)
    first = kept.access()
    clock.wind(47 * 60)
    assert kept.access() == first and provider.asked == []
    clock.wind(60)
    second = kept.access()
    assert second != first and len(provider.asked) == 1
    assert room(store).read("main") is not None
    for _ in range(20):  # every rotation is kept: a stale one would end the grant
        clock.wind(48 * 60)
        kept.access()
    assert len(provider.asked) == 21


def test_a_refresh_token_that_stays(provider: TokenServer, store: Store) -> None:
    """Google does not rotate: the old one is kept."""
    clock, provider.rotate = Wound(), False
    room(store).keep("main", signed_in(provider))
    for _ in range(3):
        clock.wind(50 * 60)
        keeper(provider, store, clock).access()
    assert len({asked["refresh_token"] for asked in provider.asked}) == 1


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_many_ask_one_renews(
    provider: TokenServer, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """Two nodes, eight threads, one rotation: everybody gets the same new token."""
    url = f"sqlite:///{tmp_path}/maild.db"
    if engine == "postgres":
        url = request.getfixturevalue("postgres_url")
    stores = [open_store(url), open_store(url)]
    room(stores[0]).keep("main", signed_in(provider))
    clock = Wound()
    clock.wind(70 * 60)  # long over
    keepers = [
        keeper(provider, s, clock, room=room(s, f"node {n}")) for n, s in enumerate(stores)
    ]
    found: list[str] = []
    barrier = threading.Barrier(8)

    def ask_for_it(number: int) -> None:
        barrier.wait()
        found.append(keepers[number % 2].access())
        stores[number % 2].close()

    threads = [threading.Thread(target=ask_for_it, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.asked) == 1 and found == [provider.issued[-1]] * 8
    for store in stores:
        store.close()


def test_a_grant_that_was_revoked(provider: TokenServer, store: Store) -> None:
    """Said with what to do; the provider is not asked again until somebody signs in."""
    clock = Wound()
    room(store).keep("main", signed_in(provider))
    kept = keeper(provider, store, clock)
    provider.revoke()
    clock.wind(50 * 60)
    for _ in range(5):
        with pytest.raises(SignInNeeded, match="maild oauth login main"):
            kept.access()
    assert len(provider.asked) == 1
    clock.wind(61)
    with pytest.raises(SignInNeeded):
        kept.access()
    assert len(provider.asked) == 2
    fresh = signed_in(provider, clock.now())
    room(store).keep("main", fresh)
    assert kept.access() == fresh.access


def test_a_provider_that_is_away(provider: TokenServer, store: Store) -> None:
    """The old token goes on as long as it is valid, then it is said to be temporary."""
    clock = Wound()
    room(store).keep("main", signed_in(provider))
    kept = keeper(provider, store, clock)
    first = kept.access()
    provider.fail = (503, {})
    clock.wind(50 * 60)
    assert kept.access() == first
    clock.wind(11 * 60)
    with pytest.raises(Temporary):
        kept.access()
    provider.fail = None
    assert kept.access() == provider.issued[-1] != first


def test_a_store_that_fails_loses_no_rotated_token(provider: TokenServer, store: Store) -> None:
    """The new grant could not be written: nobody gets its token until it is."""

    class Stuck(Tokens):
        stuck = True

        def keep(self, account: str, token: Token) -> None:
            if self.stuck:
                raise Temporary("full")
            super().keep(account, token)

    clock = Wound()
    room(store).keep("main", signed_in(provider))
    stuck = Stuck(store.engine, store.leases, "node a")
    kept = keeper(provider, store, clock, room=stuck)
    clock.wind(50 * 60)
    for _ in range(3):
        with pytest.raises(Temporary):
            kept.access()
    stuck.stuck = False
    assert kept.access() == provider.issued[-1]
    assert len(provider.asked) == 1
    assert room(store).read("main").access == provider.issued[-1]  # type: ignore[union-attr]


def test_nothing_shows_a_token(provider: TokenServer) -> None:
    """Neither a repr nor an error text."""
    token = signed_in(provider)
    assert "canary" not in repr(token) and SECRET not in repr(client(provider))


# -- mail servers -----------------------------------------------------------------------------


@pytest.mark.wire
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer", "xoauth2 oauthbearer"])
def test_imap_signs_in_by_token(provider: TokenServer, store: Store, mechanism: str) -> None:
    """A real Dovecot that asks the provider; a token it refuses is exchanged once."""
    from imapclient import IMAPClient

    room(store).keep("main", signed_in(provider, SystemClock().now()))
    kept = keeper(provider, store, SystemClock())
    dovecot = Dovecot(introspection=f"{provider.url}/introspect", mechanisms=mechanism)
    try:
        for spend in (False, True):
            if spend:
                provider.spent.add(provider.issued[-1])
            with IMAPClient("127.0.0.1", dovecot.port, ssl=False) as imap:
                token_login("ana", kept.access)(imap)
                imap.select_folder("INBOX")
        assert len(provider.asked) == 1
    finally:
        dovecot.close()


class TokenRelay:
    """aiosmtpd with XOAUTH2 or OAUTHBEARER, which a test's provider stands behind."""

    def __init__(self, provider: TokenServer, mechanism: str) -> None:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult

        came: list[bytes] = []

        class Hooks:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                came.append(envelope.content)
                return "250 OK"

        async def auth(self: Any, server: Any, args: list[str]) -> Any:
            import base64

            text = base64.b64decode(args[1]).decode()
            token = text.partition("Bearer ")[2].partition("\1")[0]
            if not provider.introspect(token)["active"]:
                answer = await server.challenge_auth(b'{"status":"400"}', encode_to_b64=True)
                assert answer in (b"", b"\1"), answer
                await server.push("535 5.7.3 Authentication unsuccessful")
                return AuthResult(success=False, handled=True)
            assert ("n,a=ana," if mechanism == "OAUTHBEARER" else "user=ana\1") in text
            return AuthResult(success=True)

        setattr(Hooks, f"auth_{mechanism}", auth)
        self.came = came
        self.server = Controller(
            Hooks(),
            hostname="127.0.0.1",
            port=free_port(),
            auth_required=True,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
        )
        self.server.start()
        self.port = self.server.port


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_smtp_signs_in_by_token(provider: TokenServer, store: Store, mechanism: str) -> None:
    """A letter leaves by token; a token the relay refuses is exchanged once."""
    room(store).keep("main", signed_in(provider, SystemClock().now()))
    kept = keeper(provider, store, SystemClock())
    relay = TokenRelay(provider, mechanism)
    way = Relay("127.0.0.1", relay.port, user="ana", token=kept.access)
    try:
        for spend in (False, True):
            if spend:
                provider.spent.add(provider.issued[-1])
            courier = SmtpCourier(way, SystemClock())
            courier.send("a@x.test", "b@x.test", b"Subject: hola\r\n\r\nhola\r\n")
            courier.close()
        assert len(relay.came) == 2 and len(provider.asked) == 1
        provider.revoke()
        with pytest.raises(RelayDown) as caught:
            SmtpCourier(way, SystemClock()).send("a@x.test", "b@x.test", b"")
        assert "canary" not in str(caught.value)
    finally:
        relay.server.stop(no_assert=True)


# -- the whole desk ---------------------------------------------------------------------------

OAUTH = """
[mailbox.main]
host = "127.0.0.1"
port = {port}
security = "none"
user = "ana"
oauth = {{ provider = "custom", flow = "{flow}", client_id = "desk-1", scope = "mail", \
client_secret = {{ file = "secret" }}, token_url = "{url}/token", \
auth_url = "{url}/authorize", device_url = "{url}/devicecode" }}
after = "delete"
"""


def office(
    folder: Path, dovecot: Dovecot, provider: TokenServer, flow: str, **more: Any
) -> Desk:
    desk = Desk(folder, **more)
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    text = OAUTH.format(port=dovecot.port, url=provider.url, flow=flow)
    desk.configure(more=text, protocol=None)
    return desk


@pytest.mark.wire
def test_a_desk_signs_in_and_stays_signed_in(
    tmp_path: Path, sink: Sink, provider: TokenServer
) -> None:
    """`maild oauth login` while the daemon runs: the mailbox opens; tokens of 2 s are renewed
    for ever; a revoked grant is healed by signing in again; nothing shows a token."""
    provider.life = 2
    dovecot = Dovecot(introspection=f"{provider.url}/introspect")
    desk = office(tmp_path, dovecot, provider, "browser", sink=sink)
    try:
        with desk:
            desk.await_log("maild oauth login main")
            sign_in(desk, provider)
            deliver(dovecot, "primero")
            wait_until(
                lambda: [t["subject"] for t in desk.tickets()] == ["primero"], seconds=90
            )
            provider.revoke()
            dovecot.stop()
            dovecot.start()
            desk.await_log("invalid_grant", seconds=60)
            sign_in(desk, provider)
            deliver(dovecot, "segundo")
            wait_until(lambda: len(desk.tickets()) == 2, seconds=90)
        refreshed = [a for a in provider.asked if a["grant_type"] == "refresh_token"]
        assert len(refreshed) == len({a["refresh_token"] for a in refreshed}) >= 1
        assert "canary" not in desk.log
    finally:
        dovecot.close()


def deliver(dovecot: Dovecot, subject: str) -> None:
    dovecot.fill("ana", [as_sent(mail("luis@x.test", subject))])


def sign_in(desk: Desk, provider: TokenServer) -> None:
    """A person with a browser on the same machine, at the command's printed page."""
    command = [sys.executable, "-m", "maild", "-c", str(desk.config), "oauth", "login", "main"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as login:
        assert login.stdout is not None
        said = ""
        for line in login.stdout:
            said += line
            if line.startswith("http"):
                urllib.request.urlopen(line.strip()).close()
        assert login.wait(30) == 0, said
    assert "Signed in: main" in said and "canary" not in said


def test_a_name_that_is_no_account(tmp_path: Path, provider: TokenServer) -> None:
    """Exit 2, and the right word."""
    desk = Desk(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    desk.configure(more=OAUTH.format(port=1, url=provider.url, flow="client_credentials"))
    done = desk.run("oauth", "login", "mian")
    assert done.returncode == 2 and b'did you mean "main"' in done.stderr
    done = desk.run("oauth", "login", "main")
    assert done.returncode == 0 and b"canary" not in done.stdout + done.stderr
    provider.fail = (401, {"error": "invalid_client", "error_description": "expired"})
    done = desk.run("oauth", "login", "main")
    assert done.returncode == 70 and b"invalid_client: expired" in done.stderr
