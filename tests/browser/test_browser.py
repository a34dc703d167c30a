"""The pages in a real browser: no JavaScript, no mouse, a real daemon behind them."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser, browser, is_there
from tests.browser.gallery import stands, views
from tests.browser.pictures import past
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.wire.desk import Desk, mail, reply, text_of, wait_until

pytestmark = [
    pytest.mark.wire,
    pytest.mark.proof,
    pytest.mark.skipif(not is_there(), reason="chromium and chromedriver are not installed"),
]


@pytest.fixture
def site(tmp_path: Path, sink: Sink) -> Iterator[tuple[Desk, str]]:
    """A running daemon with pages, and their address."""
    port = free_port()
    more = f'[portal]\nlisten = "127.0.0.1:{port}"\n'
    with Desk(tmp_path / "desk", sink=sink, more=more) as desk:
        yield desk, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def link(letter: EmailMessage, kind: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:\d+/{kind}/[^\s?\"<]+", text_of(letter))
    assert found
    return found[0]


def test_a_request_by_keyboard_alone(site: tuple[Desk, str], chromium: Browser) -> None:
    """New request, the mailed link, an answer, solved, reopened: Tab and Enter only."""
    desk, address = site
    chromium.open(address)
    chromium.type("email", "luis@")
    chromium.follow("Enviar solicitud")
    assert chromium.title.startswith("Error")
    chromium.type("email", "luis@x.test")  # what stands there is marked, and gives way
    chromium.type("subject", "No puedo acceder")
    chromium.type("body", "Desde esta mañana no puedo entrar.")
    chromium.follow("Enviar solicitud")
    assert "Solicitud recibida" in chromium.text
    assert "1" in chromium.text

    chromium.open(link(desk.letter("acknowledgement", "luis@x.test"), "t"))
    assert "Desde esta mañana no puedo entrar." in chromium.text
    chromium.type("body", "También desde el móvil.")
    chromium.follow("Enviar")
    assert "También desde el móvil." in chromium.text
    chromium.follow("Ya está resuelta")
    assert "resuelta" in chromium.text
    chromium.type("body", "Ha vuelto a fallar.")
    chromium.follow("No está resuelta: reabrir")
    assert "en curso" in chromium.text
    assert "Ha vuelto a fallar." in chromium.text


def test_ones_requests_by_keyboard(site: tuple[Desk, str], chromium: Browser) -> None:
    """A link by mail, fetched twice by a program that looks at all links, opens the list all
    the same, and only once; another's link does not."""
    desk, address = site
    desk.send(mail("luis@x.test", "No puedo acceder"))
    desk.letter("acknowledgement", "luis@x.test")
    chromium.open(f"{address}/requests")
    chromium.type("email", "luis@x.test")
    chromium.follow("Enviar el enlace")
    assert "Si esa dirección es conocida" in chromium.text
    door = link(desk.letter("link", "luis@x.test"), "requests")
    for method in ("GET", "HEAD", "GET"):
        with urlopen(Request(door, method=method)) as looked:
            assert looked.status == 200
    chromium.open(door)
    chromium.follow("Ver mis solicitudes")
    assert "No puedo acceder" in chromium.text
    chromium.open(door)
    assert "Esta página no existe" in chromium.text
    chromium.open(door[:-2] + "xx")
    assert "Esta página no existe" in chromium.text


def test_a_survey_that_reopens(site: tuple[Desk, str], chromium: Browser) -> None:
    """Not solved after all: said on the survey's page, with a word on why."""
    desk, _ = site
    desk.send(mail("luis@x.test", "No puedo acceder"))
    desk.send(reply(desk.letter("agent-new", "ana@acme.test"), "#resuelto\nYa funciona."))
    chromium.open(link(desk.letter("resolved", "luis@x.test"), "s"))
    chromium.type("comment", "Sigue igual.")
    chromium.follow("No está resuelto: reabrir")
    assert "La solicitud está abierta de nuevo" in chromium.text
    found = desk.show(1)
    assert (found["status"], found["rating"]) == ("open", None)
    assert found["messages"][-1]["text"] == "Sigue igual."


def test_a_mark_by_keyboard(site: tuple[Desk, str], chromium: Browser) -> None:
    """The link of a score chooses it, arrows change it, and only the button votes."""
    desk, _ = site
    desk.send(mail("luis@x.test", "No puedo acceder"))
    desk.send(reply(desk.letter("agent-new", "ana@acme.test"), "#resuelto\nYa funciona."))
    chromium.open(f"{link(desk.letter('resolved', 'luis@x.test'), 's')}?v=4")
    assert desk.show(1)["rating"] is None
    chromium.tab_to("score")
    chromium.press(Keys.ARROW_RIGHT)
    chromium.type("comment", "Rápidos y amables.")
    chromium.follow("Enviar")
    assert "La nota es un 5 de 5" in chromium.text
    assert desk.show(1)["rating"]["comment"] == "Rápidos y amables."


