"""The weekly report as a phone shows it: what has to be done stands on the first screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.reports.words import Link
from tests.browser.chromium import Browser, browser, is_there
from tests.busy_week import busy
from tests.test_report_letter import Written

pytestmark = [
    pytest.mark.wire,
    pytest.mark.proof,
    pytest.mark.skipif(not is_there(), reason="chromium and chromedriver are not installed"),
]
PHONE = 360, 640
LABELS = {
    "es": ("Escalar", "Prioridad alta", "Ver"),
    "en": ("Escalate", "High priority", "Show"),
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def opened(chromium: Browser, folder: Path, language: str, width: int, pictures: bool) -> None:
    """The HTML part in a window of that width, as a mail program hands it to its own."""
    links = [Link(label, "mailto:soporte@acme.test") for label in LABELS[language]]
    written = Written(list(busy("2026-03-30", 42, 12)), language, links=lambda ticket: links)
    html = written.letter.html
    for picture in written.letter.pictures if pictures else ():
        (folder / picture.filename).write_bytes(picture.content)
        html = html.replace(f"cid:{picture.cid}", picture.filename)
    (folder / "letter.html").write_text(html, "utf-8")
    chromium.resize(width)
    chromium.open((folder / "letter.html").as_uri())


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_first_screen_of_a_phone(chromium: Browser, tmp_path: Path, language: str) -> None:
    """One sentence, four figures, three tickets to act on and every button of theirs, within
    360 by 640; each button as large as a fingertip needs."""
    opened(chromium, tmp_path, language, PHONE[0], pictures=True)
    find = chromium.driver.find_elements
    tiles, items = find("css selector", ".tile"), find("css selector", ".act .item")
    buttons = find("css selector", ".act .button")
    assert (len(tiles), len(items), len(buttons)) == (4, 3, 9)
    assert max(box.rect["y"] + box.rect["height"] for box in (*tiles, *items)) <= PHONE[1]
    assert min(button.rect["height"] for button in buttons) >= 24


@pytest.mark.parametrize("width", [360, 600])
@pytest.mark.parametrize("pictures", [True, False], ids=["pictures", "none"])
def test_nothing_is_cut_off(
    chromium: Browser, tmp_path: Path, width: int, pictures: bool
) -> None:
    """No wider than the window, with pictures or with their words in their place."""
    opened(chromium, tmp_path, "es", width, pictures)
    assert chromium.width_needed() <= width
