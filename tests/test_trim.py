"""What is new in a mail: replies of many clients and languages, and texts to keep whole.

`mails/replies/*.txt` are texts as they arrive; the line `%% folded` (taken out first) says
where the part to fold away begins. `keep-*` stay whole.
"""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.ingest import containers, quotes
from maild.ingest.html import html_to_text
from maild.ingest.trim import Trimmed, has_marker, trim

REPLIES = Path(__file__).parent / "mails" / "replies"
MARKER = "## Responda por encima de esta línea · Reply above this line ##"


def _cases(pattern: str) -> list[str]:
    return sorted(path.name for path in REPLIES.glob(pattern))


def _read(name: str) -> tuple[str, str]:
    """(the text as it arrives, what of it is new)"""
    new, _, folded = (REPLIES / name).read_text().partition("\n%% folded\n")
    return f"{new}\n{folded}", new


def test_every_program_s_own_element_is_found() -> None:
    """The quick look that most pages end with overlooks none of the names that quote."""
    for name in containers._WHOLE | containers._REST | containers._SIGNATURE:
        html = f'<p>hola</p><div class="{name.upper()}">adiós a todos</div>'
        assert containers.quoted_ranges("hola adiós a todos", html) == [(5, 18)], name
    cited = '<p>hola</p><BLOCKQUOTE type="cite">adiós a todos</BLOCKQUOTE>'
    assert containers.quoted_ranges("hola adiós a todos", cited) == [(5, 18)]


def test_the_quick_look_at_a_line_overlooks_no_introduction() -> None:
    """Lines it is done with introduce nothing, in any of the mails we know."""
    seen = done = 0
    for name in _cases("*.txt"):
        lines = (REPLIES / name).read_text().split("\n")
        for at, line in enumerate(lines):
            seen += 1
            if line.strip() and not quotes._may_introduce(line):
                done += 1
                assert quotes._introduced(lines, at) is None, (name, line)
    assert done > seen / 4


@pytest.mark.parametrize("name", [n for n in _cases("*.txt") if not n.startswith("keep-")])
def test_the_reply_is_what_stands_above_the_quotation(name: str) -> None:
    """What the sender typed is the reply, all the rest is folded, no word is lost."""
    text, new = _read(name)
    result = trim(text)
    assert result.reply.split() == new.split()
    assert (result.reply + "\n" + result.quoted).split() == text.split()
    assert not result.inline_answers


@pytest.mark.parametrize("name", _cases("keep-*.txt"))
def test_a_text_without_a_quotation_below_it_stays_whole(name: str) -> None:
    """Inline answers, bottom posting, lists, logs, prose: nothing is folded."""
    text, _ = _read(name)
    result = trim(text)
    assert result.reply.split() == text.split()
    assert result.quoted == ""


@pytest.mark.parametrize("name", _cases("keep-inline*.txt") + _cases("keep-bottom*.txt"))
def test_answers_between_the_quoted_lines_are_told(name: str) -> None:
    """Whoever relays the reply must know that quoted lines stand in it."""
    assert trim(_read(name)[0]).inline_answers


def test_inline_answers_above_older_history_keep_only_their_own_part() -> None:
    """An Outlook block below inline answers begins history and is folded."""
    text = "> A?\nSí.\n> B?\nNo.\n\nDe: S <s@x.es>\nEnviado: 5/5/2026 10:00\nAsunto: x\n\nHola"
    result = trim(text)
    assert result.reply == "> A?\nSí.\n> B?\nNo."
    assert result.inline_answers


def test_an_attribution_behind_words_folds_only_itself() -> None:
    """Some programs make one line of both; the words before it are the sender's."""
    wrote = "El mar, 5 may 2026 a las 10:00, Soporte (<s@x.es>) escribió:"
    result = trim(f"Hola:\nSigue igual, gracias. {wrote}\n\n> ¿Lo ha reiniciado?\n")
    assert result.reply == "Hola:\nSigue igual, gracias."
    assert result.quoted.startswith(wrote)
    prose = "Como dije el 5 de mayo a las 10:00, El técnico me escribió:"
    assert trim(f"{prose}\nReinicie.").reply == f"{prose}\nReinicie."


