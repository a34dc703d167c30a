"""HTML of strangers: harmless when shown, readable as text, cheap however deep."""

import time

import pytest

from maild.ingest.html import clean_html, html_to_text, strip_tags

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    "<svg onload=alert(1)>",
    "<style>body{display:none}</style>",
    '<p style="position:fixed" class="kobold" id="x">x</p>',
    '<link rel=stylesheet href="https://evil.test/x.css">',
    '<img src="https://evil.test/track.png">',
    '<img src="//evil.test/track.png">',
    '<img srcset="https://evil.test/x 2x" src="data:image/png;base64,AA">',
    '<table background="https://evil.test/x"><tr><td background="https://evil.test/y">',
    '<iframe src="https://evil.test"></iframe>',
    '<form action="https://evil.test"><input name=password></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.test">',
    '<base href="https://evil.test">',
    '<video poster="https://evil.test/p"><source src="https://evil.test/v"></video>',
    '<object data="https://evil.test"></object>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
]


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_runs_and_nothing_is_fetched(html: str) -> None:
    """No script, style, class, form or address elsewhere is left to be loaded."""
    cleaned = clean_html(html).lower()
    for word in (
        "script",
        "onerror",
        "onload",
        "style",
        "class=",
        "evil.test",
        "<form",
        "<svg",
    ):
        assert word not in cleaned.replace("&lt;", "")


def test_pictures_of_the_mail_and_links_stay() -> None:
    """What came with the mail is shown; links open outside and tell nothing."""
    cleaned = clean_html('<a href="https://x.test/">x</a><img src="cid:logo@x" alt="l">')
    assert 'href="https://x.test/"' in cleaned
    assert 'rel="noopener noreferrer nofollow"' in cleaned
    assert 'src="cid:logo@x"' in cleaned


@pytest.mark.parametrize("depth", [600, 5_000, 100_000])
def test_deep_nesting_is_cheap_and_loses_no_word(depth: int) -> None:
    """The words inside a hundred thousand elements are read in well under a second."""
    html = "<div>" * depth + "hola" + "</div>" * depth
    started = time.monotonic()
    assert html_to_text(html) == "hola"
    assert clean_html(html) == "<pre>hola</pre>"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "html",
    [
        "<" * 500_000,
        "<a " * 300_000,
        "<!--" * 300_000,
        "&" * 500_000,
        "<style>" * 100_000,
        "<p>" * 300_000,
        "<b><i></b></i>" * 60_000,
        "<td>" * 200_000 + "x",
        '"' * 1_000_000,
    ],
)
def test_strange_html_is_cheap(html: str) -> None:
    """Half tags, comments without end and the like cost linear time."""
    started = time.monotonic()
    html_to_text(html)
    strip_tags(html)
    assert time.monotonic() - started < 8


def test_text_of_html() -> None:
    """Paragraphs, lists and table cells are told apart; scripts and styles are not read."""
    text = html_to_text(
        "<html><head><title>T</title><style>p{}</style></head><body><p>Uno</p><ul><li>a<li>b"
        "</ul><table><tr><td>x</td><td>y</td></tr></table><script>z()</script>"
        "l&iacute;nea<br>otra</body></html>"
    )
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assert lines == ["Uno", "* a", "* b", "x  y", "línea", "otra"]


@pytest.mark.parametrize(
    "html", ["hola", "<p>hola", "<<p>>hola", "<html>hola", "a < b", "<body/>x"]
)
def test_something_never_becomes_nothing(html: str) -> None:
    """HTML that has words gives text."""
    assert html_to_text(html).strip()


def test_too_big_is_shown_as_text() -> None:
    """More than two megabytes are not cleaned but stripped."""
    cleaned = clean_html("<p>hola</p>" * 250_000)
    assert cleaned.startswith("<pre>hola")
    assert "<p>" not in cleaned