def test_a_file_with_a_request(
    site: tuple[Desk, str], chromium: Browser, tmp_path: Path
) -> None:
    """Chosen in the form, whole on the ticket, and to be saved from its page, not shown."""
    desk, address = site
    file = tmp_path / "captura ñ.png"
    file.write_bytes(b"\x89PNG" + bytes(3000))
    chromium.open(address)
    chromium.type("email", "luis@x.test")
    chromium.type("subject", "Con captura")
    chromium.type("body", "Va adjunta.")
    chromium.tab_to("file")
    chromium.focused().send_keys(str(file))
    chromium.follow("Enviar solicitud")
    assert "Solicitud recibida" in chromium.text
    chromium.open(link(desk.letter("acknowledgement", "luis@x.test"), "t"))
    assert "captura ñ.png (3 KB)" in chromium.text
    chromium.open_up("captura ñ.png (3 KB)")
    assert "Va adjunta." in chromium.text  # still the ticket: the file did not open
    (enclosure,) = desk.show(1)["messages"][0]["attachments"]
    assert (enclosure["filename"], enclosure["size"]) == ("captura ñ.png", 3004)


def test_an_article_by_keyboard(site: tuple[Desk, str], chromium: Browser) -> None:
    """Searched for, found, read, and said to be useful."""
    desk, address = site
    folder = desk.folder / "kb/es"
    folder.mkdir(parents=True)
    for slug, title in (("clave", "Restablecer la contraseña"), ("vpn", "Conectar la VPN")):
        (folder / f"{slug}.md").write_text(f'+++\ntitle = "{title}"\n+++\nSe pide un enlace.')
    wait_until(lambda: "VPN" in _kb(chromium, address), why="the articles are read")
    chromium.type("q", "contrasenas")
    chromium.follow("Buscar")
    assert "Conectar la VPN" not in chromium.text
    chromium.follow("Restablecer la contraseña")
    assert "Se pide un enlace." in chromium.text
    chromium.follow("Sí")
    assert "útil para 1 de 1" in chromium.text


def _kb(chromium: Browser, address: str) -> str:
    chromium.open(f"{address}/kb")
    return chromium.text


def test_the_dashboard_by_keyboard(site: tuple[Desk, str], chromium: Browser) -> None:
    """A mailed link, the figures, another period, all of them as a table, and out again."""
    desk, address = site
    desk.send(mail("luis@x.test", "No puedo acceder"))
    desk.send(reply(desk.letter("agent-new", "ana@acme.test"), "#resuelto\nYa funciona."))
    desk.letter("resolved", "luis@x.test")
    chromium.open(f"{address}/dashboard")
    chromium.type("email", "jefa@acme.test")
    chromium.follow("Enviar el enlace")
    chromium.open(link(desk.letter("link", "jefa@acme.test"), "dashboard"))
    chromium.follow("Abrir el panel")
    wait_until(lambda: "Primera respuesta" in chromium.text, why="all is counted")
    assert "Se está contando" not in chromium.text  # it stood there until then
    chromium.tab_to("period")
    chromium.press("h")  # hoy
    chromium.follow("Ver")
    wait_until(lambda: "Todas las cifras" in chromium.text, why="all is counted")
    hidden = chromium.text
    chromium.open_up("En una tabla")
    assert len(chromium.text) > len(hidden)
    chromium.follow("Salir")
    chromium.open(f"{address}/dashboard")
    assert "Para responsables" in chromium.text


def test_pages_fit_any_width(tmp_path: Path, sink: Sink, chromium: Browser) -> None:
    """No page in any state scrolls sideways, down to 320 pixels (WCAG 1.4.10)."""
    with stands(tmp_path / "desk", sink, chromium, past=list(past())) as gallery:
        wide = {}
        for name, go in views(gallery).items():
            go(chromium)
            for width in (320, 360, 1200):
                chromium.resize(width)
                if (needed := chromium.width_needed()) > width:
                    wide[f"{name} {width}"] = needed
    chromium.driver.delete_all_cookies()
    assert not wide


def test_everything_that_can_be_pressed_is_large_enough(
    site: tuple[Desk, str], chromium: Browser
) -> None:
    """24 pixels at least (WCAG 2.5.8), and every field has a label."""
    _, address = site
    chromium.resize(360)
    for path in ("/", "/requests", "/dashboard"):
        chromium.open(address + path)
        for found in chromium.driver.find_elements(
            "css selector", "a, button, input, textarea"
        ):
            if found.is_displayed() and found.get_attribute("type") != "hidden":
                inline = found.find_element("xpath", "..").tag_name in ("p", "span")
                in_trap = found.get_attribute("tabindex") == "-1"
                skip = found.get_attribute("class") == "skip"
                assert in_trap or skip or inline or found.size["height"] >= 24, found.text
        for field in chromium.driver.find_elements("css selector", "input[id], textarea"):
            name = field.get_attribute("id")
            label = chromium.driver.find_elements("css selector", f'label[for="{name}"]')
            assert label, name