def test_a_titled_line_above_header_fields_is_folded_with_them() -> None:
    """Whatever the program calls it; without fields below it is the sender's."""
    title = "-------- Message from the desk --------"
    block = "From: S <s@x.es>\nDate: 5 May 2026 10:00\nSubject: x\n\nHave you tried?"
    assert trim(f"Still broken.\n\n{title}\n{block}").reply == "Still broken."
    assert title in trim(f"Still broken.\n\n{title}\nToner: 3 %").reply


def test_the_marker_is_recognised_however_it_comes_back() -> None:
    """Quoted, rewrapped or bold; the same words in a sentence are text."""
    assert has_marker(f"ok\n> {MARKER}\n")
    assert has_marker(
        "ok\n*## Responda por encima de esta\nlínea · Reply above this line ##*\n"
    )
    assert not has_marker("Please reply above this line if you can ## thanks")


def test_files_above_a_quotation_are_an_answer_without_words() -> None:
    """With files the whole text may be folded; without, somebody sent back what he got."""
    text = "\n\nOn 3/5/2026 at 10:00, Ana wrote:\n\n> Can you send the bill?\n"
    assert trim(text, attached=True) == Trimmed("", text.strip("\n"))
    assert trim(text).reply == text.strip("\n")
    assert trim("Ann Smith\n-- \nBoss", attached=True).reply == "Ann Smith"


# -- HTML --------------------------------------------------------------------------------

OLD = "Have you tried restarting it? Regards, Support"
NEW = "It still does not start."
HTML = {
    "gmail": '<div dir="ltr">{new}</div><br><div class="gmail_quote gmail_quote_container">'
    '<div dir="ltr" class="gmail_attr">Some words before:<br></div>'
    '<blockquote class="gmail_quote" style="margin:0"><div>{old}</div></blockquote></div>',
    "gmail-old": '{new}<div class="gmail_extra"><br><div class="gmail_quote">A line: <br>'
    '<blockquote class="gmail_quote">{old}</blockquote></div></div>',
    "apple": "<body>{new}<div><br><blockquote type='cite'><div>{old}</div></blockquote></div>",
    "thunderbird": '<p>{new}</p><div class="moz-cite-prefix">Somebody said:<br></div>'
    '<blockquote type="cite" cite="mid:x">{old}</blockquote>',
    "outlook": '<div class="WordSection1"><p class="MsoNormal">{new}</p><div><div style='
    '"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    '<p class="MsoNormal"><b>X:'
    "</b> Y</p></div></div><p>{old}</p></div>",
    "outlook-web": '<div>{new}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
    "<b>X:</b> Y</div><div>{old}</div>",
    "outlook-web-again": '<div>{new}</div><hr><div id="x_x_divRplyFwdMsg">X</div>'
    "<div>{old}</div>",
    "yahoo": '<div>{new}</div><div id="ydp1yahoo" class="yahoo_quoted">X {old}</div>',
    "proton": '<div>{new}</div><div class="protonmail_quote">X<br><blockquote '
    'class="protonmail_quote" type="cite">{old}</blockquote></div>',
    "ours": "<div>{new}</div><table><tr><td data-maild-cut>Above, please</td></tr></table>"
    "{old}",
    "ours-through-outlook": '<p>{new}</p><div class="x_m" data-maild-cut="1">X</div><p>{old}',
    "outlook-web-signature": '<div class="elementToProof">{new}</div><div id="Signature"><p>Ann'
    '</p><p>Boss, Acme</p></div><div id="appendonsend"></div><hr>{old}',
    "samsung-signature": '<div dir="auto">{new}</div><div id="composer_signature">From far'
    '</div><blockquote type="cite">{old}</blockquote>',
    "gmail-signature": '{new}<div class="gmail_signature">Ann Smith<br>Boss</div>'
    '<blockquote type="cite">{old}</blockquote>',
}


@pytest.mark.parametrize("client", HTML)
def test_a_quotation_element_of_the_html_folds_its_words(client: str) -> None:
    """Text made from HTML has no `>`; the client's own element says what is quoted."""
    html = HTML[client].format(new=NEW, old=OLD)
    result = trim(html_to_text(html), html)
    assert result.reply.strip() == NEW
    assert OLD in result.quoted


