"""axe-core looks at every page, in every language, colour scheme and width: no violation."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Browser, browser, is_there
from tests.browser.gallery import Gallery, stands, views
from tests.servers.sink import Sink

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"  #: `make proof` installs it
WIDTHS = (360, 1280)

pytestmark = [
    pytest.mark.wire,
    pytest.mark.proof,
    pytest.mark.skipif(not is_there(), reason="chromium and chromedriver are not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, Browser]]:
    """A desk with something on every page, and the browser that looks at it."""
    sink = Sink()
    folder = tmp_path_factory.mktemp("gallery") / "desk"
    with browser(scripts=True) as chromium, stands(folder, sink, chromium) as found:
        yield found, chromium
    sink.close()


def violations(chromium: Browser) -> list[dict[str, Any]]:
    """What axe finds wrong with the page at hand, all of its rules tried."""
    chromium.driver.execute_script(AXE.read_text("utf-8"))
    found = chromium.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']})"
        ".then(r => done(JSON.stringify({v: r.violations, n: r.passes.length})),"
        "      e => done(JSON.stringify({v: [{id: String(e), nodes: []}], n: 1})))"
    )
    said = json.loads(found)
    assert said["n"], "axe looked at nothing"
    return list(said["v"])


def told(found: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{v['id']}: {[node['html'][:200] for node in v['nodes']][:3]}" for v in found
    )


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    gallery: tuple[Gallery, Browser],
    language: str,
    scheme: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Every page in every state, on a phone and on a desk."""
    desk, chromium = gallery
    chromium.open(f"{desk.address}/?lang={language}")
    chromium.paint(scheme)
    wrong, looks = {}, 0
    for name, go in views(desk).items():
        go(chromium)
        for width in WIDTHS:
            chromium.resize(width)
            if found := violations(chromium):
                wrong[f"{name} {width}"] = told(found)
            looks += 1
    chromium.driver.delete_all_cookies()
    record_property("figure", f"{language} {scheme}: {looks} looks, {len(wrong)} violations")
    record_property("target", "0 violations")
    assert not wrong, wrong


def test_axe_would_find_something(gallery: tuple[Gallery, Browser]) -> None:
    """A page with a label and a contrast taken away is not clean to it."""
    desk, chromium = gallery
    chromium.paint("light")
    chromium.open(desk.address)
    chromium.driver.execute_script(
        "document.querySelector('label[for=subject]').remove();"
        "document.querySelector('h1').style.color = '#ddd';"
    )
    assert {"label", "color-contrast"} <= {found["id"] for found in violations(chromium)}
