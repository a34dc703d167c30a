"""Two hundred hostile strings through every page and every letter, and back: text they stay.

A page or letter that carries one must have the very elements, attributes and addresses of
one that carries plain words: whatever a browser would make of it, it makes nothing new.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

from tests.pages import PORTAL, Visitor, link
from tests.stories.office import Office, Received

#: what ends the place a word may stand in …
ENDS = [
    "", '"', "'>", '">', "</textarea>", "</title>", "</b></td></table>", "-->", "]]>",
    "{{7*7}}", "{% endraw %}", "&quot;&gt;", "%22%3E", "\\x3c", "\u2028", "`", "\\\"",
    "javascript:", "data:text/html,", "//x.test/",
]  # fmt: skip
#: … and what would then act
ACTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{background:url(//x.test)}</style>",
    "<math><mtext></form><form action=//x.test>",
    "onfocus=alert(1) autofocus x=",
    "<base href=//x.test/><link rel=stylesheet href=//x.test>",
    "<meta http-equiv=refresh content='0;url=//x.test'>",
]
EVIL = [f"Hola {end}{act}" for end, act in product(ENDS, ACTS)]
PLAIN = "Hola palabras corrientes"
#: what differs between any two pages
_NEW_EACH_TIME = re.compile(r"[\w.+-]{20,}|\d+")


class Shape(HTMLParser):
    """The elements of a page in order, with the names of their attributes and where they
    lead; and the words between them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, ...]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":  # U+2028 may end a line
            return
        names = sorted(name for name, _ in attrs)
        targets = [
            _NEW_EACH_TIME.sub("", (value or "").partition("?")[0])
            for name, value in attrs
            if name in ("href", "src", "action")
        ]
        self.elements.append((tag, *names, *targets))
        self.words += " ".join(value or "" for name, value in attrs if name == "value")

    def handle_data(self, data: str) -> None:
        self.words += data


@dataclass
class Round:
    """One string's way through the desk: all that anybody is shown on it."""

    office: Office
    visitor: Visitor
    said: str
    number: int
    shown: dict[str, str] = field(default_factory=dict)  #: place -> HTML

    def go(self) -> None:
        office, said, me = self.office, self.said, f"p{self.number}@x.test"
        subject = " ".join(said.splitlines())
        office.write(f'"{_quoted(subject)}" <{me}>', subject, f"Texto: {said}")
        letters = self.letters()
        notice = letters["agent-new"]
        page = link(letters["acknowledgement"], "t")
        self.page("ticket", page)
        self.page("answered", self.post(page, body=f"Más: {said}", action="answer"))
        self.letters()
        office.answer(notice, f"Respuesta: {said}")
        office.answer(notice, f"#nota\nNota: {said}")
        office.answer(notice, f"#resuelto\nListo: {said}")
        survey = link(self.letters()["resolved"], "s")
        self.page("thread", page)
        self.page("survey", self.post(survey, score="2", comment=said))
        self.page("own requests", "/requests")
        self.letters()
        faulty = {"name": said, "email": said, "subject": said, "body": said}
        self.shown["form"] = self.visitor.submit("/", **faulty).text
        self.shown["sign in"] = Visitor(office).submit("/requests", email=said).text
        found = self.visitor.client.get("/kb", params={"q": said})
        self.shown["search"] = found.text
        self.letters()
        office.clock.wind(hours=2)

    def post(self, path: str, **fields: str) -> str:
        assert self.visitor.submit(path, **fields).status_code == 303
        return path

    def page(self, name: str, path: str) -> None:
        self.shown[name] = self.visitor.get(path).text

    def letters(self) -> dict[str, Received]:
        """Those written since, by type; each is shown."""
        found = {letter.type: letter for letter in self.office.letters()}
        for kind, letter in found.items():
            self.shown[f"letter {kind}"] = letter.html
            assert not letter.mail.defects
        return found


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    limits = '[limits]\nautomatic_letters = "100000/10m"\n'
    yield Office(tmp_path, more=PORTAL + limits)


def walk(office: Office, number: int, said: str) -> dict[str, str]:
    visitor = Visitor(office)
    signed_in = visitor.site.links.words.make(
        "session", [f"p{number}@x.test", 0], office.clock.now().replace(year=2030)
    )
    visitor.client.cookies.set("maild_session", signed_in)
    turn = Round(office, visitor, said, number)
    turn.go()
    visitor.site.close()
    return turn.shown


def compared(office: Office, strings: list[str]) -> int:
    """How many pages and letters were compared with their plain twins."""
    plain = {name: Shape(page) for name, page in walk(office, 0, PLAIN).items()}
    assert len(plain) >= 15
    count = 0
    for number, said in enumerate(strings, 1):
        for name, page in walk(office, number, said).items():
            shape = Shape(page)
            assert shape.elements == plain[name].elements, f"{name}: {said!r}"
            assert "Hola 49" not in shape.words, "a template was run"
            count += 1
    return count


def test_a_few_hostile_strings_everywhere(office: Office) -> None:
    """One of each kind; the whole set is a proof."""
    few = [EVIL[number] for number in range(0, len(EVIL), 29)]
    assert compared(office, few) >= 15 * len(few)


@pytest.mark.proof
def test_two_hundred_hostile_strings_everywhere(
    office: Office, record_property: Callable[[str, object], None]
) -> None:
    """As name, subject, text, answer, note, comment, address and search."""
    assert len(set(EVIL)) == 200
    count = compared(office, EVIL)
    record_property("figure", f"{len(EVIL)} strings, {count} pages and letters, 0 with effect")
    record_property("target", "200 inert")