def test_a_blockquote_used_as_layout_is_text() -> None:
    """Plain `<blockquote>` indents; it quotes nobody."""
    html = "Look:<blockquote>error 5 in module x</blockquote>"
    assert trim("Look:\nerror 5 in module x", html).quoted == ""


def test_answers_between_html_quotations_are_kept() -> None:
    """Gmail lets people write between two blockquotes of one quotation."""
    html = (
        'Hello<div class="gmail_quote"><div class="gmail_attr">X wrote:</div><blockquote>Which '
        "version?</blockquote><div>Four point two.</div><blockquote>Since when?</blockquote>"
        "<div>Since Monday.</div></div>"
    )
    text = "Hello\nX wrote:\nWhich version?\nFour point two.\nSince when?\nSince Monday."
    result = trim(text, html)
    assert result.reply == text
    assert result.inline_answers


# -- whatever comes ----------------------------------------------------------------------

HOSTILE = {
    "30 KB of newlines": "\n" * 30_000,
    "On, on one line": "On " * 5_000,
    "On, on many lines": "On \n" * 5_000,
    "1 MB without a blank": "a" * 1_000_000,
    "1 MB of marks": ">" * 1_000_000,
    "1 MB of addresses": "a@" * 500_000,
    "verbs": "El escribió: " * 40_000,
    "dated senders": "1/1/2026 10:00 <a@b.c\n" * 20_000,
    "signature marks": "-- \n" * 50_000,
    "separators": "-----Original Message\n" * 20_000,
    "header fields": "From: a\nSent: b\n" * 20_000,
    "unfinished attributions": "On 1/1/2026 10:00, a\n" * 20_000,
    "footers": "Enviado desde mi\n" * 20_000,
    "glued attributions": ("On 1/1/2026 10:00 a@b.cc wrote:  x" * 9 + "\n") * 2_000,
    "marks and words": ("## reply above " * 9 + "line ##\n") * 4_000,
    "dots": ("a.b" * 160 + "\n") * 1_000,
    "digits": ("1 " * 240 + "\n") * 500,
    "blanks": " " * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_no_longer_than_its_size_deserves(name: str) -> None:
    """Less than 0.2 s of processor time each (the best of three), with the HTML beside it."""
    text = HOSTILE[name]
    html = f'<div class="gmail_quote">{text}'
    spent = []
    for _ in range(3):
        began = time.process_time()
        trim(text)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.2
    began = time.process_time()
    trim(text, html)
    assert time.process_time() - began < 1.0


_PIECES = st.sampled_from(
    [
        *("\n", "\n\n", "> ", ">> ", "hola ", "-- \n", "--\n", "____________\n", MARKER + "\n"),
        *(
            "On Tue, May 5, 2026 at 10:00 AM Ana <a@b.es> wrote:\n",
            "escribió:\n",
            "El 5/5/2026 ",
        ),
        *("De: Ana <a@b.es>\n", "Enviado: martes 5/5/2026\n", "Para: x\n", "Asunto: y\n"),
        *(
            "-----Mensaje original-----\n",
            "Enviado desde mi iPhone\n",
            "Saludos,\nAna\n",
            "\r\n",
        ),
        *("<b@c.es>", "👍", "\u2028", "\x85", "\xa0"),
    ]
)
_TEXTS = st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=40).map("".join)


@settings(max_examples=400, deadline=2000)
@given(text=_TEXTS, html=st.one_of(st.none(), _TEXTS))
def test_every_word_is_in_the_reply_or_folded(text: str, html: str | None) -> None:
    """Whatever comes: no exception, no lost word, and a reply wherever there is a word."""
    result = trim(text, html)
    assert (result.reply + "\n" + result.quoted).split() == text.split()
    assert bool(result.reply.strip()) == bool(text.strip())


@settings(max_examples=100, deadline=2000)
@given(text=_TEXTS)
def test_trimming_a_page_by_its_own_html_loses_nothing(text: str) -> None:
    """With HTML that says the same, quoted in part, every word still counts."""
    middle = len(text) // 2
    html = f"<p>{text[:middle]}</p><blockquote type=cite>{text[middle:]}</blockquote>"
    result = trim(text, html)
    assert isinstance(result, Trimmed)
    assert (result.reply + "\n" + result.quoted).split() == text.split()
