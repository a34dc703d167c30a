"""A desk with something on every page, and the way to each of them.

`stands` makes the desk; `views` names every page in every state that looks different.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By

from tests.browser.chromium import Browser
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.wire.desk import Desk, is_letter, mail, reply, text_of

ARTICLES = Path(__file__).resolve().parents[2] / "kb"
LUIS, EVA, LIA = "Luis Pérez <luis@x.test>", "Eva Gil <eva@y.test>", "Lía Sanz <lia@z.test>"
MORE = """
[portal]
listen = "127.0.0.1:{port}"
forms_per_address = "100000/hour"

[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
targets = {{ first_response = "4h", csat = 0.85, fcr = 0.7 }}

[report.mensual]
to = ["jefa@acme.test"]
every = "month 1 08:00"
period = "last month"

[[sla]]
name = "Estándar"
normal = {{ first_response = "4h", next_response = "1d", resolution = "2d" }}
"""
LONG = """Buenos días:

Desde esta mañana, la aplicación de facturas no me deja entrar. Sale este mensaje:

    ERR_CONNECTION_REFUSED_AT_https://aplicaciones.acme.test/facturas/2026/noviembre/listado?pagina=1

Lo he probado en dos ordenadores y en el móvil. Un saludo,
Luis"""


@dataclass(frozen=True)
class Gallery:
    """The desk's address, and the links that its letters brought."""

    desk: Desk
    address: str
    open: str
    solved: str
    survey: str
    rated: str
    void: str
    sent: str

    def sign_in(self, browser: Browser, email: str, *, dashboard: bool = False) -> str:
        """Ask for a link, and its address."""
        place = "dashboard" if dashboard else "requests"
        before = sum(is_letter(letter, "link", email) for letter in self.desk.letters())
        browser.open(f"{self.address}/{place}")
        browser.driver.find_element(By.ID, "email").send_keys(email)
        press(browser)
        letter = self.desk.letter("link", email, number=before + 1)
        return link(letter, place)


def press(browser: Browser) -> None:
    """The page's main button."""
    browser.click("main button.main")


def link(letter: EmailMessage, kind: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:\d+/{kind}/[^\s?\"<]+", text_of(letter))
    assert found, text_of(letter)
    return found[0]


@contextmanager
def stands(
    folder: Path, sink: Sink, browser: Browser, past: Sequence[dict[str, Any]] = ()
) -> Iterator[Gallery]:
    """The desk at work, with a few days' worth of everything; `past`: imported tickets."""
    port = free_port()
    shutil.copytree(ARTICLES, folder / "kb")
    desk = Desk(folder, sink=sink, more=MORE.format(port=port))
    if past:
        lines = folder / "past.jsonl"
        lines.write_text("\n".join(map(json.dumps, past)), "utf-8")
        moved = desk.run("import", str(lines))
        assert moved.returncode == 0, moved.stderr.decode()
    with desk:
        yield _filled(desk, f"http://127.0.0.1:{port}", browser)


def _filled(desk: Desk, address: str, browser: Browser) -> Gallery:
    first = mail(LUIS, "No puedo entrar en la aplicación de facturas", LONG)
    first.add_attachment(b"x" * 4000, maintype="image", subtype="png", filename="captura.png")
    desk.send(first)
    desk.send(reply(desk.letter("agent-new", "ana@acme.test"), "Hola, Luis:\n\nLo miramos."))
    thread = link(desk.letter("reply", "luis@x.test"), "t")
    answered = []
    for number, person in enumerate((EVA, LIA, "Bea <bea@w.test>"), 2):
        desk.send(mail(person, f"La impresora {number} no imprime"))
        notice = desk.letter("agent-new", "ana@acme.test", number=number)
        desk.send(reply(notice, "#resuelto\nEra un atasco: ya está retirado."))
        answered.append(desk.letter("resolved", person.rpartition("<")[2].rstrip(">")))
    unrated, rated, void = (link(letter, "s") for letter in answered)
    browser.open(f"{rated}?v=5")
    press(browser)
    browser.open(void)
    browser.click("button[value=reopen]")
    browser.open(address)
    for field, value in (
        ("email", "eva@y.test"),
        ("subject", "Otra"),
        ("body", "Una cosa más."),
    ):
        browser.driver.find_element(By.ID, field).send_keys(value)
    press(browser)
    sent = browser.driver.current_url
    assert "/sent/" in sent
    return Gallery(desk, address, thread, link(answered[0], "t"), unrated, rated, void, sent)


Go = Callable[[Browser], None]


def views(gallery: Gallery) -> dict[str, Go]:
    """Every page and state by name, in an order that works: strangers first."""

    def at(address: str) -> Go:
        return lambda browser: browser.open(address)

    def here(path: str) -> Go:
        return at(gallery.address + path)

    def after(path: str, selector: str = "main button.main", **fields: str) -> Go:
        """The page that answers a form."""

        def go(browser: Browser) -> None:
            browser.open(path if path.startswith("http") else gallery.address + path)
            for name, value in fields.items():
                browser.driver.find_element(By.NAME, name).send_keys(value)
            browser.click(selector)

        return go

    def door(email: str, *, dashboard: bool = False) -> Go:
        return lambda browser: browser.open(
            gallery.sign_in(browser, email, dashboard=dashboard)
        )

    def inside(email: str, *, dashboard: bool = False) -> Go:
        def go(browser: Browser) -> None:
            browser.open(gallery.sign_in(browser, email, dashboard=dashboard))
            press(browser)

        return go

    yes = "button[value=yes]"
    return {
        "ask": here("/"),
        "ask-faults": after("/", email="luis@"),
        "sent": at(gallery.sent),
        "sign-in": here("/requests"),
        "sign-in-fault": after("/requests"),
        "sign-in-done": after("/requests", email="nadie@x.test"),
        "kb": here("/kb"),
        "kb-found": here("/kb?q=impresora"),
        "kb-nothing": here("/kb?q=dragones"),
        "article": here("/kb/restablecer-contrasena"),
        "article-voted": after("/kb/impresora-atascada", yes),
        "ticket": at(gallery.open),
        "ticket-fault": after(gallery.open),
        "ticket-solved": at(gallery.solved),
        "survey": at(f"{gallery.survey}?v=4"),
        "survey-fault": after(gallery.survey),
        "survey-rated": at(gallery.rated),
        "survey-void": at(gallery.void),
        "missing": here("/nothing"),
        "dashboard-sign-in": here("/dashboard"),
        "enter": door("luis@x.test"),
        "requests": inside("luis@x.test"),
        "dashboard": inside("jefa@acme.test", dashboard=True),
        "dashboard-month": here("/dashboard?period=last+30+days"),
    }
