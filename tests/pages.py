"""Visitors of a desk's pages: a browser without JavaScript, as far as tests need one."""

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

import httpx
from starlette.testclient import TestClient

from maild.portal.site import Site
from tests.stories.office import Office, Received

PORTAL = """
[portal]
listen = "127.0.0.1:8080"
url = "https://help.acme.test"

[portal.source.chatbot]
key = "s3cret-key"
channel = "chat"

[portal.source.other]
key = "other-key"
"""
ORIGIN = "https://help.acme.test"
Files = list[tuple[str, tuple[str, bytes, str]]]


@dataclass
class Visitor:
    """One browser with its own cookies."""

    office: Office
    site: Site = field(init=False)
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        office = self.office

        def work() -> None:
            while office.worker.work():
                pass

        website = replace(office.app.website(office.store), mail_waits=work)
        self.site = website.site
        self.client = TestClient(website.application(), base_url=ORIGIN, follow_redirects=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path.removeprefix(ORIGIN), headers=headers)

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's first POST form."""
        page = self.get(path)
        assert page.status_code == 200, page.text
        return hidden(page.text)

    def post(
        self,
        path: str,
        data: dict[str, Any],
        *,
        origin: str | None = ORIGIN,
        files: Files | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send a form as a browser does."""
        sent = {"Origin": origin, **headers} if origin else headers
        path = path.removeprefix(ORIGIN)
        return self.client.post(path, data=data, files=files, headers=sent)

    def submit(self, path: str, files: Files | None = None, **fields: Any) -> httpx.Response:
        """Open a page, fill its form in, send it."""
        return self.post(path, {**self.form(path), **fields}, files=files)


def hidden(page: str) -> dict[str, str]:
    """Names and values of hidden inputs."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


def link(letter: Received, kind: str) -> str:
    """The path of a letter's link of that kind: t, s, requests, dashboard."""
    found = re.search(rf"{re.escape(ORIGIN)}(/{kind}/[^\s?\"<]+)", letter.text)
    assert found, f"no /{kind}/ link in:\n{letter.text}"
    return found[1]
