"""Trouble is told: by a second route, once, in time; and what ends soon, before it does."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest

from maild.app import App, build
from maild.config import load
from maild.health.expiry import Expiring, certificate_of_file
from maild.health.watch import HealthWatch
from maild.model.letter import Letter, LetterType
from maild.model.mail import Address
from maild.oauth.token import Token
from maild.processes import Stop
from maild.store import Store, open_store
from maild.store.store import new_holder
from maild.store.tokens import Tokens
from tests.servers.certificate import certificate
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.servers.token_server import TokenServer
from tests.wire.desk import Desk, as_sent, is_letter, mail, text_of, wait_until

NOW = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Told:
    """The letters the admins get: title, text, cause. The same cause is one letter."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []

    def __call__(self, title: str, text: str, cause: str) -> None:
        if cause not in {c for _, _, c in self.letters}:
            self.letters.append((title, text, cause))

    @property
    def titles(self) -> list[str]:
        return [title for title, _, _ in self.letters]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/maild.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = open_store(url)
    yield store
    store.close()


def watch(store: Store, told: Told, *expiring: Expiring) -> HealthWatch:
    known = frozenset({"mailbox:main", "mailbox:ventas", "relay"})
    return HealthWatch(store, known, lambda: expiring, told)


# -- trouble ----------------------------------------------------------------------------------


def test_ten_minutes_of_trouble_are_told_once(store: Store) -> None:
    """Not after nine; once at ten, whatever the reason changes to; anew after it was well."""
    told = Told()
    job = watch(store, told)
    store.troubles.begin("mailbox:main", "sign-in refused", NOW)
    job.run(NOW + 9 * MINUTE)
    assert told.titles == []
    store.troubles.begin("mailbox:main", "connection refused", NOW + 9 * MINUTE)
    for minutes in (10, 11, 60, 600):
        watch(store, told).run(NOW + minutes * MINUTE)  # restarts change nothing
    assert told.titles == ["Mailbox main can't be read"]
    assert "connection refused" in told.letters[0][1]
    assert store.troubles.over("mailbox:main")
    store.troubles.begin("mailbox:main", "again", NOW + 700 * MINUTE)
    job.run(NOW + 710 * MINUTE)
    assert len(told.letters) == 2


def test_trouble_of_a_mailbox_that_is_gone(store: Store) -> None:
    """A mailbox taken out of the config is nobody's trouble."""
    told = Told()
    store.troubles.begin("mailbox:old", "sign-in refused", NOW)
    watch(store, told).run(NOW + 20 * MINUTE)
    assert told.titles == [] and store.troubles.all() == []


def test_trouble_noted_before_a_pause(store: Store) -> None:
    """The daemon was stopped to mend a password: at its start nobody hears of the old trouble
    before the mailbox had a minute to show that it is well. If it does not, they do. What is
    new is told at once."""
    told = Told()
    store.troubles.begin("mailbox:main", "sign-in refused", NOW)
    store.troubles.begin("mailbox:ventas", "sign-in refused", NOW)
    job = replace(watch(store, told), settling=MINUTE)
    job.run(NOW + 60 * MINUTE)
    store.troubles.over("mailbox:main")
    store.troubles.begin("queue:automatic", "500 / 10m", NOW + 60 * MINUTE)
    job.run(NOW + 60.5 * MINUTE)
    assert told.titles == ["Automatic letters are held back"]
    job.run(NOW + 61 * MINUTE)
    assert told.titles[1:] == ["Mailbox ventas can't be read"]


def test_trouble_that_ended_while_nobody_noted(store: Store) -> None:
    """The process that had the trouble died; the mailbox has been read since."""
    from maild.ingest.mailbox import Place

    told, place = Told(), Place("main", "INBOX", 1)
    store.mailboxes.open_mailbox(place, NOW)
    store.troubles.begin("mailbox:main", "down", NOW)
    store.mailboxes.polled(place, NOW + 5 * MINUTE)
    watch(store, told).run(NOW + 20 * MINUTE)
    assert told.titles == [] and store.troubles.all() == []


def post(store: Store, to: str, at: datetime) -> None:
    letter = Letter(
        LetterType.ACKNOWLEDGEMENT,
        to,
        Address("", "a@b.test"),
        (),
        "x",
        "x",
        message_id=f"<{to}>",
    )
    with store.write():
        store.outbox.post(letter, f"cause {to} {at}", now=at)


def test_letters_that_do_not_leave(store: Store) -> None:
    """Two people wait for ten minutes and nothing has left: told. One full mailbox is no
    news for an hour, and none at all while others' letters leave."""
    told = Told()
    post(store, "luis@x.test", NOW)
    watch(store, told).run(NOW + 30 * MINUTE)
    assert told.titles == []
    post(store, "eva@y.test", NOW + 15 * MINUTE)
    watch(store, told).run(NOW + 31 * MINUTE)
    assert told.titles == ["Letters do not leave"]
    assert "2 letters wait" in told.letters[0][1]


