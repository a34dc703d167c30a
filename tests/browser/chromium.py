"""A real browser, headless, with a keyboard; without JavaScript unless it shall look itself."""

import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PROGRAMS = ("chromium", "chromedriver")


def is_there() -> bool:
    return all(shutil.which(name) for name in PROGRAMS)


@contextmanager
def browser(language: str = "es", *, scripts: bool = False) -> Iterator["Browser"]:
    """One window; closed at the end. `scripts`: JavaScript, for a checker's own."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ):
        options.add_argument(argument)
    options.add_experimental_option(
        "prefs",
        {
            "profile.managed_default_content_settings.javascript": 1 if scripts else 2,
            "intl.accept_languages": language,
        },
    )
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _is_gone(element: WebElement) -> bool:
    """Whether its page has given way; the driver has two ways to say so."""
    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as error:
        if "does not belong to the document" not in str(error):
            raise
        return True
    return False


class Browser:
    """What a person at a keyboard does and sees."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        self.driver.get(address)

    @property
    def text(self) -> str:
        return str(self.driver.find_element("tag name", "body").text)

    @property
    def title(self) -> str:
        return str(self.driver.title)

    def focused(self) -> Any:
        return self.driver.switch_to.active_element

    def press(self, keys: str) -> None:
        ActionChains(self.driver).send_keys(keys).perform()

    def tab_to(self, name: str, most: int = 40) -> None:
        """Go on with Tab until the field or button of that name (or label) has the focus."""
        for _ in range(most):
            self.press(Keys.TAB)
            here = self.focused()
            words = here.text.strip()
            if name in (here.get_attribute("name"), here.get_attribute("value"), words):
                return
            if words.startswith(f"{name}\n"):  # a row of a list: its first line
                return
        raise AssertionError(f"Tab never reaches {name!r}")

    def type(self, name: str, text: str) -> None:
        """Fill a field in, reached by keyboard alone."""
        self.tab_to(name)
        self.press(text)

    def follow(self, name: str) -> None:
        """Go to a button or link, press Enter, and wait for the page it leads to."""
        self.tab_to(name)
        with self._another_page():
            self.press(Keys.ENTER)

    def open_up(self, name: str) -> None:
        """Go to what opens on this very page (or leads to a file) and press Enter."""
        self.tab_to(name)
        self.press(Keys.ENTER)

    @contextmanager
    def _another_page(self) -> Iterator[None]:
        before = self.driver.find_element("tag name", "html")
        yield
        WebDriverWait(self.driver, 20).until(lambda _: _is_gone(before))

    def click(self, selector: str) -> None:
        """Press a button that sends a form, and wait for the page that answers it."""
        with self._another_page():
            self.driver.find_element("css selector", selector).click()

    def resize(self, width: int) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def paint(self, scheme: str) -> None:
        """`light` or `dark`, as the visitor's system says."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # nothing half changed
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def picture(self) -> bytes:
        """The whole page as PNG."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        asked = {"clip": clip, "captureBeyondViewport": True}
        return b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", asked)["data"])

    def width_needed(self) -> float:
        """How wide the content is, in CSS pixels."""
        metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        return float(metrics["cssContentSize"]["width"])
