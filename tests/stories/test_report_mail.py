"""The weekly report as it leaves: a mail that any program can take apart, whatever failed."""

import csv
import json
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from maild.reports import drawing
from tests.busy_week import busy_diaries
from tests.stories.office import Office
from tests.stories.test_mornings import ring
from tests.stories.test_reports import MONDAY
from tests.test_recount import maild

REPORT = """
[[sla]]
name = "Estándar"
normal = { first_response = "4h", next_response = "1d", resolution = "2d" }
[report.semanal]
to = ["jefa@acme.test"]
every = "monday 08:00"
period = "last week"
targets = { first_response = "4h", fcr = 0.7, csat = 0.85, sla = 0.95, level_1 = "15m" }
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A desk with six busy weeks behind it, and a few mails of its own."""
    office = Office(tmp_path, more=REPORT)
    lines = [json.dumps(diary.line()) for diary in busy_diaries("2026-05-04", 42, 12)]
    (tmp_path / "past.jsonl").write_text("\n".join(lines))
    maild(office, "import", str(tmp_path / "past.jsonl"))
    for number in range(3):
        office.write(f"p{number}@x.test", "Sin red")
    office.letters()
    return office


def monday(office: Office) -> EmailMessage:
    """The bytes that would be sent, read by nobody's code but the standard library's."""
    office.clock.set(MONDAY)
    ring(office, "reports")
    (report,) = [letter for letter in office.letters() if letter.type == "report"]
    mail = message_from_bytes(report.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not [part.defects for part in mail.walk() if part.defects]
    return mail


def parts(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]


class Shown(HTMLParser):
    """Words and pictures of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.pictures, self.depth = "", dict[str, str](), 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in ("style", "title")
        if tag == "img":
            found = {name: value or "" for name, value in attrs}
            assert found["src"] not in self.pictures
            self.pictures[found["src"]] = found["alt"]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        self.words += "" if self.depth else data + " "


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d[\d.,]*\d|\d", text))


def test_the_mail_is_built_as_the_contract_says(office: Office) -> None:
    """mixed(alternative(plain, related(html, png…)), csv…); each picture there once and shown
    once, with its figures beside it; each number of the HTML in the plain part, too."""
    mail = monday(office)
    assert (mail["X-Maild-Type"], mail["Auto-Submitted"]) == ("report", "auto-generated")
    assert str(mail["Subject"]).startswith("[ACME] Semana 8–14 jun: ")
    body, *files = parts(mail)
    assert mail.get_content_type() == "multipart/mixed"
    assert body.get_content_type() == "multipart/alternative"
    plain, related = parts(body)
    assert plain.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    html, *pictures = parts(related)
    assert html.get_content_type() == "text/html"
    assert {picture.get_content_type() for picture in pictures} == {"image/png"}
    shown = Shown(html.get_content())
    ids = [str(picture["Content-ID"]) for picture in pictures]
    assert sorted(f"<{src.removeprefix('cid:')}>" for src in shown.pictures) == sorted(ids)
    assert len(ids) == len(set(ids)) >= 6
    text = plain.get_content()
    for words in (shown.words, *shown.pictures.values()):
        assert numbers_in(words) <= numbers_in(text), numbers_in(words) - numbers_in(text)
    assert all(len(numbers_in(alt)) >= 2 for alt in shown.pictures.values())
    assert [file.get_filename() for file in files] == ["kpi.csv", "tickets.csv"]
    for file in files:
        assert file.get_content_type() == "text/csv"
        sheet = bytes(file.get_payload(decode=True)).decode("utf-8-sig")  # type: ignore[arg-type]
        assert len(list(csv.reader(StringIO(sheet), delimiter=";"))) > 50
    assert re.search(r"llegaron 3 = 3 solicitudes; sin explicar 0", " ".join(text.split()))


def test_it_arrives_when_nothing_can_be_drawn(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Bars of text in the place of pictures, in both parts; the log says why, a line each."""

    def broken(*_: object) -> bytes:
        raise MemoryError("no room for a canvas")

    monkeypatch.setattr(drawing, "_draw", broken)
    body, *files = parts(monday(office))
    plain, html = parts(body)
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "cid:" not in html.get_content()
    assert "####" in plain.get_content() and "####" in html.get_content()
    assert len(files) == 2
    assert capfd.readouterr().out.count("no room for a canvas") >= 4