def test_one_full_mailbox_among_many(store: Store) -> None:
    """While others' letters leave nobody is told."""
    told = Told()
    post(store, "full@x.test", NOW)
    post(store, "eva@y.test", NOW + 119 * MINUTE)
    (late,) = [
        p for p in store.outbox.claim(NOW + 119 * MINUTE, 9) if "eva" in p.letter.recipient
    ]
    store.outbox.sent(late.id, NOW + 119 * MINUTE)
    watch(store, told).run(NOW + 120 * MINUTE)
    assert told.titles == []


def test_mail_that_waits_for_its_ticket(store: Store) -> None:
    """The worker stands still: told after ten minutes."""
    from maild.model.mail import Envelope

    told = Told()
    store.intake.take(b"Subject: x\r\n\r\nhola", Envelope("smtp", "a@x.test", ("b@y.test",)))
    came = store.gauges.oldest_intake()
    assert came is not None
    watch(store, told).run(came + 9 * MINUTE)
    assert told.titles == []
    watch(store, told).run(came + 11 * MINUTE)
    assert told.titles == ["Mail is not being handled"]


# -- the end of things ------------------------------------------------------------------------


def test_warned_fourteen_seven_and_one_day_before(store: Store) -> None:
    """Hourly looks for three weeks: four letters, the last when it has ended."""
    told = Told()
    secret = Expiring("client-secret", "main", NOW + timedelta(days=20))
    job = watch(store, told, secret)
    days = []
    for hour in range(22 * 24):
        before = len(told.letters)
        job.run(NOW + timedelta(hours=hour))
        days += [hour / 24] * (len(told.letters) - before)
    assert days == [6.0, 13.0, 19.0, 20.0]
    assert told.titles[0] == "The client secret of main ends on 2026-06-28"
    assert told.titles[-1] == "The client secret of main ended on 2026-06-28"
    assert told.letters[0][1].startswith("Make a new one at the provider")


def test_what_lives_for_a_week_is_no_news_each_week(store: Store) -> None:
    """A certificate of six days is renewed by machines every few: only its last day is told,
    if nobody renewed it."""
    told = Told()
    week = Expiring("server-certificate", "imap.x.test:993", NOW + timedelta(days=6), NOW)
    job = watch(store, told, week)
    for hour in range(5 * 24):
        job.run(NOW + timedelta(hours=hour))
    assert told.titles == []
    job.run(NOW + timedelta(days=5))
    assert told.titles == ["The certificate of imap.x.test:993 ends on 2026-06-14"]


def test_trouble_in_the_desks_language(store: Store) -> None:
    """All that the health watch says, on a Spanish desk."""
    told = Told()
    ends = Expiring("sign-in", "main", NOW + timedelta(days=6))
    known = frozenset({"mailbox:main", "relay", "relay.alerts"})
    for name in ("mailbox:main", "relay.alerts"):
        store.troubles.begin(name, "535 no", NOW)
    post(store, "luis@x.test", NOW)
    post(store, "eva@y.test", NOW)
    job = HealthWatch(store, known, lambda: [ends], told, language="es")
    job.run(NOW + 11 * MINUTE)
    assert sorted(told.titles) == [
        "El acceso de main caduca el 2026-06-14",
        "La segunda vía de salida no funciona",
        "Las cartas no salen",
        "No se puede leer el buzón main",
    ]
    texts = {title: text for title, text, _ in told.letters}
    assert texts["No se puede leer el buzón main"].startswith(
        "Desde 2026-06-08 07:00 UTC: 535 no"
    )


def test_each_language_has_all_sentences() -> None:
    """The same keys, the same values in each, a title and a text."""
    from string import Formatter

    from maild.health.sentences import LANGUAGES

    names = {
        language: {
            key: {name for _, name, _, _ in Formatter().parse(text) if name}
            for key, text in sentences.items()
        }
        for language, sentences in LANGUAGES.items()
    }
    assert names["es"] == names["en"]


def test_a_certificate_says_when_it_ends(tmp_path: Path) -> None:
    """As openssl says it; also for dates after 2049; no certificate is no date."""
    cert, key = certificate(tmp_path)
    assert end_of(cert) == openssl_end(cert)
    far = tmp_path / "far.pem"
    command = ["openssl", "req", "-x509", "-key", str(key), "-days", "20000", "-subj", "/CN=x"]
    subprocess.run([*command, "-out", str(far)], check=True, capture_output=True)
    assert end_of(far) == openssl_end(far)
    assert end_of(key) is None
    assert end_of(tmp_path / "none") is None
    der = cert.read_bytes()
    for cut in range(60, len(der), 97):
        far.write_bytes(der[:cut] + b"\n-----END CERTIFICATE-----\n")
        end_of(far)  # raises nothing


def end_of(cert: Path) -> datetime | None:
    life = certificate_of_file(cert)
    return life.ends if life else None


def openssl_end(cert: Path) -> datetime:
    command = ["openssl", "x509", "-enddate", "-noout", "-in", str(cert)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = said.strip().partition("=")[2].replace("GMT", "+0000")
    return datetime.strptime(text, "%b %d %H:%M:%S %Y %z")


def test_whose_end_is_known(tmp_path: Path) -> None:
    """A client secret by the config's date, the door's certificate, a grant that ends: each
    with the command or file to change."""
    from maild.oauth.token import Token
    from maild.store.store import new_holder
    from maild.store.tokens import Tokens
    from maild.wiring.checkup import expiring

    cert, key = certificate(tmp_path)
    oauth = (
        '{ provider = "microsoft", flow = "device", client_id = "x", '
        "secret_expires = 2026-07-01 }"
    )
    more = f"[mailbox.main]\nhost = 'x.test'\nuser = 'ana'\noauth = {oauth}\n"
    desk = Desk(tmp_path, more=more)
    door = f'[smtp]\ntls_cert = "{cert}"\ntls_key = "{key}"'
    desk.write_config(desk.config.read_text().replace("[smtp]", door))
    settings = load(desk.config)
    store = open_store(settings.store.url)
    week = Token("a", NOW, NOW + MINUTE, "r", NOW + timedelta(days=7))
    Tokens(store.engine, store.leases, new_holder()).keep("main", week)
    found = {thing.what: thing for thing in expiring(settings, store)}
    store.close()
    assert found["the client secret of main"].ends == datetime(2026, 7, 1, tzinfo=UTC)
    grant = found["the sign-in of main"]
    assert grant.step(NOW) == 7 and "maild oauth login main" in grant.words("es")[1]
    door_end = found["the certificate of the SMTP door"]
    assert door_end.ends == openssl_end(cert) and str(cert) in door_end.words("en")[1]


# -- the whole desk ---------------------------------------------------------------------------

MAILBOX = """
[mailbox.{name}]
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
{sign_in}
after = "delete"
"""

ALERTS = """
[relay.alerts]
host = "127.0.0.1"
port = {port}
envelope = ""
"""


class Running:
    """Some parts of an app in threads of this process, where time can be handed in."""

    def __init__(self, app: App, *parts: str) -> None:
        self.app = app
        self._stops: list[Stop] = []
        self._threads: list[threading.Thread] = []
        for part in parts:
            stop, ready = Stop(), threading.Event()
            args = (app, stop, ready.set)
            run = import_module(f"maild.parts.{part}").run
            thread = threading.Thread(target=run, args=args, name=part)
            thread.start()
            assert ready.wait(20)
            self._stops.append(stop)
            self._threads.append(thread)

    def close(self) -> None:
        for stop in self._stops:
            stop.ask()
        for thread in self._threads:
            thread.join(15)
            assert not thread.is_alive()

    def look_ahead(self, minutes: int) -> None:
        """The timetable's look, so many minutes later."""
        store = self.app.open_store()
        (job,) = [job for job in self.app.jobs(store) if isinstance(job, HealthWatch)]
        job.run(self.app.clock.now())
        job.run(self.app.clock.now() + minutes * MINUTE)
        store.close()


TOKEN = """oauth = {{ provider = "custom", flow = "{flow}", scope = "mail", \
client_id = "desk-1", client_secret = {{ file = "secret" }}, \
token_url = "{url}/token", auth_url = "{url}/authorize" }}"""
#: how one of three accounts may be broken, and what the admins read of it
BROKEN = {
    "wrong password": "sign-in refused: [AUTHENTICATIONFAILED]",
    "revoked grant": "maild oauth login dos",
    "expired secret": "AADSTS7000222",
}


def break_account(kind: str, folder: Path, provider: TokenServer) -> str:
    """How it signs in, as the config has it."""
    (folder / "secret").write_text("canary-secret")
    (folder / "secret").chmod(0o600)
    if kind == "wrong password":
        return 'password = "canary-wrong"'
    if kind == "expired secret":
        said = "AADSTS7000222: The provided client secret keys are expired."
        provider.fail = (401, {"error": "invalid_client", "error_description": said})
        return TOKEN.format(flow="client_credentials", url=provider.url)
    store = open_store(f"sqlite:///{folder}/var/maild.db")
    then = datetime.now(UTC) - timedelta(hours=2)
    spent = Token("canary-access", then, then + timedelta(hours=1), "canary-refresh")
    Tokens(store.engine, store.leases, new_holder()).keep("dos", spent)
    store.close()  # the provider knows nothing of it any more
    return TOKEN.format(flow="browser", url=provider.url)


@pytest.mark.wire
@pytest.mark.parametrize("kind", BROKEN)
def test_one_of_three_accounts_is_broken(
    kind: str, tmp_path: Path, sink: Sink, dovecot: Dovecot
) -> None:
    """The other two flow on; the admins hear of it within ten minutes by the second route,
    once, with the reason and no secret, while the first route is down."""
    users = {name: dovecot.user() for name in ("uno", "dos", "tres")}
    relay, provider = free_port(), TokenServer()  # nobody is at the relay's port
    more = ALERTS.format(port=sink.port)
    for name, user in users.items():
        password = 'password = "x"'
        if name == "dos":
            password = break_account(kind, tmp_path, provider)
        more += MAILBOX.format(name=name, port=dovecot.port, user=user, sign_in=password)
    desk = Desk(tmp_path, protocol=None, more=more)
    text = desk.config.read_text()
    desk.write_config(
        text.replace('host = ""\nport = 25', f'host = "127.0.0.1"\nport = {relay}')
    )
    app = build(load(desk.config))
    running = Running(app, "worker", "mailboxes", "delivery")
    try:
        wait_until(lambda: troubles(app) == ["mailbox:dos"])
        running.look_ahead(9)
        for name in ("uno", "tres"):
            with dovecot.client(users[name]) as client:
                client.append("INBOX", as_sent(mail("luis@x.test", name)))
        wait_until(lambda: len(desk.tickets()) == 2)
        assert sink.letters == []
        for _ in range(3):
            running.look_ahead(10)
        caught = sink.wait_for(1)
        wait_until(lambda: desk.queue()["outgoing"]["deferred"])
        letters = [letter.message for letter in caught]
        (letter,) = [m for m in letters if "No se puede leer el buzón dos" in str(m["Subject"])]
        assert BROKEN[kind] in " ".join(text_of(letter).split())
        assert all(is_letter(m, "admin", "admin@acme.test") for m in letters)
        assert "canary" not in "".join(map(text_of, letters))
        assert caught[0].sender == "soporte@acme.test"
        assert "mailbox:dos" in troubles(app) and "mailbox:uno" not in troubles(app)
    finally:
        running.close()
        provider.close()
    assert len({str(c.message["Message-ID"]) for c in sink.letters}) == len(sink.letters)


@pytest.mark.wire
def test_a_relay_in_trouble_is_told_by_the_other(tmp_path: Path, sink: Sink) -> None:
    """The first relay refuses the password: its letters wait, the admins' one leaves. With the
    right password in its file all leaves, without a restart, and nothing is in trouble."""
    relay = Sink(users={"desk": "canary-right"})
    secret = tmp_path / "secret"
    secret.write_text("canary-wrong")
    secret.chmod(0o600)
    desk = Desk(tmp_path, sink=relay, more=ALERTS.format(port=sink.port))
    text = desk.config.read_text()
    user = '[relay]\nuser = "desk"\npassword = { file = "secret" }'
    desk.write_config(text.replace("[relay]", user, 1))
    app = build(load(desk.config))
    running = Running(app, "worker", "delivery")
    try:
        desk.run("deliver", given=as_sent(mail("luis@x.test")))
        app.mail_bell.ring()
        wait_until(lambda: troubles(app) == ["relay"])
        running.look_ahead(11)
        (letter,) = sink.wait_for(1)
        assert str(letter.message["Subject"]).endswith("Las cartas no salen")
        assert "canary" not in text_of(letter.message)
        secret.write_text("canary-right")
        for item in desk.queue()["items"]:
            assert "canary" not in str(item)
            desk.run("queue", "retry", item["id"])
        assert len(relay.wait_for(2)) == 2
        wait_until(lambda: troubles(app) == [])
    finally:
        running.close()
        relay.close()


def troubles(app: App) -> list[str]:
    with app.opened() as store:
        return [trouble.name for trouble in store.troubles.all()]


def test_a_second_route_that_fails_falls_back_on_the_first(tmp_path: Path, sink: Sink) -> None:
    """An admin's letter leaves by whatever works."""
    desk = Desk(tmp_path, sink=sink, more=ALERTS.format(port=free_port()))
    app = build(load(desk.config))
    running = Running(app, "delivery")
    try:
        app.house.tell_unused("de dos caminos")
        (letter,) = sink.wait_for(1)
        assert letter.message["X-Maild-Type"] == "admin"
        assert letter.sender != "soporte@acme.test"  # the first route's own sender
    finally:
        running.close()


def test_the_first_route_is_the_only_one(tmp_path: Path, sink: Sink) -> None:
    """Without [relay.alerts] all letters take the one way."""
    desk = Desk(tmp_path, sink=sink)
    app = build(load(desk.config))
    running = Running(app, "delivery")
    try:
        app.house.tell_unused("")
        sink.wait_for(1)
    finally:
        running.close()
